"""The clips to be rated, as the study office lists them: which child, which visit, which file."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from emostats.errors import Finding, FindingsError, UsageError

COLUMNS = ("CLIP", "USUBJID")
OPTIONAL = ("AVISIT", "FILE")


@dataclass(frozen=True)
class Clip:
    """One clip: its own name, the child, the visit ('' where unknown), the file."""

    clip: str
    child: str
    visit: str = ""
    file: str = ""


def read_clips(path: str | Path) -> tuple[Clip, ...]:
    """The list of clips (CSV with CLIP, USUBJID and perhaps AVISIT, FILE).

    Raises
    ------
    UsageError: no table. FindingsError: a column or a cell is missing, or a clip stands twice.
    """
    path = Path(path)
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            rows = list(csv.DictReader(stream))
    except (UnicodeDecodeError, csv.Error):
        raise UsageError(f"{path.name} is no CSV table in UTF-8.") from None
    if not rows:
        raise UsageError(f"{path.name} lists no clip.")
    findings = [
        Finding("column-missing", f"The list of clips has no column '{name}'.", file=path.name, cell="row 1")
        for name in COLUMNS
        if name not in rows[0]
    ]
    if findings:
        raise FindingsError(findings, f"{path.name} is no list of clips.")
    seen: set[str] = set()
    clips = []
    for number, row in enumerate(rows, start=2):
        cells = {name: (row.get(name) or "").strip() for name in (*COLUMNS, *OPTIONAL)}
        for name in COLUMNS:
            if not cells[name]:
                findings.append(Finding("blank", f"{name} is blank.", file=path.name, cell=f"row {number}"))
        if cells["CLIP"] in seen:
            what = f"Clip '{cells['CLIP']}' stands twice."
            findings.append(Finding("clip-twice", what, file=path.name, cell=f"row {number}"))
        seen.add(cells["CLIP"])
        clips.append(Clip(cells["CLIP"], cells["USUBJID"], cells["AVISIT"], cells["FILE"]))
    if findings:
        raise FindingsError(findings, f"{path.name} cannot be used.")
    return tuple(clips)
