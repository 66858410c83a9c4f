"""Which video shows which child in which session: read from a CSV file, or only the names of the videos."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from string import ascii_uppercase

from emostats.errors import Finding, FindingsError, UsageError, did_you_mean
from emostats.inference.choice import RULES, Choice
from emostats.inference.frames import Box

COLUMNS = ("video", "child", "session", "date", "visit", "box", "choose", "stimuli")
NAMES = {"USUBJID": "child", "SESSION": "session", "DATE": "date", "AVISIT": "visit", "VIDEO": "video"}
"""Other names under which columns are known."""


@dataclass(frozen=True)
class Session:
    """One video to score.

    Attributes
    ----------
    video: path of the file.
    child, session, visit, date: as the study knows them; "" where not given.
    choose: the rule or box (pixels) that picks the child's face, None for the rule of the call.
    stimuli: seconds from the first frame at which something was shown or played.
    """

    video: Path
    session: str
    child: str = ""
    visit: str = ""
    date: str = ""
    choose: Choice | None = None
    stimuli: tuple[float, ...] = ()


def sessions_of(videos: Sequence[Path]) -> tuple[Session, ...]:
    """Sessions named like their videos, without a child; by as much of the path as tells them apart.

    Raises
    ------
    UsageError: a video is named twice.
    """
    twice = [str(video) for number, video in enumerate(videos) if video in videos[:number]]
    if twice:
        raise UsageError(f"{twice[0]} is named twice; every video is scored once.")
    for naming in (lambda video: video.stem, lambda video: video.name, str):
        names = [naming(video) for video in videos]
        if len(set(names)) == len(names):
            break
    return tuple(Session(video, name) for video, name in zip(videos, names, strict=True))


def read_sessions(path: Path, videos: Sequence[Path] = ()) -> tuple[Session, ...]:
    """The sessions of a CSV file with a heading, one row a video.

    Columns: video (path, from the file's folder), child, session (default: the video's name), visit, date,
    box ("x0 y0 x1 y1", pixels), choose (a rule of `emostats.inference.choice`), stimuli (path of a CSV file
    with a column ``time``, seconds). Only ``video`` and ``child`` are required. With `videos`, only those are
    scored.

    Raises
    ------
    FindingsError: with every row that is not as described. UsageError: there is no row.
    """
    findings: list[Finding] = []
    found = [
        each for number, row in enumerate(_rows(path), 2) if (each := _session(path, number, row, findings))
    ]
    findings += _duplicates(path, found)
    found = _wanted(path, found, videos, findings)
    if findings:
        raise FindingsError(findings, f"{path}: {len(findings)} finding(s) in the list of sessions.")
    return tuple(found)


def _rows(path: Path) -> list[dict[str, str]]:
    """The rows by the house's names of the columns, without blank rows."""
    lines = _text(path).splitlines()
    reader = csv.reader(lines, delimiter=";" if lines and ";" in lines[0] else ",")
    header = [NAMES.get(name.strip(), name.strip().lower()) for name in next(reader, [])]
    _check_header(path, header)
    if not any(line.strip(" ,;") for line in lines[1:]):
        raise UsageError(f"{path} lists no session: expected a row for each video below the header.")
    return [dict(zip(header, map(str.strip, row), strict=False)) for row in reader if any(row)]


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        found = error.strerror if isinstance(error, OSError) else "other bytes; save it as CSV (UTF-8)"
        message = f"expected a CSV file in UTF-8, found: {found}."
        finding = Finding("file-unreadable", message, "Check the path and the file.", file=str(path))
        raise FindingsError([finding], "The list of sessions cannot be read.") from None


def _check_header(path: Path, header: Sequence[str]) -> None:
    missing = [name for name in ("video", "child") if name not in header]
    unknown = [name for name in header if name not in COLUMNS]
    there = ", ".join(header) or "none"
    findings = [
        ("column-missing", f"expected a column '{name}'; the columns are: {there}.", "Add it.")
        for name in missing
    ]
    findings += [
        ("column-unknown", f"there is no column '{name}'.", did_you_mean(name, COLUMNS)) for name in unknown
    ]
    if findings:
        raise FindingsError([Finding(*each, file=str(path)) for each in findings])


