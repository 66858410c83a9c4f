"""Files that appear only once they are complete."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from emostats.inference.errors import OutputError


def check_writable(path: Path) -> None:
    """Nothing if a file can be written to `path`: asked before hours of work, not after them.

    Raises
    ------
    OutputError: its folder cannot be made or written.
    """
    with _said(path):
        trial = path.with_name(f".{path.name}.{os.getpid()}.trial")
        path.parent.mkdir(parents=True, exist_ok=True)
        trial.touch()
        trial.unlink()


@contextmanager
def _said(path: Path) -> Iterator[None]:
    """An error of the system in words."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise OutputError(f"{path}: cannot be written ({reason}). Make room or write elsewhere.") from None


@contextmanager
def complete(path: Path) -> Iterator[Path]:
    """A path to write to, which becomes `path` if all goes well and vanishes if not.

    Raises
    ------
    OutputError: the disk is full or the folder cannot be written.
    """
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with _said(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            yield unfinished
            unfinished.replace(path)
    finally:
        with suppress(OSError):
            unfinished.unlink()
