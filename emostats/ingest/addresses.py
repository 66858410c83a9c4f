"""Spreadsheet addresses: rows and columns count from 0 here, and are shown as people see them, ``C17``."""

from __future__ import annotations

import re
from collections.abc import Iterable

import numpy as np

_CELL = re.compile(r"([A-Z]{1,3})([0-9]+)")


def letters(column: int) -> str:
    """Column letters: 0 → ``A``, 27 → ``AB``."""
    text = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        text = chr(ord("A") + rest) + text
    return text


def column_of(text: str) -> int:
    """Column number of letters: ``AB`` → 27."""
    number = 0
    for letter in text:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1


def cell(row: int, column: int) -> str:
    """``cell(16, 2)`` → ``C17``."""
    return f"{letters(column)}{row + 1}"


def position(text: str) -> tuple[int, int] | None:
    """Row and column of an address such as ``C17``; None when it is no address."""
    found = _CELL.fullmatch(text)
    return (int(found.group(2)) - 1, column_of(found.group(1))) if found else None


def runs(numbers: Iterable[int]) -> list[tuple[int, int]]:
    """Sorted numbers as runs, both ends included: 3, 4, 5, 9 → (3, 5), (9, 9)."""
    ordered = np.unique(np.fromiter(numbers, dtype=np.int64))
    if not len(ordered):
        return []
    cuts = np.flatnonzero(np.diff(ordered) > 1)
    starts = ordered[np.concatenate([[0], cuts + 1])]
    ends = ordered[np.concatenate([cuts, [len(ordered) - 1]])]
    return [(int(start), int(end)) for start, end in zip(starts, ends, strict=True)]


def cells(rows: Iterable[int], column: int) -> str:
    """Cells of one column, compact and complete: ``C3:C5, C9``."""
    name = letters(column)
    shown = (
        f"{name}{first + 1}" if first == last else f"{name}{first + 1}:{name}{last + 1}"
        for first, last in runs(rows)
    )
    return ", ".join(shown)


def columns_text(columns: Iterable[int]) -> str:
    """Columns, compact: ``C:E, H``."""
    shown = (
        letters(first) if first == last else f"{letters(first)}:{letters(last)}"
        for first, last in runs(columns)
    )
    return ", ".join(shown)


def rows_text(rows: Iterable[int]) -> str:
    """Rows, compact: ``3–5, 9``."""
    return ", ".join(
        f"{first + 1}" if first == last else f"{first + 1}–{last + 1}" for first, last in runs(rows)
    )
