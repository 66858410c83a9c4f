"""Writes the simulated study as a workbook of the kind a study office keeps: one .xlsx, the same bytes each
time."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from emostats.errors import UsageError
from emostats.render.archive import without_times

_HEADER_FILL = "FF2F4B6E"
_NOTE_WIDTH = 100
_MARK = "SIMULATED DATA – no real child"


def write_workbook(path: Path, sheets: Mapping[str, pd.DataFrame], notes: Sequence[str]) -> Path:
    """Writes `sheets` (name → table) behind a first sheet README with `notes`, one a row, the first as title.

    Text is written as text (``007`` stays ``007``), NaN and "" as blank cells, dates as date cells. The same
    tables give the same bytes: no time stamp enters the file.

    Raises
    ------
    UsageError: the file exists; nothing is overwritten.
    """
    from openpyxl import Workbook

    book = Workbook()
    _write_notes(book.active, notes)
    for name, table in sheets.items():
        _write_table(book.create_sheet(name), table)
    book.properties.title = _MARK
    book.properties.creator = "emostats simulate"
    raw = io.BytesIO()
    book.save(raw)
    try:
        with path.open("xb") as file:
            file.write(without_times(raw.getvalue()))
    except FileExistsError:
        raise UsageError(f"{path} exists and is not overwritten; choose another folder") from None
    return path


def _write_notes(sheet: Any, notes: Sequence[str]) -> None:
    from openpyxl.styles import Alignment, Font

    sheet.title = "README"
    sheet.column_dimensions["A"].width = _NOTE_WIDTH
    for note in notes:
        sheet.append([note])
        sheet.cell(sheet.max_row, 1).alignment = Alignment(wrap_text=True, vertical="top")
    sheet["A1"].font = Font(bold=True, size=16, color="FFB00020")
    sheet.sheet_properties.tabColor = "FFB00020"


def _write_table(sheet: Any, table: pd.DataFrame) -> None:
    from openpyxl.styles import Alignment, Font, PatternFill

    sheet.append(list(table.columns))
    for cell in sheet[1]:
        cell.font = Font(bold=True, color="FFFFFFFF")
        cell.fill = PatternFill("solid", fgColor=_HEADER_FILL)
        cell.alignment = Alignment(wrap_text=True, vertical="center")
    columns = [_cells(table[name]) for name in table.columns]
    for row in zip(*columns, strict=True):
        sheet.append(row)
    sheet.freeze_panes = "B2"
    sheet.auto_filter.ref = sheet.dimensions
    sheet.oddHeader.center.text = _MARK
    for letter, name in zip(_letters(sheet, len(columns)), table.columns, strict=True):
        sheet.column_dimensions[letter].width = _width(str(name))
        if pd.api.types.is_datetime64_any_dtype(table[name]):
            for cell in sheet[letter][1:]:
                cell.number_format = "yyyy-mm-dd"


def _letters(sheet: Any, count: int) -> list[str]:
    return [sheet.cell(1, column + 1).column_letter for column in range(count)]


def _width(name: str) -> float:
    return float(np.clip(len(name) + 3, 9, 26))


def _cells(column: pd.Series) -> list[object]:
    """Plain Python values as openpyxl writes them: whole numbers as int, dates as date, missing as None."""
    if pd.api.types.is_datetime64_any_dtype(column):
        return [None if pd.isna(value) else value.date() for value in column]
    return [_cell(value) for value in column.tolist()]


def _cell(value: object) -> object:
    if isinstance(value, float):
        if np.isnan(value):
            return None
        return int(value) if value.is_integer() else value
    return None if value == "" else value
