"""Figures of predictions: reliability and ROC curves, both on the unit square."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from emostats.figures.canvas import SMALL, Frame, Sheet
from emostats.figures.lettering import shorten
from emostats.figures.palette import MUTED, RULE, SERIES, series
from emostats.figures.scale import Scale, TickText

_SIDE = 340.0
_LEFT, _TOP = 46.0, 10.0
_TICKS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
_BARS = 56.0


@dataclass(frozen=True)
class CalibrationBin:
    """Rows said with about `said`: `n` of them, of which the share `came_true` did; None in an empty bin."""

    low: float
    high: float
    n: int
    said: float | None
    came_true: float | None


@dataclass(frozen=True)
class RocLine:
    """Corners of a curve; `label` names it, with its area as text."""

    label: str
    false_positive_rate: tuple[float, ...]
    sensitivity: tuple[float, ...]


@dataclass(frozen=True)
class Axes:
    """Titles of the axes, and of the bars below a reliability plot."""

    x: str
    y: str
    bars: str = ""


def reliability_plot(bins: Sequence[CalibrationBin], axes: Axes, frame: Frame, tick: TickText) -> str:
    """The share that came true over what was said, with the number of rows in each bin below, as SVG.

    Points on the diagonal are calibrated; below it the classifier is too sure of itself.
    """
    side = min(_SIDE, frame.width - _LEFT - 8)
    sheet = Sheet(frame, _TOP + side + 58 + _BARS)
    x, y = _square(sheet, side, axes, tick)
    filled = [item for item in bins if item.said is not None and item.came_true is not None]
    points = [(x(item.said or 0.0), y(item.came_true or 0.0)) for item in filled]
    sheet.line([p[0] for p in points], [p[1] for p in points], colour=SERIES[0], width=1.6)
    for px, py in points:
        sheet.marker(px, py, "o", colour=SERIES[0])
    _bars(sheet, bins, x, _TOP + side + 50, axes.bars)
    return sheet.svg()


def _bars(sheet: Sheet, bins: Sequence[CalibrationBin], x: Scale, top: float, title: str) -> None:
    most = max((item.n for item in bins), default=0) or 1
    for item in bins:
        height = item.n / most * (_BARS - 18)
        if item.n:
            left, right = x.clipped(item.low), x.clipped(item.high)
            sheet.box(left + 0.5, top + _BARS - 18 - height, max(right - left - 1, 1.0), height, fill=RULE)
    sheet.line([x.start, x.stop], [top + _BARS - 18] * 2, colour=MUTED)
    sheet.text(x.start, top + _BARS - 3, shorten(title, x.stop - x.start, SMALL), size=SMALL, colour=MUTED)


def roc_plot(lines: Sequence[RocLine], axes: Axes, frame: Frame, tick: TickText) -> str:
    """ROC curves as SVG, named beside the square (below it on a phone)."""
    side = min(_SIDE, frame.width - _LEFT - 8)
    beside = frame.width - _LEFT - side >= 160
    below = 0.0 if beside else 18.0 * len(lines) + 6
    sheet = Sheet(frame, _TOP + side + 46 + below)
    x, y = _square(sheet, side, axes, tick)
    left = x.stop + 18 if beside else x.start
    for index, line in enumerate(lines):
        colour, shape = series(index)
        dashes = None if index < 6 else (5.0, 3.0)
        xs, ys = [x(v) for v in line.false_positive_rate], [y(v) for v in line.sensitivity]
        sheet.line(xs, ys, colour=colour, width=1.8, dashes=dashes)
        row = _TOP + 14 + 18 * index + (0.0 if beside else side + 40)
        sheet.line([left, left + 16], [row - 4, row - 4], colour=colour, width=1.8, dashes=dashes)
        sheet.marker(left + 8, row - 4, shape, colour=colour, size=6)
        sheet.text(left + 22, row, shorten(line.label, sheet.width - left - 24, SMALL), size=SMALL)
    return sheet.svg()


def _square(sheet: Sheet, side: float, axes: Axes, tick: TickText) -> tuple[Scale, Scale]:
    """The unit square with its ticks and diagonal; scales of its axes."""
    x = Scale(0.0, 1.0, _LEFT, _LEFT + side, _TICKS, 1)
    y = Scale(0.0, 1.0, _TOP + side, _TOP, _TICKS, 1)
    for value in _TICKS:
        sheet.line([x.start, x.stop], [y(value)] * 2, colour=RULE, width=0.6)
        sheet.text(x.start - 6, y(value) + 4, tick(value, 1), align="right", size=SMALL, colour=MUTED)
        sheet.text(x(value), y.start + 16, tick(value, 1), align="center", size=SMALL, colour=MUTED)
    sheet.line([x.start, x.stop], [y.start, y.stop], colour=MUTED, dashes=(4, 4))
    sheet.line([x.start, x.start, x.stop], [y.stop, y.start, y.start], colour=MUTED)
    sheet.text(x.stop, y.start + 34, shorten(axes.x, side, SMALL), align="right", size=SMALL)
    sheet.text(x.start + 6, _TOP + 11, shorten(axes.y, side - 12, SMALL), size=SMALL)
    return x, y
