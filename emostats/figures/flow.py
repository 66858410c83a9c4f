"""Participant flow: boxes from top to bottom, losses and exclusions branching off to the side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from emostats.figures.canvas import BOLD, SMALL, Frame, Sheet
from emostats.figures.lettering import wrap
from emostats.figures.palette import MUTED, PAPER, WASH

_PAD = 11.0
_LINE = 17.0
_DROP = 26.0


@dataclass(frozen=True)
class FlowBox:
    """A stage with its texts; `side` boxes leave the main line. Details are one line each."""

    title: str
    count: str
    details: tuple[str, ...] = ()
    side: bool = False


@dataclass(frozen=True)
class _Placed:
    box: FlowBox
    x: float
    y: float
    width: float
    height: float
    lines: tuple[str, ...]


def flow_diagram(boxes: Sequence[FlowBox], frame: Frame) -> str:
    """The diagram as SVG."""
    placed, height = _place(boxes, frame)
    sheet = Sheet(frame, height)
    main = [item for item in placed if not item.box.side]
    spine = 30.0 if frame.narrow else 40 + 270 / 2
    for above, below in pairwise(main):
        _down(sheet, spine, above.y + above.height, below.y)
    for item in placed:
        if item.box.side:
            _branch(sheet, item, spine)
        _box(sheet, item)
    return sheet.svg()


def _place(boxes: Sequence[FlowBox], frame: Frame) -> tuple[list[_Placed], float]:
    main_width = 210.0 if frame.narrow else 270.0
    main_x = 0.0 if frame.narrow else 40.0
    side_x = 64.0 if frame.narrow else main_x + main_width / 2 + 46
    placed: list[_Placed] = []
    y = 2.0
    for box in boxes:
        x, room = (side_x, min(frame.width - side_x - 1, 330.0)) if box.side else (main_x + 1, main_width)
        lines = tuple(line for detail in box.details for line in wrap(detail, room - 2 * _PAD, SMALL, 3))
        title_lines = wrap(box.title, room - 2 * _PAD, BOLD, 2)
        height = 2 * _PAD + _LINE * (len(title_lines) + 1) - 4 + 15 * len(lines)
        placed.append(
            _Placed(FlowBox("\n".join(title_lines), box.count, side=box.side), x, y, room, height, lines)
        )
        y += height + _DROP
    return placed, max(y - _DROP + 4, 10)


def _box(sheet: Sheet, item: _Placed) -> None:
    fill = WASH if item.box.side else PAPER
    sheet.box(item.x, item.y, item.width, item.height, fill=fill, edge=MUTED)
    y = item.y + _PAD + 10
    for line in item.box.title.split("\n"):
        sheet.text(item.x + _PAD, y, line, bold=True)
        y += _LINE
    sheet.text(item.x + _PAD, y, item.box.count)
    y += _LINE
    for line in item.lines:
        sheet.text(item.x + _PAD, y, line, size=SMALL, colour=MUTED)
        y += 15


def _down(sheet: Sheet, x: float, start: float, stop: float) -> None:
    sheet.line([x, x], [start, stop - 6], colour=MUTED, width=1.2)
    sheet.polygon([(x, stop - 1), (x - 4.5, stop - 8), (x + 4.5, stop - 8)], fill=MUTED)


def _branch(sheet: Sheet, item: _Placed, x: float) -> None:
    y = item.y + item.height / 2
    sheet.line([x, item.x - 6], [y, y], colour=MUTED, width=1.2)
    sheet.polygon([(item.x - 1, y), (item.x - 8, y - 4.5), (item.x - 8, y + 4.5)], fill=MUTED)
