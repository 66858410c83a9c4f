"""Text that no spreadsheet executes: a leading ``= + - @``, tab or return starts a formula there."""

from __future__ import annotations

from typing import Any

STARTS = ("=", "+", "-", "@", "\t", "\r")


def harmless(value: Any) -> Any:
    """Text with a leading apostrophe where a spreadsheet would run it; anything else as it is."""
    return f"'{value}" if isinstance(value, str) and value.startswith(STARTS) else value
