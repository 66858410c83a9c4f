"""Key paths of a TOML file as people write them, ``analyses['primary'].df_method``, and their lines."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

Loc = tuple[str | int, ...]

_HEADER = re.compile(r"^\s*(\[\[?)\s*([^\]#]+?)\s*\]\]?\s*(?:#.*)?$")
_ASSIGN = re.compile(r"""^\s*("[^"]*"|'[^']*'|[A-Za-z0-9_\-.]+)\s*=""")
_NAMES = ("name", "id")


def entry_name(entry: object) -> str:
    """The name by which people know an entry of a list of tables, or ''."""
    if isinstance(entry, Mapping):
        for key in _NAMES:
            if isinstance(entry.get(key), str):
                return str(entry[key])
    return ""


def key_path(loc: Loc, document: object) -> str:
    """``("analyses", 0, "df_method")`` as ``analyses['primary'].df_method``; others count from 1."""
    path, here = "", document
    for part in loc:
        if isinstance(part, int):
            here = here[part] if isinstance(here, Sequence) and part < len(here) else None
            name = entry_name(here)
            path += f"['{name}']" if name else f"[{part + 1}]"
        else:
            here = here.get(part) if isinstance(here, Mapping) else None
            path += f".{part}" if path else part
    return path


def line_of(loc: Loc, text: str) -> int | None:
    """The line (from 1) of the key, or else of the closest table that holds it; None when not found."""
    keys = _written_keys(text)
    for length in range(len(loc), 0, -1):
        if loc[:length] in keys:
            return keys[loc[:length]]
    return None


def _written_keys(text: str) -> dict[Loc, int]:
    found: dict[Loc, int] = {}
    counts: dict[str, int] = {}
    table: Loc = ()
    for number, line in enumerate(text.splitlines(), start=1):
        header, assign = _HEADER.match(line), _ASSIGN.match(line)
        if header:
            table = _table(header, counts)
            found.setdefault(table, number)
        elif assign:
            found.setdefault(table + _parts(assign.group(1)), number)
    return found


def _table(header: re.Match[str], counts: dict[str, int]) -> Loc:
    name = header.group(2)
    if header.group(1) == "[[":
        counts[name] = counts.get(name, -1) + 1
    loc: Loc = ()
    for depth, part in enumerate(_parts(name), start=1):
        loc += (part,)
        prefix = ".".join(_parts(name)[:depth])
        if prefix in counts:
            loc += (counts[prefix],)
    return loc


def _parts(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip().strip("\"'") for part in dotted.split("."))


def value_at(loc: Loc, document: Any) -> Any:
    """What the document holds at a key path; None where it ends early."""
    for part in loc:
        try:
            document = document[part]
        except (KeyError, IndexError, TypeError):
            return None
    return document
