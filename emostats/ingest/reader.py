"""The protocol of a reader: one file kind each, all giving cells as they stand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from emostats.errors import Finding
from emostats.ingest.raw import NO_MARKS, Marks
from emostats.study.spec import Source


@dataclass(frozen=True)
class RawSheet:
    """Cells of a sheet by columns, blank cells as ``""``, with the sheet's marks and what reading noticed."""

    columns: Sequence[Sequence[Any]]
    n_rows: int
    marks: Marks = NO_MARKS
    findings: tuple[Finding, ...] = ()


class Reader(Protocol):
    """An opened file. Text files have one sheet, named ``""``."""

    typed: bool

    @property
    def sheets(self) -> tuple[str, ...]:
        """Names of the sheets."""

    def read(self, sheet: str) -> RawSheet:
        """The cells of a sheet. Raises UnreadableError."""

    def is_empty(self) -> bool:
        """Whether the file holds no value at all."""

    def close(self) -> None:
        """Closes the file."""


def open_reader(path: Path, source: Source) -> Reader:
    """The reader for a source: by its `format`, or by the file's ending.

    Raises
    ------
    UnreadableError: the file cannot be opened; the error says why and what to do.
    """
    from emostats.ingest.delimited import DelimitedReader
    from emostats.ingest.excel import ExcelReader

    excel = path.suffix.lower() in (".xlsx", ".xlsm") if source.format == "auto" else source.format == "excel"
    return ExcelReader(path) if excel else DelimitedReader(path, source)
