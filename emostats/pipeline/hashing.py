"""SHA-256 of files and of what identifies a run."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class FileRecord:
    """A file as the manifest lists it. `path` has forward slashes and is relative."""

    path: str
    sha256: str
    bytes: int


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file's bytes, in lower-case hex."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def record(path: Path, shown_as: str) -> FileRecord:
    """Hash and size of a file, listed under `shown_as`."""
    return FileRecord(shown_as, sha256_of(path), path.stat().st_size)


def records_below(folder: Path, without: Iterable[str] = ()) -> list[FileRecord]:
    """All files of a folder, sorted by path, except those named in `without`."""
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return [record(folder / name, name) for name in names if name not in set(without)]


def run_hash(inputs: Iterable[FileRecord], version: str) -> str:
    """Eight hex digits that are the same whenever the inputs and the version of emostats are."""
    text = "\n".join([version, *sorted(f"{item.path} {item.sha256}" for item in inputs)])
    return hashlib.sha256(text.encode()).hexdigest()[:8]
