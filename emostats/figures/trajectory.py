"""Small multiples over time: one panel a group or an outcome, means with intervals at each visit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from emostats.figures.canvas import BOLD, SMALL, Frame, Sheet
from emostats.figures.lettering import shorten, width
from emostats.figures.palette import INK, MUTED, RULE, series
from emostats.figures.scale import Scale, TickText, finite, linear

_GUTTER = 22.0


@dataclass(frozen=True)
class Point:
    """One mean at one visit: `x` in the visits' units (weeks, or 0, 1, 2 …), limits None if unknown."""

    x: float
    estimate: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Panel:
    """One panel; `reference` is drawn faintly behind it. `reason` says why there are no points."""

    label: str
    points: tuple[Point, ...]
    reference: tuple[Point, ...] = ()
    reason: str = ""
    overall: bool = False


@dataclass(frozen=True)
class _Cell:
    x: float
    y: float
    width: float
    height: float


def trajectory_plot(
    panels: Sequence[Panel],
    visits: Sequence[tuple[float, str]],
    frame: Frame,
    tick: TickText,
    *,
    shared: bool = True,
    null: float | None = None,
    joined: bool = True,
) -> str:
    """Panels as SVG.

    visits: position and label of each tick on the time axis. shared: one value scale for all panels
    (groups), or one each (outcomes of different units). null: value of no change, drawn as a line.
    joined: connect the points.
    """
    columns = _columns(len(panels), visits, frame)
    rows = -(-len(panels) // columns)
    room = (frame.width - _GUTTER * (columns - 1)) / columns
    height = 178.0 if frame.narrow else 208.0
    sheet = Sheet(frame, rows * height)
    common = _values(panels, null)
    for index, panel in enumerate(panels):
        cell = _Cell((index % columns) * (room + _GUTTER), (index // columns) * height, room, height)
        values = common if shared else _values([panel], null)
        _panel(sheet, panel, cell, visits, values, tick, null=null, joined=joined)
    return sheet.svg()


def _columns(count: int, visits: Sequence[tuple[float, str]], frame: Frame) -> int:
    """One column on a phone; on a desk two, or three where the visits' names have room."""
    if frame.narrow or count == 1:
        return 1
    names = sum(width(label, SMALL) + 8 for _, label in visits)
    return 3 if count not in (2, 4) and names < 175 else 2


def _values(panels: Sequence[Panel], null: float | None) -> list[float]:
    points = [point for panel in panels for point in (*panel.points, *panel.reference)]
    return finite([value for p in points for value in (p.estimate, p.low, p.high)] + [null])


def _panel(
    sheet: Sheet,
    panel: Panel,
    cell: _Cell,
    visits: Sequence[tuple[float, str]],
    values: list[float],
    tick: TickText,
    *,
    null: float | None,
    joined: bool,
) -> None:
    sheet.text(cell.x, cell.y + 16, shorten(panel.label, cell.width, BOLD), bold=True)
    if not panel.points:
        sheet.text(cell.x, cell.y + 40, shorten(panel.reason, cell.width, SMALL), size=SMALL, colour=MUTED)
        return
    y = linear(values, cell.y + cell.height - 46, cell.y + 30, n_ticks=4)
    texts = [tick(value, y.places) for value in y.ticks]
    left = cell.x + max((width(text, SMALL) for text in texts), default=20) + 8
    x = linear([position for position, _ in visits], left, cell.x + cell.width - 4, pad=0.06)
    for value in y.ticks:
        sheet.line([left, cell.x + cell.width], [y(value)] * 2, colour=RULE, width=0.8)
    for value, text in zip(y.ticks, texts, strict=True):
        sheet.text(left - 6, y(value) + 4, text, align="right", size=SMALL, colour=MUTED)
    if null is not None:
        sheet.line([left, cell.x + cell.width], [y(null)] * 2, colour=MUTED, dashes=(3, 3))
    _visits(sheet, visits, x, y.start + 20)
    _reference(sheet, panel, x, y)
    _points(sheet, panel, x, y, joined=joined)


def _visits(sheet: Sheet, visits: Sequence[tuple[float, str]], x: Scale, baseline: float) -> None:
    """Names of the visits; one that would run into its neighbour is left out, the first never."""
    taken = float("-inf")
    for position, label in visits:
        shown = shorten(label, (x.stop - x.start) / 2, SMALL)
        half = width(shown, SMALL) / 2
        centre = max(min(x(position), x.stop + 4 - half), x.start - 26 + half)
        if centre - half > taken + 3:
            sheet.text(centre, baseline, shown, align="center", size=SMALL, colour=MUTED)
            taken = centre + half


def _reference(sheet: Sheet, panel: Panel, x: Scale, y: Scale) -> None:
    known = [(x(point.x), y(point.estimate)) for point in panel.reference if point.estimate is not None]
    if len(known) > 1:
        sheet.line(*zip(*known, strict=True), colour=MUTED, width=1.2, dashes=(5, 3))


def _points(sheet: Sheet, panel: Panel, x: Scale, y: Scale, *, joined: bool) -> None:
    colour, shape = (INK, "D") if panel.overall else series(0)
    known = [point for point in panel.points if point.estimate is not None]
    if joined and len(known) > 1:
        sheet.line([x(p.x) for p in known], [y(p.estimate or 0.0) for p in known], colour=colour, width=2)
    for point in known:
        if point.low is not None and point.high is not None:
            low, high = (x(point.x), y(point.low)), (x(point.x), y(point.high))
            sheet.error_bar(low, high, colour=colour, caps=(True, True))
        sheet.marker(x(point.x), y(point.estimate or 0.0), shape, colour=colour)
