"""Single courses: every child's line over the visits, and every child's change in order of size.

For people who may see the data. No name and no number of a child is drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from emostats.figures.axes import axis_beside
from emostats.figures.canvas import SMALL, Frame, Sheet
from emostats.figures.lettering import shorten, width
from emostats.figures.palette import INK, MUTED, SERIES
from emostats.figures.scale import TickText, finite, linear


@dataclass(frozen=True)
class Course:
    """One child: (x, value) at the visits it was seen; `group` is the position of its group."""

    points: tuple[tuple[float, float], ...]
    group: int = 0


@dataclass(frozen=True)
class MeanLine:
    """A mean course: (x, value), drawn over the single ones."""

    label: str
    points: tuple[tuple[float, float], ...]


def spaghetti_plot(
    courses: Sequence[Course],
    mean: MeanLine,
    visits: Sequence[tuple[float, str]],
    label: str,
    frame: Frame,
    tick: TickText,
) -> str:
    """One thin line a child and the mean as a thick one, as SVG. `label` names the values."""
    tall = 250.0
    sheet = Sheet(frame, tall + 58)
    left, right = 52.0, frame.width - 10
    values = [value for course in courses for _, value in course.points]
    y = linear(finite(values + [value for _, value in mean.points]), tall, 26)
    x = linear([position for position, _ in visits], left + 10, right - 10, pad=0.03)
    sheet.text(0, 12, shorten(label, frame.width, SMALL), size=SMALL)
    axis_beside(sheet, y, left, tick, across=right)
    lines = [[(x(at), y(value)) for at, value in c.points] for c in courses if len(c.points) > 1]
    sheet.strokes(lines, colour=SERIES[0], width=0.7, opacity=0.45)
    for course in courses:
        if len(course.points) == 1:
            at, value = course.points[0]
            sheet.marker(x(at), y(value), "o", colour=SERIES[0], size=2.5)
    if len(mean.points) > 1:
        sheet.line([x(at) for at, _ in mean.points], [y(v) for _, v in mean.points], colour=INK, width=3)
    for position, name in visits:
        shown = shorten(name, (right - left) / max(len(visits), 1), SMALL)
        half = width(shown, SMALL) / 2
        centre = min(max(x(position), left + half), right - half)
        sheet.text(centre, tall + 18, shown, align="center", size=SMALL, colour=MUTED)
    sheet.line([0, 22], [tall + 44] * 2, colour=INK, width=3)
    sheet.text(30, tall + 48, mean.label, size=SMALL, colour=MUTED)
    return sheet.svg()


def waterfall_plot(
    changes: Sequence[float],
    label: str,
    frame: Frame,
    tick: TickText,
    *,
    lines: Sequence[tuple[float, str]] = (),
    below: str = "one bar a child",
) -> str:
    """Changes as bars from the largest to the smallest, as SVG.

    label: names the values. lines: further values to mark, such as the least change that matters, with names.
    below: what a bar is.
    """
    tall = 230.0
    sheet = Sheet(frame, tall + 30)
    left, right = 52.0, frame.width - 10
    ordered = sorted(changes, reverse=True)
    y = linear(finite([*ordered, 0.0, *(value for value, _ in lines)]), tall, 26)
    sheet.text(0, 12, shorten(label, frame.width, SMALL), size=SMALL)
    axis_beside(sheet, y, left, tick, across=right)
    step = (right - left - 6) / max(len(ordered), 1)
    for sign, colour in ((1, SERIES[0]), (-1, SERIES[1])):
        bars = [
            ((x, y(0.0)), (x, y(value)))
            for x, value in zip(
                (left + 3 + (i + 0.5) * step for i in range(len(ordered))), ordered, strict=True
            )
            if value * sign > 0
        ]
        sheet.strokes(bars, colour=colour, width=round(0.75 * step, 2))
    sheet.line([left, right], [y(0.0)] * 2, colour=INK)
    for value, name in lines:
        sheet.line([left, right], [y(value)] * 2, colour=MUTED, dashes=(5, 3))
        sheet.text(right, y(value) - 4, shorten(name, right - left, SMALL), align="right", size=SMALL)
    sheet.text((left + right) / 2, tall + 22, below, align="center", size=SMALL, colour=MUTED)
    return sheet.svg()
