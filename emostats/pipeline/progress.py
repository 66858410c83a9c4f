"""How a run says how far it is: a callable that the command line draws as a bar and others may ignore."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Called at the start of each step and at its end (`done` = `total`), and in between by some."""

    def __call__(self, step: str, done: float, total: float) -> None: ...


def silent(step: str, done: float, total: float) -> None:
    """Says nothing."""
