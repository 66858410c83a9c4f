"""Row numbers as IDs, for files without any: an added last column, under the header that `row_ids` names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from emostats.errors import Severity
from emostats.ingest import addresses
from emostats.ingest.cells import text_of
from emostats.ingest.log import Log
from emostats.ingest.raw import RawTable


def with_row_ids(raw: RawTable, log: Log) -> RawTable:
    """The table with its rows numbered as the file counts them; as it is where nobody asked for it.

    Without IDs nothing else shows that a record was entered twice, so rows that are the same in every column
    are reported.
    """
    name = raw.options.row_ids
    if name is None or not raw.columns:
        return raw
    filled = [row for row in range(raw.n_rows) if any(text_of(column[row]) for column in raw.columns)]
    numbers = [""] * raw.n_rows
    for row in filled:
        numbers[row] = str(row + 1)
    if filled:
        numbers[filled[0]] = name
    numbered = replace(raw, columns=[*raw.columns, numbers])
    if same := _same(raw.columns, filled[1:]):
        count = "one row is" if len(same) == 1 else f"{len(same)} rows are"
        message = f"{count} the same as an earlier one in every column."
        action = "Find out whether a record was entered twice; correct the file."
        where = addresses.cells(same, len(raw.columns))
        log.table(numbered, "identical-rows", message, action, severity=Severity.WARNING, cell=where)
    return numbered


def _same(columns: Sequence[Sequence[Any]], rows: list[int]) -> list[int]:
    """Rows that repeat an earlier one."""
    seen: set[tuple[str, ...]] = set()
    repeated = []
    for row in rows:
        content = tuple(text_of(column[row]) for column in columns)
        if content in seen:
            repeated.append(row)
        seen.add(content)
    return repeated
