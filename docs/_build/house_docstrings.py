"""Lets the API pages read this project's docstrings.

They have NumPy's underlined headings, and under them items written ``name: what it is``. The parser knows
that item form under Google's headings, so the headings are rewritten before it parses.
"""

from __future__ import annotations

import re
from typing import Any

import griffe

ITEMIZED = {
    "Parameters": "Args",
    "Attributes": "Attributes",
    "Raises": "Raises",
    "Warns": "Warns",
}
HEADING = re.compile(r"^([A-Z][\w ]*)\n-{3,}\n", re.MULTILINE)
DIRECTIVE = re.compile(r"\s*# doctest: .*")
ITEM = re.compile(r"\*{0,2}\w+(, \*{0,2}\w+)*:\s")


def _itemized(heading: str, body: str) -> str:
    """Google's section: items by four, what continues an item by eight."""
    lines = [
        (f"    {line}" if ITEM.match(line) or line.startswith(" ") else f"        {line}").rstrip()
        for line in body.splitlines()
    ]
    return "\n".join([f"{ITEMIZED[heading]}:", *lines])


def _section(heading: str, body: str) -> str:
    if heading in ITEMIZED:
        return _itemized(heading, body)
    if body.lstrip().startswith(">>>"):
        body = f"```pycon\n{DIRECTIVE.sub('', body)}\n```"
    return f"**{heading}**\n\n{body}"


def rewritten(text: str) -> str:
    """The docstring with Google's headings in place of underlined ones."""
    summary, *rest = HEADING.split(text)
    sections = [_section(*pair) for pair in zip(rest[::2], map(str.rstrip, rest[1::2]), strict=True)]
    return "\n\n".join([summary.rstrip(), *sections])


class HouseDocstrings(griffe.Extension):
    """Rewrites each docstring when its object has been read."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        if obj.docstring:
            obj.docstring.value = rewritten(obj.docstring.value)
