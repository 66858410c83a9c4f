"""A sheet of matplotlib in pixels, with the origin at the top left, that becomes one clean SVG."""

from __future__ import annotations

import io
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from emostats.figures.lettering import clean
from emostats.figures.palette import INK, MUTED
from emostats.figures.svg import tidy

WIDE = 720.0
NARROW = 360.0
"""Widths in pixels: for a desk and for a phone. Type has the same size on both."""

BODY = 12.0
SMALL = 11.0
BOLD = 1.1 * BODY
"""Font sizes in pixels; `BOLD` is the size to reckon with where body type is bold."""

_SETTINGS: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "emostats",
    "svg.id": None,
    "text.parse_math": False,
    "text.usetex": False,
    "font.family": ["DejaVu Sans"],
    "path.simplify": False,
}


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
        from matplotlib.backends.backend_svg import FigureCanvasSVG
        from matplotlib.figure import Figure
        from matplotlib.transforms import Affine2D

        self.frame = frame
        self.width = frame.width
        self.height = height + (18 if frame.note else 0)
        self._figure = Figure(figsize=(self.width / 72, self.height / 72), dpi=72)
        self._figure.patch.set_visible(False)
        FigureCanvasSVG(self._figure)
        self._drawn = 0
        self._to_pixels = Affine2D().scale(1, -1).translate(0, self.height)
        if frame.note:
            self.text(
                self.width - 1,
                self.height - 5,
                frame.note,
                align="right",
                size=SMALL,
                colour=MUTED,
                bold=True,
            )

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
        from matplotlib.lines import Line2D

        style: Any = "-" if dashes is None else (0, (dashes[0] / width, dashes[1] / width))
        line = Line2D(xs, ys, color=colour, linewidth=width, linestyle=style, solid_capstyle="butt")
        self._add(line)

    def error_bar(
        self, start: tuple[float, float], stop: tuple[float, float], *, colour: str, caps: tuple[bool, bool]
    ) -> None:
        """A horizontal or vertical bar, with a cap at its start and stop where `caps` says so."""
        from matplotlib.patches import PathPatch
        from matplotlib.path import Path

        across = (0.0, 4.0) if start[1] == stop[1] else (4.0, 0.0)
        points = [start, stop]
        for end, capped in zip((start, stop), caps, strict=True):
            if capped:
                points += [(end[0] - across[0], end[1] - across[1]), (end[0] + across[0], end[1] + across[1])]
        codes = [Path.MOVETO, Path.LINETO] * (len(points) // 2)
        self._add(PathPatch(Path(points, codes), fill=False, edgecolor=colour, linewidth=1.8))

    def polygon(self, points: Sequence[tuple[float, float]], *, fill: str, opacity: float = 1.0) -> None:
        """A filled shape without an outline."""
        from matplotlib.patches import Polygon

        self._add(Polygon(points, closed=True, facecolor=fill, edgecolor="none", alpha=opacity))

    def box(
        self, x: float, y: float, width: float, height: float, *, fill: str = "none", edge: str = "none"
    ) -> None:
        """A rectangle with its top left corner at (x, y)."""
        from matplotlib.patches import Rectangle

        self._add(Rectangle((x, y), width, height, facecolor=fill, edgecolor=edge, linewidth=1))

    def marker(
        self, x: float, y: float, shape: str, *, colour: str, size: float = 8.0, hollow: str = ""
    ) -> None:
        """A symbol of `size` pixels; `hollow` names the colour inside."""
        from matplotlib.markers import MarkerStyle
        from matplotlib.patches import PathPatch

        style = MarkerStyle(shape)
        path = _circle() if shape == "o" else style.get_path().transformed(style.get_transform())
        placed = path.transformed(self._affine().scale(size, size).translate(x, y))
        self._add(PathPatch(placed, facecolor=hollow or colour, edgecolor=colour, linewidth=1.4))

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
        from matplotlib.text import Text

        weight = "bold" if bold else "normal"
        artist = Text(
            x, y, clean(text), ha=align, va="baseline", fontsize=size, color=colour, fontweight=weight
        )
        self._add(artist)

    def svg(self) -> str:
        """The finished drawing as one SVG element with title, description and role."""
        import matplotlib

        stream = io.StringIO()
        with matplotlib.rc_context(_SETTINGS), warnings.catch_warnings():
            # The glyphs are the reader's font's affair: only text is written here.
            warnings.filterwarnings("ignore", message=".*missing from.*font")
            warnings.filterwarnings("ignore", message=".*natively support.*")
            nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
            self._figure.savefig(stream, format="svg", metadata=nothing)
        frame = self.frame
        return tidy(stream.getvalue(), id=frame.id, title=frame.title, description=frame.description)

    def _affine(self) -> Any:
        from matplotlib.transforms import Affine2D

        return Affine2D()

    def _add(self, artist: Any) -> None:
        """Places `artist` above everything drawn before it."""
        self._drawn += 1
        artist.set_zorder(self._drawn)
        artist.set_transform(self._to_pixels)
        self._figure.add_artist(artist)


def _circle() -> Any:
    """A circle of diameter 1 from four curves: half the length of matplotlib's in a file."""
    from matplotlib.path import Path

    r, k = 0.5, 0.5 * 0.5522847498
    points = [(0, r), (k, r), (r, k), (r, 0), (r, -k), (k, -r), (0, -r), (-k, -r), (-r, -k), (-r, 0), (-r, k),
              (-k, r), (0, r), (0, r)]  # fmt: skip
    return Path(points, [Path.MOVETO, *[Path.CURVE4] * 12, Path.CLOSEPOLY])
