"""Where text goes: results to standard output, everything else to standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import typer

JSON = "emostats.json"
"""Key of the click context under which it is kept whether the results are wanted as JSON."""


def remember_json(ctx: typer.Context, value: bool) -> bool:
    """Callback of ``--json``: errors that come later are JSON too."""
    ctx.find_root().meta[JSON] = value
    return value


def say(text: str, style: str = "") -> None:
    """A message for the person at the terminal."""
    from rich.console import Console

    Console(stderr=True, highlight=False).print(text, style=style or None, markup=False, soft_wrap=True)


def put(text: str) -> None:
    """A line of the result."""
    typer.echo(text)


def put_json(value: Any) -> None:
    """The result as one JSON document; missing numbers are null."""
    from emostats.pipeline.tables_io import plain

    typer.echo(json.dumps(plain(value), ensure_ascii=False, allow_nan=False, indent=2))


@contextmanager
def progress_bar(*, quiet: bool) -> Iterator[Any]:
    """A `Progress` callback: a bar on standard error, or a line a step where there is no terminal."""
    if quiet:
        yield lambda step, done, total: None
    elif not sys.stderr.isatty():
        yield _lines()
    else:
        with _bar() as callback:
            yield callback


def _lines() -> Callable[[str, float, float], None]:
    """Says each step once, however often it reports."""
    said: set[str] = set()

    def callback(step: str, done: float, total: float) -> None:
        if done < total and step not in said:
            said.add(step)
            say(f"{step} …")

    return callback


@contextmanager
def _bar() -> Iterator[Any]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task("Starting", total=None)

        def callback(step: str, done: float, total: float) -> None:
            bars.update(task, description=step, completed=done, total=total)

        yield callback
