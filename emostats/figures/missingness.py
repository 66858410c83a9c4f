"""Missingness map: which visits have an answer, pattern by pattern, with the number of children each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from emostats.figures.canvas import BODY, SMALL, Frame, Sheet
from emostats.figures.lettering import width, wrap
from emostats.figures.palette import MUTED, SERIES, WASH

_ROW = 24.0


@dataclass(frozen=True)
class Pattern:
    """Children with the same visits answered.

    answered: one flag a visit. n: counts the children. text: stands at the bar, `short` where room is scarce.
    """

    answered: tuple[bool, ...]
    n: int
    text: str
    short: str = ""


def missingness_map(
    patterns: Sequence[Pattern],
    visits: Sequence[str],
    frame: Frame,
    *,
    legend: tuple[str, str] = ("answered", "missing"),
) -> str:
    """The map as SVG: one row a pattern, one column a visit, a bar for the number of children."""
    if frame.narrow:
        patterns = [replace(pattern, text=pattern.short or pattern.text) for pattern in patterns]
    texts = max((width(pattern.text, BODY) for pattern in patterns), default=40)
    cells = min(74.0, frame.width * 0.66 / max(len(visits), 1))
    names = [wrap(visit, cells - 3, SMALL, 2) for visit in visits]
    top = 12.0 + 14 * max((len(lines) for lines in names), default=1)
    sheet = Sheet(frame, top + _ROW * len(patterns) + 30)
    for index, lines in enumerate(names):
        for above, line in enumerate(reversed(lines)):
            x, y = (index + 0.5) * cells, top - 9 - 14 * above
            sheet.text(x, y, line, align="center", size=SMALL, colour=MUTED)
    bars = cells * len(visits) + 14
    most = max((pattern.n for pattern in patterns), default=1) or 1
    unit = max(frame.width - bars - texts - 12, 10) / most
    for index, pattern in enumerate(patterns):
        _pattern(sheet, pattern, top + index * _ROW, cells, bars, unit)
    _legend(sheet, top + _ROW * len(patterns) + 20, legend)
    return sheet.svg()


def _pattern(sheet: Sheet, pattern: Pattern, y: float, cells: float, bars: float, unit: float) -> None:
    for index, answered in enumerate(pattern.answered):
        _square(sheet, index * cells + 1.5, y + 2, cells - 3, _ROW - 4, answered=answered)
    sheet.box(bars, y + 5, max(pattern.n * unit, 1), _ROW - 10, fill=MUTED)
    sheet.text(bars + pattern.n * unit + 7, y + 16, pattern.text)


def _square(sheet: Sheet, x: float, y: float, across: float, down: float, *, answered: bool) -> None:
    """Filled if answered; outlined with a stroke through it if missing, so that colour is not needed."""
    if answered:
        sheet.box(x, y, across, down, fill=SERIES[0])
        return
    sheet.box(x + 0.5, y + 0.5, across - 1, down - 1, fill=WASH, edge=MUTED)
    sheet.line([x + across / 2 - 5, x + across / 2 + 5], [y + down / 2 + 4, y + down / 2 - 4], colour=MUTED)


def _legend(sheet: Sheet, y: float, legend: tuple[str, str]) -> None:
    _square(sheet, 1.5, y - 11, 18, 14, answered=True)
    sheet.text(26, y, legend[0], size=SMALL, colour=MUTED)
    second = max(96.0, 26 + width(legend[0], SMALL) + 16)
    _square(sheet, second, y - 11, 18, 14, answered=False)
    sheet.text(second + 24, y, legend[1], size=SMALL, colour=MUTED)
