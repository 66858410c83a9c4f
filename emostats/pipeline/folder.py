"""A run folder appears complete or not at all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from emostats.errors import UsageError, hindrance

PARTIAL = ".incomplete-"


@dataclass(frozen=True)
class RunIdentity:
    """Name and time of a run: ``20250102T030405Z-1a2b3c4d``, and the time as ISO 8601 UTC."""

    run_id: str
    created: str


def run_id(hash8: str, moment: datetime, number: int = 1) -> str:
    """``20250102T030405Z-1a2b3c4d``; further runs of one second are numbered ``…-2``, ``…-3``."""
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}-{hash8}" + (f"-{number}" if number > 1 else "")


@contextmanager
def run_folder(output: Path, hash8: str, now: datetime | None = None) -> Iterator[tuple[Path, RunIdentity]]:
    """A hidden folder to fill; it takes its name when the block ends well and is removed when it does not.

    After a power cut or a kill the hidden folder ``.incomplete-…`` may stay: it has no manifest and nothing
    takes it for a run.

    Raises
    ------
    UsageError: the folder cannot be created there, or the disk is full or fails while it is filled.
    """
    moment = (now or datetime.now(UTC)).astimezone(UTC).replace(microsecond=0)
    try:
        output.mkdir(parents=True, exist_ok=True)
        partial = _claim(output, hash8, moment)
    except OSError as error:
        why = hindrance(output, error)
        raise UsageError(f"a run folder cannot be created in '{output}': {why}") from error
    name = partial.name.removeprefix(PARTIAL)
    try:
        yield partial, RunIdentity(name, moment.isoformat())
        os.rename(partial, output / name)  # noqa: PTH104 — refuses to replace a folder with content
    except BaseException as error:
        shutil.rmtree(partial, ignore_errors=True)
        if isinstance(error, OSError):
            raise UsageError(
                f"the run cannot be written to '{output}': {error.strerror or error}. Nothing of it was left."
            ) from error
        raise


def _claim(output: Path, hash8: str, moment: datetime) -> Path:
    """Creates the hidden folder under the first name that no run has; two programs never get the same."""
    for number in count(1):
        name = run_id(hash8, moment, number)
        if (output / name).exists():
            continue
        try:
            (output / f"{PARTIAL}{name}").mkdir()
        except FileExistsError:
            continue
        return output / f"{PARTIAL}{name}"
    raise AssertionError("unreachable: names never end")
