"""Figure of a tipping-point search: the p-value against the shift of the imputed values."""

from __future__ import annotations

from dataclasses import dataclass

from emostats.figures.axes import axis_below, axis_beside
from emostats.figures.canvas import BODY, SMALL, Frame, Sheet
from emostats.figures.palette import INK, MUTED, SERIES, WASH
from emostats.figures.scale import Scale, TickText, linear


@dataclass(frozen=True)
class TippingCurve:
    """points: (shift, p-value), by shift. alpha: level of significance. tipping: shift where p crosses it."""

    points: tuple[tuple[float, float], ...]
    alpha: float
    tipping: float | None = None


@dataclass(frozen=True)
class TippingWords:
    """The words of the figure; `tips` has ``{shift}`` where the number stands."""

    p_value: str = "p-value"
    significant: str = "significant"
    tips: str = "tips at {shift}"


def tipping_point_plot(
    curve: TippingCurve, label: str, frame: Frame, tick: TickText, words: TippingWords = TippingWords()
) -> str:
    """The curve as SVG; the band below is where the result is significant. `label` names the shift.

    Raises
    ------
    ValueError: there is no point to draw.
    """
    if not curve.points:
        raise ValueError("a tipping-point plot needs at least one point")
    tall = 230.0
    sheet = Sheet(frame, tall + 62)
    left, right = 52.0, frame.width - 10
    shifts = [shift for shift, _ in curve.points]
    top = max(2.2 * curve.alpha, min(1.0, 1.1 * max(p for _, p in curve.points)))
    y = linear([0.0, top], tall, 26, pad=0.0)
    x = linear(shifts, left + 8, right - 8, pad=0.0)
    sheet.text(0, 12, words.p_value, size=SMALL)
    sheet.box(left, y(curve.alpha), right - left, tall - y(curve.alpha), fill=WASH)
    sheet.text(right - 6, tall - 6, words.significant, align="right", size=SMALL, colour=MUTED)
    sheet.line([left, right], [y(curve.alpha)] * 2, colour=MUTED, dashes=(5, 3))
    axis_below(sheet, x, y.start, (left, right), label, tick)
    axis_beside(sheet, y, left, tick)
    if curve.tipping is not None:
        text = words.tips.replace("{shift}", tick(curve.tipping, 2))
        _tipping(sheet, curve.tipping, curve.alpha, x, y, text)
    sheet.line(
        [x(shift) for shift in shifts], [y.clipped(p) for _, p in curve.points], colour=SERIES[0], width=2
    )
    for shift, p in curve.points:
        sheet.marker(x(shift), y.clipped(p), "o", colour=SERIES[0], size=6)
    return sheet.svg()


def _tipping(sheet: Sheet, tipping: float, alpha: float, x: Scale, y: Scale, text: str) -> None:
    """The line at the tipping point, with its words on the side where there is room."""
    at = x.clipped(tipping)
    sheet.line([at, at], [y.stop, y.start], colour=INK, width=1.4)
    sheet.marker(at, y(alpha), "D", colour=INK, size=8)
    on_left = at > (x.start + x.stop) / 2
    place = at - 8 if on_left else at + 8
    sheet.text(place, y.stop + 12, text, align="right" if on_left else "left", size=BODY, bold=True)
