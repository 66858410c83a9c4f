"""The log of a session: JSON lines, each with the hash of the one before, so that a change shows.

A line's ``hash`` is SHA-256 over the line itself, without it, as canonical JSON (sorted keys, no spaces); its
``previous`` is the hash of the line above. Numbers are written so that reading gives the same double.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

from emostats.errors import UsageError
from emostats.music.files import expecting, writing

FORMAT = "emostats-music-session/1"
TYPES = ("header", "observe", "choice", "accept", "veto", "pause", "outcome", "late", "stop")


class Recorder:
    """Writes records, to a file or only to `lines`; a file is new, readable by its owner alone, and whole
    after every record.

    Raises
    ------
    UsageError: the file exists already, or cannot be written.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.lines: list[str] = []
        self._previous = ""
        self._stream: TextIO | None = None if path is None else _private(path)

    def __call__(self, type: str, **content: Any) -> None:
        """Adds a record."""
        record = {"type": type, "n": len(self.lines), "previous": self._previous, **_plain(content)}
        self._previous = digest(record)
        line = canonical({**record, "hash": self._previous})
        self.lines.append(line)
        if self._stream:
            self._stream.write(line + "\n")
            self._stream.flush()

    @property
    def records(self) -> list[dict[str, Any]]:
        """The records so far, as `read_log` gives them."""
        return [json.loads(line) for line in self.lines]

    def close(self) -> None:
        """Closes the file."""
        if self._stream:
            self._stream.close()


def _private(path: Path) -> TextIO:
    with writing(path, "the log"):
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    return os.fdopen(handle, "w", encoding="utf-8")


UNHEARD = "its pieces were never played (it walks through a recording), so it teaches nothing about music."


def unheard(records: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a log is of a recording, scores or video: nobody heard its pieces."""
    return not records[0].get("heard", True)


def canonical(record: Mapping[str, Any]) -> str:
    """The one way to write a record."""
    return json.dumps(record, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def digest(record: Mapping[str, Any]) -> str:
    """The hash of a record without its ``hash``."""
    bare = {key: value for key, value in record.items() if key != "hash"}
    return hashlib.sha256(canonical(bare).encode()).hexdigest()


def read_log(path: Path) -> list[dict[str, Any]]:
    """The records of a log, its chain of hashes checked.

    Raises
    ------
    UsageError: not a log, a line that is damaged, changed, missing or added; the message names it.
    """
    with expecting(path, "the log of a session (.jsonl)"):
        lines = path.read_text(encoding="utf-8").split("\n")  # other line ends may stand in a name
    return list(_checked(lines[:-1] if lines[-1] == "" else lines, str(path)))


def read_logs(paths: Iterable[Path]) -> list[tuple[str, list[dict[str, Any]]]]:
    """Logs by name, from files and from all ``.jsonl`` files of folders; a file named twice is read once.

    Raises
    ------
    UsageError: a folder without a log; a file that is none; one session in two files.
    """
    files: dict[Path, Path] = {}
    for path in paths:
        here = sorted(path.glob("*.jsonl")) if path.is_dir() else [path]
        if not here:
            raise UsageError(f"{path} holds no session log (.jsonl).")
        files |= {file.resolve(): file for file in here}
    names = [file.name for file in files.values()]
    logs: list[tuple[str, list[dict[str, Any]]]] = []
    ends: dict[str, str] = {}
    for file in files.values():
        name = file.name if names.count(file.name) == 1 else str(file)
        records = read_log(file)
        twin = ends.setdefault(records[-1]["hash"], name)
        if twin != name:
            raise UsageError(f"{twin} and {name} hold the same session; it must count once. Leave one out.")
        logs.append((name, records))
    return logs


def _checked(lines: Sequence[str], name: str) -> Iterator[dict[str, Any]]:
    previous = ""
    if not lines:
        raise UsageError(f"{name} is empty: not a session log.")
    for count, line in enumerate(lines, start=1):
        record, its_hash = _parsed(line)
        if count == 1 and not _is_header(record):
            raise UsageError(
                f"{name} is not a session log of emostats music, or its first line is damaged (expected "
                f"format {FORMAT}). Name the .jsonl file that --log wrote."
            )
        if not isinstance(record, dict):
            raise UsageError(f"{name}, line {count}: damaged, not a record in JSON. {_cut(count)}")
        if record.get("hash") != its_hash or record.get("previous") != previous:
            raise UsageError(
                f"{name}, line {count}: changed after it was written, or a line above is missing (the chain "
                "of hashes breaks here). Use the untouched log."
            )
        previous = record["hash"]
        yield record


def _parsed(line: str) -> tuple[Any, str]:
    """A line as JSON and its hash; None and '' where it is no record."""
    try:
        record = json.loads(line)
        return (record, digest(record)) if isinstance(record, dict) else (None, "")
    except (ValueError, RecursionError):  # NaN and half characters have no canonical form either
        return None, ""


def _is_header(record: Any) -> bool:
    return isinstance(record, dict) and record.get("format") == FORMAT


def _cut(line: int) -> str:
    return f"The {line - 1} lines above it are whole: keep them in a file of their own to use them."


def _plain(value: Any) -> Any:
    """Values as JSON knows them; numbers that are not finite become null."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, set | frozenset):
        return sorted(_plain(item) for item in value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value
