"""Reads SAS files: transport files (.xpt, the format of CDISC submissions) and data sets (.sas7bdat)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from emostats.ingest.formats.statistics_file import StatisticsFile


class SasReader(StatisticsFile):
    """A SAS file; special missing values (``.A`` to ``.Z``, ``._``) are blank and listed for .sas7bdat."""

    what = "a SAS transport file or data set"

    def load(self) -> tuple[Mapping[str, Sequence[Any]], Any]:
        """Columns by name, and the file's dictionary."""
        if self._path.suffix.lower() == ".sas7bdat":
            self.check_size(self._library.read_sas7bdat)
            columns, meta = self._library.read_sas7bdat(
                str(self._path), user_missing=True, output_format="dict"
            )
        else:
            columns, meta = self._library.read_xport(str(self._path), output_format="dict")
        return columns, meta
