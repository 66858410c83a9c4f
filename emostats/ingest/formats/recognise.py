"""Which survey tool a table looks to come from, when the study file does not say."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from emostats.errors import Finding, Severity
from emostats.ingest.cells import text_of


def unstated_export(columns: Sequence[Sequence[Any]], n_rows: int) -> Finding | None:
    """A finding when the table is an export that plain reading would take for something else.

    Second and third header rows of Qualtrics and SurveyMonkey would count as children: errors. In an export
    of REDCap the 0 of a checkbox may mean 'never asked': a warning.
    """
    first = {text_of(column[0]): column for column in columns} if n_rows else {}
    if n_rows > 2 and all(is_import_id(column[2]) for column in columns):
        return _finding("Qualtrics", "qualtrics", "rows 2 and 3 hold question texts and import ids")
    if n_rows > 1 and "Respondent ID" in first and not text_of(first["Respondent ID"][1]):
        return _finding("SurveyMonkey", "surveymonkey", "row 2 holds the options of the questions")
    if {"redcap_event_name", "redcap_repeat_instrument"} & first.keys():
        why = "a 0 of its checkboxes may mean 'never asked'"
        return _finding("REDCap", "redcap", why, Severity.WARNING)
    return None


def is_import_id(content: Any) -> bool:
    """Whether a cell holds ``{"ImportId": …}``, as the third row of Qualtrics does."""
    try:
        found = json.loads(text_of(content))
    except ValueError:
        return False
    return isinstance(found, dict) and "ImportId" in found


def _finding(tool: str, name: str, why: str, severity: Severity = Severity.ERROR) -> Finding:
    message = f"the file looks like an export of {tool}, and the study file does not say so: {why}."
    return Finding("unstated-export", message, f'Say format = "{name}" in [sources].', severity)
