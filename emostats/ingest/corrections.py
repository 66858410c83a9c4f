"""Corrections: decisions in a file of their own, applied to what was read; the sources stay as they are.

One row a cell: ``file, sheet, cell, old, new, who, when, why``. A correction fits when the cell still holds
`old`; otherwise the source has changed since the decision, and that is an error. Each one that was applied
is a note among the findings: the audit trail.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, fields, replace
from typing import Any

from emostats.errors import Finding, Severity
from emostats.ingest import addresses
from emostats.ingest.cells import shown, text_of
from emostats.ingest.container import UnreadableError
from emostats.ingest.delimited import DelimitedReader
from emostats.ingest.log import Log
from emostats.ingest.raw import RawTable
from emostats.study.spec import Source, StudySpec
from emostats.study.spec.paths import OutsideError, inside

_PLAIN = re.compile(r"-?(?:0|[1-9]\d{0,14})(?:\.\d{1,15})?", re.ASCII)
NEEDED = ("file", "cell", "new", "who", "when", "why")


@dataclass(frozen=True)
class Correction:
    """One decision; `row` is its row in the file of corrections."""

    file: str
    sheet: str
    cell: str
    old: str
    new: str
    who: str
    when: str
    why: str
    row: int = 0


@dataclass
class Corrections:
    """The decisions of a study, and which of them were applied."""

    name: str = ""
    decisions: tuple[Correction, ...] = ()
    used: set[int] = field(default_factory=set)

    def apply(self, raw: RawTable, log: Log) -> RawTable:
        """The table with its corrections; each is reported, whether it fits or not."""
        mine = [item for item in self.decisions if (item.file, item.sheet) == (raw.file, raw.sheet)]
        if not mine:
            return raw
        columns: list[Any] = list(raw.columns)
        faults = dict(raw.marks.faults)
        for item in mine:
            self.used.add(item.row)
            where = addresses.position(item.cell)
            if where is None or where[0] >= raw.n_rows or where[1] >= len(columns):
                log.add(self._finding(item, "correction-unfit", "there is no such cell in the table."))
                continue
            row, column = where
            found = columns[column][row]
            if text_of(found) != item.old:
                message = f"expected the old content '{item.old}'; found {shown(found) or 'nothing'}."
                log.add(self._finding(item, "correction-unfit", message))
                continue
            if columns[column] is raw.columns[column]:
                columns[column] = list(raw.columns[column])  # the reader's own stays as it is
            columns[column][row] = _cell(item.new, raw)
            faults.pop(where, None)
            log.add(self._applied(item))
        return replace(raw, columns=columns, marks=replace(raw.marks, faults=faults))

    def report_unused(self, log: Log) -> None:
        """Reports corrections whose table was not read."""
        for item in self.decisions:
            if item.row not in self.used:
                self.used.add(item.row)
                message = f"no table that the study reads is {item.file}" + (
                    f", sheet '{item.sheet}'." if item.sheet else "."
                )
                log.add(replace(self._finding(item, "correction-unused", message), severity=Severity.WARNING))

    def _finding(self, item: Correction, rule: str, message: str) -> Finding:
        place = f"row {item.row} ({item.cell} of {item.file})"
        return Finding(rule, f"{place}: {message}", "Decide anew and correct the row.", file=self.name)

    def _applied(self, item: Correction) -> Finding:
        message = f"corrected from '{item.old}' to '{item.new}' by {item.who} on {item.when}: {item.why}."
        return Finding(
            "corrected", message, "", Severity.NOTE, file=item.file, sheet=item.sheet, cell=item.cell
        )


def _cell(new: str, raw: RawTable) -> Any:
    """The new content as the file would hold it: in a workbook a plain number is a number, 007 is text."""
    return float(new) if raw.typed and _PLAIN.fullmatch(new) else new


def read_corrections(spec: StudySpec, log: Log) -> Corrections:
    """The corrections that the study file names; what is wrong with the file is reported."""
    name = spec.decisions.corrections
    if name is None:
        return Corrections()
    try:
        raw = DelimitedReader(inside(spec.folder, name), Source(file=name)).read("")
    except OutsideError as error:
        log.add(Finding("path-outside", f"{error}.", "Put it in the study folder.", file=name))
        return Corrections()
    except UnreadableError as error:
        log.add(Finding(error.rule, str(error), error.action, file=name))
        return Corrections()
    return Corrections(name, tuple(_decisions(name, raw.columns, log)))


def _decisions(name: str, columns: Any, log: Log) -> Iterable[Correction]:
    headers = [text_of(column[0]).lower() for column in columns]
    keys = [item.name for item in fields(Correction) if item.name != "row"]
    missing = [key for key in NEEDED if key not in headers]
    if missing:
        message = f"expected the columns {', '.join(keys)}; '{missing[0]}' is missing."
        log.add(Finding("missing-column", message, "Add it.", file=name))
        return
    seen: set[tuple[str, str, str]] = set()
    for row in range(1, len(columns[0])):
        cells = dict(zip(headers, (text_of(column[row]) for column in columns), strict=True))
        if not any(cells.values()):
            continue
        blank = [key for key in NEEDED if key != "new" and not cells[key]]
        place = (cells["file"], cells.get("sheet", ""), cells["cell"])
        if blank or place in seen:
            message = (
                f"row {row + 1}: expected {blank[0]}." if blank else f"row {row + 1}: the cell stands twice."
            )
            action = "A correction says who decided it, when and why, once a cell."
            log.add(Finding("correction-unfit", message, action, file=name))
            continue
        seen.add(place)
        yield Correction(**{key: cells.get(key, "") for key in keys}, row=row + 1)
