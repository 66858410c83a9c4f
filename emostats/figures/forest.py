"""Forest plot: estimates with intervals, one row each, beside their names, numbers and failures."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median

from emostats.figures.canvas import BODY, BOLD, SMALL, Frame, Sheet
from emostats.figures.lettering import shorten, width, wrap
from emostats.figures.palette import INK, MUTED, RULE, WASH, series
from emostats.figures.scale import Scale, TickText, finite, linear

_GAP = 14.0
_LINE = 17.0


@dataclass(frozen=True)
class Interval:
    """One estimate with its limits, and the text that stands for them. Missing limits are None."""

    estimate: float | None
    low: float | None
    high: float | None
    text: str


@dataclass(frozen=True)
class ForestRow:
    """A row:

    One interval for each series, or the `reason` why there is none. `heading` rows only have a label.
    """

    label: str
    intervals: tuple[Interval, ...] = ()
    n: str = ""
    reason: str = ""
    heading: bool = False
    overall: bool = False


@dataclass(frozen=True)
class Forest:
    """Rows on one scale.

    null: value of no effect, drawn as a line (None: none). zones: upper bounds and names of regions of
    the scale, e.g. of agreement. series: names of the intervals in each row, shown as a legend when there
    are several.
    """

    rows: tuple[ForestRow, ...]
    scale_label: str
    text_label: str
    n_label: str = "n"
    label_label: str = ""
    null: float | None = 0.0
    zones: tuple[tuple[float, str], ...] = ()
    series: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Layout:
    label: float
    n: float
    text: float
    plot: tuple[float, float]
    stacked: bool


def forest_plot(plot: Forest, frame: Frame, tick: TickText) -> str:
    """The plot as SVG. A narrow frame puts each row's texts above its interval."""
    layout = _layout(plot, frame)
    top = 4 + (20 if len(plot.series) > 1 else 0) + (0 if layout.stacked else 22) + (16 if plot.zones else 0)
    heights = [_row_height(row, layout, frame) for row in plot.rows]
    sheet = Sheet(frame, top + sum(heights) + 46)
    scale = _scale(plot, layout.plot)
    bottom = top + sum(heights)
    _legend(sheet, plot)
    _columns(sheet, plot, layout, top - (16 if plot.zones else 0))
    _zones(sheet, plot, scale, top, bottom)
    y = float(top)
    for index, (row, height) in enumerate(zip(plot.rows, heights, strict=True)):
        _null(sheet, plot, row, layout, scale, y, height)
        _row(sheet, row, layout, scale, y, height, ruled=index > 0)
        y += height
    _axis(sheet, scale, bottom, plot.scale_label, tick)
    return sheet.svg()


def _layout(plot: Forest, frame: Frame) -> _Layout:
    if frame.narrow:
        return _Layout(0, 0, frame.width, (10, frame.width - 10), stacked=True)
    texts = [interval.text for row in plot.rows for interval in row.intervals] + [plot.text_label]
    text_width = min(max((width(text, BODY) for text in texts), default=80), 230)
    longest = max([width(row.label, BODY) + 8 for row in plot.rows] + [width(plot.label_label, SMALL), 90])
    label_width = min(longest, 230)
    n_right = label_width + _GAP + max([30, *(width(row.n, BODY) for row in plot.rows)])
    return _Layout(
        0, n_right, frame.width, (n_right + _GAP + 6, frame.width - text_width - _GAP - 6), stacked=False
    )


def _row_height(row: ForestRow, layout: _Layout, frame: Frame) -> float:
    if row.heading:
        return 26
    lines = max(len(row.intervals), 1)
    if layout.stacked:
        return 24 + (_LINE * 2 * lines if len(row.intervals) > 1 else 20) + _reason_lines(row, frame) * 15
    return 11 + _LINE * lines


def _reason_lines(row: ForestRow, frame: Frame) -> int:
    return len(wrap(row.reason, frame.width - 4, SMALL, 3)) - 1 if row.reason else 0


def _scale(plot: Forest, room: tuple[float, float]) -> Scale:
    """Covers all estimates;

    One very wide interval is cut (with an arrow) rather than squeezing the others.
    """
    intervals = [interval for row in plot.rows for interval in row.intervals]
    points = finite([i.estimate for i in intervals] + [plot.null]) + [bound for bound, _ in plot.zones[:-1]]
    limits = finite([i.low for i in intervals] + [i.high for i in intervals])
    widths = finite([_width(interval) for interval in intervals])
    if widths and points:
        reach = 4 * median(widths)
        limits = [min(max(limit, min(points) - reach), max(points) + reach) for limit in limits]
    return linear(points + limits, *room, n_ticks=4 if room[1] - room[0] < 300 else 6)


def _width(interval: Interval) -> float | None:
    return None if interval.low is None or interval.high is None else interval.high - interval.low


def _legend(sheet: Sheet, plot: Forest) -> None:
    if len(plot.series) < 2:
        return
    x = 4.0
    for index, name in enumerate(plot.series):
        colour, shape = series(index)
        sheet.marker(x + 4, 9, shape, colour=colour)
        shown = shorten(name, sheet.width / len(plot.series) - 30, SMALL)
        sheet.text(x + 14, 13, shown, size=SMALL, colour=MUTED)
        x += 14 + width(shown, SMALL) + 18


def _columns(sheet: Sheet, plot: Forest, layout: _Layout, top: float) -> None:
    if layout.stacked:
        return
    y = top - 8
    sheet.text(0, y, plot.label_label, size=SMALL, colour=MUTED)
    sheet.text(layout.n, y, plot.n_label, size=SMALL, colour=MUTED, align="right")
    sheet.text(layout.text, y, plot.text_label, size=SMALL, colour=MUTED, align="right")


