"""Provenance: where each value stands. A SOURCE_ID names a row of a sheet, or one cell of it.

``workbook/Family week 4/12`` is row 12 of a sheet; ``vsae/7/VSAE`` is one value of row 7 of a text file.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from emostats.ingest import addresses
from emostats.ingest.cells import Objects, Rows, array
from emostats.ingest.records import Records
from emostats.study.data import PROVENANCE_COLUMNS


def source_ids(records: Records, part: str = "", positions: Rows | None = None) -> Objects:
    """The SOURCE_ID of each row (or of those at `positions`), or of one value of each row."""
    start = "/".join(name for name in (records.raw.source, records.raw.sheet) if name)
    end = f"/{part}" if part else ""
    rows = records.table.rows if positions is None else records.table.rows[positions]
    return array([f"{start}/{row}{end}" for row in (rows + 1).tolist()])


def provenance(
    records: Records, variables: Iterable[str], part: str = "", positions: Rows | None = None
) -> pd.DataFrame:
    """One row for each SOURCE_ID: file, sheet, row (from 1) and columns of `variables`."""
    columns = addresses.columns_text(records.table.columns[name] for name in variables)
    places = np.arange(len(records)) if positions is None else positions
    return provenance_rows(records, places, source_ids(records, part, places), columns)


def provenance_rows(records: Records, positions: Rows, ids: Objects, columns: str) -> pd.DataFrame:
    """Provenance of some rows under the SOURCE_IDs given."""
    table = pd.DataFrame(
        {
            "SOURCE_ID": ids,
            "FILE": records.raw.file,
            "SHEET": records.raw.sheet,
            "ROW": records.table.rows[positions] + 1,
            "COLUMN": columns,
            "SHA256": records.raw.sha256,
        }
    )
    return table[list(PROVENANCE_COLUMNS)]
