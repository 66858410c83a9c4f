"""Hints at what was meant: the nearest names, when there are any."""

from __future__ import annotations

from collections.abc import Iterable

from emostats.errors import nearest


def count(number: int, one: str, several: str) -> str:
    """``1 cell holds`` or ``3 cells hold``."""
    return f"{number} {one if number == 1 else several}"


def hint(name: str, known: Iterable[str], otherwise: str = "") -> str:
    """``Did you mean 'x' or 'y'?``, or `otherwise` when no known name is near."""
    close = nearest(name, known)
    return "Did you mean " + " or ".join(f"'{item}'" for item in close) + "?" if close else otherwise
