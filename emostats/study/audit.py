"""The audit log: one JSON line an event, each holding the hash of the one before it.

``runs/audit.jsonl`` lies beside the run folders. Changing, removing or inserting a line breaks the chain from
there on. What a chain by itself cannot show is that its end was cut off; so verification also compares the
log with the run folders beside it.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from emostats._version import __version__
from emostats.errors import UsageError, hindrance

AUDIT_FILE = "audit.jsonl"
START = "0" * 64
"""What the first event names as the hash before it."""

Kind = Literal["run", "withdrawal", "correction", "deidentification", "export", "publication"]


@dataclass(frozen=True)
class AuditEvent:
    """One event: its number from 1, UTC time, kind, study, details, and the chain."""

    number: int
    time: str
    kind: str
    study: str
    details: Mapping[str, Any]
    emostats: str
    previous: str
    hash: str


@dataclass(frozen=True)
class AuditCheck:
    """What a verification of the log found: `problems` in words, none when the chain holds."""

    path: Path
    n_events: int
    problems: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems


def append_event(
    folder: str | Path, kind: Kind, study: str, details: Mapping[str, Any], now: datetime | None = None
) -> AuditEvent:
    """Adds an event to the log of a folder of runs; two programs wait for each other.

    Raises
    ------
    UsageError: the log's last line is damaged, or the log cannot be written.
    """
    path = Path(folder) / AUDIT_FILE
    time = (now or datetime.now(UTC)).astimezone(UTC).isoformat(timespec="seconds")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a+b") as stream, _locked(stream):
            stream.seek(0)
            last = _last(path, stream.read())
            content = {
                "number": last.number + 1 if last else 1,
                "time": time,
                "kind": kind,
                "study": study,
                "details": dict(details),
                "emostats": __version__,
                "previous": last.hash if last else START,
            }
            event = _event(content)
            stream.write(_line(content, event.hash))
            stream.flush()
            os.fsync(stream.fileno())
    except OSError as error:
        raise UsageError(f"the audit log {path} cannot be written: {hindrance(path, error)}") from None
    return event


def read_events(folder: str | Path) -> tuple[AuditEvent, ...]:
    """The events of a log in order; none when there is no log. The chain is not verified here.

    Raises
    ------
    UsageError: a line is no event.
    """
    path = Path(folder) / AUDIT_FILE
    try:
        lines = path.read_bytes().splitlines()
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {hindrance(path, error)}") from None
    return tuple(_parsed(path, number, line) for number, line in enumerate(lines, start=1))


def verify_audit(folder: str | Path) -> AuditCheck:
    """Follows the chain from its start, and compares the log with the run folders beside it."""
    folder = Path(folder)
    path = folder / AUDIT_FILE
    try:
        events = read_events(folder)
    except UsageError as error:
        return AuditCheck(path, 0, (str(error),))
    problems = list(_broken(events))
    logged = {str(event.details.get("run_id")) for event in events if event.kind == "run"}
    runs = {
        item.parent.name for item in folder.glob("*/manifest.json") if not item.parent.name.startswith(".")
    }
    problems += [f"run {name} lies here and is not in the log" for name in sorted(runs - logged)]
    return AuditCheck(path, len(events), tuple(problems))


def _broken(events: tuple[AuditEvent, ...]) -> Iterator[str]:
    previous = START
    for position, event in enumerate(events, start=1):
        if event.number != position:
            yield f"line {position}: expected event {position}; found event {event.number}"
        if event.previous != previous:
            yield f"line {position}: it does not follow the line before it"
        if _event(_content(event)).hash != event.hash:
            yield f"line {position}: its content does not give its hash; it was changed"
        previous = event.hash


def _content(event: AuditEvent) -> dict[str, Any]:
    return {name: getattr(event, name) for name in AuditEvent.__dataclass_fields__ if name != "hash"}


def _event(content: Mapping[str, Any]) -> AuditEvent:
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return AuditEvent(**content, hash=hashlib.sha256(text.encode("utf-8")).hexdigest())


def _line(content: Mapping[str, Any], digest: str) -> bytes:
    return (json.dumps({**content, "hash": digest}, ensure_ascii=False, allow_nan=False) + "\n").encode(
        "utf-8"
    )


def _last(path: Path, written: bytes) -> AuditEvent | None:
    lines = written.splitlines()
    if not lines:
        return None
    if not written.endswith(b"\n"):
        raise UsageError(f"{path}: the last line is not whole. Restore the log from a copy.")
    return _parsed(path, len(lines), lines[-1])


def _parsed(path: Path, number: int, line: bytes) -> AuditEvent:
    try:
        found = json.loads(line)
        return AuditEvent(**{name: found[name] for name in AuditEvent.__dataclass_fields__})
    except (ValueError, KeyError, TypeError):
        raise UsageError(f"{path}, line {number}: this is no event of an audit log.") from None


@contextmanager
def _locked(stream: Any) -> Iterator[None]:
    """Holds the file for one writer; where the system has no such lock, writers are few and short."""
    try:
        import fcntl
    except ImportError:
        yield
        return
    fcntl.flock(stream, fcntl.LOCK_EX)
    try:
        yield
    finally:
        fcntl.flock(stream, fcntl.LOCK_UN)
