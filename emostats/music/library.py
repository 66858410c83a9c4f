"""Reads a library file (CSV): every bad row is a finding, and a track that lacks a field is never played.

What a column must hold stands in `data_schema/tracks.json`, and is read from there.
"""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from emostats.errors import Finding, FindingsError, Severity, UsageError, did_you_mean
from emostats.music.files import expecting
from emostats.music.tracks import Library
from emostats.resources import resource

MODES = {"major": 1.0, "minor": -1.0, "other": 0.0}

_LEFT_OUT = "The track is left out until the cell is filled in."


@cache
def fields() -> tuple[dict[str, Any], ...]:
    """The fields of a library, as `data_schema/tracks.json` describes them."""
    path = resource("data_schema") / "tracks.json"
    return tuple(json.loads(path.read_text(encoding="utf-8"))["fields"])


def required() -> tuple[str, ...]:
    """Names of the columns that a library must have."""
    return tuple(item["name"] for item in fields() if item["constraints"].get("required"))


def read_library(path: str | Path) -> tuple[Library, tuple[Finding, ...]]:
    """The tracks that are complete, and a warning for each that is not.

    Raises
    ------
    UsageError: there is no such file, or it is no text table.
    FindingsError: a column is missing, an id stands twice, or no track is complete.
    """
    path = Path(path)
    rows = _rows(path)
    name = path.name
    findings = list(_columns(name, rows))
    if findings:
        raise FindingsError(findings, f"{name} is not a music library.")
    good: list[dict[str, Any]] = []
    for number, row in rows[1]:
        parsed, wrong = _track(name, number, row)
        findings += wrong
        if not wrong:
            good.append(parsed)
    findings += _repeated(name, rows[1])
    errors = [finding for finding in findings if finding.severity is Severity.ERROR]
    if errors:
        raise FindingsError(findings, f"{name} cannot be used as a music library.")
    if not good:
        nothing = Finding(
            "library-empty", "The library has no complete track.", "Add tracks, or complete them.", file=name
        )
        raise FindingsError([*findings, nothing], f"{name} has nothing to play.")
    return _library(good), tuple(findings)


BEYOND = "…"
"""Where a row keeps what stands beyond the header."""

Numbered = tuple[int, dict[str, str]]
Rows = tuple[list[str], list[Numbered]]


def _rows(path: Path) -> Rows:
    with expecting(path, "a music library (CSV)"):
        text = path.read_text(encoding="utf-8-sig")
    head = text.split("\n", 1)[0]
    delimiter = ";" if head.count(";") > head.count(",") else ","
    reader = csv.reader(io.StringIO(text), delimiter=delimiter)
    try:
        lines = [(reader.line_num, line) for line in reader if any(cell.strip() for cell in line)]
    except csv.Error as error:
        raise UsageError(f"{path.name} is no table: {error}. Save the library as CSV (UTF-8).") from None
    if not lines:
        return [], []
    header = [cell.strip() for cell in lines[0][1]]
    return header, [
        (
            number,
            {name: cell.strip() for name, cell in zip(header, line, strict=False)}
            | {BEYOND: delimiter.join(line[len(header) :]).strip(f"{delimiter} ")},
        )
        for number, line in lines[1:]
    ]


def _columns(name: str, rows: Rows) -> Iterable[Finding]:
    header, lines = rows
    known = [item["name"] for item in fields()]
    if not header:
        yield Finding(
            "library-empty", "The file is empty: a header and at least one track were expected.",
            f"Columns: {', '.join(required())}.", file=name,
        )  # fmt: skip
        return
    for column in required():
        if column not in header:
            near = did_you_mean(column, [item for item in header if item not in known])
            yield Finding(
                "column-missing", f"The library has no column '{column}'.",
                near if "Did you mean" in near else "Add it; data_schema/tracks.json says what it holds.",
                file=name, cell="row 1",
            )  # fmt: skip
    if not lines:
        yield Finding(
            "library-empty", "The library has a header and no tracks.", "Add at least one track.", file=name
        )
    for column in sorted({item for item in header if header.count(item) > 1}):
        yield Finding(
            "column-twice", f"Column '{column}' stands twice.", "Keep one.", file=name, cell="row 1"
        )


def _track(name: str, number: int, row: Mapping[str, str]) -> tuple[dict[str, Any], list[Finding]]:
    parsed: dict[str, Any] = {}
    wrong = []
    if row[BEYOND]:
        what = f"Track '{row.get('track') or '(no id)'}': more cells than the header has ('{row[BEYOND]}')."
        todo = f"Put a text that holds a separator into quotes. {_LEFT_OUT}"
        wrong.append(Finding("cells-too-many", what, todo, Severity.WARNING, file=name, cell=f"row {number}"))
    for field in fields():
        text = row.get(field["name"], "")
        value, message = _value(field, text)
        parsed[field["name"]] = value
        if message:
            what = f"Track '{row.get('track') or '(no id)'}', {field['name']}: {message}"
            place = f"row {number}"
            wrong.append(Finding("track-field", what, _LEFT_OUT, Severity.WARNING, file=name, cell=place))
    return parsed, wrong


def _value(field: Mapping[str, Any], text: str) -> tuple[Any, str]:
    """The value of a cell, and what is wrong with it ('' for nothing)."""
    limits = field["constraints"]
    if not text:
        blank: Any = math.nan if field["type"] == "number" else ""
        return blank, "is blank." if limits.get("required") else ""
    if "enum" in limits and text.casefold() not in limits["enum"]:
        return "", f"'{text}' is none of {', '.join(limits['enum'])}."
    if field["type"] != "number":
        return text.casefold() if "enum" in limits else text, ""
    try:
        value = float(text)
    except ValueError:
        return math.nan, f"'{text}' is not a number (decimal point, no unit)."
    low, high = limits.get("minimum", -math.inf), limits.get("maximum", math.inf)
    if not low <= value <= high:
        return math.nan, f"{text} is outside {low:g} to {high:g}."
    return value, ""


def _repeated(name: str, lines: Sequence[Numbered]) -> Iterable[Finding]:
    seen: dict[str, int] = {}
    for number, row in lines:
        track = row.get("track", "")
        if track and track in seen:
            yield Finding(
                "track-twice", f"Track '{track}' stands in rows {seen[track]} and {number}.",
                "Give each track an id of its own.", file=name, cell=f"row {number}",
            )  # fmt: skip
        seen.setdefault(track, number)


def _library(rows: Sequence[Mapping[str, Any]]) -> Library:
    def texts(name: str) -> tuple[str, ...]:
        return tuple(row[name] for row in rows)

    def numbers(name: str) -> Any:
        return np.array([row[name] for row in rows], dtype=np.float64)

    measured = ("valence", "arousal", "tempo", "energy", "loudness", "duration", "brightness")
    return Library(
        track=texts("track"),
        title=tuple(row["title"] or row["track"] for row in rows),
        mode=np.array([MODES[row["mode"]] for row in rows]),
        licence=texts("licence"),
        contraindications=tuple(tags(row["contraindications"]) for row in rows),
        file=texts("file"),
        **{name: numbers(name) for name in measured},
    )


def tags(text: str) -> frozenset[str]:
    """Tags from one cell, separated by semicolons; case and spaces around them do not matter."""
    return frozenset(tag.strip().casefold() for tag in text.split(";") if tag.strip())


def bundled_library() -> Path:
    """The library that comes with emostats: short pieces synthesized by a script, for trying things out."""
    return Path(__file__).resolve().parent / "bundled" / "library.csv"
