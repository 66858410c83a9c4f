"""Reads SPSS files (.sav, .zsav): codes with their labels, user-missing values and ranges."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from emostats.ingest.formats.statistics_file import StatisticsFile


class SpssReader(StatisticsFile):
    """An SPSS data file."""

    what = "an SPSS data file"

    def load(self) -> tuple[Mapping[str, Sequence[Any]], Any]:
        """Columns by name, user-missing codes kept, and the file's dictionary."""
        self.check_size(self._library.read_sav)
        columns, meta = self._library.read_sav(str(self._path), user_missing=True, output_format="dict")
        return columns, meta

    def special(self, value: str) -> str:
        """A text that is declared missing."""
        return f"'{value}'"

    def missing(self, meta: Any, name: str) -> Callable[[Any], bool]:
        """Whether a value lies in one of the variable's missing ranges (a single code is a range of one)."""
        ranges = [(item["lo"], item["hi"]) for item in meta.missing_ranges.get(name, ())]

        def declared(value: Any) -> bool:
            return any(type(value) is type(low) and low <= value <= high for low, high in ranges)

        return declared
