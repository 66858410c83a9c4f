"""Colours of the page by name, and which pairs must stand out from each other."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from emostats.contrast import GRAPHICS, TEXT, contrast

Colours = Mapping[str, str]

SERIES = tuple(f"s{number}" for number in range(1, 7))
"""Names of the colours of marks in drawings."""

LIGHT: Colours = MappingProxyType(
    {
        "paper": "#ffffff", "wash": "#f3f6f8", "ink": "#1d2730", "muted": "#566470", "rule": "#c9d2d9",
        "hair": "#e4e9ed", "accent": "#0b5568", "focus": "#0072b2", "caution-paper": "#fff6e3",
        "caution-ink": "#5c3d00", "caution-rule": "#c98a12", "failed": "#8a2f10",
        "s1": "#0072b2", "s2": "#d55e00", "s3": "#009e73", "s4": "#b85c99", "s5": "#8a7400", "s6": "#7566c9",
    }
)  # fmt: skip
DARK: Colours = MappingProxyType(
    {
        "paper": "#14191e", "wash": "#1b2228", "ink": "#e8edf1", "muted": "#a4b1bc", "rule": "#46525c",
        "hair": "#2a333b", "accent": "#7cc4d6", "focus": "#6cb8ec", "caution-paper": "#2e2410",
        "caution-ink": "#ffe0a1", "caution-rule": "#b98a2c", "failed": "#f0a58a",
        "s1": "#4da6e0", "s2": "#f0883e", "s3": "#34c39a", "s4": "#dd8cc2", "s5": "#c2a935", "s6": "#a79bf0",
    }
)  # fmt: skip
"""The colours of ``templates/style.css``."""

_PAIRS = (
    ("ink", "paper", TEXT), ("ink", "wash", TEXT), ("muted", "paper", TEXT), ("muted", "wash", TEXT),
    ("accent", "paper", TEXT), ("accent", "wash", TEXT), ("failed", "paper", TEXT),
    ("caution-ink", "caution-paper", TEXT), ("focus", "paper", GRAPHICS),
    *((name, "paper", GRAPHICS) for name in SERIES),
)  # fmt: skip
_DRAWN = ("ink", "muted", "rule", "paper", *SERIES)
_HEX = re.compile(r"#[0-9a-fA-F]{6}")


def is_colour(text: object) -> bool:
    """Whether `text` is a colour as ``#rrggbb``."""
    return isinstance(text, str) and _HEX.fullmatch(text) is not None


def too_faint(colours: Colours) -> Iterator[str]:
    """One sentence for each pair of colours that does not stand out enough."""
    for front, back, least in _PAIRS:
        found = contrast(colours[front], colours[back])
        if found < least:
            yield (
                f"{_called(front)} {colours[front]} on {_called(back)} {colours[back]} has a contrast of "
                f"{_cut(found)}:1; at least {least:g}:1 is needed"
            )


def _called(name: str) -> str:
    return f"series colour {name[1:]}" if name in SERIES else name


def _cut(ratio: float) -> str:
    """Two decimals, cut and not rounded: 4.499 must not read as 4.50."""
    return f"{int(ratio * 100) / 100:.2f}"


def css(chosen: Colours) -> str:
    """The chosen colours as declarations; drawings follow the page."""
    names = {name: f"--{name}" for name in chosen if name not in SERIES}
    said = [f"{variable}:{chosen[name]}" for name, variable in names.items()]
    said += [f"--fg-{name}:{chosen[name]}" for name in _DRAWN if name in chosen]
    return ";".join(said)
