"""Reads one CSV or Excel table for a quick analysis: text stays text, columns of numbers become numbers."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emostats.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    import pandas as pd

    from emostats.ingest.reader import Reader

MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "."})
"""Cells that mean 'no value' (case does not matter), as R, SAS and spreadsheets write it."""

_CODE = re.compile(r"0\d+")
"""Digits with a leading zero are a code (007), not a number."""


def read_table(path: Path, sheet: str | None = None) -> pd.DataFrame:
    """The table of a file; its first row has the column names.

    Raises
    ------
    UsageError: the file cannot be read, has no such sheet, or no rows.
    """
    import pandas as pd

    columns = raw_columns(path, sheet)
    names = [str(column[0]).strip() for column in columns]
    repeated = {name for name in names if names.count(name) > 1}
    if repeated:
        raise UsageError(f"{path.name}: column names must differ; repeated: {', '.join(sorted(repeated))}.")
    named = zip(names, columns, strict=True)
    table = pd.DataFrame({name: _typed(column[1:]) for name, column in named if name})
    if table.empty:
        raise UsageError(f"{path.name} has no rows below its header.")
    return table


def raw_columns(path: Path, sheet: str | None = None) -> list[tuple[Any, ...]]:
    """The cells of a sheet by columns (the first sheet, or the one named).

    Raises
    ------
    UsageError: the file cannot be read, or has no such sheet.
    """
    with opened(path) as reader:
        if sheet is not None and sheet not in reader.sheets:
            raise UsageError(f"{path.name} has no sheet '{sheet}'. {did_you_mean(sheet, reader.sheets)}")
        wanted = reader.sheets[0] if sheet is None else sheet
        columns = [tuple(column) for column in reader.read(wanted).columns]
    if not columns:
        raise UsageError(f"{path.name} has nothing in it.")
    return columns


def sheet_names(path: Path) -> tuple[str, ...]:
    """The sheets of a file; one without a name where it has none. Raises UsageError."""
    with opened(path) as reader:
        return reader.sheets


def header_row(columns: Sequence[Sequence[Any]]) -> int:
    """The row (from 0) that seems to hold the headers: the first about as full as any near it."""
    rows = range(min(20, len(columns[0])))
    filled = [sum(bool(str(column[row]).strip()) for column in columns) for row in rows]
    return next(row for row, count in enumerate(filled) if count >= 0.75 * max(filled))


@contextmanager
def opened(path: Path) -> Iterator[Reader]:
    """A reader of the file.

    Raises
    ------
    UsageError: the file cannot be read, on opening or within the block.
    """
    from emostats.ingest.container import UnreadableError
    from emostats.ingest.reader import open_reader
    from emostats.study.spec import Source

    try:
        name = os.fsencode(path.name or path).decode("utf-8", "replace")  # the system may know ASCII alone
        reader = open_reader(path, Source(file=name))
        try:
            yield reader
        finally:
            reader.close()
    except UnreadableError as error:
        action = "Give the path of a file." if error.rule == "is-a-folder" else error.action
        raise UsageError(f"{path}: {error} {action}".rstrip()) from None


def _typed(cells: tuple[Any, ...]) -> list[Any]:
    values = [None if str(cell).strip().lower() in MISSING else cell for cell in cells]
    numbers = [_number(value) for value in values]
    if all(number is not None for number, value in zip(numbers, values, strict=True) if value is not None):
        return [float("nan") if number is None else number for number in numbers]
    return [None if value is None else str(value).strip() for value in values]


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        return float(value)
    text = str(value).strip()
    if _CODE.fullmatch(text):
        return None
    try:
        return float(text)
    except ValueError:
        return None
