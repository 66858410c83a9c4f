"""Finds the columns of a table by their headers; headers are compared without outer and doubled blanks."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emostats.ingest import addresses
from emostats.ingest.cells import Column, is_blank, text_of
from emostats.ingest.hints import hint
from emostats.ingest.log import Log
from emostats.ingest.raw import RawTable

MANY = 3
"""Above so many missing columns of a table, one finding lists them all."""
LOOK_BELOW = 20


@dataclass(frozen=True)
class Table:
    """A raw table with its columns found.

    Attributes
    ----------
    raw: the table. header_row: from 0. columns: variable → column number.
    rows: numbers of the rows that hold a value in at least one of the columns.
    cells: variable → cells of those rows.
    """

    raw: RawTable
    header_row: int
    columns: Mapping[str, int]
    rows: NDArray[np.intp]
    cells: Mapping[str, Column]

    def take(self, positions: NDArray[np.intp]) -> Table:
        """Some of the rows."""
        cells = {variable: column.take(positions) for variable, column in self.cells.items()}
        return Table(self.raw, self.header_row, self.columns, self.rows[positions], cells)

    def place(self, variable: str, position: int) -> str:
        """The address of a variable's cell in the `position`-th row used."""
        return addresses.cell(int(self.rows[position]), self.columns[variable])


def header_text(content: object) -> str:
    """A header as it is compared."""
    return re.sub(r"\s+", " ", unicodedata.normalize("NFC", text_of(content))).strip()


def find_columns(
    raw: RawTable, wanted: Mapping[str, str], log: Log, *, header_row: int | None = None
) -> Table | None:
    """Finds the wanted columns (variable → header), or reports what is missing and gives None.

    Parameters
    ----------
    header_row: as people count, from 1; left out, the first row that holds anything.
    """
    if header_row is not None and header_row > raw.n_rows > 0:
        message = f"the study file says header_row = {header_row}; {raw.place} ends at row {raw.n_rows}."
        log.table(raw, "missing-column", message, "Correct header_row.")
        return None
    row = _header_row(raw, header_row)
    if row is None:
        log.table(raw, "empty-sheet", f"{raw.place} holds no values.", "Check that it is the right one.")
        return None
    headers = [header_text(content) for content in raw.row(row)]
    targets = {variable: header_text(header) for variable, header in wanted.items()}
    missing = [header for header in dict.fromkeys(targets.values()) if header not in headers]
    if missing:
        _report_missing(raw, row, missing, headers, list(targets.values()), log)
    doubled = _report_doubled(raw, row, headers, targets, log)
    if missing or doubled:
        return None
    return _table(raw, row, {variable: headers.index(header) for variable, header in targets.items()})


def _header_row(raw: RawTable, stated: int | None) -> int | None:
    if stated is not None:
        return stated - 1 if stated <= raw.n_rows else None
    for number in range(raw.n_rows):
        if any(text_of(content) for content in raw.row(number)):
            return number
    return None


def _report_missing(
    raw: RawTable, row: int, missing: list[str], headers: list[str], wanted: list[str], log: Log
) -> None:
    elsewhere = _better_row(raw, row, wanted)
    if elsewhere is not None:
        message = f"the headers seem to stand in row {elsewhere + 1}, not in row {row + 1}."
        log.table(raw, "missing-column", message, f"Say header_row = {elsewhere + 1} in the study file.")
    elif len(missing) > MANY:
        listed = ", ".join(f"'{header}'" for header in missing)
        message = f"{len(missing)} columns are missing: {listed}."
        log.table(raw, "missing-column", message, f"Found: {_listed(headers)}.")
    else:
        for header in missing:
            free = [name for name in headers if name and name not in wanted]
            message = f"there is no column '{header}'."
            log.table(raw, "missing-column", message, hint(header, free, f"Found: {_listed(headers)}."))


def _listed(headers: list[str]) -> str:
    named = [f"'{header}'" for header in headers if header]
    return ", ".join(named[:40]) + (f" and {len(named) - 40} more" if len(named) > 40 else "")


def _better_row(raw: RawTable, row: int, wanted: list[str]) -> int | None:
    for number in range(row + 1, min(raw.n_rows, row + LOOK_BELOW)):
        found = {header_text(content) for content in raw.row(number)}
        if all(header in found for header in wanted):
            return number
    return None


def _report_doubled(
    raw: RawTable, row: int, headers: list[str], targets: Mapping[str, str], log: Log
) -> bool:
    doubled = [header for header in dict.fromkeys(targets.values()) if headers.count(header) > 1]
    for header in doubled:
        places = [raw.cell(row, number) for number, name in enumerate(headers) if name == header]
        message = f"expected one column '{header}'; found {len(places)}."
        log.table(raw, "repeated-column", message, "Rename or remove one of them.", cell=", ".join(places))
    return bool(doubled)


def _table(raw: RawTable, row: int, columns: dict[str, int]) -> Table:
    below = {variable: Column.of(raw.columns[number][row + 1 :]) for variable, number in columns.items()}
    filled = np.zeros(raw.n_rows - row - 1, dtype=bool)
    for column in below.values():
        filled |= ~column.where(is_blank)
    for faulty, number in raw.marks.faults:
        if faulty > row and number in columns.values():
            filled[faulty - row - 1] = True
    kept = np.flatnonzero(filled)
    cells = {variable: column.take(kept) for variable, column in below.items()}
    return Table(raw=raw, header_row=row, columns=columns, rows=kept + row + 1, cells=cells)
