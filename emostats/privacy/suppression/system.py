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

    def parts(self, chosen: Mask) -> list[Positions]:
        """The chosen cells, in groups that no relation ties together."""
        from scipy.sparse.csgraph import connected_components

        positions = np.flatnonzero(chosen)
        if not positions.size:
            return []
        if not self.relations:
            return [np.array([position]) for position in positions]
        incidence = abs(self.matrix[:, positions])
        number, label = connected_components(incidence.T @ incidence, directed=False)
        return [positions[label == part] for part in range(number)]

    def touching(self, chosen: Positions) -> Positions:
        """Positions of the relations in which a chosen cell stands."""
        return np.flatnonzero(abs(self.matrix[:, chosen]).sum(axis=1) > 0)

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
