"""Reads Parquet files (pyarrow; the extra ``parquet``)."""

from __future__ import annotations

import math
from decimal import Decimal
from pathlib import Path
from typing import Any

from emostats.ingest.container import UnreadableError, check_exists
from emostats.ingest.formats.binary import guarded, package, refuse_large, under_names
from emostats.ingest.reader import RawSheet
from emostats.study.spec import Source


class ParquetReader:
    """A Parquet file; its one sheet is named ``""``.

    Raises
    ------
    UnreadableError: the file is missing or damaged, or pyarrow is not installed.
    """

    typed = True
    sheets = ("",)

    def __init__(self, path: Path, source: Source) -> None:
        check_exists(path)
        self._library = package("pyarrow.parquet", "parquet", "Parquet files")
        self._path = path

    def read(self, sheet: str) -> RawSheet:
        """All rows, with the names in row 1.

        Raises
        ------
        UnreadableError: the file is damaged, too large, or a column holds lists or records.
        """
        sheet_: RawSheet = guarded(self._load, "a Parquet file")
        return sheet_

    def _load(self) -> RawSheet:
        with self._library.ParquetFile(str(self._path)) as file:
            refuse_large(file.metadata.num_rows, file.metadata.num_columns)
            table = file.read()
        for field in table.schema:
            if field.type.num_fields:
                message = f"expected single values; column '{field.name}' holds {field.type}."
                raise UnreadableError("nested-column", message, "Export it as columns of single values.")
        named = zip(table.column_names, table.columns, strict=True)
        return under_names({name: [_cell(value) for value in column.to_pylist()] for name, column in named})

    def is_empty(self) -> bool:
        """Whether there are no rows."""
        return self.read("").n_rows <= 1

    def close(self) -> None:
        """Nothing stays open."""


def _cell(value: Any) -> Any:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, Decimal):
        return float(value)
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value
