"""All tables of a run in one Excel workbook, at full precision; the same tables give the same bytes."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from emostats.render.archive import without_times

SIMULATED = "Simulated data"

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_NOT_IN_NAMES = re.compile(r"[\[\]:*?/\\']")
_LONGEST_CELL = 32_767
_LONGEST_NAME = 31


def write_workbook(
    tables: Mapping[str, pd.DataFrame],
    path: Path,
    *,
    about: Mapping[str, str] | None = None,
    simulated: bool = False,
) -> None:
    """One sheet a table, its header frozen; text is never taken for a formula.

    Parameters
    ----------
    tables: sheet name → table. Names lose what Excel forbids and are cut to 31 characters.
    about: what the first sheet ``About`` says (study, run, versions …); without it and `simulated` there is
        none.
    simulated: say so on the first sheet, in every sheet's printed header, and by the colour of its tab.

    Times that openpyxl and the zip format would note are set to a fixed date: when a run was made stands in
    its manifest.
    """
    from openpyxl import Workbook

    book = Workbook()
    del book[book.sheetnames[0]]
    facts = {**({"Data": f"{SIMULATED}. No real child is in them."} if simulated else {}), **(about or {})}
    if facts:
        _about(book.create_sheet("About"), facts)
    for name, table in tables.items():
        _fill(book.create_sheet(_sheet_name(name, book.sheetnames)), table)
    if simulated:
        for sheet in book.worksheets:
            sheet.oddHeader.center.text = SIMULATED  # type: ignore[union-attr]
            sheet.sheet_properties.tabColor = "C98A12"
    buffer = io.BytesIO()
    book.save(buffer)
    path.write_bytes(without_times(buffer.getvalue()))


def _sheet_name(name: str, taken: list[str]) -> str:
    base = (_NOT_IN_NAMES.sub(" ", name).strip() or "Table")[:_LONGEST_NAME]
    candidate, number = base, 1
    while candidate.casefold() in (other.casefold() for other in taken):
        number += 1
        candidate = f"{base[: _LONGEST_NAME - len(str(number)) - 1]} {number}"
    return candidate


def _about(sheet: Any, facts: Mapping[str, str]) -> None:
    from openpyxl.styles import Font

    for row, (name, value) in enumerate(facts.items(), start=1):
        _write(sheet.cell(row=row, column=1), name)
        _write(sheet.cell(row=row, column=2), value)
        sheet.cell(row=row, column=1).font = Font(bold=True)
    sheet.column_dimensions["A"].width = 18
    sheet.column_dimensions["B"].width = 80


def _fill(sheet: Any, table: pd.DataFrame) -> None:
    from openpyxl.styles import Font

    for column, name in enumerate(table.columns, start=1):
        cell = sheet.cell(row=1, column=column)
        _write(cell, str(name))
        cell.font = Font(bold=True)
    for row, values in enumerate(table.itertuples(index=False), start=2):
        for column, value in enumerate(values, start=1):
            _write(sheet.cell(row=row, column=column), value)
    sheet.freeze_panes = "A2"


def _write(cell: Any, value: Any) -> None:
    """A number as a number, nothing as nothing, everything else as text that Excel does not execute."""
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    if value is None or (not isinstance(value, str) and pd.isna(value)):
        return
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, bool | int):
        cell.value = value
        return
    if isinstance(value, float) and math.isfinite(value):
        cell.value, cell.data_type = repr(value), "n"  # openpyxl itself would write 16 digits of 17
        return
    text = ILLEGAL_CHARACTERS_RE.sub("\ufffd", str(value))
    text = text.encode("utf-8", "replace").decode("utf-8")[:_LONGEST_CELL]
    if text:
        cell.value = text
        cell.data_type = "s"
        cell.quotePrefix = text.startswith(_FORMULA_STARTS)  # stays text when someone edits the cell
