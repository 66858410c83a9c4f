"""The witnesses found so far: which counts each one changes, and which small counts it speaks for."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from emostats.privacy.suppression.rules import Rule
from emostats.privacy.suppression.system import Array, Counts, Positions


class Witnesses:
    """Other tables with the same published counts, kept as changes of the true one.

    A *need* is the position of a small count that some witness must bring down to 1, or, plus the number of
    counts, of one that some witness must bring up to the threshold.
    """

    def __init__(self, counts: Counts, rule: Rule) -> None:
        self._values, self._threshold = counts.values, rule.threshold
        small = np.array([cell.sensitive and rule.small(cell.value) for cell in counts.cells])
        self._needed = np.concatenate([small & (counts.values > 1), small])
        self._count = np.zeros(len(self._needed), dtype=np.intp)
        self._found: dict[int, tuple[Positions, Array, Positions]] = {}
        self._users: dict[int, set[int]] = defaultdict(set)
        self._next = 0

    def add(self, cells: Positions, change: Array) -> None:
        """One more witness: counts and what they change by."""
        moved = np.flatnonzero(change)
        cells, change = cells[moved], change[moved]
        if not cells.size:
            return
        new = self._values[cells] + change
        up = cells[new >= self._threshold] + len(self._values)
        needs = np.concatenate([cells[new <= 1], up])
        needs = needs[self._needed[needs]]
        self._found[self._next] = cells, change, needs
        self._count[needs] += 1
        for cell in cells:
            self._users[int(cell)].add(self._next)
        self._next += 1

    def lost_without(self, cell: int) -> Positions:
        """The needs that no witness would meet any more if the count `cell` were shown."""
        users = self._users.get(cell, set())
        if not users:
            return np.empty(0, dtype=np.intp)
        needs, times = np.unique(np.concatenate([self._found[i][2] for i in users]), return_counts=True)
        return np.asarray(needs[self._count[needs] == times])

    def show(self, cell: int) -> None:
        """Gives up the witnesses that change a count."""
        for i in list(self._users.get(cell, ())):
            cells, _, needs = self._found.pop(i)
            self._count[needs] -= 1
            for other in cells:
                self._users[int(other)].discard(i)

    def range(self) -> tuple[Array, Array]:
        """The least and the greatest value of each count over all witnesses."""
        low, high = self._values.copy(), self._values.copy()
        for cells, change, _ in self._found.values():
            new = self._values[cells] + change
            low[cells], high[cells] = np.minimum(low[cells], new), np.maximum(high[cells], new)
        return low, high
