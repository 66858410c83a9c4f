"""Reads Google Forms responses: ``Timestamp`` first, then one column a question; one response a row.

The CSV that a form itself hands out writes ``2025/03/01 9:14:05 AM GMT+1``: such a timestamp becomes an ISO
date and time. What a spreadsheet wrote instead (``3/1/2025``) is left alone, because day and month could be
either way round: say `date_format`.
"""

from __future__ import annotations

import re
from typing import Any

from emostats.errors import Finding
from emostats.ingest.cells import text_of
from emostats.ingest.formats.survey import SurveyReader, not_this_export

_STAMP = re.compile(r"(\d{4})/(\d{2})/(\d{2}) (\d{1,2}):(\d{2}):(\d{2})(?:\s?([AaPp])\.?[Mm]\.?)?(?: \S+)?")


class GoogleFormsReader(SurveyReader):
    """Responses of a Google form (CSV or .xlsx)."""

    def tidy(self, sheet: str, columns: list[list[Any]]) -> list[Finding]:
        """Writes the timestamps in ISO form where they are in the form's own."""
        if not columns or text_of(columns[0][0]) != "Timestamp":
            raise not_this_export("Google Forms", "its first column is not 'Timestamp'")
        columns[0][1:] = [iso(content) for content in columns[0][1:]]
        return []


def iso(content: Any) -> Any:
    """A form's timestamp as ``2025-03-01T09:14:05``; anything else as it is."""
    found = _STAMP.fullmatch(content.strip()) if isinstance(content, str) else None
    if not found:
        return content
    year, month, day, hour, minute, second, half = found.groups()
    hours = int(hour) % 12 + (12 if half in ("P", "p") else 0) if half else int(hour)
    return f"{year}-{month}-{day}T{hours:02}:{minute}:{second}"