def _session(path: Path, number: int, row: Mapping[str, str], findings: list[Finding]) -> Session | None:
    def finding(column: str, message: str, action: str) -> None:
        place = cell(row, column, number)
        findings.append(Finding(f"{column}-not-usable", message, action, file=str(path), cell=place))

    before = len(findings)
    for name in ("video", "child"):
        if not row.get(name):
            finding(name, f"expected a {name}, found an empty cell.", "Fill it in.")
    choose = _choice(row, finding)
    stimuli = _stimuli(path.parent / row["stimuli"], findings) if row.get("stimuli") else ()
    if len(findings) > before:
        return None
    named = {name: row.get(name, "") for name in ("child", "visit", "date")}
    session = row.get("session") or Path(row["video"]).stem
    return Session(path.parent / row["video"], session, choose=choose, stimuli=stimuli, **named)


def cell(row: Mapping[str, str], column: str, number: int) -> str:
    """The cell in spreadsheet notation, e.g. ``"B7"``."""
    return f"{ascii_uppercase[list(row).index(column)]}{number}" if column in row else f"A{number}"


def _choice(row: Mapping[str, str], finding: Callable[[str, str, str], None]) -> Choice | None:
    if text := row.get("box"):
        if (box := parse_box(text)) is None:
            finding("box", f"expected x0 y0 x1 y1 with x0 < x1 and y0 < y1, found '{text}'.", "Correct it.")
        return box
    rule = row.get("choose") or None
    if rule is not None and rule not in RULES:
        finding("choose", f"there is no rule '{rule}' to choose a face.", did_you_mean(rule, RULES))
    return rule


def parse_box(text: str) -> Box | None:
    """``"x0 y0 x1 y1"`` (spaces, commas or semicolons between) as numbers; None if it is no box."""
    try:
        x0, y0, x1, y1 = (float(part) for part in text.replace(",", " ").replace(";", " ").split())
    except ValueError:
        return None
    return (x0, y0, x1, y1) if x0 < x1 and y0 < y1 else None


def read_stimuli(path: Path) -> tuple[float, ...]:
    """Times of stimuli (s from the first frame) from the column ``time`` of a CSV file, in order.

    Raises
    ------
    FindingsError: the file has no such column, or cells that are no times.
    """
    findings: list[Finding] = []
    times = _stimuli(path, findings)
    if findings:
        raise FindingsError(findings)
    return times


def _stimuli(path: Path, findings: list[Finding]) -> tuple[float, ...]:
    try:
        rows = list(csv.DictReader(_text(path).splitlines()))
    except FindingsError as error:
        findings += error.findings
        return ()
    if rows and "time" not in rows[0]:
        message = "expected a column 'time' (seconds)."
        findings.append(Finding("column-missing", message, "Add it.", file=str(path)))
        return ()
    return tuple(sorted(_times(path, rows, findings)))


def _times(path: Path, rows: Sequence[Mapping[str, str]], findings: list[Finding]) -> list[float]:
    times = []
    for number, row in enumerate(rows, 2):
        try:
            times.append(_time(row["time"]))
        except (TypeError, ValueError):
            message = f"expected a time in seconds, found '{row['time']}'."
            findings.append(
                Finding("time", message, "Correct it.", file=str(path), cell=cell(row, "time", number))
            )
    return times


def _time(text: str) -> float:
    value = float(text)
    if not 0.0 <= value < float("inf"):
        raise ValueError(text)
    return value


def _duplicates(path: Path, sessions: Sequence[Session]) -> list[Finding]:
    seen: set[tuple[str, str, str]] = set()
    findings = []
    for each in sessions:
        key = (each.child, each.visit, each.session)
        if key in seen:
            message = f"session '{each.session}' stands more than once."
            action = "Give each session of a child and visit its own name."
            findings.append(
                Finding("duplicate", message, action, file=str(path), subject=each.child, visit=each.visit)
            )
        seen.add(key)
    return findings


def _wanted(
    path: Path, sessions: Sequence[Session], videos: Sequence[Path], findings: list[Finding]
) -> list[Session]:
    """The sessions of `videos`, by path or else by file name; all of them without any."""
    found = [] if videos else list(sessions)
    for video in videos:
        same = [each for each in sessions if each.video.resolve() == video.resolve()]
        same = same or [each for each in sessions if each.video.name == video.name]
        found += [replace(each, video=video) for each in same]
        if not same:
            message = f"expected a row for the video '{video.name}', found none."
            hint = did_you_mean(video.name, (each.video.name for each in sessions))
            findings.append(Finding("video-unknown", message, hint, file=str(path)))
    return found
