"""Finds the columns of a table by their headers; headers are compared without outer and doubled blanks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emostats.errors import Severity
from emostats.ingest import addresses
from emostats.ingest.cells import Column, is_blank, text_of
from emostats.ingest.header_names import HeaderNames, header_names, header_text
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
    raw: the table. header_row: the last row of the headers, from 0. columns: variable → column number.
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

    def faulty(self, variable: str) -> NDArray[np.bool_]:
        """Which rows hold an error value or a formula without a result there."""
        column = self.columns[variable]
        faults = [row for row, number in self.raw.marks.faults if number == column]
        return np.isin(self.rows, faults)

    def place(self, variable: str, position: int) -> str:
        """The address of a variable's cell in the `position`-th row used."""
        return addresses.cell(int(self.rows[position]), self.columns[variable])


def find_columns(
    raw: RawTable, wanted: Mapping[str, str], log: Log, *, header_row: int | None = None
) -> Table | None:
    """Finds the wanted columns (variable → header), or reports what is missing and gives None.

    Parameters
    ----------
    header_row: as people count, from 1; left out, the first row that holds anything, or the first below it
        that has every wanted header.
    """
    if header_row is not None and header_row > raw.n_rows > 0:
        message = f"the study file says header_row = {header_row}; {raw.place} ends at row {raw.n_rows}."
        log.table(raw, "missing-column", message, "Correct header_row.")
        return None
    row = _header_row(raw, header_row)
    if row is None:
        log.table(raw, "empty-sheet", f"{raw.place} holds no values.", "Check that it is the right one.")
        return None
    targets = {variable: header_text(header) for variable, header in wanted.items()}
    found = header_names(raw, row)
    if not found.has_all([*targets.values()]):
        elsewhere = _better_row(raw, row, [*targets.values()], stated=header_row is not None)
        if elsewhere is None:
            _report_missing(raw, found, list(targets.values()), log)
            _report_doubled(raw, found, targets, log)
            return None
        if header_row is not None:
            _report_wrong_row(raw, row, elsewhere.row, log)
            return None
        _report_skipped(raw, row, elsewhere.row, log)
        found = elsewhere
    if _report_doubled(raw, found, targets, log):
        return None
    return _table(raw, found, {variable: found.places(header)[0] for variable, header in targets.items()})


def _header_row(raw: RawTable, stated: int | None) -> int | None:
    if stated is not None:
        return stated - 1 if stated <= raw.n_rows else None
    for number in range(raw.n_rows):
        if any(text_of(content) for content in raw.row(number)):
            return number
    return None


def _better_row(raw: RawTable, row: int, wanted: list[str], *, stated: bool) -> HeaderNames | None:
    """The nearest other row with every wanted header: below, or anywhere near where a row was stated."""
    rows = [*range(row + 1, min(raw.n_rows, row + LOOK_BELOW)), *(range(row) if stated else ())]
    return next((names for names in (header_names(raw, at) for at in rows) if names.has_all(wanted)), None)


def _report_wrong_row(raw: RawTable, row: int, right: int, log: Log) -> None:
    message = f"the headers seem to stand in row {right + 1}, not in row {row + 1}."
    action = f"Say header_row = {right + 1}, or leave it out: then each sheet's headers are looked for."
    log.table(raw, "missing-column", message, action)


def _report_skipped(raw: RawTable, first: int, row: int, log: Log) -> None:
    what = f"row {first + 1} is" if row == first + 1 else f"rows {first + 1} to {row} are"
    message = f"the headers were found in row {row + 1}; {what} above the table."
    action = f"No action is needed if that is right; header_row = {row + 1} says it for good."
    log.table(raw, "headers-below", message, action, severity=Severity.NOTE)


def _report_missing(raw: RawTable, found: HeaderNames, wanted: list[str], log: Log) -> None:
    missing = [header for header in dict.fromkeys(wanted) if not found.places(header)]
    if len(missing) > MANY:
        listed = ", ".join(f"'{header}'" for header in missing)
        message = f"{len(missing)} columns are missing: {listed}."
        log.table(raw, "missing-column", message, f"Found: {_listed(found.shown)}.")
        return
    for header in missing:
        free = [name for name in found.shown if name not in wanted]
        message = f"there is no column '{header}'."
        log.table(raw, "missing-column", message, hint(header, free, f"Found: {_listed(found.shown)}."))


def _listed(headers: list[str]) -> str:
    named = [f"'{header}'" for header in headers]
    return ", ".join(named[:40]) + (f" and {len(named) - 40} more" if len(named) > 40 else "")


def _report_doubled(raw: RawTable, found: HeaderNames, targets: Mapping[str, str], log: Log) -> bool:
    doubled = [header for header in dict.fromkeys(targets.values()) if len(found.places(header)) > 1]
    for header in doubled:
        places = found.places(header)
        where = ", ".join(raw.cell(found.row, number) for number in places)
        message = f"expected one column '{header}'; found {len(places)}."
        full = [found.names[number][-1] for number in places]
        action = "Rename or remove one of them."
        if len(set(full)) == len(full):
            action = f"Name it with its group: {' or '.join(repr(name) for name in full)}."
        log.table(raw, "repeated-column", message, action, cell=where)
    return bool(doubled)


def _table(raw: RawTable, found: HeaderNames, columns: dict[str, int]) -> Table:
    row = found.end
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
