"""How a run says how far it is: a callable that the command line draws as a bar and others may ignore."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Called at the start of each step and at its end (`done` = `total`)."""

    def __call__(self, step: str, done: int, total: int) -> None: ...


def silent(step: str, done: int, total: int) -> None:
    """Says nothing."""
