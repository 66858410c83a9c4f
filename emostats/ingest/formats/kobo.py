"""Reads KoBoToolbox exports: one submission a row, group names before question names, ``_uuid`` and the like.

The header of a question is its own name where that is unique in the sheet (``family/mood`` → ``mood``);
the options of a multiple choice keep the question before them (``days/monday``).
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from emostats.errors import Finding
from emostats.ingest import addresses
from emostats.ingest.cells import text_of
from emostats.ingest.formats.survey import SurveyReader, filled_rows, not_this_export
from emostats.ingest.hints import count

FIXED = ("_id", "_uuid", "_index")
PARENT = "_parent_index"
REJECTED = frozenset(("not approved", "validation_status_not_approved"))


class KoboReader(SurveyReader):
    """A KoBoToolbox export with XML values as headers (.xlsx, CSV).

    A repeat group is a sheet of its own. The answers of the submission (or group) that a row belongs to stand
    right of its own columns, found by `_parent_index`; they carry the child's ID, which the group lacks.
    """

    def tidy(self, sheet: str, columns: list[list[Any]]) -> list[Finding]:
        """Takes the groups off the headers; reports repeated and rejected submissions."""
        headers = [text_of(column[0]) for column in columns]
        if not any(name in headers for name in (*FIXED, PARENT)):
            raise not_this_export("KoBoToolbox", "row 1 has none of the columns _id, _uuid, _index")
        for column, name in zip(columns, bare(headers), strict=True):
            column[0] = name
        rows = filled_rows(columns, 1)
        notes = [
            *self._repeated(sheet, headers, columns, rows),
            *self._rejected(sheet, headers, columns, rows),
        ]
        return notes + (self._add_parent(sheet, headers, columns, rows) if PARENT in headers else [])

    def _add_parent(
        self, sheet: str, headers: list[str], columns: list[list[Any]], rows: list[int]
    ) -> list[Finding]:
        """Puts the parent's columns beside those of a repeat group, and says which rows have no parent."""
        name = _parent_sheet(headers, columns, rows, self.sheets)
        if name in ("", sheet):
            return []
        parent = self.read(name)
        titles = [text_of(column[0]) for column in parent.columns]
        index = parent.columns[titles.index("_index")] if "_index" in titles else []
        at = {text_of(content): row for row, content in enumerate(index) if row and text_of(content)}
        own = [text_of(content) for content in columns[headers.index(PARENT)]]
        there = {text_of(column[0]) for column in columns}
        for title, column in zip(titles, parent.columns, strict=True):
            if title and title not in there:
                columns.append([title, *(column[at[key]] if key in at else "" for key in own[1:])])
        lost = [row for row in rows if own[row] not in at]
        if not lost:
            return []
        rows_lost = count(len(lost), "row of the repeat group belongs", "rows of the repeat group belong")
        message = f"{rows_lost} to no row of the sheet '{name}' ({PARENT})."
        where = addresses.cells(lost, headers.index(PARENT))
        return [self.note("row-without-parent", message, "Export all sheets together.", where, sheet=sheet)]

    def _repeated(
        self, sheet: str, headers: list[str], columns: list[list[Any]], rows: list[int]
    ) -> list[Finding]:
        if "_uuid" not in headers:
            return []
        position = headers.index("_uuid")
        counts = Counter(text_of(columns[position][row]) for row in rows)
        twice = [row for row in rows if counts[text_of(columns[position][row])] > 1]
        twice = [row for row in twice if text_of(columns[position][row])]
        if not twice:
            return []
        message = f"{len(twice)} rows share a submission with another row (_uuid)."
        where = addresses.cells(twice, position)
        return [self.note("repeated-submission", message, "Keep one of each.", where, sheet=sheet)]

    def _rejected(
        self, sheet: str, headers: list[str], columns: list[list[Any]], rows: list[int]
    ) -> list[Finding]:
        if "_validation_status" not in headers:
            return []
        position = headers.index("_validation_status")
        found = [row for row in rows if text_of(columns[position][row]).casefold() in REJECTED]
        if not found:
            return []
        submissions = count(len(found), "submission was", "submissions were")
        message = f"{submissions} not approved; read like the rest."
        action = "Leave them out of the export if they do not count."
        where = addresses.cells(found, position)
        return [self.note("rejected-submission", message, action, where, sheet=sheet)]


def _parent_sheet(
    headers: list[str], columns: list[list[Any]], rows: list[int], sheets: tuple[str, ...]
) -> str:
    """The sheet that rows of a repeat group belong to: the one they name, else the first."""
    if "_parent_table_name" in headers:
        named = columns[headers.index("_parent_table_name")]
        found = {text_of(named[row]) for row in rows} - {""}
        if len(found) == 1 and (name := found.pop()) in sheets:
            return name
    return sheets[0] if len(sheets) > 1 else ""


def bare(headers: list[str]) -> list[str]:
    """Headers without their groups, where the last part is unique and no option of a multiple choice."""
    counts = Counter(name.rsplit("/", 1)[-1] for name in headers)
    questions = set(headers)

    def one(name: str) -> str:
        group, _, last = name.rpartition("/")
        if not group:
            return name
        if group in questions:
            return f"{group.rsplit('/', 1)[-1]}/{last}"
        return last if counts[last] == 1 else name

    return [one(name) for name in headers]
