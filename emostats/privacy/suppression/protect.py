"""Which further counts to hide, so that the small ones cannot be computed back.

For each small count a *witness* is sought: other tables of whole numbers, with the same published counts,
in which the count is 1, and others in which it reaches the threshold. Where none exists, the cheapest change
of published counts that makes one is found by integer programming, and the counts it changes are hidden
too (the idea of Kelly, Golden & Assad, 1992, Networks 22:397–417, for tables linked in any way). Every
witness stays valid when more is hidden, so at the end each small count has its two.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

import numpy as np

from emostats.errors import PrivacyError
from emostats.privacy.suppression.attack import disclosed
from emostats.privacy.suppression.rules import Rule
from emostats.privacy.suppression.solver import minimise
from emostats.privacy.suppression.system import Array, Cell, Counts, Key, Positions, Scope
from emostats.privacy.suppression.witnesses import Witnesses

SMALL, LINKED = "small", "linked"


@dataclass(frozen=True)
class Pattern:
    """What is hidden.

    Attributes
    ----------
    hidden: key → `SMALL` (a small count) or `LINKED` (a small one could be computed from it).
    unfloored: counts of which nobody may learn either that they reach their floor.
    """

    hidden: Mapping[Key, str] = field(default_factory=dict)
    unfloored: frozenset[Key] = frozenset()

    @property
    def small(self) -> frozenset[Key]:
        """Counts hidden because they are small."""
        return frozenset(key for key, why in self.hidden.items() if why == SMALL)

    @property
    def linked(self) -> frozenset[Key]:
        """Counts hidden to protect the small ones."""
        return frozenset(key for key, why in self.hidden.items() if why == LINKED)


def primary(counts: Counts, rule: Rule) -> Pattern:
    """Only the small counts hidden: what the rule alone asks for, and what an attack may undo."""
    return Pattern({cell.key: SMALL for cell in counts.cells if cell.shown and _must_hide(cell, rule)})


def _must_hide(cell: Cell, rule: Rule) -> bool:
    return cell.sensitive and rule.small(cell.value)


def protect(counts: Counts, rule: Rule) -> Pattern:
    """The small counts and as many others as it takes to keep them hidden.

    First each block (an outcome) by itself, which is quick; then what can only be protected by moving
    several blocks. Under a rule that rounds, the rounding hides most differences; further counts go where
    it does not.

    Raises
    ------
    PrivacyError: some small count cannot be protected whatever is hidden.
    """
    first = primary(counts, rule)
    if not counts.relations:
        return first
    if rule.rounding > 1:
        return _beside_rounding(counts, rule, first)
    search = _Search(counts, rule, dict(first.hidden))
    for block in dict.fromkeys(cell.block for cell in counts.cells):
        search.within(block)
    search.across()
    search.thin()
    search.audit()
    return Pattern(search.hidden, frozenset(search.unfloored))


def _beside_rounding(counts: Counts, rule: Rule, pattern: Pattern) -> Pattern:
    """Hides, as long as the attack tells too much of a count, the cheapest published count beside it."""
    hidden = dict(pattern.hidden)
    bad: Collection[Key] | None = None
    while bad := disclosed(counts, hidden, rule, among=bad):  # what is safe stays so when more is hidden
        near, found = set(bad), set[Key]()
        for _ in counts.relations:
            touched = [[key for key, _ in item.terms] for item in counts.relations]
            touched = [keys for keys in touched if near & set(keys)]
            found = {key for keys in touched if (key := _cheapest_told(counts, keys, hidden)) is not None}
            wider = near.union(*touched)
            if found or wider == near:
                break
            near = wider
        if not found:
            raise PrivacyError(
                f"{len(bad)} small counts cannot be kept secret by the rule '{rule.name}'. Merge groups."
            )
        hidden |= dict.fromkeys(found, LINKED)
    return Pattern(hidden)


def _cheapest_told(counts: Counts, keys: list[Key], hidden: Mapping[Key, str]) -> Key | None:
    cells = [counts.cells[counts.index[key]] for key in keys if key not in hidden]
    told = [cell for cell in cells if cell.shown]
    return min(told, key=lambda cell: cell.cost).key if told else None


class _Search:
    """The hidden counts so far, and the range of each count over all witnesses found."""

    def __init__(self, counts: Counts, rule: Rule, hidden: dict[Key, str]) -> None:
        self.counts, self.rule, self.hidden = counts, rule, hidden
        self.low, self.high = counts.values.copy(), counts.values.copy()
        self.cost = np.array([self._cost(cell.key) for cell in counts.cells])
        self.blocks = np.array([cell.block for cell in counts.cells])
        self.floors = counts.floors.copy()
        self.unfloored: set[Key] = set()
        self.tried: set[tuple[bytes, bytes, bool]] = set()
        self.witnesses = Witnesses(counts, rule)
        self.everywhere = counts.scope(np.ones(len(counts.cells), dtype=bool))

    def _cost(self, key: Key) -> float:
        cell = self.counts.cells[self.counts.index[key]]
        return cell.cost if cell.shown and key not in self.hidden else 0.0

    def small(self, block: str | None = None) -> list[int]:
        """Small counts, the largest first: what protects them often protects the smaller ones."""
        small = [
            i
            for i, cell in enumerate(self.counts.cells)
            if cell.sensitive and self.rule.small(cell.value) and block in (None, cell.block)
        ]
        return sorted(small, key=lambda i: (-self.counts.values[i], i))

    def within(self, block: str) -> None:
        """Protects the small counts of a block by changes in this block alone, as far as that goes."""
        order = self.small(block)
        scope = self.counts.scope(self.blocks == block)
        self._hide(scope.tied(order))
        self._each(order, scope, lambda position, aim: self._move(position, aim, scope))

    def across(self) -> None:
        """Protects the small counts that changes in their own block did not protect."""
        order = [*self._open(self.small(), up=True), *self._open(self.small(), up=False)]
        self._each([int(i) for i in dict.fromkeys(order)], self.everywhere, self._move_far)

    def thin(self) -> None:
        """Shows again what need not be hidden: the other witnesses suffice, or others are found."""
        index = self.counts.index
        linked = sorted((index[key] for key, why in self.hidden.items() if why == LINKED), key=self._worth)
        for position in linked:
            lost = self.witnesses.lost_without(position)
            few = len(lost) <= MOST_LOST and len(linked) <= MOST_THINNED
            if not lost.size or (few and self._otherwise(position, lost)):
                self.witnesses.show(position)
                cell = self.counts.cells[position]
                del self.hidden[cell.key]
                self.cost[position] = cell.cost
        self.low, self.high = self.witnesses.range()
        below = np.flatnonzero(self.low < self.counts.floors)
        self.unfloored, self.floors = set(), self.counts.floors.copy()
        self._unfloor(below)

    def _worth(self, position: int) -> tuple[float, int]:
        return -self.counts.cells[position].cost, position

    def _otherwise(self, position: int, lost: Positions) -> bool:
        """Finds witnesses for the lost needs that leave a count as it is; False if there are none."""
        self.cost[position] = self.counts.cells[position].cost
        for need in lost:
            up, target = divmod(int(need), len(self.counts.cells))
            scope = self.counts.scope(self.cost == 0.0)
            part = scope.part(target)
            aim = float(self.rule.threshold) if up else 1.0
            wanted = np.array([target])
            change = _farthest(part, self._room(part), self.counts.values, wanted, aim, bool(up))
            reached = self.counts.values[target] + change[np.searchsorted(part.cells, target)]
            if (reached < aim if up else reached > aim) or not self._keep(part, change):
                self.cost[position] = 0.0
                return False
        return True

    def audit(self) -> None:
        """Raises PrivacyError unless every small count has its two witnesses, all true to what is shown."""
        told = self.cost > 0.0
        small = self.small()
        open_ = [*self._open(small, up=True), *self._open(small, up=False)]
        if open_ or (self.low[told] < self.high[told]).any() or (self.low < self.floors).any():
            raise PrivacyError(
                "the check of the hidden counts failed. Nothing was published. This is an error of emostats."
            )

    def _each(self, order: list[int], scope: Scope, move: Callable[[int, float], bool]) -> None:
        """Moves one count after the other, and now and then all that are left together."""
        self._sweep(order, scope)
        for done, position in enumerate(order, 1):
            if self.low[position] > 1:
                move(position, 1.0)
            if self.high[position] < self.rule.threshold:
                move(position, float(self.rule.threshold))
            if done % SWEEP_EVERY == 0:
                self._sweep(order[done:], scope)

    def _open(self, order: list[int], *, up: bool) -> Positions:
        """Small counts without a witness that is high enough (or low enough)."""
        among = np.array(order, dtype=np.intp)
        short = self.high[among] < self.rule.threshold if up else self.low[among] > 1
        return np.asarray(among[short])

    def _sweep(self, order: list[int], scope: Scope) -> None:
        """Witnesses for many counts at once, changing only what is hidden already."""
        for up in (True, False):
            before = -1
            while (left := self._open(order, up=up)).size and left.size != before:
                before = left.size
                self._sweep_parts(left, scope, up=up)

    def _sweep_parts(self, left: Positions, scope: Scope, *, up: bool) -> None:
        for part in scope.parts(self.cost == 0.0):
            wanted = np.intersect1d(left, part.cells)
            same = part.cells.tobytes(), wanted.tobytes(), up
            if wanted.size and same not in self.tried:
                self.tried.add(same)
                aim = float(self.rule.threshold) if up else 1.0
                self._keep(part, _farthest(part, self._room(part), self.counts.values, wanted, aim, up))

    def _room(self, scope: Scope, *, floored: bool = True) -> Array:
        """How far each count may fall."""
        values = self.counts.values[scope.cells]
        return np.asarray(values - self.floors[scope.cells]) if floored else values

    def _keep(self, scope: Scope, change: Array) -> bool:
        """Notes a witness; False if rounding to whole numbers broke a relation."""
        if np.abs(scope.matrix @ change).max(initial=0.0) > 0:
            return False
        self.witnesses.add(scope.cells, change)
        witness = self.counts.values[scope.cells] + change
        self.low[scope.cells] = np.minimum(self.low[scope.cells], witness)
        self.high[scope.cells] = np.maximum(self.high[scope.cells], witness)
        return True

    def _move_far(self, position: int, aim: float) -> bool:
        """Finds a witness in which the count is `aim`, in as few blocks as can be."""
        slack = (self.blocks == "") | (self.cost == 0.0)
        near = self.counts.scope((self.blocks == self.blocks[position]) | slack)
        tries = ((near, True), (self.everywhere, True), (self.everywhere, False))
        if any(self._move(position, aim, scope, floored=floored) for scope, floored in tries):
            return True
        raise PrivacyError(
            f"the count {self.counts.cells[position].key!r} cannot be kept secret, whatever else is "
            "hidden. Leave out the table that it stands in, or merge groups."
        )

    def _move(self, position: int, aim: float, scope: Scope, *, floored: bool = True) -> bool:
        """Finds the cheapest witness of a scope in which the count is `aim`; False if there is none."""
        part = scope.part(position)
        change = self._cheapest(position, aim, part, floored=floored)
        if change is None or not self._keep(part, change):
            return False
        self._hide(part.cells[change != 0])
        self._unfloor(part.cells[self.counts.values[part.cells] + change < self.floors[part.cells]])
        return True

    def _hide(self, touched: Positions) -> None:
        for position in touched:
            cell = self.counts.cells[position]
            if cell.shown and cell.key not in self.hidden:
                self.hidden[cell.key] = LINKED
                self.cost[position] = 0.0

    def _unfloor(self, below: Positions) -> None:
        """Takes the floors away that a witness needs to go below."""
        self.unfloored |= {self.counts.cells[position].key for position in below}
        self.floors[below] = 0.0

    def _cheapest(self, position: int, aim: float, scope: Scope, *, floored: bool) -> Array | None:
        """The change of a scope's counts that costs least: whole numbers, relations kept. None if none is.

        Minimises Σ cost (up + down) subject to matrix (up − down) = 0 and values − down ≥ floor.
        """
        from scipy.sparse import hstack

        n, needed = len(scope.cells), aim - self.counts.values[position]
        least = np.zeros(2 * n)
        most = np.concatenate([np.full(n, np.inf), self._room(scope, floored=floored)])
        at = int(np.searchsorted(scope.cells, position)) + (n if needed < 0 else 0)
        least[at] = most[at] = abs(needed)
        most[(at + n) % (2 * n)] = 0.0
        price = np.tile(self.cost[scope.cells] + EPSILON, 2)
        both = hstack([scope.matrix, -scope.matrix], format="csr")
        solved = minimise(price, both, (0.0, 0.0), (least, most), whole=True, gap=GAP).x
        return None if solved is None else np.asarray(solved[:n] - solved[n:])


def _farthest(scope: Scope, room: Array, values: Array, wanted: Positions, aim: float, up: bool) -> Array:
    """A change of the counts of a scope that brings as many of `wanted` as far towards `aim` as it can.

    room: how far each count of the scope may fall. values: of all counts. Maximises Σ weight · t with
    t ≤ |aim − value| and t ≤ the change in the wanted direction. The first of `wanted` weigh most, so that
    they get there at the cost of the last, instead of all halfway.
    """
    from scipy.sparse import block_array, coo_array, csr_array, eye_array

    n, k = len(scope.cells), len(wanted)
    r = scope.matrix.shape[0]
    ends = (np.full(k, -1.0 if up else 1.0), (np.arange(k), np.searchsorted(scope.cells, wanted)))
    reach = coo_array(ends, shape=(k, n))
    system = block_array([[scope.matrix, csr_array((r, k))], [reach, eye_array(k)]], format="csr")
    between = np.concatenate([np.zeros(r), np.full(k, -np.inf)]), np.zeros(r + k)
    gap = np.abs(aim - values[wanted])
    bounds = (
        np.concatenate([-room, np.full(k, -np.inf)]),
        np.concatenate([np.full(n, np.inf), gap]),
    )
    price = np.concatenate([np.zeros(n), -np.linspace(2.0, 1.0, k)])
    solved = minimise(price, system, between, bounds, whole=True, gap=2 * GAP).x
    return np.zeros(n) if solved is None else solved[:n]


GAP = 0.05
"""How far from the cheapest, relatively, an integer program may stop."""

SWEEP_EVERY = 8
"""After so many counts were moved one by one, the rest is tried together again."""

EPSILON = 1e-3
"""Price of a unit's change of a count that is hidden already, so that witnesses stay near the truth."""

MOST_LOST, MOST_THINNED = 8, 600
"""Other witnesses are sought for at most so many needs of a count, and if at most so many are linked."""
