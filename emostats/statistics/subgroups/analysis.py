"""em.subgroups: everything about the subgroups of a study in one value, differences first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from emostats.errors import UsageError, did_you_mean
from emostats.statistics.subgroups.adjusting import with_adjusted_p
from emostats.statistics.subgroups.effects import subgroup_effects
from emostats.statistics.subgroups.lines import Place
from emostats.statistics.subgroups.parts import (
    curves,
    events_by_level,
    separate_rows,
    shrunken_parts,
    with_weights,
)
from emostats.statistics.subgroups.question import SubgroupQuestion
from emostats.statistics.subgroups.ratios import PERCENT_METHODS
from emostats.statistics.subgroups.result import SubgroupAnalysis
from emostats.statistics.subgroups.shrinkage import METHODS


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
    used = with_weights(fit, renamed.iloc[fit.frame.rows])
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
        separate=separate_rows(fit, used, question, place) if separate else (),
        shrunken=shrunken_parts(fit, question, place, shrinkage, rows),
        curves=tuple(curves(fit, used, question, place, bands)),
        planned=planned,
        adjusted=adjust != "none",
        banded=frozenset(name for cut in bands.values() for name in cut),
        events=events_by_level(used, question, event) if event else {},
    )


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
