"""Reads the sheets that came back, joins them to the key, and makes the table of a study file.

Nothing is dropped in silence: a code that is not in the key, a clip that was not this rater's, a value off
the scale, a sheet that did not come back, are findings.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from emostats.errors import Finding, FindingsError, Severity, UsageError
from emostats.music.evidence.sheets import GUESSED, HEADER_ROW, KEY, PLAN
from emostats.music.files import expecting, writing

WHOLE = re.compile(r"[+-]?[0-9]+(\.0*)?")
WHOLE_SHEET = ("sheet-unreadable", "sheet-header", "rater-unknown", "rater-swapped")
"""Rules of findings that make a whole sheet unusable."""
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
    refused = {finding.file for finding in findings if finding.rule in WHOLE_SHEET}
    findings += _missing(rows, paths, refused, plan, clips)
    returned = Returned(_table(rows, plan), tuple(findings), plan)
    if returned.errors:
        raise FindingsError(findings, f"{len(returned.errors)} rating(s) cannot be used as they stand.")
    return returned


def _plan(path: Path) -> Mapping[str, Any]:
    with expecting(path, "the plan that `emostats music ratings make` wrote"):
        text = path.read_text(encoding="utf-8")
    try:
        plan = json.loads(text)
    except ValueError:
        plan = None
    if not isinstance(plan, dict) or not {"raters", "domains", "low", "high", "visits"} <= set(plan):
        raise UsageError(f"{path} is damaged: it is not the plan that `emostats music ratings make` wrote.")
    return plan


def _key(path: Path) -> dict[str, dict[str, str]]:
    if not path.exists():
        raise UsageError(f"The key {path} is missing. Where it is kept apart, name it: --key.")
    with expecting(path, "the key that `emostats music ratings make` wrote (CSV)"):
        text = path.read_text(encoding="utf-8")
    rows = list(csv.DictReader(io.StringIO(text)))
    if not rows or not {"CODE", "CLIP", "USUBJID", "RATERS"} <= set(rows[0]):
        raise UsageError(f"{path} is not the key that `emostats music ratings make` wrote.")
    return {row["CODE"]: row for row in rows}


@dataclass(frozen=True)
class Sheet:
    """One workbook that came back: its grid of values, its header, and whose it says it is (cell A1)."""

    path: Path
    title: str
    grid: tuple[tuple[Any, ...], ...]

    @property
    def header(self) -> list[str]:
        """Names of the columns, '' where blank."""
        return [_text(cell) for cell in self.grid[HEADER_ROW - 1]] if len(self.grid) >= HEADER_ROW else []

    @property
    def rater(self) -> str:
        """The code in cell A1."""
        return _text(self.grid[0][0]).removeprefix("Rater ").strip()

    def lines(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """Number and cells of each row below the header."""
        for number, line in enumerate(self.grid[HEADER_ROW:], start=HEADER_ROW + 1):
            yield number, dict(zip(self.header, line, strict=False))

    def finding(self, rule: str, what: str, todo: str, cell: str, severity: Severity) -> Finding:
        """A finding in this sheet."""
        return Finding(rule, what, todo, severity, file=self.path.name, sheet=self.title, cell=cell)

    def error(self, rule: str, what: str, row: int, column: str = "Clip", todo: str = "") -> Finding:
        """An error in one cell."""
        todo = todo or "Ask the rater, and correct the sheet."
        return self.finding(rule, what, todo, self.cell(row, column), Severity.ERROR)

    def cell(self, row: int, column: str) -> str:
        """A cell in spreadsheet notation."""
        from openpyxl.utils import get_column_letter

        return f"{get_column_letter(self.header.index(column) + 1)}{row}"


def _open(path: Path) -> Sheet:
    """The sheet ``Ratings`` of a workbook, or its first where none is called so."""
    from openpyxl import load_workbook

    with expecting(path, "a rating sheet (xlsx)"), path.open("rb"):
        pass
    try:
        book = load_workbook(path, read_only=True, data_only=True)
        page = book["Ratings"] if "Ratings" in book.sheetnames else book.worksheets[0]
        grid = tuple(tuple(row) for row in page.iter_rows(values_only=True))
        title = str(page.title)
        book.close()
    except Exception as error:
        raise UsageError(f"The file cannot be read as a workbook ({error}).") from None
    if not grid or not grid[0]:
        raise UsageError("The sheet is empty.")
    return Sheet(path, title, grid)


Clips = Mapping[str, Mapping[str, str]]
Read = tuple[list[dict[str, Any]], list[Finding]]


def _sheet(path: Path, plan: Mapping[str, Any], clips: Clips) -> Read:
    try:
        sheet = _open(path)
    except UsageError as error:
        todo = "Ask the rater for the sheet again, as xlsx."
        return [], [Finding("sheet-unreadable", str(error), todo, file=path.name)]
    wrong = _whose(sheet, plan)
    if wrong:
        return [], [wrong]
    rows: list[dict[str, Any]] = []
    findings: list[Finding] = []
    seen: set[str] = set()
    blank: list[str] = []
    for number, cells in sheet.lines():
        code = _text(cells.get("Clip"))
        if not code:
            if any(_text(cells.get(name)) for name in plan["domains"]):
                findings.append(sheet.error("clip-blank", "Ratings without a clip's code.", number))
            continue
        problem = _problem(code, sheet.rater, clips, seen)
        seen.add(code)
        if problem:
            findings.append(sheet.error("clip-unknown", problem, number))
            continue
        blank += [sheet.cell(number, name) for name in plan["domains"] if not _text(cells.get(name))]
        values, off = _values(sheet, cells, plan, number)
        guess, odd = _guess(sheet, cells, plan, number)
        findings += [*off, *odd]
        clip = clips[code]
        names = {"USUBJID": clip["USUBJID"], "CLIP": clip["CLIP"], "AVISIT": clip.get("AVISIT") or ""}
        rows.append({**names, "RATER": sheet.rater, **values, "GUESS": guess})
    return rows, [*findings, *_blanks(sheet, blank)]


def _blanks(sheet: Sheet, cells: list[str]) -> Iterator[Finding]:
    if cells:
        what = f"{len(cells)} {'rating is' if len(cells) == 1 else 'ratings are'} blank"
        few = ", ".join(cells[:8]) + (" …" if len(cells) > 8 else "")
        yield sheet.finding("blank-ratings", f"{what} ({few}).", "", cells[0], Severity.NOTE)


def _whose(sheet: Sheet, plan: Mapping[str, Any]) -> Finding | None:
    """What makes a whole sheet unusable: another header, no rater, or another rater than the file's name."""

    def wrong(rule: str, what: str, todo: str, cell: str) -> Finding:
        return sheet.finding(rule, what, todo, cell, Severity.ERROR)

    missing = [name for name in ("Clip", *plan["domains"]) if name not in sheet.header]
    if missing:
        what = f"Row {HEADER_ROW} lacks {', '.join(missing)}: the header was changed."
        return wrong("sheet-header", what, "Restore the header row of the sheet.", f"row {HEADER_ROW}")
    if sheet.rater not in plan["raters"]:
        what = f"Cell A1 names no rater of the plan ('{_text(sheet.grid[0][0])}')."
        return wrong("rater-unknown", what, "Restore 'Rater <code>'.", "A1")
    named = sheet.path.stem.removeprefix("ratings_")
    if named != sheet.rater and named in plan["raters"]:
        what = f"The sheet says rater {sheet.rater}, the file's name says {named}: were two sheets swapped?"
        return wrong("rater-swapped", what, "Ask both raters, and correct the name or cell A1.", "A1")
    return None


