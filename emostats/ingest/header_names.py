"""What the columns of a table are called: headers may stand in several rows, under merged groups.

A column may be named by its own header (``A1``) or, where that is not enough, with the groups above it
(``Mood: A1``), as survey exports write questions and their parts.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from emostats.ingest.cells import text_of
from emostats.ingest.raw import RawTable

DEEPEST = 3
"""Rows that a header cell may span."""


@dataclass(frozen=True)
class HeaderNames:
    """The names of each column, the shortest first; none for a column without a header.

    `row` is the header row, `end` the last row of the headers: a merged header cell may reach below.
    """

    row: int
    end: int
    names: tuple[tuple[str, ...], ...]

    def places(self, header: str) -> list[int]:
        """The columns of this name; those that need fewer groups to be told apart come before others."""
        for level in range(max(map(len, self.names), default=0)):
            found = [n for n, names in enumerate(self.names) if len(names) > level and names[level] == header]
            if found:
                return found
        return []

    def has_all(self, headers: list[str]) -> bool:
        """Whether there is a column for each of these."""
        known = {name for names in self.names for name in names}
        return known.issuperset(headers)

    @property
    def shown(self) -> list[str]:
        """A name for each column that has one: with its groups where its own header stands twice."""
        own = [names[0] for names in self.names if names]
        return [names[0] if own.count(names[0]) == 1 else names[-1] for names in self.names if names]


def header_text(content: object) -> str:
    """A header as it is compared."""
    return re.sub(r"\s+", " ", unicodedata.normalize("NFC", text_of(content))).strip()


def header_names(raw: RawTable, row: int) -> HeaderNames:
    """The names of the columns, when `row` (from 0) is the last row that names single columns."""
    merged = _merged(raw, row)
    names = []
    for column in range(len(raw.columns)):
        own = _text(raw, merged, row, column) if merged.get((row, column), (0, column))[1] == column else ""
        groups = [_text(raw, merged, above, column) for above in range(row)]
        names.append(_joined([*groups, own]) if own else ())
    return HeaderNames(row, _end(raw, row), tuple(names))


def _joined(parts: list[str]) -> tuple[str, ...]:
    """``["Week 1", "Mood", "A1"]`` → ``("A1", "Mood: A1", "Week 1: Mood: A1")``, without repetitions."""
    kept: list[str] = []
    for part in parts:
        if part and part != (kept[-1] if kept else ""):
            kept.append(part)
    return tuple(": ".join(kept[start:]) for start in range(len(kept) - 1, -1, -1))


def _merged(raw: RawTable, row: int) -> dict[tuple[int, int], tuple[int, int]]:
    """Cell → the cell that holds its content, for merged cells down to `row`."""
    return {
        (at, column): (top, left)
        for top, left, bottom, right in raw.marks.merged
        for at in range(top, min(bottom, row) + 1)
        for column in range(left, min(right, len(raw.columns) - 1) + 1)
    }


def _text(raw: RawTable, merged: dict[tuple[int, int], tuple[int, int]], row: int, column: int) -> str:
    top, left = merged.get((row, column), (row, column))
    return header_text(raw.columns[left][top])


def _end(raw: RawTable, row: int) -> int:
    """The last row of merged header cells that begin in the header row and reach below, over words only."""
    reach = [bottom for top, _, bottom, _ in raw.marks.merged if top == row and row < bottom < row + DEEPEST]
    end = min(max(reach, default=row), raw.n_rows - 1)
    below = [column[at] for at in range(row + 1, end + 1) for column in raw.columns]
    words = all(isinstance(cell, str) and not re.search(r"^\s*[-+]?\d", cell) for cell in below)
    return end if words else row
