"""Reads SurveyMonkey exports: questions in row 1, their answer options in row 2, one respondent a row.

A question with several columns has its text in the first of them only. The header of a column is the
question; where row 2 names an option or a row of a matrix, ``question: option``.
"""

from __future__ import annotations

from typing import Any

from emostats.errors import Finding
from emostats.ingest.cells import text_of
from emostats.ingest.formats.survey import SurveyReader, blank_row, need_rows, not_this_export

OPEN = frozenset(("response", "open-ended response", ""))
FIXED = ("Respondent ID", "Collector ID")


class SurveyMonkeyReader(SurveyReader):
    """A SurveyMonkey export of all individual responses (CSV or .xlsx)."""

    def tidy(self, sheet: str, columns: list[list[Any]]) -> list[Finding]:
        """Joins the two header rows into one."""
        need_rows(columns, 2, "SurveyMonkey")
        questions = [text_of(column[0]) for column in columns]
        if not any(name in questions for name in FIXED):
            raise not_this_export("SurveyMonkey", f"row 1 has no column '{FIXED[0]}' or '{FIXED[1]}'")
        question = ""
        for column in columns:
            question = text_of(column[0]) or question
            option = text_of(column[1])
            column[0] = question if option.casefold() in OPEN else f"{question}: {option}"
        blank_row(columns, 1)
        return []
