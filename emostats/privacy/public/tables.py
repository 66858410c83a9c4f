"""Takes hidden numbers out of the descriptive tables, with everything that would give them away."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from emostats.privacy.public.collect import COMPLETERS, LOST
from emostats.privacy.public.precision import step, to_step
from emostats.privacy.public.report import Mark
from emostats.privacy.suppression import Rule
from emostats.privacy.suppression.system import Array

COLUMN = "hidden"
"""Name of the column, and its word in rows of which numbers are hidden. It does not say why: that would tell
which groups are small."""

Why = Mapping[tuple[int, str], str]
"""(row, column) of hidden counts → reason."""

ALWAYS = ("minimum", "maximum")
TESTS = ("statistic", "p_value", "df", "std_error")


@dataclass(frozen=True)
class Public:
    """A public table and the marks of what it does not show."""

    table: pd.DataFrame
    marks: tuple[Mark, ...] = ()


def public_table(name: str, table: pd.DataFrame, why: Why, rule: Rule) -> Public:
    """The public form of a table that the disclosure rules know."""
    if name in AS_THEY_ARE or table.empty:
        return Public(table)
    return _FORMS[name](_Draft(name, table.reset_index(drop=True), why, rule))


AS_THEY_ARE = ("tipping", "credibility", "model_card")
"""Tables without any count of children or value of a small group."""

BY_ESTIMATE = ("resamples", "curves")
"""Tables that belong to estimates (`estimate_id`) and go with them."""


class _Draft:
    """A copy of a table in which cells are blanked one after the other."""

    def __init__(self, name: str, table: pd.DataFrame, why: Why, rule: Rule) -> None:
        self.name, self.why, self.rule = name, why, rule
        self.table = table
        self.numbers: dict[str, Array] = {
            str(column): table[column].to_numpy(dtype=np.float64, copy=True)
            for column in table
            if pd.api.types.is_numeric_dtype(table[column])
        }
        self.reasons = [""] * len(table)
        self.marks: dict[tuple[int, str], str] = {}

    def blank(self, row: int, columns: tuple[str, ...], reason: str) -> None:
        for column in columns:
            if column in self.numbers and not np.isnan(self.numbers[column][row]):
                self.numbers[column][row] = np.nan
                self.marks[row, column] = reason
                self._reason(row, column, reason)

    def _reason(self, row: int, column: str, reason: str) -> None:
        """The reason of a row is that of its main count: the size of its group, or of the part it counts."""
        main = column in ("n", "count")
        if reason != "single" and (main or not self.reasons[row]) and self.reasons[row] != "small":
            self.reasons[row] = reason

    def round(self, columns: tuple[str, ...]) -> None:
        if self.rule.rounding > 1:
            for column in columns:
                old = self.numbers[column]
                self.numbers[column] = np.array([x if np.isnan(x) else self.rule.shown(x) for x in old])

    def done(self) -> Public:
        marks = tuple(Mark(self.name, row, column, why) for (row, column), why in self.marks.items())
        return Public(
            self.table.assign(**self.numbers, **{COLUMN: [COLUMN if why else "" for why in self.reasons]}),
            marks,
        )


def _counts_only(draft: _Draft) -> Public:
    for (row, column), reason in draft.why.items():
        draft.blank(row, (column,), reason)
    draft.round(("n",))
    return draft.done()


def _missingness(draft: _Draft) -> Public:
    """Hidden patterns are not even listed: a listed one has a child."""
    whole = _counts_only(draft)
    keep = whole.table["n"].notna()
    return Public(whole.table[keep].reset_index(drop=True), whole.marks)


def _visits(draft: _Draft) -> Public:
    values = ("mean", "sd", "median")
    for (row, column), reason in draft.why.items():
        draft.blank(row, ("n", *values, *ALWAYS) if column == "n" else (column,), reason)
    _single(draft)
    draft.round(("n", "n_missing"))
    return draft.done()


def _single(draft: _Draft) -> None:
    """Blanks values of single children: extremes, and quantiles with few children beyond them."""
    for row, n in enumerate(draft.numbers["n"]):
        draft.blank(row, ALWAYS, "single")
        if not np.isnan(n):
            beyond = {"median": n / 2, "q1": n / 4, "q3": n / 4}
            few = tuple(name for name, count in beyond.items() if count < draft.rule.threshold)
            draft.blank(row, few, "single")
            _round_values(draft, row, float(n))


def _round_values(draft: _Draft, row: int, n: float) -> None:
    """Means and spreads in steps: exact sums of two editions would tell the values of a child who left in
    between. Where counts are rounded, to the standard error: more digits would tell n."""
    spread = float(draft.numbers["sd"][row]) if "sd" in draft.numbers else np.nan
    if not spread > 0:
        return
    error = spread / max(n, 1.0) ** 0.5
    rounded = draft.rule.rounding > 1
    unit = 10.0 ** np.floor(np.log10(error)) if rounded else step(1.96 * error, n, draft.rule.threshold)
    for column in ("mean", "sd", "median", "q1", "q3"):
        if column in draft.numbers:
            draft.numbers[column][row] = to_step(draft.numbers[column][row], unit)


def _baseline(draft: _Draft) -> Public:
    values = ("mean", "sd", "median", "q1", "q3", *ALWAYS)
    for (row, column), reason in draft.why.items():
        draft.blank(row, ("n", "percent", *values) if column == "n" else ("count", "percent"), reason)
    _standardized_differences(draft)
    _single(draft)
    draft.round(("n", "count"))
    if draft.rule.rounding > 1:
        n = draft.numbers["n"]
        draft.numbers["percent"] = 100 * draft.numbers["count"] / np.where(n > 0, n, np.nan)
    return draft.done()


def _standardized_differences(draft: _Draft) -> None:
    """A difference of two groups goes when a number of either is hidden, and under rounding."""
    hidden = {row for row, _ in draft.marks}
    compared = draft.table[draft.table["level"].isin([COMPLETERS, LOST])]
    for _, part in compared.groupby(["variable", compared["category"].fillna("")], sort=False):
        rows = [int(str(row)) for row in part.index]
        reasons = [draft.reasons[row] for row in rows if row in hidden]
        if reasons or draft.rule.rounding > 1:
            for row in rows:
                draft.blank(row, ("smd",), "small" if "small" in reasons else "linked")


def _events(draft: _Draft) -> Public:
    for (row, column), reason in draft.why.items():
        draft.blank(row, ("n_events", "n_serious", column) if column == "n_children" else (column,), reason)
    draft.round(("n", "n_children", "n_events", "n_serious"))
    return draft.done()


def _burden(draft: _Draft) -> Public:
    """To two digits: exact means would tell how many questionnaires all children handed in together."""
    for (row, _), reason in draft.why.items():
        draft.blank(row, tuple(draft.numbers), reason)
    _single(draft)
    for column in ("mean", "sd", "median", "q1", "q3"):
        values = draft.numbers[column]
        draft.numbers[column] = np.array([float(f"{value:.2g}") for value in values])
    draft.round(("n",))
    return draft.done()


def _bland_altman(draft: _Draft) -> Public:
    """The limits of agreement; points are single clips."""
    whole = draft.done()
    keep = draft.table["term"].fillna("") != ""
    return Public(whole.table[keep].reset_index(drop=True))


def _shrinkage(draft: _Draft) -> Public:
    """Rows are blanked beforehand, by `estimates.blank_shrinkage`."""
    return draft.done()


def _prepost(draft: _Draft) -> Public:
    for (row, _), reason in draft.why.items():
        draft.blank(row, tuple(draft.numbers), reason)
    hidden = {row for row, _ in draft.why}
    told = ["" if row in hidden else error for row, error in enumerate(draft.table["error"])]
    draft.table = draft.table.assign(error=told)
    if draft.rule.rounding > 1:
        for row in range(len(draft.table)):
            draft.blank(row, TESTS, "linked")
    draft.round(("n",))
    return draft.done()


def _findings(draft: _Draft) -> Public:
    """Rules and severities only: a cell's address is a child's row, and few findings are few children."""
    blank = ("file", "sheet", "cell", "subject", "visit", "parameter", "action")
    table = draft.table.assign(**dict.fromkeys(blank, ""))
    sizes = table.groupby(["rule", "severity"])["rule"].transform("size")
    keep = sizes >= draft.rule.threshold
    return Public(table[keep].reset_index(drop=True))


_FORMS: Mapping[str, Callable[[_Draft], Public]] = {
    "flow": _counts_only,
    "baseline": _baseline,
    "visits": _visits,
    "prepost": _prepost,
    "missingness": _missingness,
    "findings": _findings,
    "events": _events,
    "burden": _burden,
    "bland_altman": _bland_altman,
    "shrinkage": _shrinkage,
}

KNOWN = (*_FORMS, *AS_THEY_ARE, *BY_ESTIMATE)
"""Tables that the rules know; all others are left out."""
