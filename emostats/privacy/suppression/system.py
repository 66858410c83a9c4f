"""Published counts as one linear system: every cell of every table, and how they add up."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

Key = Hashable
"""What a count is about. Two tables that count the same children use the same key."""

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Positions = NDArray[np.intp]


@dataclass(frozen=True)
class Cell:
    """One count.

    Attributes
    ----------
    key: what it counts. value: the true count, 0 or more.
    shown: whether a table shows it. A count that none shows, such as the difference of two totals, is kept
        because it may be computed, and is protected like the others.
    sensitive: whether it may be a disclosure when it is small; a sum over visits is none.
    cost: how much is lost when it is hidden; totals cost more than details.
    floor: what everybody knows it to be at least, e.g. the threshold where results of a group are shown.
    block: counts that are most easily hidden together (an outcome); any text.
    """

    key: Key
    value: float
    shown: bool = True
    sensitive: bool = True
    cost: float = 1.0
    floor: float = 0.0
    block: str = ""


@dataclass(frozen=True)
class Relation:
    """Coefficients by key whose sum over the cells is 0: ``total − part − part = 0``."""

    terms: tuple[tuple[Key, float], ...]

    @classmethod
    def total(cls, whole: Key, parts: Iterable[Key]) -> Relation:
        """The whole is the sum of its parts."""
        return cls(((whole, 1.0), *((part, -1.0) for part in parts)))


@dataclass(frozen=True, eq=False)
class Scope:
    """Some cells that may change while all others keep their values.

    Attributes
    ----------
    cells: their positions in `Counts`, ascending. matrix: the relations in which they stand, one row a
        relation, one column a cell; a change keeps the relations if matrix @ change = 0.
    """

    cells: Positions
    matrix: Any

    def parts(self, chosen: Mask | None = None) -> list[Scope]:
        """The cells in scopes that no relation ties together; only the `chosen` ones (of all cells)."""
        inside = np.arange(len(self.cells)) if chosen is None else np.flatnonzero(chosen[self.cells])
        if not inside.size:
            return []
        labels = self._labels(inside)
        order = np.argsort(labels, kind="stable")
        cuts = np.flatnonzero(np.diff(labels[order])) + 1
        return [self._only(part) for part in np.split(inside[order], cuts)]

    def part(self, position: int) -> Scope:
        """The cells that relations tie to one."""
        return self._own[int(self._component[np.searchsorted(self.cells, position)])]

    def tied(self, positions: Iterable[int]) -> Positions:
        """The cells that cannot stay as they are when one of those at `positions` changes.

        They stand in a relation in which only these two may change; and so on, from these.
        """
        rows, columns = self.matrix.tocsr(), self.matrix.tocsc()
        pairs = np.diff(rows.indptr) == 2
        waiting = [int(i) for i in np.searchsorted(self.cells, np.fromiter(positions, dtype=np.intp))]
        found = set(waiting)
        while waiting:
            i = waiting.pop()
            for row in columns.indices[columns.indptr[i] : columns.indptr[i + 1]]:
                if pairs[row]:
                    inside = rows.indices[rows.indptr[row] : rows.indptr[row + 1]]
                    new = {int(j) for j in inside} - found
                    found |= new
                    waiting += new
        return self.cells[np.array(sorted(found), dtype=np.intp)]

    @cached_property
    def _component(self) -> Positions:
        return self._labels(np.arange(len(self.cells)))

    @cached_property
    def _own(self) -> list[Scope]:
        return self.parts()

    def _labels(self, inside: Positions) -> Positions:
        """The number of the connected part of each cell."""
        from scipy.sparse import block_array
        from scipy.sparse.csgraph import connected_components

        incidence = self.matrix[:, inside]
        both = block_array([[None, incidence], [incidence.T, None]], format="csr")
        _, labels = connected_components(both, directed=False)
        return np.asarray(labels[self.matrix.shape[0] :], dtype=np.intp)

    def _only(self, inside: Positions) -> Scope:
        columns = self.matrix[:, inside]
        return Scope(self.cells[inside], columns[np.flatnonzero(abs(columns).sum(axis=1) > 0)])


@dataclass(frozen=True)
class Counts:
    """Cells with unique keys, and the relations that hold among them."""

    cells: tuple[Cell, ...]
    relations: tuple[Relation, ...] = field(default=())

    @cached_property
    def index(self) -> Mapping[Key, int]:
        """Position of each key."""
        return {cell.key: position for position, cell in enumerate(self.cells)}

    @cached_property
    def values(self) -> Array:
        """True counts, shape (cells,)."""
        return np.array([cell.value for cell in self.cells], dtype=np.float64)

    @cached_property
    def floors(self) -> Array:
        """Known lower bounds, shape (cells,)."""
        return np.array([cell.floor for cell in self.cells], dtype=np.float64)

    @cached_property
    def matrix(self) -> Any:
        """One row a relation, one column a cell, a sparse array; matrix @ values = 0."""
        from scipy.sparse import csr_array

        rows, columns, entries = [], [], []
        for row, relation in enumerate(self.relations):
            for key, coefficient in relation.terms:
                rows.append(row)
                columns.append(self.index[key])
                entries.append(coefficient)
        shape = (len(self.relations), len(self.cells))
        return csr_array((np.array(entries, dtype=float), (rows, columns)), shape=shape)

    def scope(self, chosen: Mask) -> Scope:
        """The chosen cells with the relations in which they stand; all others keep their values."""
        cells = np.flatnonzero(chosen)
        columns = self.matrix[:, cells]
        return Scope(cells, columns[np.flatnonzero(abs(columns).sum(axis=1) > 0)])

    def unfloored(self, keys: Collection[Key]) -> Counts:
        """The same without what is known about the least value of some cells."""
        known = set(keys)
        cells = (replace(cell, floor=0.0) if cell.key in known else cell for cell in self.cells)
        return Counts(tuple(cells), self.relations)

    def holds(self) -> bool:
        """Whether the true counts obey every relation."""
        return not self.relations or bool(np.abs(self.matrix @ self.values).max() < 1e-9)


@dataclass(frozen=True)
class Table:
    """A two-way table of counts whose margins are published with it.

    Attributes
    ----------
    name: of the table. rows, columns: labels. counts: one tuple a row, whole numbers, 0 or more.
    same: position → key of a count of another table that counts the same children; a position is
        ``(row label, column label)``, with ``""`` for a total.
    """

    name: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]
    same: Mapping[tuple[str, str], Key] = field(default_factory=dict)

    def key(self, row: str, column: str) -> Key:
        """The key of a position; ``""`` is the total."""
        return self.same.get((row, column), (self.name, row, column))


def linked(tables: Sequence[Table]) -> Counts:
    """Tables with row, column and grand totals as one system; counts with the same key are one count.

    Raises
    ------
    ValueError: tables give different counts for the same key.
    """
    values: dict[Key, float] = {}
    costs: dict[Key, float] = {}
    relations: list[Relation] = []
    for table in tables:
        inner = np.array(table.counts, dtype=float)
        for i, row in enumerate(("", *table.rows)):
            for j, column in enumerate(("", *table.columns)):
                chosen = inner if i == 0 else inner[i - 1 : i]
                value = float(chosen.sum() if j == 0 else chosen[:, j - 1].sum())
                key = table.key(row, column)
                if values.setdefault(key, value) != value:
                    raise ValueError(f"{key!r} is {values[key]:g} in one table and {value:g} in another")
                costs[key] = max(costs.get(key, 0), (1.0 + np.log1p(value)) * 10 ** ((i == 0) + (j == 0)))
        for row in ("", *table.rows):
            parts = [table.key(row, column) for column in table.columns]
            relations.append(Relation.total(table.key(row, ""), parts))
        for column in table.columns:
            parts = [table.key(row, column) for row in table.rows]
            relations.append(Relation.total(table.key("", column), parts))
    cells = tuple(Cell(key, value, cost=float(costs[key])) for key, value in values.items())
    return Counts(cells, tuple(relations))
