"""The same drawing as a PNG, for readers that take no SVG (Word); matplotlib's Agg draws it.

Reads the SVG that `emostats.figures` writes, and no other: groups, straight paths, circles and lines of text.
"""

from __future__ import annotations

import io
import logging
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any
from xml.etree import ElementTree

from emostats.figures.palette import PAPER

_STROKES = re.compile(r"M([^Mz]*)(z?)")
_NUMBER = re.compile(r"-?[\d.]+")
_FONTS = (
    "Noto Sans", "Liberation Sans", "DejaVu Sans",
    "Noto Sans CJK SC", "Noto Sans SC", "Microsoft YaHei", "PingFang SC", "WenQuanYi Zen Hei",
    "Noto Sans Arabic",
)  # fmt: skip
"""For Latin text first, then what Chinese and Arabic text falls back on, where it is installed."""
_FURTHER = slice(3, None)
_FILES = re.compile(r"(NotoSans(CJK|SC|Arabic)|msyh|PingFang|wqy-zenhei)[^/\\]*$", re.IGNORECASE)
"""Files of the fonts of `_FURTHER`."""


def png(svg: str, scale: float = 2.0) -> bytes:
    """A figure of this room as PNG on white paper; `scale` is pixels of the image per pixel of the figure.

    The same figure gives the same bytes on one machine; letters are those of its fonts.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.transforms import Affine2D

    root = ElementTree.fromstring(svg)
    width, height = float(root.get("width", "1")), float(root.get("height", "1"))
    figure = Figure(figsize=(width / 72, height / 72), dpi=72 * scale, facecolor=PAPER)
    FigureCanvasAgg(figure)
    place = Affine2D().scale(scale, -scale).translate(0, height * scale)
    for order, artist in enumerate(_artists(root)):
        artist.set_zorder(order)
        artist.set_transform(place)
        figure.add_artist(artist)
    stream = io.BytesIO()
    with warnings.catch_warnings():  # a letter that no font here has is drawn as a box
        warnings.filterwarnings("ignore", message=".*missing from.*font")
        warnings.filterwarnings("ignore", message=".*natively support.*")
        with _quietly():
            figure.savefig(stream, format="png", metadata={"Software": None}, dpi=72 * scale)
    return stream.getvalue()


@contextmanager
def _quietly() -> Iterator[None]:
    """Without remarks on fonts that have no bold letters."""
    logger = logging.getLogger("matplotlib.font_manager")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


def _artists(root: ElementTree.Element) -> Iterator[Any]:
    """What is drawn, from back to front; the look of a group is that of its members."""
    for child in root:
        tag = child.tag.rpartition("}")[2]
        members = list(child) if tag == "g" else [child]
        for member in members:
            look = {**(child.attrib if tag == "g" else {}), **member.attrib}
            kind = member.tag.rpartition("}")[2]
            if kind == "text":
                yield _text(member.text or "", look)
            elif kind in ("path", "circle"):
                yield _shape(kind, look)


def _text(text: str, look: dict[str, str]) -> Any:
    from matplotlib.text import Text

    align = {"middle": "center", "end": "right"}.get(look.get("text-anchor", ""), "left")
    return Text(
        float(look["x"]),
        float(look["y"]),
        text,
        ha=align,
        va="baseline",
        color=look["fill"],
        fontsize=float(look["font-size"].removesuffix("px")),
        fontweight="bold" if "font-weight" in look else "normal",
        fontfamily=list(_fonts()),
        parse_math=False,
    )


@cache
def _fonts() -> tuple[str, ...]:
    from matplotlib.font_manager import findSystemFonts, fontManager

    installed = set(fontManager.get_font_names())
    if not installed & set(_FONTS[_FURTHER]):  # matplotlib remembers a list that newer fonts are missing from
        for file in sorted(findSystemFonts()):
            if _FILES.search(file):
                fontManager.addfont(file)
        installed = set(fontManager.get_font_names())
    return tuple(name for name in _FONTS if name in installed) or ("DejaVu Sans",)


def _shape(kind: str, look: dict[str, str]) -> Any:
    from matplotlib.patches import Circle, PathPatch

    edge = look.get("stroke", "none")
    style: dict[str, Any] = {
        "facecolor": look.get("fill", "none"),
        "edgecolor": edge,
        "linewidth": float(look.get("stroke-width", 1)) if edge != "none" else 0,
        "alpha": float(look["opacity"]) if "opacity" in look else None,
        "capstyle": "butt",
    }
    if kind == "circle":
        return Circle((float(look["cx"]), float(look["cy"])), float(look["r"]), **style)
    if "stroke-dasharray" in look:
        style["linestyle"] = (0, [float(n) / style["linewidth"] for n in look["stroke-dasharray"].split(",")])
    return PathPatch(_path(look["d"]), fill=look.get("fill", "none") != "none", **style)


def _path(text: str) -> Any:
    from matplotlib.path import Path

    vertices: list[tuple[float, float]] = []
    codes: list[Any] = []
    for stroke, closed in _STROKES.findall(text):
        numbers = [float(n) for n in _NUMBER.findall(stroke)]
        corners = list(zip(numbers[::2], numbers[1::2], strict=True))
        vertices += corners
        codes += [Path.MOVETO] + [Path.LINETO] * (len(corners) - 1)
        if closed:
            vertices.append(corners[0])
            codes.append(Path.CLOSEPOLY)
    return Path(vertices, codes)
