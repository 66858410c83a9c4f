"""Figures that question a mixed model: clouds of residuals, boxes by visit, stems by lag, correlations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from emostats.figures.axes import axis_below, axis_beside
from emostats.figures.canvas import BODY, SMALL, Frame, Sheet
from emostats.figures.lettering import shorten, width, wrap
from emostats.figures.palette import INK, MUTED, RULE, SERIES, WASH
from emostats.figures.scale import Scale, TickText, finite, linear

_TALL = 260.0
_LEFT = 52.0


@dataclass(frozen=True)
class Cloud:
    """Points with what they are held against.

    points: (x, y). line: a curve through (x, y). band: (x, low, high), from left to right. labels: of the
        axes.
    """

    points: tuple[tuple[float, float], ...]
    line: tuple[tuple[float, float], ...]
    band: tuple[tuple[float, float, float], ...]
    labels: tuple[str, str]


@dataclass(frozen=True)
class Box:
    """A box: whiskers from `low` to `high`, quartiles and median, and the values outside the whiskers."""

    label: str
    low: float
    q1: float
    median: float
    q3: float
    high: float
    outside: tuple[float, ...] = ()


@dataclass(frozen=True)
class Stem:
    """A value at a lag, with the band in which the model expects it and the expectation itself."""

    label: str
    value: float
    low: float
    high: float
    expected: float


@dataclass(frozen=True)
class CorrelationMap:
    """A square of correlations; `texts` are written in the cells, the diagonal's too. `label` heads it."""

    label: str
    visits: tuple[str, ...]
    values: tuple[tuple[float, ...], ...]
    texts: tuple[tuple[str, ...], ...]


def cloud_plot(cloud: Cloud, frame: Frame, tick: TickText) -> str:
    """The cloud as SVG, the band behind it and the line above it."""
    sheet = Sheet(frame, _TALL + 66)
    right = frame.width - 8
    rims = [value for _, low, high in cloud.band for value in (low, high)]
    lines = [y for _, y in cloud.line]
    y = linear(finite([p[1] for p in cloud.points] + rims + lines), _TALL, 24)
    x = linear(finite([p[0] for p in cloud.points]), _LEFT + 6, right - 6)
    sheet.text(0, 12, shorten(cloud.labels[1], frame.width, SMALL), size=SMALL)
    if cloud.band:
        edge = [(x(at), y(low)) for at, low, _ in cloud.band]
        back = [(x(at), y(high)) for at, _, high in reversed(cloud.band)]
        sheet.polygon(edge + back, fill=SERIES[1], opacity=0.16)
    axis_beside(sheet, y, _LEFT, tick, across=right)
    axis_below(sheet, x, y.start, (_LEFT, x.stop + 6), cloud.labels[0], tick)
    for at, value in cloud.points:
        sheet.marker(x(at), y(value), "o", colour=SERIES[0], size=4.5, hollow="none")
    if len(cloud.line) > 1:
        sheet.line([x(at) for at, _ in cloud.line], [y(v) for _, v in cloud.line], colour=INK, width=1.6)
    return sheet.svg()


def box_plot(boxes: Sequence[Box], label: str, frame: Frame, tick: TickText) -> str:
    """Boxes side by side as SVG, zero marked; `label` names the values."""
    sheet = Sheet(frame, _TALL + 34)
    right = frame.width - 8
    ends = [value for box in boxes for value in (box.low, box.high, *box.outside)]
    y = linear(finite([*ends, 0.0]), _TALL, 24)
    sheet.text(0, 12, shorten(label, frame.width, SMALL), size=SMALL)
    axis_beside(sheet, y, _LEFT, tick, across=right)
    sheet.line([_LEFT, right], [y(0.0)] * 2, colour=MUTED, dashes=(3, 3))
    room = (right - _LEFT) / max(len(boxes), 1)
    for index, box in enumerate(boxes):
        _box(sheet, box, _LEFT + (index + 0.5) * room, min(0.55 * room, 60.0), y)
    _names(sheet, [box.label for box in boxes], _LEFT, room, y.start + 18)
    return sheet.svg()


def _box(sheet: Sheet, box: Box, x: float, wide: float, y: Scale) -> None:
    left, top = x - wide / 2, y(box.q3)
    for start, stop in ((box.low, box.q1), (box.q3, box.high)):
        sheet.line([x, x], [y(start), y(stop)], colour=SERIES[0], width=1.4)
    sheet.box(left, top, wide, max(y(box.q1) - top, 0.5), fill=WASH, edge=SERIES[0])
    sheet.line([left, left + wide], [y(box.median)] * 2, colour=SERIES[0], width=2.4)
    for value in box.outside:
        sheet.marker(x, y(value), "o", colour=SERIES[0], size=4.5, hollow="none")


