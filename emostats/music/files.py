"""Opening and writing files of the room: what was expected, what was found, and what to do."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from emostats.errors import UsageError, hindrance


@contextmanager
def expecting(path: str | Path, what: str) -> Iterator[None]:
    """Names the file and what it should be where reading it fails.

    Parameters
    ----------
    what: what the file should be, with its article, e.g. ``"a music library (CSV)"``.

    Raises
    ------
    UsageError: there is no such file; it is a folder; it cannot be read; it is no UTF-8 text.
    """
    try:
        yield
    except UnicodeDecodeError:
        raise UsageError(
            f"{path}: expected {what}, found something that is no UTF-8 text. Name the right file, or save "
            "it again as UTF-8."
        ) from None
    except OSError as error:
        raise UsageError(f"{path}: expected {what}, {_found(Path(path), error)}") from None


@contextmanager
def writing(path: str | Path, what: str) -> Iterator[None]:
    """The same for a file that is to be written; one that exists is never overwritten by mistake.

    Raises
    ------
    UsageError: it exists and must not; its folder does not exist; it cannot be written there.
    """
    try:
        yield
    except FileExistsError:
        raise UsageError(
            f"{path} exists already; {what} is never overwritten. Name another file, or move this one away."
        ) from None
    except OSError as error:
        raise UsageError(f"{path}: {what} cannot be written: {hindrance(path, error)}") from None


def check_new(path: Path, what: str) -> None:
    """Raises UsageError where `path` is there already, before work is done for it."""
    with writing(path, what):
        if path.exists():
            raise FileExistsError


def make_folder(path: Path, what: str) -> None:
    """Makes a folder where there is none.

    Raises
    ------
    UsageError: it is a file, or cannot be made.
    """
    if path.exists() and not path.is_dir():
        raise UsageError(f"{path} is a file; {what} needs a folder. Name another.")
    with writing(path, what):
        path.mkdir(parents=True, exist_ok=True)


def private_text(path: Path, text: str) -> None:
    """Writes a text that its owner alone can read, in place of what was there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        if hasattr(os, "fchmod"):  # an earlier file may have been open to others
            os.fchmod(stream.fileno(), 0o600)
        stream.write(text)


def _found(path: Path, error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return "found nothing. Check the path."
    if isinstance(error, PermissionError) and not path.is_dir():
        return "found a file that may not be read. Ask its owner for the right to read it."
    if path.is_dir():
        return "found a folder. Name the file in it."
    return f"but it cannot be opened ({error.strerror or error}). Check the path."