def _text(cell: Any) -> str:
    return "" if cell is None else str(cell).strip()


def _problem(code: str, rater: str, clips: Clips, seen: set[str]) -> str:
    if code in seen:
        return f"Clip {code} stands twice in the sheet."
    if code not in clips:
        return f"Code '{code}' is not in the key."
    if rater not in clips[code]["RATERS"].split(";"):
        return f"Clip {code} was not given to rater {rater}."
    return ""


def _values(
    sheet: Sheet, cells: Mapping[str, Any], plan: Mapping[str, Any], number: int
) -> tuple[dict[str, float], list[Finding]]:
    values, findings = {}, []
    for name in plan["domains"]:
        text = _text(cells.get(name))
        values[name] = float("nan")
        if not text:
            continue
        if WHOLE.fullmatch(text) and plan["low"] <= float(text) <= plan["high"]:
            values[name] = float(text)
        else:
            what = f"{name} '{text}' is no whole number from {plan['low']} to {plan['high']}."
            findings.append(sheet.error("rating-invalid", what, number, name))
    return values, findings


def _guess(
    sheet: Sheet, cells: Mapping[str, Any], plan: Mapping[str, Any], number: int
) -> tuple[str, list[Finding]]:
    """The guessed visit, '' where blank or none of the plan."""
    text = _text(cells.get(GUESSED))
    names = {str(name).casefold(): str(name) for name in plan["visits"]}
    if not text or text.casefold() in names:
        return names.get(text.casefold(), ""), []
    what = f"The guess '{text}' is none of {', '.join(names.values())}; it counts as blank."
    todo = "Ask the rater, and correct the sheet."
    return "", [sheet.finding("guess-unknown", what, todo, sheet.cell(number, GUESSED), Severity.WARNING)]