def stem_plot(stems: Sequence[Stem], labels: tuple[str, str], frame: Frame, tick: TickText) -> str:
    """Stems as SVG with a band a stem; a bar across marks the expected value."""
    sheet = Sheet(frame, _TALL + 52)
    right = frame.width - 8
    ends = [value for stem in stems for value in (stem.value, stem.low, stem.high)]
    y = linear(finite([*ends, 0.0]), _TALL, 24)
    sheet.text(0, 12, shorten(labels[1], frame.width, SMALL), size=SMALL)
    axis_beside(sheet, y, _LEFT, tick, across=right)
    sheet.line([_LEFT, right], [y(0.0)] * 2, colour=MUTED)
    room = (right - _LEFT) / max(len(stems), 1)
    half = min(0.3 * room, 26.0)
    for index, stem in enumerate(stems):
        x = _LEFT + (index + 0.5) * room
        low, high = y(stem.low), y(stem.high)
        corners = [(x - half, low), (x + half, low), (x + half, high), (x - half, high)]
        sheet.polygon(corners, fill=SERIES[1], opacity=0.16)
        sheet.line([x - half, x + half], [y(stem.expected)] * 2, colour=SERIES[1], width=1.4)
        sheet.line([x, x], [y(0.0), y(stem.value)], colour=SERIES[0], width=2.0)
        sheet.marker(x, y(stem.value), "o", colour=SERIES[0], size=7)
    _names(sheet, [stem.label for stem in stems], _LEFT, room, y.start + 18)
    middle = (_LEFT + right) / 2
    sheet.text(middle, y.start + 38, shorten(labels[0], right - _LEFT, BODY), align="center", size=SMALL)
    return sheet.svg()


def correlation_map(maps: Sequence[CorrelationMap], frame: Frame) -> str:
    """Squares of correlations as SVG, one below the other on a phone and side by side on a desk.

    The colour says the sign and its depth the size; the number stands in the cell.
    """
    columns = 1 if frame.narrow or len(maps) == 1 else 2
    room = (frame.width - 22.0 * (columns - 1)) / columns
    names = min(max(width(visit, SMALL) for one in maps for visit in one.visits), 0.3 * room) + 8
    cell = min((room - names) / max(len(one.visits) for one in maps), 64.0)
    down = min(cell, 34.0)
    height = 30.0 + down * max(len(one.visits) for one in maps) + 30.0
    sheet = Sheet(frame, height * -(-len(maps) // columns))
    for index, one in enumerate(maps):
        corner = ((index % columns) * (room + 22.0), (index // columns) * height)
        _square(sheet, one, corner, names, (cell, down))
    return sheet.svg()


def _square(
    sheet: Sheet, one: CorrelationMap, corner: tuple[float, float], names: float, size: tuple[float, float]
) -> None:
    sheet.text(corner[0], corner[1] + 14, one.label, bold=True)
    top = corner[1] + 26
    for row, visit in enumerate(one.visits):
        y = top + row * size[1]
        label = shorten(visit, names - 8, SMALL)
        sheet.text(corner[0] + names - 8, y + size[1] / 2 + 4, label, align="right", size=SMALL)
        for column, value in enumerate(one.values[row]):
            place = (corner[0] + names + column * size[0], y)
            _cell(sheet, value, one.texts[row][column], place, size, on_diagonal=row == column)
    for column, visit in enumerate(one.visits):
        x = corner[0] + names + (column + 0.5) * size[0]
        label = shorten(visit, size[0] - 3, SMALL)
        sheet.text(x, top + len(one.visits) * size[1] + 15, label, align="center", size=SMALL, colour=MUTED)


def _cell(
    sheet: Sheet,
    value: float,
    text: str,
    place: tuple[float, float],
    size: tuple[float, float],
    *,
    on_diagonal: bool,
) -> None:
    (x, y), (across, down) = (place[0] + 1, place[1] + 1), (size[0] - 2, size[1] - 2)
    if on_diagonal:
        sheet.box(x, y, across, down, fill=WASH, edge=RULE)
    else:
        fill = SERIES[0] if value >= 0 else SERIES[1]
        corners = [(x, y), (x + across, y), (x + across, y + down), (x, y + down)]
        sheet.polygon(corners, fill=fill, opacity=0.06 + 0.54 * min(abs(value), 1.0))
    shown = shorten(text, across, SMALL)
    sheet.text(x + across / 2, y + down / 2 + 4, shown, align="center", size=SMALL)


def _names(sheet: Sheet, names: Sequence[str], left: float, room: float, baseline: float) -> None:
    """A name below each place; where they have no room, only every second, third …"""
    widest = max((width(name, SMALL) for name in names), default=0.0)
    every = max(1, -(-int(min(widest, 90.0) + 6) // max(int(room), 1)))
    for index in range(0, len(names), every):
        shown = wrap(names[index], every * room - 4, SMALL, 1)[0]
        sheet.text(left + (index + 0.5) * room, baseline, shown, align="center", size=SMALL, colour=MUTED)
