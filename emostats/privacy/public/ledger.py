"""The ledger: every count of a report, the groups they count, and the places where each is shown."""

from __future__ import annotations

from dataclasses import dataclass, field

from emostats.privacy.public.groups import Group
from emostats.privacy.suppression import Cell, Counts, Relation, Rule

NONRESPONSE = frozenset(
    {"unanswered", "missing", "later only", "first only", "neither", "unscored", "outside", "lacking",
     "unrated", "pattern", "never", "excluded"}
)  # fmt: skip
"""Kinds of groups that are children without an answer."""

TOTALS = frozenset({"observations", "repeated"})
"""Kinds of counts that are sums or differences, not groups of children."""


@dataclass(frozen=True)
class Place:
    """Where a count is shown: a column of a row (by position) of a table."""

    table: str
    row: int
    column: str


@dataclass
class Ledger:
    """Filled by the collectors, read by the suppression. Counts of one group from several tables are one.

    with_results: groups whose model results are shown when they are large enough, so that everybody can tell
    that they are.
    """

    values: dict[Group, float] = field(default_factory=dict)
    places: dict[Place, Group] = field(default_factory=dict)
    relations: list[Relation] = field(default_factory=list)
    with_results: set[Group] = field(default_factory=set)

    def enter(self, place: Place, group: Group, value: float, variant: str = "") -> None:
        """Notes a shown count. Where it differs from what another table says of the group, it is of a part
        of it that `variant` names (an analysis that left some out)."""
        if not group.possible or value != value:  # NaN: nothing is shown
            return
        noted = self.values.setdefault(group, float(value))
        if noted != value:
            group = self._part(group, variant or place.table, float(value))
        self.places[place] = group

    def _part(self, group: Group, variant: str, value: float) -> Group:
        part = Group((*group.status, f"in {variant}"), group.who)
        if self.values.setdefault(part, value) != value:
            return self._part(part, f"{variant}'", value)
        whole = group if value <= self.values[group] else part
        self.split(whole, part if whole == group else group, Group(("excluded", *part.status), group.who))
        return part

    def split(self, whole: Group, part: Group, rest: Group) -> None:
        """Notes that `rest` is what remains of `whole` without `part`, where both are known and it holds."""
        if whole not in self.values or part not in self.values:
            return
        value = self.values[whole] - self.values[part]
        if value >= 0 and self.values.setdefault(rest, value) == value:
            self.relations.append(Relation.total(whole, (part, rest)))

    def total(self, whole: Group, parts: list[Group]) -> None:
        """Notes a sum, where all is known and it holds."""
        known = whole in self.values and parts and all(part in self.values for part in parts)
        if known and self.values[whole] == sum(self.values[part] for part in parts):
            self.relations.append(Relation.total(whole, parts))

    def groups(self, kind: str) -> list[Group]:
        """Groups whose status begins with a word."""
        return [group for group in self.values if group.status[0] == kind]

    def counts(self, rule: Rule) -> Counts:
        """The ledger as one linear system."""
        shown = set(self.places.values())
        cells = tuple(self._cell(group, group in shown, rule) for group in self.values)
        return Counts(cells, tuple(dict.fromkeys(self.relations)))

    def _cell(self, group: Group, shown: bool, rule: Rule) -> Cell:
        kind = group.status[0]
        quiet = kind in TOTALS or (kind in NONRESPONSE and not rule.nonresponse)
        return Cell(
            key=group,
            value=self.values[group],
            shown=shown,
            sensitive=not quiet,
            cost=_cost(group, self.values[group]),
            floor=rule.threshold
            if group in self.with_results and self.values[group] >= rule.threshold
            else 0,
            block=_block(group),
        )


def _block(group: Group) -> str:
    """Counts about one outcome belong together; so do those about the children as such."""
    status = group.status[1:] if group.status[0] == "excluded" else group.status
    by_outcome = {"value", "missing", "unscored", "pair", "later only", "first only", "neither", "pattern"}
    by_outcome |= {"any", "never", "observations", "rated", "unrated"}
    if status[0] in by_outcome:
        return status[1]
    if status[0] in ("with event", "no event", "n_events", "n_serious", "repeated"):
        return f"event {status[1]}"
    attributes = sorted(factor for factor in group.factors if factor.startswith("variable "))
    return attributes[0] if attributes else ""


def _cost(group: Group, value: float) -> float:
    """What is lost with a count: little for details, much for the size of the study and its subgroups."""
    kind = group.status[0]
    base = {"entered": 50.0, "answered": 8.0, "analysed": 8.0, "missing": 0.2, "pattern": 0.1, "lost": 1.0}
    details = len([factor for factor in group.factors if factor.startswith("variable ")])
    weight = base.get(kind, 2.0)
    weight *= 0.05 if details else (4.0 if not group.who else 1.0)
    return weight * (1.0 + 0.02 * value)
