"""What the suppression did, for the report, the log and the command line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from emostats.privacy.suppression import Interval, Rule

HIDDEN = "hidden: a small group, or one from which a small group could be computed"
"""The one reason that readers of the public edition get."""

REASONS: Mapping[str, str] = {
    "small": "hidden: the group is too small",
    "linked": "hidden: a small group could be computed from it",
    "single": "hidden: a value of single children",
}
"""Why something is not shown, in words, for the study team alone."""


@dataclass(frozen=True)
class Mark:
    """One hidden number: table, row (position from 0), column, and the reason, a key of `REASONS`."""

    table: str
    row: int
    column: str
    reason: str


@dataclass(frozen=True)
class SuppressionReport:
    """What was hidden and how well.

    Attributes
    ----------
    rule: the rule. marks: every hidden number of the tables and estimates.
    left_out: whole tables that are not public → why.
    small: counts hidden because they are small. linked: counts hidden to protect them.
    protected: small counts that were attacked, among them those that no table shows but that differences of
        totals would give. narrowest: the attacker's narrowest interval of one.
    statements: sentences for readers.
    """

    rule: Rule
    marks: tuple[Mark, ...] = ()
    left_out: Mapping[str, str] = field(default_factory=dict)
    small: int = 0
    linked: int = 0
    protected: int = 0
    narrowest: Interval | None = None
    statements: tuple[str, ...] = ()

    def mark(self, table: str, row: int, column: str) -> str:
        """The reason why a number is hidden, ``""`` if it is not. Columns of estimates are their names."""
        return self._by_place.get((table, row, column), "")

    @property
    def _by_place(self) -> dict[tuple[str, int, str], str]:
        return {(mark.table, mark.row, mark.column): mark.reason for mark in self.marks}

    def by_table(self) -> dict[str, dict[str, int]]:
        """Number of hidden numbers by table and reason."""
        tables = dict.fromkeys(mark.table for mark in self.marks)
        return {
            name: dict(Counter(mark.reason for mark in self.marks if mark.table == name)) for name in tables
        }


def statements(rule: Rule, left_out: Mapping[str, str]) -> tuple[str, ...]:
    """What a reader of the public edition should know."""
    lines = [
        f"Small groups: {rule.words}. Means, standard deviations, percentages and model results of hidden "
        "groups are hidden too.",
        "Further counts are hidden wherever a hidden one could be computed from them. All tables were "
        "checked together by linear programming.",
        "Lowest and highest values are left out, because they belong to single children.",
        "Model results are rounded, and standard errors left out, because at full precision they would tell "
        "how many children a group has. How wide an interval is still tells that roughly.",
    ]
    if rule.nonresponse:
        lines.append("Counts of children without an answer are protected like all others.")
    lines += [f"Left out: {why}." for why in dict.fromkeys(left_out.values())]
    return tuple(lines)
