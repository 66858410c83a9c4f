"""The plan lock: the plan's hash, written before outcomes are read, and its comparison with today's plan.

A lock is ``plan.lock.json`` beside the study file. Locking opens the study file and the instrument files
only; no data file is touched. A lock that is replaced stays in the history of the new one.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from emostats._version import __version__
from emostats.errors import UsageError, hindrance
from emostats.study.plan import difference, hash_of, plan_of
from emostats.study.spec import StudySpec, read_spec

LOCK_FILE = "plan.lock.json"
LOCK_FORMAT = 1


@dataclass(frozen=True)
class PlanLock:
    """A plan as it was locked.

    Attributes
    ----------
    hash: SHA-256 of the canonical plan. locked: UTC time, ISO 8601. version: the emostats that locked it.
    plan: the canonical plan. history: the locks that this one replaced, oldest first, as in the file.
    """

    hash: str
    locked: str
    version: str
    study: str
    plan: Mapping[str, Any]
    history: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True)
class PlanChange:
    """One key of the plan that differs from the lock; `MISSING` stands for a key that was not there."""

    key: str
    locked: Any
    now: Any


@dataclass(frozen=True)
class PlanStatus:
    """How the plan of today stands to the lock.

    Attributes
    ----------
    state: ``"not locked"``, ``"unchanged"`` or ``"changed"``. hash: of the plan of today.
    locked: time of the lock; locked_hash: its hash; both None without a lock.
    changes: every key that differs.
    times_replaced: how often a lock was replaced on purpose.
    """

    state: Literal["not locked", "unchanged", "changed"]
    hash: str
    locked: str | None = None
    locked_hash: str | None = None
    changes: tuple[PlanChange, ...] = field(default=())
    times_replaced: int = 0


def lock_path(spec: StudySpec) -> Path:
    """Where the lock of a study stands."""
    return spec.folder / LOCK_FILE


def lock_plan(path: str | Path, *, replace: bool = False, now: datetime | None = None) -> PlanLock:
    """Locks the plan of a study: writes ``plan.lock.json`` beside the study file, whole or not at all.

    Parameters
    ----------
    path: the study file or its folder. replace: replace an earlier lock, which moves into the history.
    now: the time to write (default: the clock).

    Raises
    ------
    UsageError: the plan is locked already and `replace` is false, or the lock cannot be written.
    StudyFileError: the study file has problems.
    """
    spec = read_spec(path)
    target = lock_path(spec)
    earlier = read_lock(spec)
    if earlier is not None and not replace:
        raise UsageError(
            f"the plan was locked on {earlier.locked} ({target.name}, hash {earlier.hash[:8]}). "
            "To lock it anew and keep the old lock in the history, ask for it to be replaced."
        )
    plan = plan_of(spec)
    time = (now or datetime.now(UTC)).astimezone(UTC).isoformat(timespec="seconds")
    history = (*earlier.history, _as_json(earlier, with_history=False)) if earlier else ()
    lock = PlanLock(hash_of(plan), time, __version__, spec.study.id, plan, history)
    _write_whole(target, json.dumps(_as_json(lock), indent=2, ensure_ascii=False, sort_keys=True) + "\n")
    return lock


def read_lock(spec: StudySpec) -> PlanLock | None:
    """The lock of a study, or None when it is not locked.

    Raises
    ------
    UsageError: the lock is damaged, or its plan does not give its hash (it was edited).
    """
    path = lock_path(spec)
    try:
        written = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise UsageError(f"{path.name} cannot be read: {error}. Restore it from a copy.") from None
    lock = _parse(path, written)
    if hash_of(lock.plan) != lock.hash:
        raise UsageError(
            f"{path.name} was edited: its plan does not give the hash {lock.hash[:8]}. "
            "Restore it from a copy."
        )
    return lock


def compare_plan(spec: StudySpec) -> PlanStatus:
    """Compares the plan of today with the lock beside the study file.

    Raises
    ------
    UsageError: the lock is damaged or was edited.
    """
    plan = plan_of(spec)
    present = hash_of(plan)
    lock = read_lock(spec)
    if lock is None:
        return PlanStatus(state="not locked", hash=present)
    changes = tuple(PlanChange(*change) for change in difference(lock.plan, plan))
    return PlanStatus(
        state="changed" if changes else "unchanged",
        hash=present,
        locked=lock.locked,
        locked_hash=lock.hash,
        changes=changes,
        times_replaced=len(lock.history),
    )


def _parse(path: Path, written: Any) -> PlanLock:
    try:
        if written["format"] != LOCK_FORMAT:
            raise UsageError(
                f"{path.name} has format {written['format']}; this emostats reads {LOCK_FORMAT}."
            )
        return PlanLock(
            hash=str(written["hash"]),
            locked=str(written["locked"]),
            version=str(written["emostats"]),
            study=str(written["study"]),
            plan=dict(written["plan"]),
            history=tuple(written["history"]),
        )
    except (KeyError, TypeError, ValueError):
        raise UsageError(f"{path.name} is not a plan lock. Restore it from a copy.") from None


def _as_json(lock: PlanLock, *, with_history: bool = True) -> dict[str, Any]:
    written = {
        "format": LOCK_FORMAT,
        "hash": lock.hash,
        "locked": lock.locked,
        "emostats": lock.version,
        "study": lock.study,
        "plan": lock.plan,
    }
    return {**written, "history": list(lock.history)} if with_history else written


def _write_whole(target: Path, text: str) -> None:
    temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("w", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(target)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise UsageError(f"{target.name} cannot be written: {hindrance(target, error)}") from None
