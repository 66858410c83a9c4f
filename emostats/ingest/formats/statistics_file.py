"""What the readers of SPSS, SAS and Stata files share (pyreadstat; the extra ``spss``).

Codes stay codes, unless the study file says ``value_labels = true``. A code that the file itself declares
missing (user-missing ranges of SPSS, ``.A`` to ``.Z`` of SAS and Stata) becomes a blank cell and is listed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from emostats.errors import Finding, Severity
from emostats.ingest import addresses
from emostats.ingest.container import check_exists
from emostats.ingest.formats.binary import guarded, package, refuse_large, under_names
from emostats.ingest.hints import count
from emostats.ingest.reader import RawSheet
from emostats.study.spec import Source

UNREAD_DATES = ("QYR", "MOYR", "WKYR", "MONTH", "WKDAY")
"""SPSS formats whose numbers are seconds since 1582 or parts of a date, which are left as numbers."""


class StatisticsFile:
    """A file of a statistics package; its one sheet is named ``""``. Subclasses say which and how.

    Raises
    ------
    UnreadableError: the file is missing or damaged, or the package that reads it is.
    """

    typed = True
    sheets = ("",)
    what = "a file of a statistics package"

    def __init__(self, path: Path, source: Source) -> None:
        check_exists(path)
        self._path, self._source = path, source
        self._library = package("pyreadstat", "spss", f"{path.suffix} files")
        self._sheet: RawSheet | None = None

    def load(self) -> tuple[Mapping[str, Sequence[Any]], Any]:
        """Columns by name, and what the file says about them."""
        raise NotImplementedError

    def missing(self, meta: Any, name: str) -> Callable[[Any], bool]:
        """Whether a value of a variable is one that the file declares missing."""
        declared = set(meta.missing_user_values.get(name, ()))
        return lambda value: isinstance(value, str) and value in declared

    def read(self, sheet: str) -> RawSheet:
        """All cases, with the names in row 1.

        Raises
        ------
        UnreadableError: the file is damaged.
        """
        if self._sheet is None:
            columns, meta = guarded(self.load, self.what)
            self._sheet = self._as_sheet(columns, meta)
        return self._sheet

    def is_empty(self) -> bool:
        """Whether there are no cases."""
        return self.read("").n_rows <= 1

    def close(self) -> None:
        """Nothing stays open."""

    def check_size(self, reader: Callable[..., Any]) -> None:
        """Looks at the declared size before the values are read."""
        _, meta = reader(str(self._path), metadataonly=True)
        refuse_large(meta.number_rows, meta.number_columns or 0)

    def _as_sheet(self, columns: Mapping[str, Sequence[Any]], meta: Any) -> RawSheet:
        cells, findings = {}, []
        for position, (name, values) in enumerate(columns.items()):
            blanked, hits = _without_missing(values, self.missing(meta, name))
            labels = meta.variable_value_labels.get(name, {}) if self._source.value_labels else {}
            cells[name] = [labels.get(value, value) for value in blanked] if labels else blanked
            if hits:
                findings.append(self._missing_finding(name, position, hits, meta))
        findings += self._unread_dates(list(columns), meta)
        return replace(under_names(cells), findings=tuple(findings))

    def _missing_finding(self, name: str, column: int, hits: dict[int, Any], meta: Any) -> Finding:
        labels = meta.variable_value_labels.get(name, {})
        codes = sorted({self._code(value, labels) for value in hits.values()})
        cells = count(len(hits), "cell holds a code", "cells hold codes")
        message = f"{name}: {cells} that the file declares missing ({', '.join(codes)})."
        return Finding(
            "declared-missing", message, "No action is needed if they mean 'no value'.", Severity.NOTE,
            file=self._source.file, cell=addresses.cells([row + 1 for row in hits], column),
        )  # fmt: skip

    def _code(self, value: Any, labels: Mapping[Any, str]) -> str:
        shown = f"{value:g}" if isinstance(value, float | int) else self.special(value)
        return f"{shown} '{labels[value]}'" if value in labels else shown

    def special(self, value: str) -> str:
        """A missing value that is no number, as the program writes it: ``.A``."""
        return f".{value}"

    def _unread_dates(self, names: list[str], meta: Any) -> list[Finding]:
        kinds = getattr(meta, "original_variable_types", {}) or {}
        found = [name for name in names if str(kinds.get(name, "")).upper().startswith(UNREAD_DATES)]
        message = "holds quarters, months or weeks; the numbers behind them were left as they are."
        action = "Save the variable as a date (for example DATE11) if the study uses it."
        return [
            Finding(
                "unread-date", f"{name} {message}", action, Severity.WARNING,
                file=self._source.file, cell=addresses.columns_text([names.index(name)]),
            )
            for name in found
        ]  # fmt: skip


def _without_missing(
    values: Sequence[Any], declared: Callable[[Any], bool]
) -> tuple[list[Any], dict[int, Any]]:
    cells: list[Any] = []
    hits: dict[int, Any] = {}
    for row, value in enumerate(values):
        item = value.item() if hasattr(value, "item") else value
        blank = item is None or (isinstance(item, float) and math.isnan(item))
        if not blank and declared(item):
            hits[row] = item
            blank = True
        cells.append("" if blank else item)
    return cells, hits
