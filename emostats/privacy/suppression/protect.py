"""Which further counts to hide, so that the small ones cannot be computed back.

For each small count a *witness* is sought: other tables of whole numbers, with the same published counts,
in which the count is 1, and others in which it reaches the threshold. Where none exists, the cheapest change
of published counts that makes one is found by integer programming, and the counts it changes are hidden
too (the idea of Kelly, Golden & Assad, 1992, Networks 22:397–417, for tables linked in any way). Every
witness stays valid when more is hidden, so at the end each small count has its two.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import numpy as np

from emostats.errors import PrivacyError
from emostats.privacy.suppression.attack import disclosed
from emostats.privacy.suppression.rules import Rule
from emostats.privacy.suppression.solver import minimise
from emostats.privacy.suppression.system import Array, Cell, Counts, Key, Positions

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

    Under a rule that rounds, the rounding hides most differences; further counts go where it does not.

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
    search.sweep()
    for done, position in enumerate(search.order(), 1):
        search.lower(position)
        search.raise_(position)
        if done % SWEEP_EVERY == 0:
            search.sweep()
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

    def _cost(self, key: Key) -> float:
        cell = self.counts.cells[self.counts.index[key]]
        return cell.cost if cell.shown and key not in self.hidden else 0.0

    def order(self) -> list[int]:
        """Small counts, the largest first: what protects them often protects the smaller ones."""
        cells = self.counts.cells
        small = [i for i, cell in enumerate(cells) if cell.sensitive and self.rule.small(cell.value)]
        return sorted(small, key=lambda i: (-cells[i].value, i))

    def lower(self, position: int) -> None:
        """Makes sure that the count may be 1."""
        if self.low[position] > 1:
            self._move(position, 1.0)

    def raise_(self, position: int) -> None:
        """Makes sure that the count may be the threshold."""
        if self.high[position] < self.rule.threshold:
            self._move(position, float(self.rule.threshold))

    def sweep(self) -> None:
        """Witnesses for many counts at once, changing only what is hidden already."""
        for up in (True, False):
            before = -1
            while (left := self._open(up)).size and left.size != before:
                before = left.size
                self._sweep(left, up)

    def _open(self, up: bool) -> Positions:
        """Small counts without a witness that is high enough (or low enough)."""
        order = np.array(self.order(), dtype=np.intp)
        short = self.high[order] < self.rule.threshold if up else self.low[order] > 1
        return np.asarray(order[short])

    def _sweep(self, left: Positions, up: bool) -> None:
        for part in self.counts.parts(self.cost == 0.0):
            wanted = np.intersect1d(left, part)
            same = part.tobytes(), wanted.tobytes(), up
            if wanted.size and same not in self.tried:
                self.tried.add(same)
                aim = float(self.rule.threshold) if up else 1.0
                room = self.counts.values[part] - self.floors[part]
                self._keep(part, _farthest(self.counts, part, room, wanted, aim, up))

    def _keep(self, chosen: Positions, change: Array) -> None:
        witness = self.counts.values.copy()
        witness[chosen] += change
        self.low, self.high = np.minimum(self.low, witness), np.maximum(self.high, witness)

    def _move(self, position: int, aim: float) -> None:
        """Finds a witness in which the count is `aim`, within its block if that can be."""
        own = self.blocks == self.blocks[position]
        every = np.ones_like(own)
        scopes = ((own, True), (own | (self.blocks == ""), True), (every, True), (every, False))
        for scope, floored in scopes:
            chosen = np.flatnonzero(scope)
            change = self._cheapest(position, aim, chosen, floored=floored)
            if change is not None:
                break
        else:
            raise PrivacyError(
                f"the count {self.counts.cells[position].key!r} cannot be kept secret, whatever else is "
                "hidden. Leave out the table that it stands in, or merge groups."
            )
        self._hide(chosen[change != 0])
        self._unfloor(chosen[self.counts.values[chosen] + change < self.floors[chosen]])
        self._keep(chosen, change)

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

    def _cheapest(self, position: int, aim: float, chosen: Positions, *, floored: bool) -> Array | None:
        """The change of the chosen counts that costs least: whole numbers, relations kept. None if none is.

        Minimises Σ cost (up + down) subject to matrix (up − down) = 0 and values − down ≥ floor.
        """
        from scipy.sparse import hstack

        columns = self.counts.matrix[self.counts.touching(chosen)][:, chosen]
        room = self.counts.values[chosen] - (self.floors[chosen] if floored else 0.0)
        needed = aim - self.counts.values[position]
        least, most = np.zeros(2 * len(chosen)), np.concatenate([np.full(len(chosen), np.inf), room])
        at = int(np.flatnonzero(chosen == position)[0]) + (len(chosen) if needed < 0 else 0)
        least[at] = most[at] = abs(needed)
        most[(at + len(chosen)) % (2 * len(chosen))] = 0.0
        price = np.tile(self.cost[chosen] + EPSILON, 2)
        both = hstack([columns, -columns], format="csr")
        solved = minimise(price, both, (0.0, 0.0), (least, most), whole=True, gap=GAP).x
        return None if solved is None else np.asarray(solved[: len(chosen)] - solved[len(chosen) :])


def _farthest(counts: Counts, part: Positions, room: Array, wanted: Positions, aim: float, up: bool) -> Array:
    """A change of the counts in `part` that brings as many of `wanted` as far towards `aim` as it can.

    room: how far each count in `part` may fall. Maximises Σ t with 0 ≤ t ≤ |aim − value| and t ≤ the change
    in the wanted direction.
    """
    from scipy.sparse import block_array, coo_array, csr_array, eye_array

    n, k = len(part), len(wanted)
    columns = counts.matrix[counts.touching(part)][:, part]
    r = columns.shape[0]
    ends = (np.full(k, -1.0 if up else 1.0), (np.arange(k), np.searchsorted(part, wanted)))
    reach = coo_array(ends, shape=(k, n))
    system = block_array([[columns, csr_array((r, k))], [reach, eye_array(k)]], format="csr")
    between = np.concatenate([np.zeros(r), np.full(k, -np.inf)]), np.zeros(r + k)
    gap = np.abs(aim - counts.values[wanted])
    bounds = (
        np.concatenate([-room, np.zeros(k)]),
        np.concatenate([np.full(n, np.inf), gap]),
    )
    price = np.concatenate([np.zeros(n), -np.ones(k)])
    solved = minimise(price, system, between, bounds, whole=True, gap=2 * GAP).x
    return np.zeros(n) if solved is None else solved[:n]


GAP = 0.05
"""How far from the cheapest, relatively, an integer program may stop."""

SWEEP_EVERY = 8
"""After so many counts were moved one by one, the rest is tried together again."""

EPSILON = 1e-3
"""Price of a unit's change of a count that is hidden already, so that witnesses stay near the truth."""
