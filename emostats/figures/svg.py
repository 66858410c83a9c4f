"""Makes matplotlib's SVG fit for a page: small, themable, named for all readers, no ids that could clash."""

from __future__ import annotations

import re
from itertools import groupby
from xml.etree import ElementTree

from emostats.figures.lettering import clean
from emostats.figures.palette import DARK, THEMED

_SVG = "http://www.w3.org/2000/svg"
_TAG = f"{{{_SVG}}}"
_NUMBER = re.compile(r"-?\d+\.\d+")
_UPRIGHT = re.compile(r"^rotate\(-?0(\.0+)? ")
_FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'Liberation Sans', sans-serif"
_KEPT = (
    "fill",
    "stroke",
    "stroke-width",
    "stroke-dasharray",
    "opacity",
    "font-size",
    "font-weight",
    "text-anchor",
)


def tidy(source: str, *, id: str, title: str, description: str) -> str:
    """One ``<svg role="img">`` with the drawing of `source`.

    Colours of `THEMED` get a class beside their attribute, so that a style sheet can change them;
    everything else is plain presentation attributes, which Word, Inkscape and WeasyPrint read too.
    Coordinates keep two decimals.
    """
    drawing = ElementTree.fromstring(source)
    root = ElementTree.Element(f"{_TAG}svg", _frame(drawing, id))
    ElementTree.SubElement(root, f"{_TAG}title", {"id": f"{id}-title"}).text = clean(title)
    ElementTree.SubElement(root, f"{_TAG}desc", {"id": f"{id}-desc"}).text = clean(description)
    elements = [_plain(item) for item in drawing.iter() if item.tag in (f"{_TAG}path", f"{_TAG}text")]
    for _, run in groupby(elements, _look):
        _grouped(root, list(run))
    ElementTree.register_namespace("", _SVG)
    return ElementTree.tostring(root, encoding="unicode")


def _frame(drawing: ElementTree.Element, id: str) -> dict[str, str]:
    width, height = drawing.get("viewBox", "0 0 1 1").split()[2:]
    return {
        "class": "figure",
        "viewBox": f"0 0 {width} {height}",
        "width": width,
        "height": height,
        "role": "img",
        "aria-labelledby": f"{id}-title",
        "aria-describedby": f"{id}-desc",
        "font-family": _FONT,
    }


def _plain(element: ElementTree.Element) -> ElementTree.Element:
    """`element` with its style as attributes, themed colours as classes, and short numbers."""
    style = dict(part.split(": ", 1) for part in element.get("style", "").split("; ") if ": " in part)
    attributes = {name: style[name] for name in _KEPT if name in style}
    classes = [f"{THEMED[v]}-{name}" for name in ("fill", "stroke") if (v := style.get(name)) in THEMED]
    if classes:
        attributes["class"] = " ".join(classes)
    for name in ("d", "x", "y", "transform"):
        value = " ".join(element.get(name, "").split())
        if value and not (name == "transform" and _UPRIGHT.match(value)):
            attributes[name] = _NUMBER.sub(_short, value)
    plain = ElementTree.Element(element.tag, attributes)
    plain.text = element.text if element.tag == f"{_TAG}text" else None
    return plain


def _look(element: ElementTree.Element) -> tuple[tuple[str, str], ...]:
    """The attributes that say how an element looks, not where it is."""
    return tuple((name, element.attrib[name]) for name in (*_KEPT, "class") if name in element.attrib)


def _grouped(root: ElementTree.Element, run: list[ElementTree.Element]) -> None:
    """Adds neighbours that look alike; several share one group that says so once."""
    if len(run) == 1:
        root.append(run[0])
        return
    look = dict(_look(run[0]))
    group = ElementTree.SubElement(root, f"{_TAG}g", look)
    for element in run:
        for name in look:
            del element.attrib[name]
        group.append(element)


def _short(match: re.Match[str]) -> str:
    text = f"{float(match[0]):.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def standalone(svg: str) -> str:
    """`svg` as the content of a file, with a declaration and colours that follow the viewer's theme."""
    rules = "".join(
        f".{name}-fill{{fill:{DARK[colour]}}}.{name}-stroke{{stroke:{DARK[colour]}}}"
        for colour, name in THEMED.items()
    )
    style = f"<style>@media (prefers-color-scheme: dark){{{rules}}}</style>"
    head, rest = svg.split(">", 1)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{head}>{style}{rest}\n'
