"""A table of clips of your own: ``video, subject, label`` and what else is known."""

from __future__ import annotations

import csv
from pathlib import Path

from emostats.errors import Finding, FindingsError, UsageError, did_you_mean
from emostats.inference.datasets.clip import Clip, frozen

COLUMNS = ("video", "subject", "label")


def table(path: str | Path) -> tuple[Clip, ...]:
    """Clips of a CSV table.

    Columns ``video`` (a video, or a folder of images; relative to the table), ``subject``, ``label``;
    optional ``fold`` (a whole number) and any others, which become `Clip.meta`.

    Raises
    ------
    UsageError: the table cannot be read, or lacks a column. FindingsError: all rows that lack a value or
        whose video is not there, a video named twice.
    """
    source = Path(path)
    rows = _rows(source)
    findings: list[Finding] = []
    clips: list[Clip] = []
    seen: dict[Path, int] = {}
    for number, row in enumerate(rows, start=2):
        problem = _problem(row, source, seen, number)
        if problem:
            findings.append(Finding("clip", problem, file=source.name, cell=f"row {number}"))
        else:
            clips.append(_clip(row, source))
    if findings:
        raise FindingsError(findings, f"{len(findings)} row(s) of {source.name} cannot be used.")
    if not clips:
        raise UsageError(f"{source} has no rows below its header.")
    return tuple(clips)


def _rows(source: Path) -> list[dict[str, str]]:
    try:
        with source.open(encoding="utf-8-sig", newline="") as handle:
            reader = csv.DictReader(handle, restval="")
            names = [name.strip() for name in reader.fieldnames or ()]
            for column in COLUMNS:
                if column not in names:
                    raise UsageError(f"{source} has no column '{column}'. {did_you_mean(column, names)}")
            reader.fieldnames = names
            return [
                {key: (value or "").strip() for key, value in row.items() if isinstance(key, str)}
                for row in reader
            ]
    except OSError as error:
        raise UsageError(f"{source} cannot be read: {error.strerror}.") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"{source} cannot be read as a CSV table in UTF-8: {error}") from None


def _problem(row: dict[str, str], source: Path, seen: dict[Path, int], number: int) -> str:
    empty = [column for column in COLUMNS if not row[column]]
    if empty:
        return f"The row has no {' and no '.join(empty)}."
    place = source.parent / row["video"]
    if not place.exists():
        return f"There is no video '{row['video']}' (beside the table)."
    if row.get("fold") and not row["fold"].lstrip("-").isdigit():
        return f"fold must be a whole number; found '{row['fold']}'."
    first = seen.setdefault(place.resolve(), number)
    return "" if first == number else f"The video '{row['video']}' stands in row {first} already."


def _clip(row: dict[str, str], source: Path) -> Clip:
    fold = int(row["fold"]) if row.get("fold") else None
    meta = {key: value for key, value in row.items() if key not in (*COLUMNS, "fold")}
    return Clip(source.parent / row["video"], row["subject"], row["label"], fold, frozen(meta))
