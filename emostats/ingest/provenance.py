"""Provenance: where each value stands. A SOURCE_ID names a row of a sheet, or one cell of it.

``workbook/Family week 4/12`` is row 12 of a sheet; ``vsae/7/VSAE`` is one value of row 7 of a text file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.types import union_categoricals

from emostats.ingest import addresses
from emostats.ingest.cells import Rows
from emostats.ingest.records import Records
from emostats.study.data import PROVENANCE_COLUMNS

SAME = ("FILE", "SHEET", "COLUMN", "SHA256")
"""Columns that are the same in many rows, kept as categories."""
AT_A_TIME = 50_000
_TEXT = pd.Series([""]).dtype


def source_ids(records: Records, part: str = "", positions: Rows | None = None) -> Any:
    """The SOURCE_ID of each row (or of those at `positions`), or of one value of each row: a pandas array."""
    start = "/".join(name for name in (records.raw.source, records.raw.sheet) if name)
    end = f"/{part}" if part else ""
    rows = records.table.rows if positions is None else records.table.rows[positions]
    return compact(f"{start}/{row}{end}" for row in (rows + 1).data)


def compact(texts: Iterator[str]) -> Any:
    """Texts as a pandas array, made a part at a time: all together they would take several times as much."""
    parts = [pd.Series([], dtype=_TEXT)]
    while part := list(islice(texts, AT_A_TIME)):
        parts.append(pd.Series(part, dtype=_TEXT))
    return pd.concat(parts, ignore_index=True).array


def provenance(
    records: Records, variables: Iterable[str], part: str = "", positions: Rows | None = None
) -> pd.DataFrame:
    """One row for each SOURCE_ID: file, sheet, row (from 1) and columns of `variables`."""
    columns = addresses.columns_text(records.table.columns[name] for name in variables)
    places = np.arange(len(records)) if positions is None else positions
    return provenance_rows(records, places, source_ids(records, part, places), columns)


def provenance_rows(records: Records, positions: Rows, ids: Any, columns: str) -> pd.DataFrame:
    """Provenance of some rows under the SOURCE_IDs given."""
    raw = records.raw
    table = pd.DataFrame({"SOURCE_ID": ids, "ROW": records.table.rows[positions] + 1})
    for name, same in zip(SAME, (raw.file, raw.sheet, columns, raw.sha256), strict=True):
        table[name] = pd.Categorical.from_codes(np.zeros(len(table), dtype=np.int8), pd.Index([same]))
    return table[list(PROVENANCE_COLUMNS)]


def stacked(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """The provenance of all tables, each row once."""
    table = pd.DataFrame(
        {
            name: union_categoricals([frame[name] for frame in frames])
            if name in SAME
            else pd.concat([frame[name] for frame in frames], ignore_index=True)
            for name in PROVENANCE_COLUMNS
        }
    )
    return table.drop_duplicates(ignore_index=True) if _may_repeat(table) else table


def _may_repeat(table: pd.DataFrame) -> bool:
    """Whether two rows name the same cells: by numbers, because comparing all texts takes long."""
    cells = np.zeros(len(table), dtype=np.int64)
    for name in ("FILE", "SHEET", "COLUMN"):
        cells = cells * len(table[name].cat.categories) + table[name].cat.codes
    ordered = np.sort(cells * (int(table["ROW"].max()) + 1) + table["ROW"].to_numpy(dtype=np.int64))
    return bool((ordered[1:] == ordered[:-1]).any())
