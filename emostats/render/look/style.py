"""Reads ``style.toml``: colours for light and dark pages, and a logo."""

from __future__ import annotations

import re
import tomllib
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from emostats.errors import UsageError, did_you_mean
from emostats.render.look.colours import DARK, LIGHT, SERIES, Colours, css, is_colour, too_faint
from emostats.render.look.logo import data_uri

STYLE_FILE = "style.toml"
_TABLES = ("light", "dark", "logo")
_LOGO = ("file", "alt", "height")


@dataclass(frozen=True)
class Look:
    """css: declarations that follow the style sheet. logo: address, alternative text, height in pixels.

    colours: those chosen for paper, by name.
    """

    css: str = ""
    logo: str = ""
    logo_alt: str = ""
    logo_height: int = 48
    colours: Colours = field(default_factory=dict)

    def on_paper(self, svg: str) -> str:
        """A drawing in the chosen colours, for readers that have no style sheet."""
        chosen = {LIGHT[name]: colour for name, colour in self.colours.items() if name in SERIES}
        if not chosen:
            return svg
        return re.sub("|".join(map(re.escape, chosen)), lambda found: chosen[found[0]], svg)

    @property
    def logo_png(self) -> bytes:
        """The logo as PNG; empty without one, and of an SVG."""
        kind, _, content = self.logo.partition(";base64,")
        return b64decode(content) if kind == "data:image/png" else b""


def read_look(file: Path) -> Look:
    """The look that a style file describes.

    Raises
    ------
    UsageError: the file is no TOML, has unknown names or values, a pair of colours is too faint to read, or
        the logo cannot be used. The message names all faint pairs.
    """
    content = _read(file)
    _known(content, _TABLES, file, "table")
    if not all(isinstance(table, dict) for table in content.values()):
        raise UsageError(f"'{file}': expected tables like [light]; found a value at the top.")
    light, dark = (_colours(content, name, file) for name in ("light", "dark"))
    faint = [
        f"[{name}] {said}"
        for name, chosen, standard in (("light", light, LIGHT), ("dark", dark, DARK))
        for said in too_faint({**standard, **chosen})
    ]
    if faint:
        raise UsageError(f"colours of '{file}' cannot be read well by everyone: {'; '.join(faint)}.")
    return _with_logo(Look(_css(light, dark), colours=_for_paper(light)), content.get("logo", {}), file)


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"the style file '{file}' cannot be read: {error}.") from None


def _known(table: Mapping[str, Any], names: tuple[str, ...], file: Path, what: str) -> None:
    for name in table:
        if name not in names:
            raise UsageError(f"'{file}' has an unknown {what} '{name}'. {did_you_mean(name, names)}")


def _colours(content: Mapping[str, Any], name: str, file: Path) -> Colours:
    table = content.get(name, {})
    names = (*(key for key in LIGHT if key not in SERIES), "series")
    _known(table, names, file, f"colour in [{name}]")
    chosen = {key: value for key, value in table.items() if key != "series"}
    series = table.get("series", [])
    if not isinstance(series, list) or len(series) > len(SERIES):
        raise UsageError(f"'{file}', [{name}] series: expected a list of at most {len(SERIES)} colours.")
    chosen |= dict(zip(SERIES, series, strict=False))
    for key, value in chosen.items():
        if not is_colour(value):
            raise UsageError(f"'{file}', [{name}] {key}: expected a colour like '#0b5568'; found {value!r}.")
    return {key: value.lower() for key, value in chosen.items()}


def _css(light: Colours, dark: Colours) -> str:
    """Screens follow the theme; paper stays black on white and takes the accents of the light one."""
    rules = (
        ("@media screen", light),
        ("@media screen and (prefers-color-scheme: dark)", dark),
        ("@media print", _for_paper(light)),
    )
    return "\n".join(f"{media}{{:root{{{css(chosen)}}}}}" for media, chosen in rules if chosen)


def _for_paper(light: Colours) -> Colours:
    return {key: value for key, value in light.items() if key == "accent" or key in SERIES}


def look_of(templates: Path | None) -> Look:
    """The look of a folder of templates: that of its style file, the usual one if it has none.

    Raises
    ------
    UsageError: as `read_look`.
    """
    file = templates / STYLE_FILE if templates is not None else None
    return read_look(file) if file is not None and file.is_file() else Look()


def _with_logo(look: Look, logo: Mapping[str, Any], file: Path) -> Look:
    _known(logo, _LOGO, file, "key in [logo]")
    if "file" not in logo:
        return look
    if not isinstance(logo["file"], str) or not isinstance(logo.get("alt"), str) or not logo["alt"].strip():
        raise UsageError(f"'{file}', [logo]: expected a file, and alt with what the logo says, in words.")
    height = logo.get("height", 48)
    if not isinstance(height, int) or not 8 <= height <= 200:
        raise UsageError(f"'{file}', [logo] height: expected whole pixels from 8 to 200; found {height!r}.")
    path = (file.parent / logo["file"]).resolve()
    if not path.is_relative_to(file.parent.resolve()):
        raise UsageError(f"'{file}', [logo] file: expected a file in the folder of the style file.")
    return replace(look, logo=data_uri(path), logo_alt=logo["alt"], logo_height=height)
