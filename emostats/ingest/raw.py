"""RawTable: a sheet as it stands in the file, untyped. Nothing is converted here; the schema does that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from emostats.ingest import addresses
from emostats.study.spec import Source


@dataclass(frozen=True)
class Marks:
    """What a sheet shows beside its values.

    Attributes
    ----------
    faults: (row, column) → what is wrong with the cell: an error value, or a formula without a stored result.
    hidden_rows, hidden_columns: numbers from 0. merged: (first row, first column, last row, last column).
    hidden_sheet: the sheet itself is hidden.
    """

    faults: Mapping[tuple[int, int], str] = field(default_factory=lambda: MappingProxyType({}))
    hidden_rows: frozenset[int] = frozenset()
    hidden_columns: frozenset[int] = frozenset()
    merged: tuple[tuple[int, int, int, int], ...] = ()
    hidden_sheet: bool = False


NO_MARKS = Marks()


@dataclass(frozen=True)
class RawTable:
    """A sheet by columns. Blank cells are ``""``, others str, float, int, bool, date, time or timedelta.

    Attributes
    ----------
    source: name of the source in the study file. file: as shown to people. sheet: "" for text files.
    columns: one sequence a column, all of length `n_rows`, row 0 being the sheet's first row.
    typed: whether cells have types of their own (a workbook) or are all text (a CSV file).
    options: the source's options (decimal mark, missing codes, date format).
    withdrawn: children whose rows are left out, because consent was withdrawn.
    """

    source: str
    file: str
    sheet: str
    sha256: str
    columns: Sequence[Sequence[Any]]
    n_rows: int
    typed: bool
    options: Source
    marks: Marks = NO_MARKS
    withdrawn: frozenset[str] = frozenset()

    def row(self, number: int) -> list[Any]:
        """The cells of a row."""
        return [column[number] for column in self.columns]

    def cell(self, row: int, column: int) -> str:
        """The address of a cell."""
        return addresses.cell(row, column)

    @property
    def place(self) -> str:
        """How the table is called in a sentence."""
        return f"sheet '{self.sheet}'" if self.sheet else self.file
