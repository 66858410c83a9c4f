"""The protocol of a reader: one file kind each, all giving cells as they stand."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
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
    """An opened file. The sheet ``""`` is the whole file, where a file is not made of sheets."""

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


READERS: Mapping[str, str] = MappingProxyType(
    {
        "excel": "excel:open_excel",
        "delimited": "delimited:DelimitedReader",
        "redcap": "formats.redcap:open_redcap",
        "qualtrics": "formats.qualtrics:QualtricsReader",
        "surveymonkey": "formats.surveymonkey:SurveyMonkeyReader",
        "kobo": "formats.kobo:KoboReader",
        "google-forms": "formats.google_forms:GoogleFormsReader",
        "spss": "formats.spss:SpssReader",
        "sas": "formats.sas:SasReader",
        "stata": "formats.stata:StataReader",
        "parquet": "formats.parquet:ParquetReader",
        "arff": "formats.arff:ArffReader",
    }
)
"""Format of a source → module of this room and what opens it there, called with path and source."""

BY_ENDING: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys((".xlsx", ".xlsm"), "excel"),
        **dict.fromkeys((".sav", ".zsav"), "spss"),
        **dict.fromkeys((".xpt", ".sas7bdat"), "sas"),
        ".dta": "stata",
        ".parquet": "parquet",
        ".arff": "arff",
    }
)
"""What ``format = "auto"`` means; every other ending is delimited text."""


def open_reader(path: Path, source: Source) -> Reader:
    """The reader for a source: by its `format`, or by the file's ending.

    Raises
    ------
    UnreadableError: the file cannot be opened; the error says why and what to do.
    """
    kind = source.format if source.format != "auto" else format_of(path)
    module, name = READERS[kind].split(":")
    opener: Callable[[Path, Source], Reader] = getattr(import_module(f"emostats.ingest.{module}"), name)
    return opener(path, source)


def format_of(path: Path) -> str:
    """The format that a file's ending stands for."""
    return BY_ENDING.get(path.suffix.lower(), "delimited")


def open_table(path: Path, source: Source) -> Reader:
    """The workbook or text file behind an export of a survey tool, by its ending."""
    plain = source.model_copy(update={"format": "excel" if format_of(path) == "excel" else "delimited"})
    return open_reader(path, plain)
