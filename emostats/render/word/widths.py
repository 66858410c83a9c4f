"""How wide the columns of a Word table are: by their content, so that no word breaks and few lines wrap.

The reader's font is not known here: widths of letters are those of usual sans-serif fonts, a little generous.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

PORTRAIT_MM, LANDSCAPE_MM = 176.0, 263.0
USUAL_PT, SMALL_PT = 9.0, 7.5
"""Type of tables, and of those that would not fit."""

_MM_A_POINT = 25.4 / 72
_PADDING_MM = 4.4
_BOLD, _DETAIL = 1.1, 0.88
_WAYS = (
    (USUAL_PT, PORTRAIT_MM, 24),
    (SMALL_PT, PORTRAIT_MM, 24),
    (SMALL_PT, PORTRAIT_MM, 0),
    (SMALL_PT, LANDSCAPE_MM, 0),
)
"""Size, page, and letters that stay on one line, in the order in which they are tried."""
_LONGEST = 60
"""Letters of a word, beyond which it may break: nobody lays out a page for a name of a thousand letters."""


@dataclass(frozen=True)
class Layout:
    """How a table is set: size of its type in points, page turned, columns of each part, widths in mm.

    parts: positions of the columns beside the row headers; several where even a turned page is too narrow.
    widths: for each part, that of the row headers first.
    """

    size: float
    landscape: bool
    parts: tuple[tuple[int, ...], ...]
    widths: tuple[tuple[float, ...], ...]


def layout(block: Any) -> Layout:
    """The layout of a report's table: upright in usual type if words fit, else smaller, turned, in parts."""
    for size, page, kept in _WAYS:
        least, most = _needs(block, size, kept)
        if sum(least) <= page:
            whole = tuple(range(len(block.columns)))
            return Layout(size, page == LANDSCAPE_MM, (whole,), (_shared(least, most, page),))
    parts = _parts(least)
    widths = (_shared([least[0], *(least[i + 1] for i in part)], most, LANDSCAPE_MM, part) for part in parts)
    return Layout(SMALL_PT, True, parts, tuple(widths))


def _needs(block: Any, size: float, kept: int) -> tuple[list[float], list[float]]:
    """For each column the width of what must not break, and of its longest line, in mm.

    kept: letters of a number with its interval, or of a header, that stay on one line; words always do.
    """
    headers = [row.header for row in block.rows if row.role != "group"]
    columns: list[list[tuple[str, float]]] = [[(text, _BOLD) for text in (block.header, *headers)]]
    whole = [0]
    for position, column in enumerate(block.columns):
        cells = [row.cells[position] for row in block.rows if position < len(row.cells)]
        texts = [(column.label, _BOLD), *((cell.text, _BOLD) for cell in cells)]
        columns.append([*texts, *((cell.detail, _DETAIL) for cell in cells)])
        whole.append(kept if column.numeric else 0)
    least = [
        max(_unbroken(text, n) * em for text, em in texts) for texts, n in zip(columns, whole, strict=True)
    ]
    most = [max(_em(text[:400]) * em for text, em in texts) for texts in columns]
    a_letter = size * _MM_A_POINT
    return [_PADDING_MM + a_letter * em for em in least], [_PADDING_MM + a_letter * em for em in most]


def _shared(
    least: Sequence[float], most: Sequence[float], page: float, part: tuple[int, ...] | None = None
) -> tuple[float, ...]:
    """The page's width: to each column what it needs, and of the rest what its lines would take."""
    lines = most if part is None else [most[0], *(most[i + 1] for i in part)]
    room = page - sum(least)
    if room <= 0:
        return tuple(width * page / sum(least) for width in least)
    wished = [max(line - word, 0.0) for word, line in zip(least, lines, strict=True)]
    if sum(wished) > room:
        return tuple(word + room * wish / sum(wished) for word, wish in zip(least, wished, strict=True))
    spare = (room - sum(wished)) / len(least)
    return tuple(word + wish + spare for word, wish in zip(least, wished, strict=True))


def _parts(least: Sequence[float]) -> tuple[tuple[int, ...], ...]:
    """Runs of columns that fit a turned page beside the row headers, each at least one column."""
    parts: list[list[int]] = [[]]
    used = least[0]
    for position, width in enumerate(least[1:]):
        if parts[-1] and used + width > LANDSCAPE_MM:
            parts.append([])
            used = least[0]
        parts[-1].append(position)
        used += width
    return tuple(map(tuple, parts))


def _unbroken(text: str, kept: int) -> float:
    if len(text) <= kept:
        return _em(text)
    return 4.0 if _han(text) else max(_em(word[:_LONGEST]) for word in text.split(" "))


def _em(text: str) -> float:
    """Width of a text in units of its type."""
    return sum(
        1.0 if _wide(letter) else 0.8 if letter.isupper() or letter in "mw%—" else 0.62 for letter in text
    )


def _wide(letter: str) -> bool:
    return unicodedata.east_asian_width(letter) in "WF"


def _han(text: str) -> bool:
    """Whether lines may break between any two letters."""
    return any(map(_wide, text))
