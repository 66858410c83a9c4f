"""A curve over a number, with its pointwise interval and the band that holds for the whole curve."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from emostats.figures.axes import axis_below, axis_beside
from emostats.figures.canvas import SMALL, Frame, Sheet
from emostats.figures.lettering import shorten, width
from emostats.figures.palette import INK, MUTED, SERIES
from emostats.figures.scale import TickText, finite, linear


@dataclass(frozen=True)
class CurvePoint:
    """Estimate at x with its pointwise limits and those of the band; missing numbers are None."""

    x: float
    estimate: float | None
    low: float | None
    high: float | None
    band_low: float | None
    band_high: float | None


def curve_plot(
    points: Sequence[CurvePoint],
    labels: tuple[str, str],
    legend: tuple[str, str],
    frame: Frame,
    tick: TickText,
    *,
    null: float | None = 0.0,
) -> str:
    """The curve as SVG.

    labels: of the horizontal and the vertical axis. legend: names of interval and band. null: a dashed line.
    """
    tall = 240.0
    sheet = Sheet(frame, tall + (108 if frame.narrow else 88))
    left, right = 52.0, frame.width - 10
    drawn = [value for p in points for value in (p.estimate, p.low, p.high, p.band_low, p.band_high)]
    y = linear(finite([*drawn, null]), tall, 26)
    x = linear([point.x for point in points], left + 6, right - 6, pad=0.0)
    sheet.text(0, 12, shorten(labels[1], frame.width, SMALL), size=SMALL)
    known = [p for p in points if None not in (p.estimate, p.low, p.high, p.band_low, p.band_high)]
    for ends, opacity in ((("band_low", "band_high"), 0.14), (("low", "high"), 0.24)):
        below = [(x(p.x), y(getattr(p, ends[0]))) for p in known]
        above = [(x(p.x), y(getattr(p, ends[1]))) for p in reversed(known)]
        if known:
            sheet.polygon(below + above, fill=SERIES[0], opacity=opacity)
    if null is not None:
        sheet.line([left, right], [y(null)] * 2, colour=MUTED, dashes=(3, 3))
    axis_below(sheet, x, y.start, (left, right), labels[0], tick)
    axis_beside(sheet, y, left, tick)
    if len(known) > 1:
        sheet.line([x(p.x) for p in known], [y(p.estimate or 0.0) for p in known], colour=INK, width=2)
    _legend(sheet, legend, tall + 80)
    return sheet.svg()


def _legend(sheet: Sheet, legend: tuple[str, str], y: float) -> None:
    """Both names in one line on a desk, one below the other on a phone."""
    at = 0.0
    for text, opacity in zip(legend, (0.38, 0.14), strict=True):
        corners = [(at, y - 10), (at + 18, y - 10), (at + 18, y + 3), (at, y + 3)]
        sheet.polygon(corners, fill=SERIES[0], opacity=opacity)
        shown = shorten(text, sheet.width - at - 24, SMALL)
        sheet.text(at + 24, y, shown, size=SMALL, colour=MUTED)
        if sheet.frame.narrow:
            y += 20
        else:
            at += 44 + width(shown, SMALL)