def _missing(
    rows: Sequence[Mapping[str, Any]],
    paths: Sequence[Path],
    refused: Set[str],
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
        if rater not in came and f"ratings_{rater}.xlsx" in refused:
            continue  # its own finding says why
        if rater not in came and f"ratings_{rater}.xlsx" not in {path.name for path in paths}:
            what = f"No sheet of rater {rater} came back ({len(asked)} clips)."
            todo = "Ask for it; the figures go without it."
            yield Finding("sheet-missing", what, todo, Severity.WARNING, file=f"ratings_{rater}.xlsx")
        elif gone := asked - {clip for who, clip in pairs if who == rater}:
            what = f"{len(gone)} of the {len(asked)} clips of rater {rater} are not in the sheet."
            todo = "Ask the rater for the whole sheet; the figures go without them."
            yield Finding("rows-missing", what, todo, Severity.WARNING, file=f"ratings_{rater}.xlsx")


def _table(rows: Sequence[Mapping[str, Any]], plan: Mapping[str, Any]) -> pd.DataFrame:
    names = [*COLUMNS, *plan["domains"], "GUESS"]
    table = pd.DataFrame(list(rows), columns=names)
    return table.sort_values(["CLIP", "RATER"], ignore_index=True)


def write_ratings(returned: Returned, path: Path) -> None:
    """The table as a new CSV; the `[ratings]` block of a study file reads it. Text is made harmless to
    spreadsheets, as everywhere in emostats.

    Raises
    ------
    UsageError: the file is there already, or cannot be written.
    """
    table = returned.table.copy()
    for name in ("USUBJID", "CLIP", "RATER", "AVISIT", "GUESS"):
        table[name] = [_harmless(text) for text in table[name]]
    for name in returned.plan["domains"]:
        table[name] = ["" if value != value else f"{value:g}" for value in table[name]]
    with writing(path, "the table of ratings"), path.open("x", encoding="utf-8", newline="") as stream:
        table.to_csv(stream, index=False, lineterminator="\n")


def _harmless(text: Any) -> str:
    value = "" if text is None else str(text)
    return f"'{value}" if value.startswith(("=", "+", "@", "\t", "\r")) else value


def check_threshold(threshold: float, plan: Mapping[str, Any]) -> None:
    """Raises UsageError where a match would need a rating that the scale does not have."""
    if not plan["low"] < threshold <= plan["high"]:
        raise UsageError(
            f"A match needs a rating above {plan['low']} and at most {plan['high']}, the ends of the scale; "
            f"found --threshold {threshold:g}."
        )


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
