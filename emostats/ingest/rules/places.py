"""Where rows of the data stand, for the findings of rules."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import pandas as pd

from emostats.study.data import StudyData

Places = Mapping[str, tuple[str, str, int]]


def places(data: StudyData) -> Places:
    """File, sheet and row (from 1) by SOURCE_ID; made once for the data that are being checked."""
    return _places(_Table(data.provenance))


class _Table:
    """A table by its identity, so that it can be remembered."""

    def __init__(self, table: pd.DataFrame) -> None:
        self.table = table

    def __hash__(self) -> int:
        return id(self.table)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Table) and other.table is self.table


@lru_cache(maxsize=1)
def _places(provenance: _Table) -> Places:
    table = provenance.table.drop_duplicates("SOURCE_ID")
    rows = zip(table["FILE"], table["SHEET"], table["ROW"], strict=True)
    return dict(zip(table["SOURCE_ID"], ((str(f), str(s), int(r)) for f, s, r in rows), strict=True))


def row_of(source_id: str, known: Places) -> dict[str, str]:
    """The fields of a finding that say where a row stands."""
    if source_id not in known:
        return {}
    file, sheet, row = known[source_id]
    return {"file": file, "sheet": sheet, "cell": f"row {row}"}


def day(value: pd.Timestamp) -> str:
    """A date as people write it in a finding: ``2025-03-31``."""
    return value.date().isoformat()
