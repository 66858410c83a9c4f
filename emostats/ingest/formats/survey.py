"""What the readers of survey exports share: the table behind them, headers put right, notes on identifiers.

A reader changes headers and blanks what is no answer (second header rows); rows and columns stay in place.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from emostats.errors import Finding, Severity
from emostats.ingest import addresses
from emostats.ingest.cells import text_of
from emostats.ingest.container import UnreadableError
from emostats.ingest.reader import RawSheet, open_table
from emostats.study.spec import Source

_PERSONAL = re.compile(
    r"e-?mail|phone|\bip[ _]?address|ipaddress|(?:first|last|full|sur)[ _]?name|latitude|longitude|geopoint"
    r"|postal|\bstreet\b|deviceid|device_id|phonenumber|simserial|subscriberid|\busername\b|\bdob\b",
    re.I,
)


class SurveyReader:
    """An export of a survey tool. Subclasses say in `tidy` what its shape is.

    Raises
    ------
    UnreadableError: the file behind it cannot be opened.
    """

    def __init__(self, path: Path, source: Source) -> None:
        self._inner = open_table(path, source)
        self._source = source
        self.typed = self._inner.typed

    @property
    def sheets(self) -> tuple[str, ...]:
        """The sheets of the file behind it."""
        return self._inner.sheets

    def read(self, sheet: str) -> RawSheet:
        """The cells of a sheet with one header row.

        Raises
        ------
        UnreadableError: the file is damaged or has not the tool's shape.
        """
        raw = self._inner.read(sheet)
        if raw.n_rows == 0:
            return raw
        columns = [list(column) for column in raw.columns]
        found = [*raw.findings, *self.tidy(sheet, columns)]
        headers = [text_of(column[0]) for column in columns]
        found += self.identifiers(sheet, headers)
        return replace(raw, columns=columns, findings=tuple(found))

    def tidy(self, sheet: str, columns: list[list[Any]]) -> list[Finding]:
        """Puts one header row into row 1 of `columns` (changed in place) and says what was noticed."""
        raise NotImplementedError

    def is_empty(self) -> bool:
        """Whether the file holds no value."""
        return self._inner.is_empty()

    def close(self) -> None:
        """Closes the file."""
        self._inner.close()

    def note(
        self, rule: str, message: str, action: str, where: str,
        severity: Severity = Severity.WARNING, sheet: str = "",
    ) -> Finding:  # fmt: skip
        """A finding about this file."""
        return Finding(rule, message, action, severity, file=self._source.file, sheet=sheet, cell=where)

    def identifiers(self, sheet: str, headers: Sequence[str], known: Iterable[int] = ()) -> list[Finding]:
        """Names the columns that identify people, by their headers or as the tool marks them."""
        marked = set(known)
        columns = [n for n, name in enumerate(headers) if n in marked or _PERSONAL.search(name)]
        if not columns:
            return []
        listed = ", ".join(f"'{headers[column]}'" for column in columns)
        message = f"columns that identify people stand in the export: {listed}. They are not read unless the "
        message += "study file names them."
        return [
            self.note(
                "identifier-column", message, "Better leave them out of the export.",
                addresses.columns_text(columns), Severity.NOTE, sheet,
            )
        ]  # fmt: skip


def blank_row(columns: list[list[Any]], row: int) -> None:
    """Empties a row, in place."""
    for column in columns:
        column[row] = ""


def need_rows(columns: list[list[Any]], count: int, tool: str) -> None:
    """Refuses a table with fewer header rows than the tool writes.

    Raises
    ------
    UnreadableError: with the rule ``not-this-export``.
    """
    if not columns or len(columns[0]) < count:
        raise not_this_export(tool, f"it has fewer than {count} rows")


def not_this_export(tool: str, why: str) -> UnreadableError:
    """The error for a file that has not the tool's shape."""
    message = f"expected an export of {tool}; {why}."
    return UnreadableError("not-this-export", message, "Export it anew, or state another format.")


def filled_rows(columns: Sequence[Sequence[Any]], start: int) -> list[int]:
    """Rows from `start` on that hold any value."""
    return [row for row in range(start, len(columns[0])) if any(text_of(column[row]) for column in columns)]
