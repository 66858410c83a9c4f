"""Errors and findings in the user's words.

A *finding* is one thing that is wrong or noteworthy about an input: what was expected, what was found,
where it stands and what to do. Findings are values. They are collected, never raised one by one; a step
that cannot go on raises one `FindingsError` that carries them all.
"""

from __future__ import annotations

import errno
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from numbers import Real
from pathlib import Path


class Severity(StrEnum):
    """How much a finding matters: an error stops the run, a warning stands in the report, a note informs."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True)
class Finding:
    """One observation about an input.

    Attributes
    ----------
    rule: short stable name, e.g. ``"value-out-of-range"``.
    message: what was expected and what was found, in one sentence.
    action: what to do about it.
    severity: see `Severity`.
    file, sheet, cell: where (cell in spreadsheet notation, ``"C17"``, or ``"row 17"``; a key path for study
        files).
    subject, visit, parameter: the study coordinates, where they are known.
    """

    rule: str
    message: str
    action: str = ""
    severity: Severity = Severity.ERROR
    file: str = ""
    sheet: str = ""
    cell: str = ""
    subject: str = ""
    visit: str = ""
    parameter: str = ""

    @property
    def place(self) -> str:
        """The place as one string, e.g. ``answers.xlsx, sheet 'Week 12', cell C17``."""
        noun = "" if self.cell.startswith("row ") else "key " if self.file.endswith(".toml") else "cell "
        parts = [
            self.file,
            f"sheet '{self.sheet}'" if self.sheet else "",
            f"{noun}{self.cell}" if self.cell else "",
        ]
        return ", ".join(part for part in parts if part)

    def __str__(self) -> str:
        place = f"{self.place}: " if self.place else ""
        action = f" {self.action}" if self.action else ""
        return f"{place}{self.message}{action}"


class EmostatsError(Exception):
    """Base of every error that emostats raises for its user. The command line maps `exit_code`."""

    exit_code = 1


class FindingsError(EmostatsError):
    """Inputs have errors. `findings` holds all of them, the message lists them."""

    def __init__(self, findings: Iterable[Finding], heading: str = "") -> None:
        self.findings: tuple[Finding, ...] = tuple(findings)
        self.heading = (
            heading or f"{len(self.findings)} finding(s) must be resolved before the analysis can run."
        )
        super().__init__("\n".join([self.heading, *(f"- {finding}" for finding in self.findings)]))


class UsageError(EmostatsError):
    """A call, an option or a study file asks for something that does not exist or make sense."""

    exit_code = 2


class ModelError(EmostatsError):
    """A model cannot be fitted to these data; the message says why and what to try."""

    exit_code = 3


class ConvergenceError(ModelError):
    """The optimiser did not reach an optimum. `reason` names what failed, `theta` is the last point."""

    def __init__(self, message: str, *, reason: str, theta: Sequence[float] = ()) -> None:
        super().__init__(message)
        self.reason = reason
        self.theta = tuple(float(value) for value in theta)


class PrivacyError(EmostatsError):
    """A step would disclose personal data and was stopped."""

    exit_code = 4


class EmostatsWarning(UserWarning):
    """Something the analyst should know, that does not stop the analysis."""


_HINDRANCES = {
    errno.EACCES: "it may not be read or written. Ask its owner, or give a place of your own.",
    errno.EPERM: "it may not be read or written. Ask its owner, or give a place of your own.",
    errno.EROFS: "nothing can be written there. Give another place.",
    errno.EEXIST: "it exists already; nothing is overwritten. Give another name.",
    errno.EISDIR: "it is a folder. Name a file in it.",
    errno.ENOSPC: "the disk is full. Make room, or give another place.",
    errno.EDQUOT: "the disk is full. Make room, or give another place.",
    errno.ENAMETOOLONG: "the name is too long. Give a shorter one.",
}


def hindrance(path: str | Path, error: OSError) -> str:
    """What the system has against reading or writing `path`, in words, and what to do about it."""
    above = list(Path(path).parents)
    if isinstance(error, FileNotFoundError):
        missing = [folder for folder in above if not folder.exists()]
        if missing:
            return f"the folder '{missing[0]}' does not exist. Make it, or give another place."
        return "there is no such file. Check the path."
    if isinstance(error, NotADirectoryError):
        file = next((place for place in above if place.is_file()), Path(path))
        return f"'{file}' is a file and no folder. Give another place."
    known = _HINDRANCES.get(error.errno or 0)
    return known or f"the system says: {error.strerror or error}. Check the place, or give another."


def nearest(name: str, candidates: Iterable[str], n: int = 3) -> tuple[str, ...]:
    """The candidates closest in spelling to `name` (case is ignored), best first, at most `n`."""
    by_fold = {str(candidate).casefold(): str(candidate) for candidate in candidates}
    return tuple(by_fold[hit] for hit in get_close_matches(str(name).casefold(), by_fold, n=n, cutoff=0.5))


def did_you_mean(name: str, candidates: Iterable[str]) -> str:
    """``Did you mean 'x' or 'y'?``, or the list of what there is when nothing is close."""
    candidates = [str(candidate) for candidate in candidates]
    close = nearest(name, candidates)
    if close:
        return "Did you mean " + " or ".join(f"'{item}'" for item in close) + "?"
    return ("There are: " + ", ".join(f"'{item}'" for item in candidates) + ".") if candidates else ""


def is_level(level: float) -> bool:
    """Whether it is a number between 0 and 1."""
    return isinstance(level, Real) and 0 < level < 1


def check_level(level: float, name: str = "conf_level") -> float:
    """`level`, a share such as 0.95.

    Raises
    ------
    UsageError: it is no number between 0 and 1; 95 is the usual slip.
    """
    if not is_level(level):
        raise UsageError(f"{name} must lie between 0 and 1, e.g. 0.95; found {level!r}.")
    return level
