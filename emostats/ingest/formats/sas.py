"""Reads SAS files: transport files (.xpt, the format of CDISC submissions) and data sets (.sas7bdat)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from emostats.ingest.container import UnreadableError
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
            _refuse_cut_off(self._path)
            columns, meta = self._library.read_xport(str(self._path), output_format="dict")
        return columns, meta


def _refuse_cut_off(path: Path) -> None:
    """A transport file is made of records of 80 bytes (SAS TS-140); one that is not was cut off.

    Raises
    ------
    UnreadableError: with the rule ``damaged-file``.
    """
    rest = path.stat().st_size % 80
    if rest:
        message = f"expected a SAS transport file, made of records of 80 bytes; {rest} bytes are left over."
        raise UnreadableError("damaged-file", message, "It was not copied whole: export and copy it again.")
