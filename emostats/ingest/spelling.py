"""Contents that differ only in case or blanks: ``Self`` and ``self`` would count as two levels."""

from __future__ import annotations

import numpy as np

from emostats.errors import Severity
from emostats.ingest import addresses
from emostats.ingest.cells import bare, text_of
from emostats.ingest.records import Records


def report_spelling(records: Records, variable: str) -> None:
    """Warns of variants of one content in a column of text, and of blanks around contents."""
    if variable not in records.table.columns:
        return
    cells = records.table.cells[variable]
    ways: dict[str, list[str]] = {}
    for content in dict.fromkeys(text_of(cell) for cell in cells.different):
        ways.setdefault(" ".join(content.split()).casefold(), []).append(content)
    variants = [names for names in ways.values() if len(names) > 1]
    if variants:
        listed = "; ".join(" and ".join(f"'{name}'" for name in names) for names in variants[:5])
        message = f"{variable}: contents differ only in case or blanks and stay apart: {listed}."
        action = "Say under values what each means, or correct the cells."
        _warn(records, variable, "spelling-variants", message, action)
    padded = np.flatnonzero(cells.where(lambda cell: isinstance(cell, str) and bare(cell) not in ("", cell)))
    if len(padded):
        message = f"{variable}: {len(padded)} cells have blanks around their content; they were read without."
        rows = records.table.rows[padded]
        where = addresses.cells(rows, records.table.columns[variable])
        _warn(records, variable, "value-with-blanks", message, "No action is needed if it is right.", where)


def _warn(records: Records, variable: str, rule: str, message: str, action: str, where: str = "") -> None:
    where = where or addresses.columns_text([records.table.columns[variable]])
    records.log.table(records.raw, rule, message, action, severity=Severity.WARNING, cell=where)
