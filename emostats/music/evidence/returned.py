"""Reads the sheets that came back, joins them to the key, and makes the table of a study file.

Nothing is dropped in silence: a code that is not in the key, a clip that was not this rater's, a value off
the scale, a sheet that did not come back, are findings.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from emostats.errors import Finding, FindingsError, Severity, UsageError
from emostats.music.evidence.sheets import HEADER_ROW, KEY, PLAN

COLUMNS = ("USUBJID", "CLIP", "RATER", "AVISIT")


@dataclass(frozen=True)
class Returned:
    """Ratings joined to children, one row a clip × rater: USUBJID, CLIP, RATER, AVISIT, one column a domain,
    GUESS; blank ratings are NaN. findings: what was wrong or noteworthy. plan: as in plan.json."""

    table: pd.DataFrame
    findings: tuple[Finding, ...]
    plan: Mapping[str, Any]

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings that make the table unusable."""
        return tuple(finding for finding in self.findings if finding.severity is Severity.ERROR)


def read_sheets(folder: str | Path, sheets: Sequence[Path] = (), key: Path | None = None) -> Returned:
    """The ratings of the sheets in `folder` (all ``ratings_*.xlsx``, or those named).

    Raises
    ------
    UsageError: no plan, key or sheet. FindingsError: ratings that cannot be joined or are off the scale; all
        of them are listed.
    """
    folder = Path(folder)
    plan, clips = _plan(folder / PLAN), _key(key or folder / KEY)
    paths = list(sheets) or sorted(folder.glob("ratings_*.xlsx"))
    if not paths:
        raise UsageError(f"{folder} holds no rating sheet (ratings_<rater>.xlsx).")
    rows: list[dict[str, Any]] = []
    findings: list[Finding] = []
    for path in paths:
        got, wrong = _sheet(path, plan, clips)
        rows += got
        findings += wrong
    findings += _missing(rows, paths, plan, clips)
    returned = Returned(_table(rows, plan), tuple(findings), plan)
    if returned.errors:
        raise FindingsError(findings, f"{len(returned.errors)} rating(s) cannot be used as they stand.")
    return returned


def _plan(path: Path) -> Mapping[str, Any]:
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise UsageError(
            f"{path} is missing: name the folder that `emostats music ratings make` wrote."
        ) from None
    except ValueError:
        raise UsageError(f"{path} is damaged: it is no JSON.") from None


def _key(path: Path) -> dict[str, dict[str, str]]:
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
    except FileNotFoundError:
        raise UsageError(f"The key {path} is missing. Where it is kept apart, name it: --key.") from None
    if not rows or not {"CODE", "CLIP", "USUBJID", "RATERS"} <= set(rows[0]):
        raise UsageError(f"{path} is not the key that `emostats music ratings make` wrote.")
    return {row["CODE"]: row for row in rows}


def _sheet(
    path: Path, plan: Mapping[str, Any], clips: Mapping[str, Mapping[str, str]]
) -> tuple[list[dict[str, Any]], list[Finding]]:
    grid = _cells(path)
    header = [str(cell or "").strip() for cell in grid[HEADER_ROW - 1]] if len(grid) >= HEADER_ROW else []
    missing = [name for name in ("Clip", *plan["domains"]) if name not in header]
    if missing:
        what = f"Row {HEADER_ROW} lacks {', '.join(missing)}: the header was changed."
        return [], [Finding("sheet-header", what, "Restore the header row of the sheet.", file=path.name)]
    rater = str(grid[0][0] or "").removeprefix("Rater ").strip()
    if rater not in plan["raters"]:
        what = f"Cell A1 names no rater of the plan ('{grid[0][0]}')."
        return [], [Finding("rater-unknown", what, "Restore 'Rater <code>'.", file=path.name, cell="A1")]
    rows: list[dict[str, Any]] = []
    findings: list[Finding] = []
    seen: set[str] = set()
    for number, line in enumerate(grid[HEADER_ROW:], start=HEADER_ROW + 1):
        cells = dict(zip(header, line, strict=False))
        code = str(cells.get("Clip") or "").strip()
        if not code:
            if any(cells.get(name) not in (None, "") for name in plan["domains"]):
                findings.append(_finding("clip-blank", "Ratings without a clip's code.", path, number))
            continue
        problem = _problem(code, rater, clips, seen)
        seen.add(code)
        if problem:
            findings.append(_finding("clip-unknown", problem, path, number))
            continue
        values, wrong = _values(cells, plan, path, number)
        findings += wrong
        clip = clips[code]
        rows.append(
            {
                "USUBJID": clip["USUBJID"],
                "CLIP": clip["CLIP"],
                "RATER": rater,
                "AVISIT": clip.get("AVISIT", ""),
                **values,
                "GUESS": str(cells.get("Guessed visit") or "").strip(),
            }
        )
    return rows, findings


