"""The public form of the estimates: hidden groups without numbers, and no number that tells them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from emostats.privacy.public.collect import MODEL_KINDS, is_difference, is_share, text
from emostats.privacy.public.groups import Levels
from emostats.privacy.public.precision import round_result
from emostats.privacy.public.report import HIDDEN, Mark
from emostats.privacy.public.tables import Public
from emostats.privacy.public.values import closure, lines_of, sides
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
    untold: set[int],
    spec: StudySpec,
    rule: Rule,
    facts: Mapping[str, Mapping[str, Any]],
) -> Public:
    """Hides the rows of small groups, what they follow from, and the n (with its df) where it is hidden.

    Parameters
    ----------
    why: row position → reason why its n is hidden. untold: rows of groups of which nobody may learn that
        they are large enough to be shown.
    """
    draft = _Draft(table)
    gone = _gone(draft.records, why, untold, spec, rule)
    gone |= hidden_shares(draft.records, rule)
    for row, record in enumerate(draft.records):
        if row in gone:
            draft.wipe(row, gone[row])
        elif row in why or is_difference(record) or (is_share(record) and rule.nonresponse):
            draft.blank(row, ("n", *_telling(record, facts)), why.get(row, "linked"))
            draft.round_share(row, record)
        if row in why and record["kind"] == "fit" and record["term"] == "BIC":
            draft.wipe(row, "linked")
        if _shifts(record, facts) and (row in why or rule.nonresponse or rule.rounding > 1):
            draft.wipe(row, why.get(row, "linked"))
        if not (is_share(record) and draft.numbers["n"][row] > 0):
            draft.round(row, record, rule)
    return draft.done(rule)


def _shifts(record: Mapping[Any, Any], facts: Mapping[str, Mapping[str, Any]]) -> bool:
    """Whether a row is of a tipping point: how a mean follows shifted values tells who is missing."""
    return facts.get(record["analysis"], {}).get("type") == "tipping"


def _telling(record: Mapping[Any, Any], facts: Mapping[str, Mapping[str, Any]]) -> tuple[str, ...]:
    """What tells the n of a row exactly, beside itself."""
    method = str(facts.get(record["analysis"], {}).get("df_method", ""))
    exact = method in EXACT_DF or record["kind"] in ("icc", "proportion", "mean", "reliability")
    return ("den_df", "std_error", "statistic", "p_value", "p_adjusted") if exact else ("den_df",)


def _gone(
    records: list[dict[Any, Any]],
    why: Mapping[int, str],
    untold: set[int],
    spec: StudySpec,
    rule: Rule,
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
        small |= _beside_small(part, small, levels)
        hidden = closure(lines, small | {i for i, row in enumerate(rows) if row in untold})
        hidden |= _equivalent(part, hidden, lines)
        gone |= {rows[i]: "small" if i in small else "linked" for i in hidden}
    return gone


def hidden_shares(records: list[dict[Any, Any]], rule: Rule) -> dict[int, str]:
    """Shares of children where few have the response, or few have it not, and all others beside them.

    Overall and the other groups would give a hidden one, so all groups of a division are hidden together.
    """
    small: dict[int, tuple[str, ...]] = {}
    division: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for row, record in enumerate(records):
        if not is_share(record) or not record["n"] >= 0 or record["estimate"] != record["estimate"]:
            continue
        names = ("analysis", "parameter", "visit", "term", "subgroup")
        key = tuple(text(record[name]) for name in names)
        division[key].append(row)
        n, having = float(record["n"]), round(float(record["estimate"]) * float(record["n"]))
        if any(rule.small(count) for count in (n, having, n - having)):
            small[row] = key
    return {
        row: "small" if row in small else "linked" for key in set(small.values()) for row in division[key]
    }


def _is_small(record: Mapping[Any, Any], hidden: bool, rule: Rule) -> bool:
    n = record["n"]
    if n is None or n != n:
        return bool(text(record["level"])) or record["kind"] not in MODEL_KINDS
    return rule.small(float(n)) and not is_difference(record)


def _beside_small(part: list[dict[Any, Any]], small: set[int], levels: Levels) -> set[int]:
    """Differences of which one side is a small group at that visit."""
    groups = {(who, part[i]["visit"]) for i in small for who, _ in sides(part[i], levels)}
    return {
        i
        for i, record in enumerate(part)
        if is_difference(record) and any((who, record["visit"]) in groups for who, _ in sides(record, levels))
    }


def _equivalent(part: list[dict[Any, Any]], hidden: set[int], lines: list[Any]) -> set[int]:
    """Once a mean is hidden: coefficients determine all means, a test with 1 df is its difference, and the
    shrunken changes of a division together tell each of its changes."""
    gone = {(part[i]["subgroup"], part[i]["visit"]) for i in hidden if part[i]["kind"] != "coefficient"}
    shrunken = {
        i
        for i, record in enumerate(part)
        if record["kind"] == "shrunken_change" and (record["subgroup"], record["visit"]) in gone
    }
    if not hidden & {line.row for line in lines}:
        return shrunken
    return shrunken | {
        i
        for i, record in enumerate(part)
        if record["kind"] == "coefficient" or (record["kind"] == "test" and record["num_df"] == 1)
    }


def blank_shrinkage(table: pd.DataFrame, estimates: pd.DataFrame) -> pd.DataFrame:
    """The table of shrinkage without the divisions of which a change is hidden: their mean would tell it."""
    keys = ["analysis", "parameter", "subgroup", "visit"]
    changes = estimates[estimates["kind"].isin(["change", "shrunken_change"]) & estimates["estimate"].isna()]
    hidden = set(changes[keys].itertuples(index=False, name=None))
    keep = [key not in hidden for key in table[keys].itertuples(index=False, name=None)]
    return table[keep].reset_index(drop=True)


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

    def round_share(self, row: int, record: Mapping[Any, Any]) -> None:
        """To whole percent, where the n is hidden: an exact share is a fraction that tells it."""
        if is_share(record):
            for column in ("estimate", "conf_low", "conf_high"):
                self.numbers[column][row] = np.round(self.numbers[column][row], 2)

    def round(self, row: int, record: Mapping[Any, Any], rule: Rule) -> None:
        """What is left of a row, to no more digits than may be published."""
        for name, value in round_result(record, rule.threshold).items():
            if not np.isnan(self.numbers[name][row]):
                self.numbers[name][row] = value

    def wipe(self, row: int, reason: str) -> None:
        self.blank(row, NUMBERS, reason)
        self.errors[row] = HIDDEN

    def done(self, rule: Rule) -> Public:
        if rule.rounding > 1:
            n = self.numbers["n"]
            self.numbers["n"] = np.array([x if np.isnan(x) else rule.shown(x) for x in n])
            self.numbers["den_df"] = np.full(len(n), np.nan)
        marks = tuple(Mark("estimates", row, column, why) for (row, column), why in self.marks.items())
        table = self.table.assign(**self.numbers, error=self.errors, warning=self.warnings)
        return Public(table, marks)
