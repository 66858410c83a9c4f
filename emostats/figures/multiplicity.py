"""Graph of a multiple test procedure: hypotheses with their shares of alpha, and where the shares go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, cos, hypot, pi, sin

from emostats.figures.canvas import BODY, SMALL, Frame, Sheet
from emostats.figures.lettering import shorten, width
from emostats.figures.palette import INK, MUTED, PAPER, WASH

_RADIUS = 36.0
_GAP = 34.0
_HEAD = 8.0


@dataclass(frozen=True)
class GraphNode:
    """A hypothesis: its short name, the text of its share, and whether it was rejected."""

    name: str
    share: str
    rejected: bool = False


@dataclass(frozen=True)
class GraphEdge:
    """Where a share goes when the source is rejected; both are positions among the nodes."""

    source: int
    target: int
    text: str


_Point = tuple[float, float]


def graph_figure(nodes: Sequence[GraphNode], edges: Sequence[GraphEdge], frame: Frame) -> str:
    """The graph as SVG: a row for up to three hypotheses or a chain, two rows for four, else a ring.

    Raises
    ------
    ValueError: an edge leads from or to a node that is not there.
    """
    for edge in edges:
        if not (0 <= edge.source < len(nodes) and 0 <= edge.target < len(nodes)):
            raise ValueError(f"edge {edge.source} → {edge.target} needs {len(nodes)} nodes or more")
    places, height = _places(len(nodes), _is_chain(edges), frame)
    sheet = Sheet(frame, height)
    curves = [_curve(edge, places) for edge in edges]
    for curve in curves:
        _arrow(sheet, curve)
    for edge, curve in zip(edges, curves, strict=True):
        _edge_text(sheet, edge.text, curve)
    for node, place in zip(nodes, places, strict=True):
        _node(sheet, node, place)
    return sheet.svg()


def _is_chain(edges: Sequence[GraphEdge]) -> bool:
    return all(edge.target == edge.source + 1 for edge in edges)


def _places(n: int, chain: bool, frame: Frame) -> tuple[list[_Point], float]:
    """Centres of the nodes, and the height of the figure."""
    side = _RADIUS + 14
    per_row = max(1, int((frame.width - 2 * side) // (2 * _RADIUS + 28)) + 1)
    if n <= 3 or chain:
        columns = min(max(n, 1), per_row)
        return _rows(n, columns, frame.width, 2 * _RADIUS + 62)
    if n == 4:
        return _rows(4, 2, min(frame.width, 460.0), 2 * _RADIUS + 110)
    radius = max(min(frame.width / 2 - side - 6, 62.0 * n / pi), 1.5 * _RADIUS)
    centre = frame.width / 2, radius + side + 6
    angles = [2 * pi * k / n - pi / 2 for k in range(n)]
    ring = [(centre[0] + radius * cos(a), centre[1] + radius * sin(a)) for a in angles]
    return ring, 2 * (radius + side + 6)


def _rows(n: int, columns: int, room: float, step: float) -> tuple[list[_Point], float]:
    side = _RADIUS + 14
    gap = (room - 2 * side) / max(columns - 1, 1)
    top = _RADIUS + _GAP
    places = [(side + (k % columns) * gap, top + (k // columns) * step) for k in range(n)]
    return places, top + (max(ceil(n / columns), 1) - 1) * step + _RADIUS + _GAP


def _curve(edge: GraphEdge, places: Sequence[_Point]) -> list[_Point]:
    """Points of a bent line from rim to rim; it bends more where another node is in the way."""
    start, stop = places[edge.source], places[edge.target]
    dx, dy = stop[0] - start[0], stop[1] - start[1]
    length = max(hypot(dx, dy), 1.0)
    others = [place for k, place in enumerate(places) if k not in (edge.source, edge.target)]
    blocked = any(_distance(place, start, stop) < _RADIUS + 6 for place in others)
    bend = _RADIUS + 26 if blocked else 13.0
    middle = (
        (start[0] + stop[0]) / 2 + 2 * bend * dy / length,
        (start[1] + stop[1]) / 2 - 2 * bend * dx / length,
    )
    shares = [k / 160 for k in range(161)]
    line = [
        (
            (1 - t) ** 2 * start[0] + 2 * t * (1 - t) * middle[0] + t**2 * stop[0],
            (1 - t) ** 2 * start[1] + 2 * t * (1 - t) * middle[1] + t**2 * stop[1],
        )
        for t in shares
    ]
    rim = _RADIUS + 2
    return [
        (x, y)
        for x, y in line
        if hypot(x - start[0], y - start[1]) >= rim and hypot(x - stop[0], y - stop[1]) >= rim
    ]


def _distance(point: _Point, start: _Point, stop: _Point) -> float:
    """From a point to the segment between two others."""
    dx, dy = stop[0] - start[0], stop[1] - start[1]
    along = ((point[0] - start[0]) * dx + (point[1] - start[1]) * dy) / max(dx * dx + dy * dy, 1e-9)
    along = min(max(along, 0.0), 1.0)
    return hypot(point[0] - start[0] - along * dx, point[1] - start[1] - along * dy)


def _arrow(sheet: Sheet, curve: Sequence[_Point]) -> None:
    if len(curve) < 2:
        return
    sheet.line([x for x, _ in curve], [y for _, y in curve], colour=MUTED, width=1.4)
    (x0, y0), (x1, y1) = curve[-2], curve[-1]
    length = max(hypot(x1 - x0, y1 - y0), 1e-9)
    ux, uy = (x1 - x0) / length, (y1 - y0) / length
    back = x1 - _HEAD * ux, y1 - _HEAD * uy
    wing = _HEAD / 2
    sheet.polygon(
        [
            (x1 + ux, y1 + uy),
            (back[0] - wing * uy, back[1] + wing * ux),
            (back[0] + wing * uy, back[1] - wing * ux),
        ],
        fill=MUTED,
    )


def _edge_text(sheet: Sheet, text: str, curve: Sequence[_Point]) -> None:
    """The share on a patch of paper, nearer to the source so that crossing edges keep their texts apart."""
    if not curve or not text:
        return
    x, y = curve[int(0.34 * len(curve))]
    room = width(text, SMALL) + 6
    sheet.box(x - room / 2, y - 8, room, 16, fill=PAPER)
    sheet.text(x, y + 4, text, align="center", size=SMALL, colour=INK)


def _node(sheet: Sheet, node: GraphNode, place: _Point) -> None:
    x, y = place
    sheet.marker(x, y, "o", colour=INK, size=2 * _RADIUS, hollow=WASH if node.rejected else PAPER)
    room = 2 * _RADIUS - 12
    lines = [shorten(node.name, room, BODY), *([shorten(node.share, room, SMALL)] if node.share else [])]
    lines += ["rejected"] if node.rejected else []
    top = y + 4 - 7.5 * (len(lines) - 1)
    for k, line in enumerate(lines):
        sheet.text(x, top + 15 * k, line, align="center", size=BODY if k == 0 else SMALL, bold=k == 0)
