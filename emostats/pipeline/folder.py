"""A run folder appears complete or not at all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from emostats.errors import UsageError

PARTIAL = ".incomplete-"


@dataclass(frozen=True)
class RunIdentity:
    """Name and time of a run: ``20250102T030405Z-1a2b3c4d``, and the time as ISO 8601 UTC."""

    run_id: str
    created: str


def identify(output: Path, hash8: str, now: datetime | None = None) -> RunIdentity:
    """A name for a new run that no run in `output` has; runs of one second are numbered ``-2``, ``-3`` …"""
    moment = (now or datetime.now(UTC)).astimezone(UTC).replace(microsecond=0)
    stem = f"{moment:%Y%m%dT%H%M%SZ}-{hash8}"
    taken = {path.name.removeprefix(PARTIAL) for path in output.iterdir()} if output.is_dir() else set()
    names = (stem if i == 1 else f"{stem}-{i}" for i in range(1, len(taken) + 2))
    return RunIdentity(next(name for name in names if name not in taken), moment.isoformat())


@contextmanager
def run_folder(output: Path, run_id: str) -> Iterator[Path]:
    """A hidden folder to fill; it takes its name when the block ends well and is removed when it does not.

    After a power cut or a kill the hidden folder ``.incomplete-…`` may stay: it has no manifest and nothing
    takes it for a run.

    Raises
    ------
    UsageError: the folder cannot be created there.
    """
    partial, final = output / f"{PARTIAL}{run_id}", output / run_id
    try:
        output.mkdir(parents=True, exist_ok=True)
        partial.mkdir()
    except OSError as error:
        raise UsageError(f"a run folder cannot be created in '{output}': {error.strerror}.") from error
    try:
        yield partial
        os.rename(partial, final)  # noqa: PTH104 — refuses to replace a folder with content
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
