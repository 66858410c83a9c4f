"""Writes SVG fit for a page: small, themable, named for all readers, no ids that could clash."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html import escape
from itertools import groupby

from emostats.figures.lettering import clean
from emostats.figures.palette import DARK, THEMED

_SVG = "http://www.w3.org/2000/svg"
_FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'Liberation Sans', sans-serif"


_SPECIAL = re.compile("[&<>\"']")


@dataclass(frozen=True)
class Element:
    """One drawn thing. look: how it looks, place: where it is, both as SVG attributes; text: of a text."""

    tag: str
    look: Mapping[str, str]
    place: Mapping[str, str]
    text: str = ""


def document(
    elements: Iterable[Element], size: tuple[float, float], *, id: str, title: str, description: str
) -> str:
    """One ``<svg role="img">`` with `elements` from back to front; `size` is width and height in pixels.

    Colours of `THEMED` get a class beside their attribute, so that a style sheet can change them;
    everything else is plain presentation attributes, which Word, Inkscape and WeasyPrint read too.
    """
    drawing = "".join(_run(look, list(run)) for look, run in groupby(elements, lambda item: item.look))
    return (
        f"<svg{_attributes(_frame(size, id))}>"
        f'<title id="{_quoted(id)}-title">{_escaped(title)}</title>'
        f'<desc id="{_quoted(id)}-desc">{_escaped(description)}</desc>{drawing}</svg>'
    )


def _frame(size: tuple[float, float], id: str) -> dict[str, str]:
    width, height = map(short, size)
    return {
        "xmlns": _SVG,
        "class": "figure",
        "viewBox": f"0 0 {width} {height}",
        "width": width,
        "height": height,
        "role": "img",
        "aria-labelledby": f"{id}-title",
        "aria-describedby": f"{id}-desc",
        "font-family": _FONT,
    }


def _run(look: Mapping[str, str], run: list[Element]) -> str:
    """Neighbours that look alike; several share one group that says so once."""
    if len(run) == 1:
        return _written(run[0], _styled(look))
    return f"<g{_attributes(_styled(look))}>{''.join(_written(item, {}) for item in run)}</g>"


def _styled(look: Mapping[str, str]) -> dict[str, str]:
    classes = [f"{THEMED[v]}-{name}" for name in ("fill", "stroke") if (v := look.get(name)) in THEMED]
    return {**look, **({"class": " ".join(classes)} if classes else {})}


def _written(element: Element, look: Mapping[str, str]) -> str:
    attributes = _attributes({**look, **element.place})
    if element.tag == "text":
        return f"<text{attributes}>{_escaped(element.text)}</text>"
    return f"<{element.tag}{attributes}/>"


def _attributes(values: Mapping[str, str]) -> str:
    return "".join(f' {name}="{_quoted(value)}"' for name, value in values.items())


def _quoted(text: str) -> str:
    return escape(text) if _SPECIAL.search(text) else text


def _escaped(text: str) -> str:
    return escape(clean(text), quote=False)


def points(corners: Iterable[tuple[float, float]]) -> str:
    """Coordinates as a path writes them: ``"1.5,2 3,4"``."""
    return " ".join(f"{short(x)},{short(y)}" for x, y in corners)


def short(value: float) -> str:
    """`value` with at most two decimals: finer than any screen or printer."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
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
