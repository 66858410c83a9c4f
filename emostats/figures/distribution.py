"""Bootstrap distribution: a histogram of resampled estimates, with the estimate and its intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from emostats.figures.axes import axis_below
from emostats.figures.canvas import SMALL, Frame, Sheet
from emostats.figures.lettering import width
from emostats.figures.palette import INK, MUTED, RULE, series
from emostats.figures.scale import Scale, TickText, finite, linear


@dataclass(frozen=True)
class Bin:
    """A bar: resamples with an estimate from `low` to `high`."""

    low: float
    high: float
    count: int


@dataclass(frozen=True)
class Marker:
    """An interval drawn below the bars, with its estimate; `label` names it."""

    label: str
    estimate: float | None
    low: float | None
    high: float | None


def distribution_plot(
    bins: Sequence[Bin], markers: Sequence[Marker], label: str, frame: Frame, tick: TickText
) -> str:
    """The histogram as SVG; `label` names the value axis."""
    tall = 150.0
    sheet = Sheet(frame, tall + 26 * len(markers) + 62)
    edges = [edge for item in bins for edge in (item.low, item.high)]
    limits = finite([value for marker in markers for value in (marker.estimate, marker.low, marker.high)])
    names = max((width(marker.label, SMALL) for marker in markers), default=0) + 12
    x = linear(edges + limits, 8 if frame.narrow else names, frame.width - 8, pad=0.02)
    most = max((item.count for item in bins), default=1) or 1
    for item in bins:
        height = item.count / most * (tall - 14)
        left, right = x(item.low), x(item.high)
        sheet.box(left + 0.4, tall - height, max(right - left - 0.8, 0.4), height, fill=RULE)
    y = tall + 4
    for index, marker in enumerate(markers):
        _marker(sheet, marker, index, x, y + 26 * index, names, tall)
    axis_below(sheet, x, y + 26 * len(markers) + 4, (x.start, x.stop), label, tick)
    return sheet.svg()


def _marker(sheet: Sheet, marker: Marker, index: int, x: Scale, y: float, names: float, tall: float) -> None:
    colour, shape = series(index)
    middle = y + 14
    if sheet.frame.narrow:
        sheet.text(0, y + 8, marker.label, size=SMALL, colour=MUTED)
        middle = y + 17
    else:
        sheet.text(names - 12, middle + 4, marker.label, size=SMALL, colour=MUTED, align="right")
    if marker.low is not None and marker.high is not None:
        low, high = (x(marker.low), middle), (x(marker.high), middle)
        sheet.error_bar(low, high, colour=colour, caps=(True, True))
    if marker.estimate is not None:
        sheet.marker(x(marker.estimate), middle, shape, colour=colour)
        if index == 0:
            sheet.line([x(marker.estimate)] * 2, [4, tall], colour=INK, dashes=(3, 3))
