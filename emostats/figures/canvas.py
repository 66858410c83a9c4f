"""A sheet in pixels, with the origin at the top left, that becomes one clean SVG.

What is drawn is written down at once, as lines, shapes and text: no plotting library has a say, so that the
same values give the same bytes on every machine, and a figure costs a millisecond.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from emostats.figures.lettering import clean
from emostats.figures.palette import INK, MUTED
from emostats.figures.svg import Element, document, points, short

WIDE = 720.0
NARROW = 360.0
"""Widths in pixels: for a desk and for a phone. Type has the same size on both."""

BODY = 12.0
SMALL = 11.0
BOLD = 1.1 * BODY
"""Font sizes in pixels; `BOLD` is the size to reckon with where body type is bold."""

_ANCHORS = {"center": "middle", "right": "end"}
_CORNERS = {
    "s": ((-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)),
    "D": ((0.0, -0.7071), (0.7071, 0.0), (0.0, 0.7071), (-0.7071, 0.0)),
    "^": ((0.0, -0.5), (0.5, 0.5), (-0.5, 0.5)),
    "v": ((0.0, 0.5), (-0.5, -0.5), (0.5, -0.5)),
    "P": (
        (-0.1667, -0.5), (0.1667, -0.5), (0.1667, -0.1667), (0.5, -0.1667), (0.5, 0.1667), (0.1667, 0.1667),
        (0.1667, 0.5), (-0.1667, 0.5), (-0.1667, 0.1667), (-0.5, 0.1667), (-0.5, -0.1667), (-0.1667, -0.1667),
    ),
}  # fmt: skip
"""Corners of the symbols of size 1; ``"o"`` is a circle."""


@dataclass(frozen=True)
class Frame:
    """What surrounds a figure: its id in the page, the texts for those who do not see it, and its width.

    note: shown in the corner of the figure itself, e.g. ``"Simulated data"``, so that it travels with the
    file.
    """

    id: str
    title: str
    description: str
    note: str = ""
    width: float = WIDE

    @property
    def narrow(self) -> bool:
        """Whether this is the layout for a phone."""
        return self.width < 500


class Sheet:
    """Draws lines, shapes and text in pixels. `svg` ends the drawing."""

    def __init__(self, frame: Frame, height: float) -> None:
        self.frame = frame
        self.width = frame.width
        self.height = height + (18 if frame.note else 0)
        self._drawn: list[Element] = []
        if frame.note:
            at = (self.width - 1, self.height - 5)
            self.text(*at, frame.note, align="right", size=SMALL, colour=MUTED, bold=True)

    def line(
        self,
        xs: Sequence[float],
        ys: Sequence[float],
        *,
        colour: str = INK,
        width: float = 1.0,
        dashes: tuple[float, float] | None = None,
    ) -> None:
        """A polyline; `dashes` are the lengths of dash and gap in pixels."""
        if len(set(xs)) == 1:
            xs = [_crisp(xs[0], width)] * len(xs)
        if len(set(ys)) == 1:
            ys = [_crisp(ys[0], width)] * len(ys)
        look = {"fill": "none", "stroke": colour, **_stroke_width(width)}
        if dashes is not None:
            look["stroke-dasharray"] = f"{short(dashes[0])},{short(dashes[1])}"
        self._path(f"M{points(zip(xs, ys, strict=True))}", look)

    def strokes(
        self,
        lines: Sequence[Sequence[tuple[float, float]]],
        *,
        colour: str,
        width: float,
        opacity: float = 1.0,
    ) -> None:
        """Many polylines in one path: they look alike, and a page stays small."""
        look = {"fill": "none", "stroke": colour, **_stroke_width(width), "opacity": short(opacity)}
        if lines:
            self._path("".join(f"M{points(line)}" for line in lines), look)

    def error_bar(
        self, start: tuple[float, float], stop: tuple[float, float], *, colour: str, caps: tuple[bool, bool]
    ) -> None:
        """A horizontal or vertical bar, with a cap at its start and stop where `caps` says so."""
        across = (0.0, 4.0) if start[1] == stop[1] else (4.0, 0.0)
        strokes = [(start, stop)]
        for end, capped in zip((start, stop), caps, strict=True):
            if capped:
                cap = ((end[0] - across[0], end[1] - across[1]), (end[0] + across[0], end[1] + across[1]))
                strokes.append(cap)
        path = "".join(f"M{points(stroke)}" for stroke in strokes)
        self._path(path, {"fill": "none", "stroke": colour, "stroke-width": "1.8"})

    def polygon(self, points: Sequence[tuple[float, float]], *, fill: str, opacity: float = 1.0) -> None:
        """A filled shape without an outline."""
        look = {"fill": fill} | ({} if opacity == 1.0 else {"opacity": short(opacity)})
        self._closed(points, look)

    def box(
        self, x: float, y: float, width: float, height: float, *, fill: str = "none", edge: str = "none"
    ) -> None:
        """A rectangle with its top left corner at (x, y)."""
        if edge != "none":
            x, y, width, height = _crisp(x, 1), _crisp(y, 1), round(width), round(height)
        corners = [(x, y), (x + width, y), (x + width, y + height), (x, y + height)]
        self._closed(corners, {"fill": fill} | ({} if edge == "none" else {"stroke": edge}))

    def marker(
        self, x: float, y: float, shape: str, *, colour: str, size: float = 8.0, hollow: str = ""
    ) -> None:
        """A symbol of `size` pixels; `hollow` names the colour inside."""
        look = {"fill": hollow or colour, "stroke": colour, "stroke-width": "1.4"}
        if shape == "o":
            place = {"cx": short(x), "cy": short(y), "r": short(size / 2)}
            self._drawn.append(Element("circle", look, place))
            return
        self._closed([(x + size * dx, y + size * dy) for dx, dy in _CORNERS[shape]], look)

    def text(
        self,
        x: float,
        y: float,
        text: str,
        *,
        align: str = "left",
        size: float = BODY,
        colour: str = INK,
        bold: bool = False,
    ) -> None:
        """One line of text with its baseline at y."""
        look = {"fill": colour, "font-size": f"{short(size)}px"}
        if bold:
            look["font-weight"] = "700"
        if align in _ANCHORS:
            look["text-anchor"] = _ANCHORS[align]
        self._drawn.append(Element("text", look, {"x": short(x), "y": short(y)}, clean(text)))

    def svg(self) -> str:
        """The finished drawing as one SVG element with title, description and role."""
        frame, size = self.frame, (self.width, self.height)
        return document(self._drawn, size, id=frame.id, title=frame.title, description=frame.description)

    def _closed(self, corners: Sequence[tuple[float, float]], look: dict[str, str]) -> None:
        self._path(f"M{points(corners)}z", look)

    def _path(self, path: str, look: dict[str, str]) -> None:
        self._drawn.append(Element("path", look, {"d": path}))


def _crisp(value: float, width: float) -> float:
    """`value` moved to where a straight stroke of `width` covers whole pixels of a plain screen."""
    return round(value - 0.5) + 0.5 if round(width) % 2 else float(round(value))


def _stroke_width(width: float) -> dict[str, str]:
    return {} if width == 1.0 else {"stroke-width": short(width)}