def _zones(sheet: Sheet, plot: Forest, scale: Scale, top: float, bottom: float) -> None:
    low = scale.low
    for index, (bound, name) in enumerate(plot.zones):
        left, right = scale.clipped(low), scale.clipped(bound)
        low = bound
        if right - left < 2:
            continue
        if index % 2 == 0:
            sheet.box(left, top, right - left, bottom - top, fill=WASH)
        if width(name, SMALL) < right - left:
            sheet.text((left + right) / 2, top - 5, name, size=SMALL, colour=MUTED, align="center")


def _null(
    sheet: Sheet, plot: Forest, row: ForestRow, layout: _Layout, scale: Scale, y: float, height: float
) -> None:
    """The line of no effect, beside the intervals only: it must not run through words."""
    if plot.null is None or not row.intervals:
        return
    top, bottom = (y + 22, y + height - 2) if layout.stacked else (y, y + height)
    sheet.line([scale(plot.null)] * 2, [top, bottom], colour=MUTED, width=1, dashes=(3, 3))


def _row(
    sheet: Sheet, row: ForestRow, layout: _Layout, scale: Scale, y: float, height: float, *, ruled: bool
) -> None:
    if ruled and (layout.stacked or row.heading):
        sheet.line([0, sheet.width], [y + 0.5] * 2, colour=RULE, width=0.8)
    if row.heading:
        sheet.text(0, y + 18, shorten(row.label, sheet.width, BOLD), bold=True)
    elif layout.stacked:
        _stacked_row(sheet, row, scale, y)
    else:
        _level_row(sheet, row, layout, scale, y, height)


def _level_row(sheet: Sheet, row: ForestRow, layout: _Layout, scale: Scale, y: float, height: float) -> None:
    middle = y + height / 2 + 4
    sheet.text(0, middle, shorten(row.label, layout.n - 40, BODY), bold=row.overall)
    sheet.text(layout.n, middle, row.n, align="right", colour=MUTED)
    if not row.intervals:
        room = layout.text - layout.plot[0]
        sheet.text(layout.plot[0], middle, shorten(row.reason, room, SMALL), size=SMALL, colour=MUTED)
    for index, interval in enumerate(row.intervals):
        line = y + 5.5 + _LINE * (index + 0.5)
        _interval(sheet, interval, index, scale, line, overall=row.overall and len(row.intervals) == 1)
        sheet.text(layout.text, line + 4, interval.text, align="right", bold=row.overall)


def _stacked_row(sheet: Sheet, row: ForestRow, scale: Scale, y: float) -> None:
    text = row.intervals[0].text if len(row.intervals) == 1 else ""
    room = sheet.width - width(text, BODY) - 14
    count = f"n {row.n}" if row.n else ""
    name = shorten(row.label, room - width(count, SMALL) - 8, BODY)
    sheet.text(0, y + 18, name, bold=row.overall)
    sheet.text(width(name, BODY) + 10, y + 18, count, size=SMALL, colour=MUTED)
    sheet.text(sheet.width, y + 18, text, align="right", bold=row.overall)
    if not row.intervals:
        for index, line in enumerate(wrap(row.reason, sheet.width - 4, SMALL, 3)):
            sheet.text(0, y + 35 + 15 * index, line, size=SMALL, colour=MUTED)
    for index, interval in enumerate(row.intervals):
        if len(row.intervals) == 1:
            _interval(sheet, interval, index, scale, y + 31, overall=row.overall)
        else:
            top = y + 22 + 2 * _LINE * index
            sheet.text(sheet.width, top + 12, interval.text, align="right")
            _interval(sheet, interval, index, scale, top + 23, overall=False)


def _interval(sheet: Sheet, interval: Interval, index: int, scale: Scale, y: float, *, overall: bool) -> None:
    colour, shape = (INK, "D") if overall else series(index)
    if interval.low is not None and interval.high is not None:
        _bar(sheet, scale, (interval.low, interval.high), y, colour)
    if interval.estimate is not None:
        sheet.marker(
            scale.clipped(interval.estimate),
            y,
            "D" if overall else shape,
            colour=colour,
            size=9 if overall else 8,
        )


def _bar(sheet: Sheet, scale: Scale, limits: tuple[float, float], y: float, colour: str) -> None:
    """The interval: capped ends, or an arrow head where it goes on beyond the scale."""
    low, high = limits
    start, stop = (scale.clipped(low), y), (scale.clipped(high), y)
    inside = (low >= scale.low, high <= scale.high)
    sheet.error_bar(start, stop, colour=colour, caps=inside)
    for shown, (x, _), ahead in zip(inside, (start, stop), (-1, 1), strict=True):
        if not shown:
            sheet.polygon([(x + 5 * ahead, y), (x - 3 * ahead, y - 5), (x - 3 * ahead, y + 5)], fill=colour)


def _axis(sheet: Sheet, scale: Scale, y: float, label: str, tick: TickText) -> None:
    sheet.line([scale.start, scale.stop], [y + 4, y + 4], colour=MUTED, width=1)
    for value in scale.ticks:
        sheet.line([scale(value)] * 2, [y + 4, y + 8], colour=MUTED, width=1)
        sheet.text(scale(value), y + 20, tick(value, scale.places), align="center", size=SMALL, colour=MUTED)
    middle = (scale.start + scale.stop) / 2
    room = 2 * min(middle, sheet.width - middle)
    sheet.text(middle, y + 38, shorten(label, room, SMALL), align="center", size=SMALL, colour=INK)
