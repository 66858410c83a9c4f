"""Rows as a table on the terminal."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any


def show_rows(rows: Sequence[dict[str, Any]], title: str) -> None:
    """Prints one row a mapping, columns named by the keys."""
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    for name in rows[0] if rows else ():
        words = name.replace("_", " ").capitalize()
        right = isinstance(rows[0][name], float | int)
        table.add_column(words, justify="right" if right else "left", no_wrap=True)
    for row in rows:
        table.add_row(*(_cell(name, value) for name, value in row.items()))
    wide = None if sys.stdout.isatty() else 160  # a file or a pipe has no width of its own
    Console(highlight=False, width=wide).print(table)


def _cell(name: str, value: Any) -> str:
    if value is None or value != value:
        return "–"
    if isinstance(value, float):
        places = (
            0 if name == "seconds" else 3 if name in ("estimate", "std_error", "conf_low", "conf_high") else 2
        )
        return f"{value:.{places}f}".replace("-", "−")
    return str(value)
