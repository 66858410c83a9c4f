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

FORMAT = "emostats-music-session/1"
TYPES = ("header", "observe", "choice", "accept", "veto", "outcome", "late", "stop")


class Recorder:
    """Writes records, to a file or only to `lines`; a file is new, readable by its owner alone, and whole
    after every record.

    Raises
    ------
    UsageError: the file exists already.
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
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise UsageError(f"{path} exists already; a log is never overwritten. Name another file.") from None
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
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError:
        raise UsageError(f"{path} is not a session log: it is no UTF-8 text.") from None
    return list(_checked(lines, str(path)))


def _checked(lines: Iterable[str], name: str) -> Iterator[dict[str, Any]]:
    previous = ""
    count = 0
    for count, line in enumerate(lines, start=1):
        try:
            record = json.loads(line)
        except ValueError:
            raise UsageError(f"{name}, line {count}: damaged, not JSON. {_cut(count)}") from None
        if count == 1 and (not isinstance(record, dict) or record.get("format") != FORMAT):
            raise UsageError(f"{name} is not a session log of emostats music (expected format {FORMAT}).")
        if record.get("hash") != digest(record) or record.get("previous") != previous:
            raise UsageError(
                f"{name}, line {count}: changed after it was written, or a line above is missing (the chain "
                "of hashes breaks here). Use the untouched log."
            )
        previous = record["hash"]
        yield record
    if count == 0:
        raise UsageError(f"{name} is empty: not a session log.")


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
