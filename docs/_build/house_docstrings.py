"""Lets the API pages read this project's docstrings.

They have NumPy's underlined headings, and under them items written ``name: what it is``. The parser knows
that item form under Google's headings, so the headings are rewritten before it parses.
"""

from __future__ import annotations

import re
from typing import Any

import griffe

HEADINGS = {
    "Parameters": "Args",
    "Attributes": "Attributes",
    "Returns": "Returns",
    "Yields": "Yields",
    "Raises": "Raises",
    "Warns": "Warns",
    "Examples": "Examples",
}
SECTION = re.compile(
    r"^(?P<name>[A-Z]\w+(?: \w+)*)\n-{3,}\n(?P<body>(?:.*\n?)*?)(?=^[A-Z][\w ]*\n-{3,}\n|\Z)", re.MULTILINE
)


def _section(match: re.Match[str]) -> str:
    name, body = match["name"], match["body"].rstrip()
    if name not in HEADINGS:
        return f"**{name}**\n\n{body}\n\n"
    lines = [f"    {line}".rstrip() for line in body.splitlines()]
    return "\n".join([f"{HEADINGS[name]}:", *lines]) + "\n\n"


def rewritten(text: str) -> str:
    """The docstring with Google's headings in place of underlined ones."""
    return SECTION.sub(_section, text)


class HouseDocstrings(griffe.Extension):
    """Rewrites each docstring when its object has been read."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        if obj.docstring:
            obj.docstring.value = rewritten(obj.docstring.value)
