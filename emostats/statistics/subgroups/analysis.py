"""em.subgroups: everything about the subgroups of a study in one value, differences first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pandas as pd

from emostats.errors import EmostatsError, UsageError, did_you_mean
from emostats.estimates import Estimate, estimates_frame
from emostats.statistics.subgroups.adjusting import with_adjusted_p
from emostats.statistics.subgroups.continuous import (
    Curve,
    continuous_formula,
    curve,
    curve_values,
    failed_curve,
)
from emostats.statistics.subgroups.credibility import CredibilityItem, Known, credibility, credibility_frame
from emostats.statistics.subgroups.effects import change_lines, subgroup_effects
from emostats.statistics.subgroups.formulas import split_formula
from emostats.statistics.subgroups.lines import Place
from emostats.statistics.subgroups.question import SubgroupQuestion
from emostats.statistics.subgroups.ratios import PERCENT_METHODS
from emostats.statistics.subgroups.separate import separate_changes
from emostats.statistics.subgroups.shrinkage import METHODS, Shrinkage
from emostats.statistics.subgroups.shrunken import Shrunken, shrunken_changes

_NUMBERS = ("estimate", "std_error", "df", "statistic", "p_value", "conf_low", "conf_high")
TABLE_COLUMNS = (
    "subgroup", "level", "visit", "n", "events", *_NUMBERS,
    "percent", "percent_low", "percent_high", "shrunken", "shrunken_low", "shrunken_high",
    "planned", "method", "warning", "error",
)  # fmt: skip
DIFFERENCE_COLUMNS = (
    "subgroup",
    "level",
    "visit",
    "n",
    *_NUMBERS,
    "p_adjusted",
    "planned",
    "warning",
    "error",
)
TEST_COLUMNS = ("subgroup", "term", "visit", "num_df", "den_df", "statistic", "p_value", "error")


@dataclass(frozen=True, eq=False, repr=False)
class SubgroupAnalysis:
    """Subgroup results. Read `tests` and `differences` before the changes within subgroups in `table`.

    Attributes
    ----------
    fit: the joint model. question: what was asked. estimates: all rows of the joint model.
    separate: changes from a model of each subgroup by itself; empty unless asked for.
    shrunken: by division and visit. curves: by continuous variable and visit.
    planned: whether a plan names the subgroups; None where nobody said. events: level → children with one.
    """

    fit: Any
    question: SubgroupQuestion
    estimates: tuple[Estimate, ...]
    separate: tuple[Estimate, ...] = ()
    shrunken: tuple[Shrunken, ...] = ()
    curves: tuple[Curve, ...] = ()
    planned: bool | None = None
    adjusted: bool = False
    banded: frozenset[str] = frozenset()
    events: Mapping[tuple[str, str], int] = field(default_factory=dict)

    def tests(self) -> pd.DataFrame:
        """Did all levels change alike? One F test a division and visit (``""``: all visits), and a curve."""
        rows = [*self._of("test"), *(item.test for item in self.curves)]
        return estimates_frame(rows)[list(TEST_COLUMNS)]

    def differences(self) -> pd.DataFrame:
        """Differences of changes between any two levels, with their intervals: `DIFFERENCE_COLUMNS`."""
        table = estimates_frame(self._of("difference_of_changes")).rename(columns={"den_df": "df"})
        return table[list(DIFFERENCE_COLUMNS)]

    def table(self, fits: str = "joint") -> pd.DataFrame:
        """Changes of all children and within each subgroup: `TABLE_COLUMNS`, one row a level × visit.

        n counts children seen at the visit, events those with one. percent is the change in percent of the
        baseline mean; shrunken the change drawn towards the mean of its division. A subgroup that failed
        keeps its row, with the reason in ``error``.

        Parameters
        ----------
        fits: ``"joint"``, or ``"separate"`` for the models of single subgroups.

        Raises
        ------
        UsageError: separate models were not asked for.
        """
        if fits not in ("joint", "separate"):
            raise UsageError(f"fits is 'joint' or 'separate'; found {fits!r}.")
        if fits == "separate" and not self.separate:
            raise UsageError("there are no separate models; call subgroups(..., separate=True).")
        rows = self.separate if fits == "separate" else tuple(self._of("change"))
        table = estimates_frame(rows).rename(columns={"den_df": "df"})
        table["events"] = [self.events.get((row.subgroup, row.level)) for row in rows]
        beside = {"percent": self._of("percent_change")} if fits == "joint" else {}
        beside["shrunken"] = [row for item in self.shrunken for row in item.rows] if fits == "joint" else []
        for name in ("percent", "shrunken"):
            found = {_place(row): row for row in beside.get(name, ())}
            own = [found.get(_place(row)) for row in rows]
            table[name] = [row.estimate if row else None for row in own]
            table[f"{name}_low"] = [row.conf_low if row else None for row in own]
            table[f"{name}_high"] = [row.conf_high if row else None for row in own]
        numbers = [name for name in TABLE_COLUMNS if name.startswith(("events", "percent", "shrunken"))]
        table[numbers] = table[numbers].astype("float64")
        return table[list(TABLE_COLUMNS)]

    def shrinkage(self) -> pd.DataFrame:
        """The model behind the shrunken changes: subgroup, visit, mean, tau2 with interval, i2, method."""
        rows = [
            {"subgroup": item.subgroup, "visit": item.visit, **_told(item.model), "error": _error(item)}
            for item in self.shrunken
        ]
        return pd.DataFrame(rows)

    def credibility(self) -> dict[str, pd.DataFrame]:
        """For each division a grid after ICEMAN: item, question, answer, basis, needs_person."""
        return {name: credibility_frame(items) for name, items in self._credibility().items()}

    def _credibility(self) -> dict[str, tuple[CredibilityItem, ...]]:
        names = [":".join(factors) for factors in self.question.subgroups]
        curves = {item.variable for item in self.curves if not item.error}
        return {
            name: credibility(
                Known(
                    planned=self.planned,
                    n_modifiers=len(names),
                    p_value=overall_p(self.estimates, name),
                    adjusted=self.adjusted or any(item.model for item in self.shrunken),
                    continuous=bool(curves) if self.banded & set(name.split(":")) else None,
                )
            )
            for name in names
        }

    def _of(self, kind: str) -> list[Estimate]:
        return [row for row in self.estimates if row.kind == kind]

    def __repr__(self) -> str:
        differences = self.differences()[["level", "visit", "estimate", "conf_low", "conf_high"]]
        return (
            f"SubgroupAnalysis: {', '.join(':'.join(item) for item in self.question.subgroups)}\n"
            f"Differences of changes between subgroups (read these first):\n{differences.to_string()}\n"
            "Changes within subgroups: .table(); tests: .tests(); credibility: .credibility()"
        )


def subgroups(
    model: Any,
    data: pd.DataFrame,
    *,
    factors: Sequence[str],
    visit: str = "AVISIT",
    visits: Sequence[str] | None = None,
    baseline: str | None = None,
    combined: bool = True,
    continuous: str | Mapping[str, Sequence[str]] | None = None,
    separate: bool = False,
    shrinkage: str = "reml",
    adjust: str = "none",
    event: str | None = None,
    labels: Mapping[str, Mapping[str, str]] | None = None,
    planned: bool | None = None,
    percent: bool | None = None,
    percent_interval: str = "delta",
    unit: str = "",
    conf_level: float = 0.95,
    **options: Any,
) -> SubgroupAnalysis:
    """How a change over time differs between subgroups, from one joint model.

    Parameters
    ----------
    model: a formula with a visit × subgroup interaction and a covariance term, or a fit of `em.mmrm`.
    data: one row a subject × visit. Never modified.
    factors: columns that divide the subjects; each is a division, and with `combined` so are all together.
    visit: column of visits. visits: their names in time order; by default the order of the categories, or of
        appearance. baseline: the first of a change; by default the first visit.
    continuous: a number such as ``"AGE"`` to fit a curve over, in a model of its own; as a mapping
        ``{"AGE": ["AGEBAND"]}`` it names the factors that were cut from the number and leave that model.
    separate: also fit each subgroup by itself. shrinkage: estimator of τ², ``"reml"`` or
        ``"dersimonian-laird"``, or ``"none"``.
    adjust: of the p-values of differences, over all differences at a visit; see
        `emostats.statistics.multiplicity.adjust_p_values`.
    event: a column of truth values; subjects with a true one are counted in ``events``.
    labels: factor → level → shown text. planned: whether a locked plan has these subgroups; None: unknown.
    percent: whether the scale has a meaningful zero; by default, whether no outcome is negative.
    percent_interval: ``"delta"`` (on the log scale) or ``"fieller"``.
    options: of `em.mmrm`, such as ``df_method``; for a fit, those of the fit are used.

    Raises
    ------
    UsageError: an unknown column, option or visit. ModelError: the joint model cannot be fitted.

    Example
    -------
    Six children, two of them girls who gain one point more.

    >>> rows = [(c, s, v, y + (v == "V1") * g) for c, s, y, g in
    ...         [(1, "M", 3, 2.1), (2, "M", 5, 1.9), (3, "M", 4, 2), (4, "F", 3, 3.1), (5, "F", 6, 2.9)]
    ...         for v in ("V0", "V1")]
    >>> data = pd.DataFrame(rows, columns=["USUBJID", "SEX", "AVISIT", "AVAL"])
    >>> found = subgroups("AVAL ~ AVISIT * SEX + us(AVISIT | USUBJID)", data, factors=["SEX"])
    >>> found.differences()[["level", "estimate"]].round(3).to_dict("records")
    [{'level': 'F − M', 'estimate': 1.0}]
    """
    _check(data, [*factors, visit, *([event] if event else [])], shrinkage, percent_interval)
    fit = _fitted(model, data, {"conf_level": conf_level, **options})
    renamed = data.rename(columns={fit.frame.formula.covariance.subject: "USUBJID"})
    used = renamed.iloc[fit.frame.rows]
    question = _question(
        used, factors, visit, visits, baseline, combined, labels, percent_interval,
        percent=bool((fit.frame.y >= 0).all()) if percent is None else percent,
    )  # fmt: skip
    place = Place("subgroups", fit.frame.formula.response, unit=unit, conf_level=conf_level)
    place = replace(place, planned=planned is not False, method=f"MMRM, {fit.structure}")
    rows = with_adjusted_p(subgroup_effects(fit, used, question, place), adjust)
    bands = _bands(continuous)
    return SubgroupAnalysis(
        fit=fit,
        question=question,
        estimates=rows,
        separate=_separate(fit, used, question, place) if separate else (),
        shrunken=_shrunken(fit, question, place, shrinkage, rows),
        curves=tuple(_curves(fit, used, question, place, bands)),
        planned=planned,
        adjusted=adjust != "none",
        banded=frozenset(name for cut in bands.values() for name in cut),
        events=_events(used, question, event) if event else {},
    )


def overall_p(rows: Sequence[Estimate], subgroup: str) -> float | None:
    """p of the joint test over all visits of one division; of its last visit where there is only one."""
    tests = [row for row in rows if row.kind == "test" and row.subgroup == subgroup and not row.error]
    over_all = [row for row in tests if not row.visit]
    found = over_all or tests
    return found[-1].p_value if found else None


def _place(row: Estimate) -> tuple[str, str, str]:
    return (row.subgroup, row.level, row.visit)


def _told(model: Shrinkage | None) -> dict[str, Any]:
    names = ("mean", "mean_error", "tau2", "tau2_low", "tau2_high", "q", "df", "p_value", "i2")
    numbers = {name: getattr(model, name) if model else None for name in names}
    return {**numbers, "method": model.told if model else ""}


def _error(item: Shrunken) -> str:
    return item.rows[0].error if item.rows else ""


def _check(data: pd.DataFrame, columns: Sequence[str], shrinkage: str, percent_interval: str) -> None:
    for name in columns:
        if name not in data.columns:
            raise UsageError(f"the data have no column '{name}'. {did_you_mean(name, data.columns)}")
    known: tuple[tuple[str, str, tuple[str, ...]], ...] = (
        ("shrinkage", shrinkage, (*METHODS, "none")),
        ("percent_interval", percent_interval, tuple(PERCENT_METHODS)),
    )
    for name, value, allowed in known:
        if value not in allowed:
            raise UsageError(f"{name} cannot be {value!r}. {did_you_mean(str(value), allowed)}")


def _fitted(model: Any, data: pd.DataFrame, options: Mapping[str, Any]) -> Any:
    from emostats.statistics.mmrm import mmrm

    if isinstance(model, str):
        return mmrm(model, data, **options)
    if not hasattr(model, "emmeans"):
        raise UsageError(f"expected a formula or a fit of em.mmrm; found {type(model).__name__}.")
    return model


def _question(
    data: pd.DataFrame,
    factors: Sequence[str],
    visit: str,
    visits: Sequence[str] | None,
    baseline: str | None,
    combined: bool,
    labels: Mapping[str, Mapping[str, str]] | None,
    percent_interval: str,
    *,
    percent: bool,
) -> SubgroupQuestion:
    if not factors:
        raise UsageError("subgroups needs at least one factor.")
    column = data[visit]
    ordered = column.cat.categories if isinstance(column.dtype, pd.CategoricalDtype) else column.unique()
    names = tuple(map(str, visits if visits is not None else ordered))
    start = names[0] if baseline is None else str(baseline)
    if start not in names:
        raise UsageError(f"there is no visit '{start}'. {did_you_mean(start, names)}")
    alone = tuple((factor,) for factor in factors)
    divisions = (tuple(factors), *alone) if combined and len(factors) > 1 else alone
    return SubgroupQuestion(start, names, divisions, visit, dict(labels or {}), percent, percent_interval)


def _bands(continuous: str | Mapping[str, Sequence[str]] | None) -> dict[str, tuple[str, ...]]:
    if continuous is None:
        return {}
    given = {continuous: ()} if isinstance(continuous, str) else continuous
    return {name: (cut,) if isinstance(cut, str) else tuple(cut) for name, cut in given.items()}


def _refit(fit: Any, formula: str, data: pd.DataFrame) -> Any:
    from emostats.statistics.mmrm import mmrm

    settings = fit.settings
    subject = split_formula(formula).covariance.rstrip(")").split("|")[-1].split("/")[-1].strip()
    return mmrm(
        formula,
        data.rename(columns={"USUBJID": subject}),
        reml=fit.reml,
        df_method=settings.df_method,
        vcov=settings.vcov,
        conf_level=settings.conf_level,
    )


def _separate(fit: Any, data: pd.DataFrame, question: SubgroupQuestion, place: Place) -> tuple[Estimate, ...]:
    own = replace(place, analysis="separate", method=f"{place.method}, a model for each subgroup")
    return separate_changes(fit.formula, data, question, own, lambda text, rows: _refit(fit, text, rows))


def _shrunken(
    fit: Any, question: SubgroupQuestion, place: Place, method: str, rows: Sequence[Estimate]
) -> tuple[Shrunken, ...]:
    if method == "none":
        return ()
    changes = [row for row in rows if row.kind == "change"]
    return shrunken_changes(fit, change_lines(fit, question, place), method=method, n=changes)


def _curves(
    fit: Any,
    data: pd.DataFrame,
    question: SubgroupQuestion,
    place: Place,
    bands: Mapping[str, tuple[str, ...]],
) -> list[Curve]:
    later = [name for name in question.visits if name != question.baseline]
    found = []
    for variable, cut in bands.items():
        values = curve_values(data, variable)
        text = continuous_formula(fit.formula, variable, cut, question.visit)
        try:
            own, reason = _refit(fit, text, data), ""
        except EmostatsError as error:
            own, reason = None, str(error)
        for name in later:
            ends = (question.baseline, name)
            if own is None:
                found.append(failed_curve(values, variable, ends, place, reason))
                continue
            found.append(
                curve(
                    own, values, variable=variable, visit=question.visit, visits=ends, place=place,
                    formula=text,
                )
            )  # fmt: skip
    return found


def _events(data: pd.DataFrame, question: SubgroupQuestion, event: str) -> dict[tuple[str, str], int]:
    subjects = data.groupby("USUBJID")[event].any()
    having = data[data["USUBJID"].isin(subjects.index[subjects])].drop_duplicates("USUBJID")
    counts: dict[tuple[str, str], int] = {("", ""): len(having)}
    everyone = data.drop_duplicates("USUBJID")
    for factors in question.subgroups:
        for codes in dict.fromkeys(everyone[list(factors)].astype(str).itertuples(index=False, name=None)):
            same = (having[list(factors)].astype(str) == list(codes)).all(axis=1)
            counts[":".join(factors), question.label(factors, codes)] = int(same.sum())
    return counts


def consistency(
    differences: Mapping[str, Sequence[Estimate]], subgroup: str
) -> Mapping[str, tuple[int, int]]:
    """By outcome: how many outcomes agree with the sign of its largest difference, and how many are known.

    The comparison is the one in which the two levels differ most in that outcome; the other outcomes are
    asked about the same two levels. differences: outcome → its differences at one visit.
    """
    known = {
        outcome: {
            row.level: row.estimate for row in rows if row.subgroup == subgroup and row.estimate is not None
        }
        for outcome, rows in differences.items()
    }
    found = {}
    for outcome, own in known.items():
        if own:
            level = max(own, key=lambda name: abs(own[name]))
            others = [values[level] for values in known.values() if level in values]
            found[outcome] = (sum((value > 0) == (own[level] > 0) for value in others), len(others))
    return found
