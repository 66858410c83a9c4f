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

FIXED = ("_id", "_uuid", "_index")
REJECTED = frozenset(("not approved", "validation_status_not_approved"))


class KoboReader(SurveyReader):
    """A KoBoToolbox export with XML values as headers (.xlsx, CSV); a repeat group is a sheet of its own."""

    def tidy(self, sheet: str, columns: list[list[Any]]) -> list[Finding]:
        """Takes the groups off the headers; reports repeated and rejected submissions."""
        headers = [text_of(column[0]) for column in columns]
        if not any(name in headers for name in FIXED):
            raise not_this_export("KoBoToolbox", "row 1 has none of the columns _id, _uuid, _index")
        for column, name in zip(columns, bare(headers), strict=True):
            column[0] = name
        rows = filled_rows(columns, 1)
        return [
            *self._repeated(sheet, headers, columns, rows),
            *self._rejected(sheet, headers, columns, rows),
        ]

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
        message = f"{len(found)} submissions were not approved; they were read like the rest."
        action = "Leave them out of the export if they do not count."
        where = addresses.cells(found, position)
        return [self.note("rejected-submission", message, action, where, sheet=sheet)]


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