def _cells(path: Path) -> list[tuple[Any, ...]]:
    from openpyxl import load_workbook

    try:
        book = load_workbook(path, read_only=True, data_only=True)
        grid = [tuple(row) for row in book.worksheets[0].iter_rows(values_only=True)]
        book.close()
    except FileNotFoundError:
        raise UsageError(f"{path} does not exist.") from None
    except Exception as error:
        raise UsageError(f"{path.name} cannot be read as a workbook ({error}).") from None
    if not grid:
        raise UsageError(f"{path.name} is empty.")
    return grid


def _problem(code: str, rater: str, clips: Mapping[str, Mapping[str, str]], seen: set[str]) -> str:
    if code in seen:
        return f"Clip {code} stands twice in the sheet."
    if code not in clips:
        return f"Code '{code}' is not in the key."
    if rater not in clips[code]["RATERS"].split(";"):
        return f"Clip {code} was not given to rater {rater}."
    return ""


def _values(
    cells: Mapping[str, Any], plan: Mapping[str, Any], path: Path, number: int
) -> tuple[dict[str, float], list[Finding]]:
    values, findings = {}, []
    for name in plan["domains"]:
        cell = cells.get(name)
        values[name] = float("nan")
        if cell is None or str(cell).strip() == "":
            continue
        try:
            value = float(str(cell).strip())
        except ValueError:
            value = float("nan")
        if value.is_integer() and plan["low"] <= value <= plan["high"] and not isinstance(cell, bool):
            values[name] = value
        else:
            what = f"{name} '{cell}' is no whole number from {plan['low']} to {plan['high']}."
            findings.append(_finding("rating-invalid", what, path, number))
    return values, findings


def _finding(rule: str, what: str, path: Path, number: int) -> Finding:
    todo = "Ask the rater, and correct the sheet."
    return Finding(rule, what, todo, file=path.name, cell=f"row {number}")


def _missing(
    rows: Sequence[Mapping[str, Any]],
    paths: Sequence[Path],
    plan: Mapping[str, Any],
    clips: Mapping[str, Mapping[str, str]],
) -> Iterator[Finding]:
    """Sheets that did not come back, clips that vanished from one, a rater twice, blanks."""
    came = {row["RATER"] for row in rows}
    pairs = [(row["RATER"], row["CLIP"]) for row in rows]
    for pair in sorted({pair for pair in pairs if pairs.count(pair) > 1}):
        yield Finding("rating-twice", f"Rater {pair[0]} rated clip '{pair[1]}' in two sheets.", "Keep one.")
    for rater in plan["raters"]:
        asked = {clip["CLIP"] for clip in clips.values() if rater in clip["RATERS"].split(";")}
        if rater not in came:
            what = f"No sheet of rater {rater} came back ({len(asked)} clips)."
            yield Finding("sheet-missing", what, severity=Severity.WARNING, file=f"ratings_{rater}.xlsx")
        elif gone := asked - {clip for who, clip in pairs if who == rater}:
            what = f"{len(gone)} of the {len(asked)} clips of rater {rater} are not in the sheet."
            yield Finding("rows-missing", what, severity=Severity.WARNING, file=f"ratings_{rater}.xlsx")
    blank = sum(row[name] != row[name] for row in rows for name in plan["domains"])
    if blank:
        yield Finding("blank-ratings", f"{blank} ratings are blank.", severity=Severity.NOTE)


def _table(rows: Sequence[Mapping[str, Any]], plan: Mapping[str, Any]) -> pd.DataFrame:
    names = [*COLUMNS, *plan["domains"], "GUESS"]
    table = pd.DataFrame(list(rows), columns=names)
    return table.sort_values(["CLIP", "RATER"], ignore_index=True)


def write_ratings(returned: Returned, path: Path) -> None:
    """The table as a new CSV; the `[ratings]` block of a study file reads it. Text is made harmless to
    spreadsheets, as everywhere in emostats.

    Raises
    ------
    FileExistsError: the file is there already.
    """
    table = returned.table.copy()
    for name in ("USUBJID", "CLIP", "RATER", "AVISIT", "GUESS"):
        table[name] = [_harmless(text) for text in table[name]]
    for name in returned.plan["domains"]:
        table[name] = ["" if value != value else f"{value:g}" for value in table[name]]
    with path.open("x", encoding="utf-8", newline="") as stream:
        table.to_csv(stream, index=False, lineterminator="\n")


def _harmless(text: Any) -> str:
    value = "" if text is None else str(text)
    return f"'{value}" if value.startswith(("=", "+", "@", "\t", "\r")) else value


def study_block(plan: Mapping[str, Any], file: str, visits: bool) -> str:
    """The lines of a study file that read this table."""
    visit = ', GUESS = "GUESS", AVISIT = "AVISIT"' if visits else ""
    lines = [
        "[sources.ratings]",
        f'file = "{file}"',
        "",
        "[ratings]",
        'source = "ratings"',
        f'columns = {{ USUBJID = "USUBJID", CLIP = "CLIP", RATER = "RATER"{visit} }}',
        f"range = [{plan['low']}, {plan['high']}]",
        "[ratings.domains]",
    ]
    lines += [
        f'{code} = {{ column = "{code}", label = "{code.capitalize()} matching" }}'
        for code in plan["domains"]
    ]
    return "\n".join(lines) + "\n"
