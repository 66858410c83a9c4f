"""Withdrawing a child: the decision, the log, and which earlier runs hold the child."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from emostats.study.audit import AuditEvent, append_event
from emostats.study.spec import StudySpec
from emostats.study.withdrawals import Withdrawal, add_withdrawal

TEXT = (".csv", ".json", ".html", ".svg", ".txt", ".toml")


@dataclass(frozen=True)
class HoldingRun:
    """A run of the study from before the withdrawal: its numbers rest on the child's data as far as the child
    was in an analysis set. `naming` are the outputs in which the ID itself stands, `outputs` all of them."""

    folder: Path
    created: str
    outputs: tuple[str, ...]
    naming: tuple[str, ...]


@dataclass(frozen=True)
class WithdrawalDone:
    """What was written down, and what is left to do by people."""

    decision: Withdrawal
    event: AuditEvent
    runs: tuple[HoldingRun, ...]


def withdraw(
    spec: StudySpec, child: str, *, by: str, reason: str = "", runs: str | Path = "runs",
    now: datetime | None = None,
) -> WithdrawalDone:  # fmt: skip
    """Takes a child out of every later run and keeps the decision.

    Parameters
    ----------
    runs: the folder of runs, whose audit log gets the decision. Nothing in earlier runs is changed.

    Raises
    ------
    UsageError: the child was withdrawn already, or a file cannot be written.
    """
    decision = add_withdrawal(spec, child, by=by, reason=reason, now=now)
    held = runs_of(Path(runs), spec.study.id, decision.child)
    details = {
        "child": decision.child, "by": decision.by, "reason": decision.reason,
        "runs": [run.folder.name for run in held],
    }  # fmt: skip
    event = append_event(runs, "withdrawal", spec.study.id, details, now)
    return WithdrawalDone(decision, event, held)


def runs_of(runs: Path, study: str, child: str) -> tuple[HoldingRun, ...]:
    """The runs of a study in a folder, oldest first, with the outputs that name a child."""
    found = []
    for manifest in sorted(runs.glob("*/manifest.json")):
        described = _manifest(manifest)
        if described.get("study") == study and not manifest.parent.name.startswith("."):
            outputs = tuple(str(item.get("path", "")) for item in described.get("outputs", ()))
            naming = tuple(name for name in outputs if _names(manifest.parent / name, child))
            found.append(HoldingRun(manifest.parent, str(described.get("created", "")), outputs, naming))
    return tuple(found)


def _manifest(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _names(path: Path, child: str) -> bool:
    """Whether an ID stands in a text file as a whole word."""
    if path.suffix.lower() not in TEXT or not path.is_file():
        return False
    text = path.read_text(encoding="utf-8", errors="replace")
    return re.search(rf"(?<![\w.-]){re.escape(child)}(?![\w.-])", text) is not None
