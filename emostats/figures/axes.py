"""Axes with round ticks, drawn alike in every figure."""

from __future__ import annotations

from emostats.figures.canvas import BODY, SMALL, Sheet
from emostats.figures.lettering import shorten
from emostats.figures.palette import MUTED, RULE
from emostats.figures.scale import Scale, TickText


def axis_below(
    sheet: Sheet, x: Scale, y: float, reach: tuple[float, float], label: str, tick: TickText
) -> None:
    """A horizontal axis at height y over the pixels of `reach`, with its label."""
    sheet.line([reach[0], reach[1]], [y, y], colour=MUTED)
    for value in x.ticks:
        sheet.line([x(value)] * 2, [y, y + 4], colour=MUTED)
        sheet.text(x(value), y + 17, tick(value, x.places), align="center", size=SMALL, colour=MUTED)
    middle = (reach[0] + reach[1]) / 2
    sheet.text(middle, y + 38, shorten(label, reach[1] - reach[0], BODY), align="center", size=SMALL)


def axis_beside(sheet: Sheet, y: Scale, left: float, tick: TickText, *, across: float | None = None) -> None:
    """A vertical axis at `left`; with `across`, faint lines from there to that pixel instead of ticks."""
    if across is None:
        sheet.line([left, left], [y.stop, y.start], colour=MUTED)
    for value in y.ticks:
        if across is None:
            sheet.line([left - 4, left], [y(value)] * 2, colour=MUTED)
        else:
            sheet.line([left, across], [y(value)] * 2, colour=RULE, width=0.8)
        sheet.text(left - 7, y(value) + 4, tick(value, y.places), align="right", size=SMALL, colour=MUTED)
