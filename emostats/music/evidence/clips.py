"""The clips to be rated, as the study office lists them: which child, which visit, which file."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from emostats.errors import Finding, FindingsError, UsageError, did_you_mean
from emostats.music.files import expecting

COLUMNS = ("CLIP", "USUBJID")
OPTIONAL = ("AVISIT", "FILE")


@dataclass(frozen=True)
class Clip:
    """One clip: its own name, the child, the visit ('' where unknown), the file."""

    clip: str
    child: str
    visit: str = ""
    file: str = ""


def _rows(path: Path) -> list[tuple[int, dict[str, str]]]:
    """Rows with their numbers in the file."""
    with expecting(path, "a list of clips (CSV: CLIP, USUBJID, perhaps AVISIT and FILE)"):
        text = path.read_text(encoding="utf-8-sig")
    head = text.partition("\n")[0]
    delimiter = ";" if head.count(";") > head.count(",") else ","
    try:
        reader = csv.DictReader(io.StringIO(text), delimiter=delimiter, restkey="…", restval="")
        rows = [(reader.line_num, row) for row in reader]
    except csv.Error as error:
        raise UsageError(f"{path.name} is no table: {error}. Save the list as CSV (UTF-8).") from None
    if not rows:
        raise UsageError(f"{path.name} lists no clip: expected columns CLIP, USUBJID, and a row a clip.")
    return rows


def read_clips(path: str | Path) -> tuple[Clip, ...]:
    """The list of clips (CSV with CLIP, USUBJID and perhaps AVISIT, FILE).

    Raises
    ------
    UsageError: no such file, no table. FindingsError: a column or a cell is missing, or a clip stands twice.
    """
    path = Path(path)
    rows = _rows(path)
    findings = [
        Finding(
            "column-missing",
            f"The list of clips has no column '{name}'.",
            did_you_mean(name, rows[0][1]),
            file=path.name,
            cell="row 1",
        )
        for name in COLUMNS
        if name not in rows[0][1]
    ]
    if findings:
        raise FindingsError(findings, f"{path.name} is no list of clips.")
    seen: set[str] = set()
    clips = []
    for number, row in rows:
        cells = {name: (row.get(name) or "").strip() for name in (*COLUMNS, *OPTIONAL)}
        for name in COLUMNS:
            if not cells[name]:
                findings.append(
                    Finding("blank", f"{name} is blank.", "Fill it in.", file=path.name, cell=f"row {number}")
                )
        if cells["CLIP"] in seen:
            what = f"Clip '{cells['CLIP']}' stands twice."
            findings.append(Finding("clip-twice", what, "Keep one.", file=path.name, cell=f"row {number}"))
        seen.add(cells["CLIP"])
        clips.append(Clip(cells["CLIP"], cells["USUBJID"], cells["AVISIT"], cells["FILE"]))
    if findings:
        raise FindingsError(findings, f"{path.name} cannot be used.")
    return tuple(clips)


def visits_of(clips: Iterable[Clip]) -> tuple[str, ...]:
    """The visits to guess from, in order of appearance; none where all clips are of one."""
    visits = tuple(dict.fromkeys(clip.visit for clip in clips if clip.visit))
    return visits if len(visits) > 1 else ()
