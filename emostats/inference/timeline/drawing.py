"""Draws the bands of a session under one axis of time."""

from __future__ import annotations

import math
from itertools import pairwise

from emostats.figures.canvas import NARROW, SMALL, WIDE, Frame, Sheet
from emostats.figures.palette import INK, MUTED, RULE, SERIES, WASH
from emostats.inference.timeline.bands import Bands, Bars, Curve

CURVE, BAR, GAP = 84.0, 16.0, 8.0
"""Heights in pixels: of a curve's band, of a bar, between bands."""
RIGHT = 14.0


def drawing(bands: Bands, *, narrow: bool = False) -> str:
    """One SVG; the narrow one is for a phone."""
    width, left = (NARROW, 96.0) if narrow else (WIDE, 118.0)
    rows = (*bands.face, *bands.picture)
    height = 14 + len(bands.curves) * (CURVE + 2 * GAP) + len(rows) * (BAR + 6) + 2 * 22 + 40
    sheet = Sheet(
        Frame(f"timeline{'-narrow' if narrow else ''}", TITLE, describe(bands), width=width), height
    )
    axis = Axis(left, width - RIGHT, max(bands.seconds, 1e-9))
    bottom = height - 40
    top = 14.0
    for number, curve in enumerate(bands.curves):
        _curve(sheet, axis, curve, top, SERIES[number * 2])
        top += CURVE + 2 * GAP
    for heading, group, colour in (
        ("The face", bands.face, SERIES[0]),
        ("The picture", bands.picture, MUTED),
    ):
        sheet.text(0, top + 12, heading, bold=True, size=SMALL)
        top += 22
        for bars in group:
            _bars(sheet, axis, bars, top, colour)
            top += BAR + 6
    _stimuli(sheet, axis, bands.stimuli, bottom)
    _time(sheet, axis, bottom, 5 if narrow else 10)
    return sheet.svg()


TITLE = "Timeline of the session"


class Axis:
    """Maps seconds to pixels."""

    def __init__(self, left: float, right: float, seconds: float) -> None:
        self.left, self.right, self.seconds = left, right, seconds

    def __call__(self, time: float) -> float:
        return self.left + time / self.seconds * (self.right - self.left)

    def ticks(self, most: int) -> list[float]:
        """Round times in seconds or minutes, at most `most` steps."""
        steps = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600)
        step = next((step for step in steps if self.seconds / step <= most), 7200)
        return [float(step * index) for index in range(math.floor(self.seconds / step) + 1)]


def clock(seconds: float) -> str:
    """Minutes and seconds, ``1:05``."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


def describe(bands: Bands) -> str:
    """The drawing in words, for those who do not see it."""
    parts = [f"A session of {clock(bands.seconds)} minutes."]
    parts += [
        f"{bars.name}: {_times(len(bars.spans))}, {sum(b - a for a, b in bars.spans):.0f} s."
        for bars in bands.face
    ]
    parts += [f"{bars.name}: {sum(b - a for a, b in bars.spans):.0f} s." for bars in bands.picture]
    if bands.stimuli:
        parts.append("Stimuli at " + ", ".join(clock(time) for time in bands.stimuli) + ".")
    return " ".join([*parts, "The tables below the drawing give the numbers."])


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number} times"


def _curve(sheet: Sheet, axis: Axis, curve: Curve, top: float, colour: str) -> None:
    sheet.text(0, top + 12, curve.name, bold=True, size=SMALL)
    sheet.box(axis.left, top, axis.right - axis.left, CURVE, fill=WASH)

    def y(value: float) -> float:
        share = (min(max(value, curve.low), curve.high) - curve.low) / (curve.high - curve.low)
        return top + CURVE * (1 - share)

    for value in (curve.low, (curve.low + curve.high) / 2, curve.high):
        sheet.line([axis.left, axis.right], [y(value)] * 2, colour=RULE)
        label = f"{value:.1f}".replace("-", "−")
        sheet.text(axis.left - 6, y(value) + 4, label, align="right", size=SMALL, colour=MUTED)
    for xs, ys in _strokes(curve, axis, y):
        if len(xs) == 1:
            sheet.marker(xs[0], ys[0], "o", colour=colour, size=2)
        else:
            sheet.line(xs, ys, colour=colour, width=1.6)


def _strokes(curve: Curve, axis: Axis, y) -> list[tuple[list[float], list[float]]]:  # type: ignore[no-untyped-def]
    """The curve's pieces between gaps: nothing is drawn where nothing was seen."""
    strokes: list[tuple[list[float], list[float]]] = []
    broken = True
    for time, value in zip(curve.time.tolist(), curve.value.tolist(), strict=True):
        if math.isnan(value):
            broken = True
            continue
        if broken:
            strokes.append(([], []))
        broken = False
        strokes[-1][0].append(axis(time))
        strokes[-1][1].append(y(value))
    return strokes


def _bars(sheet: Sheet, axis: Axis, bars: Bars, top: float, colour: str) -> None:
    sheet.text(axis.left - 6, top + BAR - 4, bars.name, align="right", size=SMALL)
    middle = top + BAR / 2
    sheet.line([axis.left, axis.right], [middle, middle], colour=RULE)
    for begin, end in bars.spans:
        sheet.box(axis(begin), top + 2, max(axis(end) - axis(begin), 1.0), BAR - 4, fill=colour)


def _stimuli(sheet: Sheet, axis: Axis, stimuli: tuple[float, ...], bottom: float) -> None:
    for number, time in enumerate(stimuli, 1):
        sheet.line([axis(time)] * 2, [12, bottom], colour=INK, dashes=(3, 3))
        sheet.text(
            axis(time), 9, f"Stimulus {number}" if number == 1 else str(number), align="center", size=SMALL
        )


def _time(sheet: Sheet, axis: Axis, bottom: float, most: int) -> None:
    sheet.line([axis.left, axis.right], [bottom, bottom], colour=INK)
    ticks = axis.ticks(most)
    for here in ticks:
        sheet.line([axis(here)] * 2, [bottom, bottom + 4], colour=INK)
        sheet.text(axis(here), bottom + 17, clock(here), align="center", size=SMALL, colour=MUTED)
    for before, after in pairwise(ticks):
        sheet.line([axis((before + after) / 2)] * 2, [bottom, bottom + 2], colour=INK)
    sheet.text(
        (axis.left + axis.right) / 2, bottom + 34, "Time (min:s)", align="center", size=SMALL, colour=MUTED
    )
