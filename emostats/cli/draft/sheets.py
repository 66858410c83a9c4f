"""The sheets of a workbook as they are found: headers, values, and what a column looks like."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emostats.cli.one_table import header_row, opened
from emostats.errors import UsageError
from emostats.ingest.cells import text_of
from emostats.ingest.reader import RawSheet

ID = re.compile(r"\b(child|subject|participant|patient|usubjid)?[ _]?(id|no|nr|number|code)\b|usubjid", re.I)
SEX = re.compile(r"\b(sex|gender)\b", re.I)
AGE = re.compile(r"\bage\b", re.I)
VISIT = re.compile(r"\b(visit|avisit|time ?point|wave|occasion)\b", re.I)
RATER = re.compile(r"\b(rater|expert|assessor|coder|judge)\b", re.I)
SESSION = re.compile(r"\b(session|video)\b", re.I)
CLIP = re.compile(r"\b(clip|segment|excerpt)\b", re.I)
GUESS = re.compile(r"guess", re.I)
FEW = 12
"""So many different values at most are the levels of something."""


@dataclass(frozen=True)
class Sheet:
    """A sheet as it was found: its name ('' for a text file), the rows below its header, and its columns."""

    name: str
    n_rows: int
    columns: dict[str, tuple[Any, ...]]

    def find(self, pattern: re.Pattern[str]) -> str | None:
        """The first column whose header fits."""
        return next((name for name in self.columns if pattern.search(name)), None)

    def values(self, column: str) -> list[str]:
        """The different values of a column as text, in order, at most `FEW` of them, else none."""
        found = {str(value).strip() for value in self.columns[column] if str(value).strip()}
        return sorted(found, key=_by_number) if len(found) <= FEW else []

    @property
    def visit_column(self) -> str | None:
        """The column that tells the visits of one child apart, where children have several rows.

        By its name, else the first with few values that no child has twice.
        """
        child = self.find(ID)
        if child is None or len(set(self.columns[child])) == len(self.columns[child]):
            return None
        return self.find(VISIT) or next(
            (name for name in self.columns if name != child and self._tells_apart(child, name)), None
        )

    def _tells_apart(self, child: str, column: str) -> bool:
        pairs = list(zip(self.columns[child], self.columns[column], strict=True))
        return bool(self.values(column)) and len(set(pairs)) == len(pairs)


def _by_number(text: str) -> tuple[float, str]:
    return (float(text), text) if _parses(text) else (float("inf"), text)


def read_sheets(workbook: Path) -> list[Sheet]:
    """All sheets that have a header, in order.

    Raises
    ------
    UsageError: the file cannot be read or has nothing in it.
    """
    with opened(workbook) as reader:
        found = [(name, reader.read(name)) for name in reader.sheets]
    sheets = [_sheet(name, raw) for name, raw in found if raw.n_rows > 0]
    if not sheets:
        raise UsageError(f"{workbook} has nothing in it.")
    return sheets


def _sheet(name: str, raw: RawSheet) -> Sheet:
    row = header_row(raw.columns)
    return Sheet(name, raw.n_rows - row - 1, by_header(raw.columns, row))


def by_header(columns: Sequence[Sequence[Any]], row: int) -> dict[str, tuple[Any, ...]]:
    """The cells below the header row, by header; columns without one are left out."""
    named = ((text_of(column[row]), column) for column in columns)
    return {name: tuple(column[row + 1 :]) for name, column in named if name}


def only_table(folder: Path) -> Path:
    """The workbook or text table of a folder that has just one.

    Raises
    ------
    UsageError: there is none, or there are several.
    """
    endings = (".xlsx", ".xlsm", ".csv", ".tsv")
    found = sorted(
        path for path in folder.iterdir() if path.suffix.lower() in endings and path.name[0] not in "~."
    )
    if len(found) != 1:
        there = ", ".join(path.name for path in found) or "none"
        raise UsageError(f"say which workbook or table to start from; in this folder there is: {there}.")
    return found[0]


def is_number(sheet: Sheet, column: str) -> bool:
    """Whether a column holds numbers and blanks only, and some number."""
    filled = [value for value in sheet.columns[column] if str(value).strip()]
    return bool(filled) and all(_parses(value) for value in filled)


def _parses(value: Any) -> bool:
    try:
        float(str(value))
    except ValueError:
        return False
    return True
