"""Reads Qualtrics exports: three header rows (names, question texts, import ids), one response a row."""

from __future__ import annotations

from typing import Any

from emostats.errors import Finding
from emostats.ingest import addresses
from emostats.ingest.cells import text_of
from emostats.ingest.formats.recognise import is_import_id
from emostats.ingest.formats.survey import SurveyReader, blank_row, filled_rows, need_rows, not_this_export
from emostats.ingest.hints import count

_PREVIEWS = {"1": "a preview", "survey preview": "a preview", "2": "a survey test", "survey test": "a test",
             "8": "spam", "spam": "spam", "4": "imported", "imported": "imported"}  # fmt: skip


class QualtricsReader(SurveyReader):
    """A Qualtrics export (CSV, TSV or .xlsx) with all three header rows; the first one names the columns."""

    def tidy(self, sheet: str, columns: list[list[Any]]) -> list[Finding]:
        """Blanks the rows of question texts and import ids; reports previews and unfinished responses."""
        need_rows(columns, 3, "Qualtrics")
        if not all(is_import_id(column[2]) for column in columns):
            raise not_this_export("Qualtrics", 'row 3 does not hold {"ImportId": …} in every column')
        blank_row(columns, 1)
        blank_row(columns, 2)
        named = {text_of(column[0]): number for number, column in enumerate(columns)}
        rows = filled_rows(columns, 3)
        return [*self._previews(columns, named, rows), *self._unfinished(columns, named, rows)]

    def _previews(self, columns: list[list[Any]], named: dict[str, int], rows: list[int]) -> list[Finding]:
        if "Status" not in named:
            return []
        position = named["Status"]
        kinds = {row: _PREVIEWS.get(text_of(columns[position][row]).casefold()) for row in rows}
        odd = [row for row, kind in kinds.items() if kind]
        if not odd:
            return []
        responses = count(len(odd), "response is", "responses are") + " not from families"
        message = f"{responses} ({kinds[odd[0]]}, for one)."
        action = "Delete test responses in the survey tool and export again."
        return [self.note("test-response", message, action, addresses.cells(odd, position))]

    def _unfinished(self, columns: list[list[Any]], named: dict[str, int], rows: list[int]) -> list[Finding]:
        if "Finished" not in named:
            return []
        position = named["Finished"]
        open_ = [row for row in rows if text_of(columns[position][row]).casefold() in ("0", "false")]
        if not open_:
            return []
        responses = count(len(open_), "response was", "responses were")
        message = f"{responses} not finished; the answers are read as they are."
        action = "No action is needed if partial answers count."
        return [self.note("unfinished-response", message, action, addresses.cells(open_, position))]
