"""Forest plot: estimates with intervals, one row each, beside their names, numbers and failures."""

from __future__ import annotations

from dataclasses import dataclass

from emostats.figures.canvas import BODY, SMALL, Frame, Sheet
from emostats.figures.forest_row import ForestRow, Layout, draw_row, null_line, row_height
from emostats.figures.lettering import shorten, width
from emostats.figures.palette import INK, MUTED, WASH, series
from emostats.figures.scale import Scale, TickText, covering

_GAP = 14.0


@dataclass(frozen=True)
class Forest:
    """Rows on one scale.

    null: value of no effect, drawn as a line (None: none). zones: upper bounds and names of regions of
    the scale, e.g. of agreement. series: names of the intervals in each row, shown as a legend when there
    are several. events_label: names a second column of counts; without it there is none.
    """

    rows: tuple[ForestRow, ...]
    scale_label: str
    text_label: str
    n_label: str = "n"
    events_label: str = ""
    label_label: str = ""
    null: float | None = 0.0
    zones: tuple[tuple[float, str], ...] = ()
    series: tuple[str, ...] = ()


def forest_plot(plot: Forest, frame: Frame, tick: TickText) -> str:
    """The plot as SVG. A narrow frame puts each row's texts above its interval."""
    layout = _layout(plot, frame)
    top = 4 + (20 if len(plot.series) > 1 else 0) + (0 if layout.stacked else 22) + (16 if plot.zones else 0)
    heights = [row_height(row, layout, frame) for row in plot.rows]
    sheet = Sheet(frame, top + sum(heights) + 46)
    scale = _scale(plot, layout.plot)
    bottom = top + sum(heights)
    _legend(sheet, plot)
    _columns(sheet, plot, layout, top - (16 if plot.zones else 0))
    _zones(sheet, plot, scale, top, bottom)
    y = float(top)
    for index, (row, height) in enumerate(zip(plot.rows, heights, strict=True)):
        null_line(sheet, plot.null, row, layout, scale, y, height)
        draw_row(sheet, row, layout, scale, y, height, ruled=index > 0)
        y += height
    _axis(sheet, scale, bottom, plot.scale_label, tick)
    return sheet.svg()


def _layout(plot: Forest, frame: Frame) -> Layout:
    if frame.narrow:
        return Layout(0, frame.width, (10, frame.width - 10), stacked=True)
    texts = [interval.text for row in plot.rows for interval in row.intervals] + [plot.text_label]
    text_width = min(max((width(text, BODY) for text in texts), default=80), 230)
    longest = max([width(row.label, BODY) + 8 for row in plot.rows] + [width(plot.label_label, SMALL), 90])
    label_width = min(longest, 230)
    n_right = label_width + _GAP + max([30, *(width(row.n, BODY) for row in plot.rows)])
    events = n_right
    if plot.events_label:
        counts = [width(row.events, BODY) for row in plot.rows]
        events += _GAP + max([width(plot.events_label, SMALL), *counts])
    plot_room = (events + _GAP + 6, frame.width - text_width - _GAP - 6)
    return Layout(n_right, frame.width, plot_room, stacked=False, events=events)


def _scale(plot: Forest, room: tuple[float, float]) -> Scale:
    """Covers all estimates, the null line and the zones."""
    intervals = [interval for row in plot.rows for interval in row.intervals]
    marks = [plot.null, *(bound for bound, _ in plot.zones[:-1])]
    return covering(
        [i.estimate for i in intervals] + marks,
        [(i.low, i.high) for i in intervals],
        *room,
        n_ticks=4 if room[1] - room[0] < 300 else 6,
    )


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


def _columns(sheet: Sheet, plot: Forest, layout: Layout, top: float) -> None:
    if layout.stacked:
        return
    y = top - 8
    sheet.text(0, y, plot.label_label, size=SMALL, colour=MUTED)
    sheet.text(layout.n, y, plot.n_label, size=SMALL, colour=MUTED, align="right")
    if plot.events_label:
        sheet.text(layout.events, y, plot.events_label, size=SMALL, colour=MUTED, align="right")
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


def _axis(sheet: Sheet, scale: Scale, y: float, label: str, tick: TickText) -> None:
    sheet.line([scale.start, scale.stop], [y + 4, y + 4], colour=MUTED, width=1)
    for value in scale.ticks:
        sheet.line([scale(value)] * 2, [y + 4, y + 8], colour=MUTED, width=1)
        sheet.text(scale(value), y + 20, tick(value, scale.places), align="center", size=SMALL, colour=MUTED)
    middle = (scale.start + scale.stop) / 2
    room = 2 * min(middle, sheet.width - middle)
    sheet.text(middle, y + 38, shorten(label, room, SMALL), align="center", size=SMALL, colour=INK)
