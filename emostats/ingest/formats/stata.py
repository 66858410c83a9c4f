"""Reads Stata files (.dta): codes with their labels, extended missing values ``.a`` to ``.z``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from emostats.ingest.formats.statistics_file import StatisticsFile


class StataReader(StatisticsFile):
    """A Stata data file."""

    what = "a Stata data file"

    def load(self) -> tuple[Mapping[str, Sequence[Any]], Any]:
        """Columns by name, extended missing values kept, and the file's dictionary."""
        self.check_size(self._library.read_dta)
        columns, meta = self._library.read_dta(str(self._path), user_missing=True, output_format="dict")
        return columns, meta
