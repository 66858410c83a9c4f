"""The public form of the estimates: hidden groups without numbers, and no number that tells them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from emostats.privacy.public.collect import MODEL_KINDS, is_difference, text
from emostats.privacy.public.groups import Levels
from emostats.privacy.public.report import REASONS, Mark
from emostats.privacy.public.tables import Public
from emostats.privacy.public.values import closure, lines_of
from emostats.privacy.suppression import Rule
from emostats.study.spec import BootstrapAnalysis, StudySpec

NUMBERS = (
    "estimate", "std_error", "num_df", "den_df", "conf_low", "conf_high", "statistic", "p_value",
    "p_adjusted", "n",
)  # fmt: skip
EXACT_DF = ("residual", "between-within")
"""Methods whose degrees of freedom are observations minus parameters, and so tell the observations."""


def public_estimates(
    table: pd.DataFrame,
    why: Mapping[int, str],
    spec: StudySpec,
    rule: Rule,
    facts: Mapping[str, Mapping[str, Any]],
) -> Public:
    """Hides the rows of small groups, what they follow from, and the n (with its df) where it is hidden.

    Parameters
    ----------
    why: row position → reason why its n is hidden.
    """
    draft = _Draft(table)
    gone = _gone(draft.records, why, spec, rule)
    for row, record in enumerate(draft.records):
        if row in gone:
            draft.wipe(row, gone[row])
        elif row in why or is_difference(record):
            draft.blank(row, ("n", *_telling(record, facts)), why.get(row, "linked"))
        if row in why and record["kind"] == "fit" and record["term"] == "BIC":
            draft.wipe(row, "linked")
    return draft.done(rule)


def _telling(record: Mapping[Any, Any], facts: Mapping[str, Mapping[str, Any]]) -> tuple[str, ...]:
    """What tells the n of a row exactly, beside itself."""
    method = str(facts.get(record["analysis"], {}).get("df_method", ""))
    exact = method in EXACT_DF or record["kind"] in ("icc", "proportion", "mean")
    return ("den_df", "std_error", "statistic", "p_value", "p_adjusted") if exact else ("den_df",)


def _gone(
    records: list[dict[Any, Any]], why: Mapping[int, str], spec: StudySpec, rule: Rule
) -> dict[int, str]:
    """Rows without any number → reason."""
    levels = Levels.of(spec)
    models = {item.name: item.of for item in spec.analyses if isinstance(item, BootstrapAnalysis)}
    by_model: dict[tuple[str, str], list[int]] = defaultdict(list)
    for row, record in enumerate(records):
        by_model[models.get(record["analysis"], record["analysis"]), text(record["parameter"])].append(row)
    gone: dict[int, str] = {}
    for rows in by_model.values():
        part = [records[row] for row in rows]
        small = {i for i, record in enumerate(part) if _is_small(record, rows[i] in why, rule)}
        sizes = {i: float(record["n"] or 0) for i, record in enumerate(part)}
        lines = lines_of(part, levels, spec.baseline.name, sizes)
        small |= _beside_small(part, lines, small)
        hidden = closure(lines, small)
        hidden |= _equivalent(part, hidden, lines)
        gone |= {rows[i]: "small" if i in small else "linked" for i in hidden}
    return gone


def _is_small(record: Mapping[Any, Any], hidden: bool, rule: Rule) -> bool:
    n = record["n"]
    if n is None or n != n:
        return bool(text(record["level"])) or record["kind"] not in MODEL_KINDS
    return rule.small(float(n)) and not is_difference(record)


def _beside_small(part: list[dict[Any, Any]], lines: list[Any], small: set[int]) -> set[int]:
    """Differences of which one side is hidden at that visit."""
    hidden = {point for line in lines if line.row in small for point in line.weights}
    return {
        line.row
        for line in lines
        if is_difference(part[line.row])
        and any(point in hidden and point[1] == part[line.row]["visit"] for point in line.weights)
    }


def _equivalent(part: list[dict[Any, Any]], hidden: set[int], lines: list[Any]) -> set[int]:
    """Once a mean is hidden: coefficients determine all means, and a test with 1 df is its difference."""
    if not hidden & {line.row for line in lines}:
        return set()
    return {
        i
        for i, record in enumerate(part)
        if record["kind"] == "coefficient" or (record["kind"] == "test" and record["num_df"] == 1)
    }


class _Draft:
    """A copy of the estimates in which numbers are blanked one after the other."""

    def __init__(self, table: pd.DataFrame) -> None:
        self.table = table.reset_index(drop=True)
        self.records = self.table.to_dict("records")
        self.numbers = {name: self.table[name].to_numpy(dtype=np.float64, copy=True) for name in NUMBERS}
        self.errors, self.warnings = list(self.table["error"]), list(self.table["warning"])
        self.marks: dict[tuple[int, str], str] = {}

    def blank(self, row: int, columns: tuple[str, ...], reason: str) -> None:
        for column in columns:
            if not np.isnan(self.numbers[column][row]):
                self.numbers[column][row] = np.nan
                self.marks[row, column] = reason
        self.warnings[row] = ""

    def wipe(self, row: int, reason: str) -> None:
        self.blank(row, NUMBERS, reason)
        self.errors[row] = REASONS[reason]

    def done(self, rule: Rule) -> Public:
        if rule.rounding > 1:
            n = self.numbers["n"]
            self.numbers["n"] = np.array([x if np.isnan(x) else rule.shown(x) for x in n])
            self.numbers["den_df"] = np.full(len(n), np.nan)
        marks = tuple(Mark("estimates", row, column, why) for (row, column), why in self.marks.items())
        table = self.table.assign(**self.numbers, error=self.errors, warning=self.warnings)
        return Public(table, marks)
