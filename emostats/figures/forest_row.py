"""One row of a forest plot: its height, its texts and its intervals, on a desk and on a phone."""

from __future__ import annotations

from dataclasses import dataclass

from emostats.figures.canvas import BODY, BOLD, SMALL, Frame, Sheet
from emostats.figures.lettering import shorten, width, wrap
from emostats.figures.palette import INK, MUTED, RULE, series
from emostats.figures.scale import Scale

_LINE = 17.0
_REASON = 15.0


@dataclass(frozen=True)
class Interval:
    """One estimate with its limits, and the text that stands for them. Missing limits are None."""

    estimate: float | None
    low: float | None
    high: float | None
    text: str


@dataclass(frozen=True)
class ForestRow:
    """One interval for each series, or the `reason` why there is none. `heading` rows only have a label.

    events: a second count beside n; events_short: what it is called where there is little room.
    """

    label: str
    intervals: tuple[Interval, ...] = ()
    n: str = ""
    reason: str = ""
    heading: bool = False
    overall: bool = False
    events: str = ""
    events_short: str = "ev."


@dataclass(frozen=True)
class Layout:
    """Where a row's parts stand, in pixels: right ends of `n`, `events` and `text`, both ends of `plot`.

    stacked: texts stand above the interval (on a phone) and not beside it.
    """

    n: float
    text: float
    plot: tuple[float, float]
    stacked: bool
    events: float = 0.0


def row_height(row: ForestRow, layout: Layout, frame: Frame) -> float:
    """Pixels that a row needs."""
    if row.heading:
        return 26
    lines = max(len(row.intervals), 1)
    if not layout.stacked:
        return 11 + _LINE * lines
    head = 24 + (_LINE if _crowded(row, frame) else 0)
    if not row.intervals:
        return head + 5 + _REASON * len(wrap(row.reason, frame.width - 4, SMALL, 3))
    return head + (20 if lines == 1 else 2 * _LINE * lines)


def draw_row(
    sheet: Sheet, row: ForestRow, layout: Layout, scale: Scale, y: float, height: float, *, ruled: bool
) -> None:
    """Draws a row whose top is at y; `ruled` draws a line above it where rows are separated by lines."""
    if ruled and (layout.stacked or row.heading):
        sheet.line([0, sheet.width], [y + 0.5] * 2, colour=RULE, width=0.8)
    if row.heading:
        sheet.text(0, y + 18, shorten(row.label, sheet.width, BOLD), bold=True)
    elif layout.stacked:
        _stacked_row(sheet, row, scale, y)
    else:
        _level_row(sheet, row, layout, scale, y, height)


def null_line(
    sheet: Sheet, null: float | None, row: ForestRow, layout: Layout, scale: Scale, y: float, height: float
) -> None:
    """The line of no effect, beside the intervals only: it must not run through words."""
    if null is None or not row.intervals:
        return
    head = 22 + (_LINE if _crowded(row, sheet.frame) else 0)
    top, bottom = (y + head, y + height - 2) if layout.stacked else (y, y + height)
    sheet.line([scale(null)] * 2, [top, bottom], colour=MUTED, width=1, dashes=(3, 3))


def _level_row(sheet: Sheet, row: ForestRow, layout: Layout, scale: Scale, y: float, height: float) -> None:
    middle = y + height / 2 + 4
    sheet.text(0, middle, shorten(row.label, layout.n - 40, BODY), bold=row.overall)
    sheet.text(layout.n, middle, row.n, align="right", colour=MUTED)
    if row.events:
        sheet.text(layout.events, middle, row.events, align="right", colour=MUTED)
    if not row.intervals:
        room = layout.text - layout.plot[0]
        sheet.text(layout.plot[0], middle, shorten(row.reason, room, SMALL), size=SMALL, colour=MUTED)
    for index, interval in enumerate(row.intervals):
        line = y + 5.5 + _LINE * (index + 0.5)
        _interval(sheet, interval, index, scale, line, overall=row.overall and len(row.intervals) == 1)
        sheet.text(layout.text, line + 4, interval.text, align="right", bold=row.overall)


def _only_text(row: ForestRow) -> str:
    return row.intervals[0].text if len(row.intervals) == 1 else ""


def _crowded(row: ForestRow, frame: Frame) -> bool:
    """Whether, on a phone, a row's name needs a line of its own."""
    if not frame.narrow:
        return False
    size = BOLD if row.overall else BODY
    needed = width(row.label, size) + width(_counts(row), SMALL) + width(_only_text(row), size) + 30
    return needed > frame.width


def _counts(row: ForestRow) -> str:
    return ", ".join(
        filter(
            None, (f"n {row.n}" if row.n else "", f"{row.events_short} {row.events}" if row.events else "")
        )
    )


def _stacked_row(sheet: Sheet, row: ForestRow, scale: Scale, y: float) -> None:
    count, line = _counts(row), y + 18
    size = BOLD if row.overall else BODY
    name = shorten(row.label, sheet.width, size)
    sheet.text(0, line, name, bold=row.overall)
    crowded = _crowded(row, sheet.frame)
    line += _LINE if crowded else 0
    sheet.text(0 if crowded else width(name, size) + 10, line, count, size=SMALL, colour=MUTED)
    sheet.text(sheet.width, line, _only_text(row), align="right", bold=row.overall)
    if not row.intervals:
        for index, words in enumerate(wrap(row.reason, sheet.width - 4, SMALL, 3)):
            sheet.text(0, line + 17 + _REASON * index, words, size=SMALL, colour=MUTED)
    for index, interval in enumerate(row.intervals):
        if len(row.intervals) == 1:
            _interval(sheet, interval, index, scale, line + 13, overall=row.overall)
        else:
            top = line + 4 + 2 * _LINE * index
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
