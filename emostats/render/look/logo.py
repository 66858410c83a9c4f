"""A logo as part of the page: a PNG, or an SVG that holds nothing but drawing."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path
from xml.etree import ElementTree

from emostats.errors import UsageError

LARGEST = 200_000
"""Bytes; a logo is part of every report."""

_PNG = b"\x89PNG\r\n\x1a\n"
_SVG = "{http://www.w3.org/2000/svg}"
_ELEMENTS = """
    svg g defs title desc path rect circle ellipse line polyline polygon text tspan clipPath linearGradient
    radialGradient stop
"""
_ATTRIBUTES = """
    id class viewBox width height x y x1 y1 x2 y2 cx cy r rx ry fx fy d points transform offset gradientUnits
    gradientTransform clipPathUnits preserveAspectRatio version fill fill-rule fill-opacity stroke
    stroke-width stroke-linecap stroke-linejoin stroke-miterlimit stroke-dasharray stroke-opacity opacity
    stop-color stop-opacity clip-path clip-rule font-family font-size font-weight text-anchor
    dominant-baseline letter-spacing style
"""
_DRAWING, _NAMES = frozenset(_ELEMENTS.split()), frozenset(_ATTRIBUTES.split())
"""What an SVG may hold: elements and attributes that draw, and none that load, link or run."""


def data_uri(path: Path) -> str:
    """The logo as a ``data:`` address, so that the page still loads nothing.

    Raises
    ------
    UsageError: there is no such file, it is too large, neither PNG nor SVG, or an SVG that does more than
        draw.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UsageError(f"the logo '{path}' cannot be read: {error.strerror}.") from None
    if len(content) > LARGEST:
        raise UsageError(
            f"the logo '{path.name}' has {len(content):,} bytes; at most {LARGEST:,} go into a page. Make it "
            "smaller."
        )
    if content.startswith(_PNG):
        return f"data:image/png;base64,{b64encode(content).decode('ascii')}"
    return f"data:image/svg+xml;base64,{b64encode(_checked(content, path.name)).decode('ascii')}"


def _checked(content: bytes, name: str) -> bytes:
    """An SVG written anew from what is known to draw; anything else in it is refused."""
    if b"<!DOCTYPE" in content or b"<!ENTITY" in content:
        raise UsageError(f"the logo '{name}' declares a document type; save it as a plain SVG.")
    try:
        root = ElementTree.fromstring(content)
    except ElementTree.ParseError:
        raise UsageError(f"the logo '{name}' is neither a PNG nor an SVG.") from None
    for element in root.iter():
        tag = str(element.tag)
        if not tag.startswith(_SVG) or tag.removeprefix(_SVG) not in _DRAWING:
            raise UsageError(
                f"the logo '{name}' has an element '{tag.rpartition('}')[2]}', which does more than draw. "
                "Save it as a plain SVG, or as a PNG."
            )
        for attribute, value in element.attrib.items():
            if attribute not in _NAMES or _leads_out(value):
                raise UsageError(
                    f"the logo '{name}' has an attribute '{attribute.rpartition('}')[2]}' that may load or "
                    "run something. Save it as a plain SVG, or as a PNG."
                )
    ElementTree.register_namespace("", _SVG[1:-1])
    return ElementTree.tostring(root)


def _leads_out(value: str) -> bool:
    """Whether a value refers to anything but a part of the same drawing."""
    squeezed = "".join(value.split()).lower().replace("url(#", "")
    return any(word in squeezed for word in ("url(", "javascript:", "data:", "@import", "expression(", "\\"))
