"""Withdrawals of consent: a file of decisions in the study folder, read by every later run.

One row a child: ``USUBJID, withdrawn, by, reason``. The rows of the sources stay where they are and are not
read any more. Removing them from the sources as well is a matter of the study office.
"""

from __future__ import annotations

import csv
import io
import os
from dataclasses import astuple, dataclass
from datetime import UTC, datetime
from pathlib import Path

from emostats.errors import UsageError, hindrance
from emostats.study.spec import StudySpec
from emostats.study.spec.paths import OutsideError, inside

COLUMNS = ("USUBJID", "withdrawn", "by", "reason")


@dataclass(frozen=True)
class Withdrawal:
    """A decision: the child's ID, the UTC time it was written down, by whom, and why (may be empty)."""

    child: str
    withdrawn: str
    by: str
    reason: str = ""


def withdrawals_path(spec: StudySpec) -> Path:
    """Where the withdrawals of a study stand; the file need not exist.

    Raises
    ------
    UsageError: the study file names a path outside its folder.
    """
    try:
        return inside(spec.folder, spec.decisions.withdrawals)
    except OutsideError as error:
        raise UsageError(f"decisions.withdrawals: {error}.") from None


def read_withdrawals(spec: StudySpec) -> tuple[Withdrawal, ...]:
    """The withdrawals of a study; none when there is no such file.

    Raises
    ------
    UsageError: the file is damaged. Nothing may be analysed before it is put right.
    """
    path = withdrawals_path(spec)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return ()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path.name} cannot be read: {error}. Restore it from a copy.") from None
    rows = list(csv.reader(io.StringIO(text, newline="")))
    if not rows or tuple(rows[0]) != COLUMNS:
        expected = ", ".join(COLUMNS)
        raise UsageError(f"{path.name}: expected the columns {expected}. Restore it from a copy.")
    for number, row in enumerate(rows[1:], start=2):
        if row and (len(row) != len(COLUMNS) or not row[0].strip()):
            raise UsageError(f"{path.name}, row {number}: expected {len(COLUMNS)} fields and a child's ID.")
    return tuple(Withdrawal(row[0].strip(), *row[1:]) for row in rows[1:] if row)


def add_withdrawal(
    spec: StudySpec, child: str, *, by: str, reason: str = "", now: datetime | None = None
) -> Withdrawal:
    """Writes a withdrawal down; the file appears whole or not at all.

    Raises
    ------
    UsageError: the child was withdrawn already, no ID or name was given, or the file cannot be written.
    """
    earlier = read_withdrawals(spec)
    for item in earlier:
        if item.child == child:
            raise UsageError(f"child '{child}' was withdrawn already, on {item.withdrawn} by {item.by}.")
    if not child.strip() or not by.strip():
        raise UsageError("a withdrawal needs the child's ID and the name of who writes it down.")
    time = (now or datetime.now(UTC)).astimezone(UTC).isoformat(timespec="seconds")
    made = Withdrawal(child.strip(), time, by.strip(), reason.strip())
    _write(withdrawals_path(spec), (*earlier, made))
    return made


def _write(path: Path, decisions: tuple[Withdrawal, ...]) -> None:
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(astuple(item) for item in decisions)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        temporary.write_text(buffer.getvalue(), encoding="utf-8", newline="")
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise UsageError(f"{path.name} cannot be written: {hindrance(path, error)}") from None
