"""What is fuzzed: each target takes bytes and must end well, or with a refusal in words.

`run_atheris.py` searches for inputs that do not; the corpus it leaves is kept in `corpus/` and goes through
the same functions in the tests (`test_fuzz_corpus.py`).
"""

from __future__ import annotations

import io
import tempfile
import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

import openpyxl

from emostats.errors import EmostatsError
from emostats.ingest.container import UnreadableError
from emostats.ingest.reader import open_reader
from emostats.study import read_instrument
from emostats.study.spec import Source, read_spec

Target = Callable[[bytes], None]


def _reader(kind: str, ending: str) -> Target:
    def read(content: bytes) -> None:
        """Every sheet is a full grid of cells, or the file is refused with a message and what to do."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"input{ending}"
            path.write_bytes(content)
            try:
                reader = open_reader(path, Source(file=path.name, format=kind))
                for sheet in reader.sheets:
                    raw = reader.read(sheet)
                    assert all(len(column) == raw.n_rows for column in raw.columns)
                reader.close()
            except UnreadableError as error:
                assert str(error)
                assert error.action
                assert error.rule

    return read


def _file(name: str, read: Callable[[Path], object]) -> Target:
    def check(content: bytes) -> None:
        """The file is read, or refused in words."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / name
            path.write_bytes(content)
            try:
                read(path)
            except EmostatsError as error:
                assert str(error)

    return check


SHEET = "xl/worksheets/sheet1.xml"


@cache
def small_workbook() -> bytes:
    """A workbook of one sheet with text, numbers, a formula and a merged range."""
    book = openpyxl.Workbook()
    for row in (["Child ID", "Date", "A1"], ["007", "2025-03-01", 3], ["008", None, "=1+1"]):
        book.active.append(row)
    book.active.merge_cells("A1:B1")
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def sheet_xml() -> bytes:
    """The sheet within it."""
    return zipfile.ZipFile(io.BytesIO(small_workbook())).read(SHEET)


def _workbook(content: bytes) -> None:
    """A workbook, or else the content of a sheet in a sound one: chance finds no sound archive."""
    if not content.startswith(b"PK"):
        stream = io.BytesIO()
        with (
            zipfile.ZipFile(io.BytesIO(small_workbook())) as book,
            zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as changed,
        ):
            for name in book.namelist():
                changed.writestr(name, content if name == SHEET else book.read(name))
        content = stream.getvalue()
    _reader("excel", ".xlsx")(content)


TARGETS: dict[str, Target] = {
    "delimited": _reader("delimited", ".csv"),
    "excel": _workbook,
    "redcap": _reader("redcap", ".csv"),
    "qualtrics": _reader("qualtrics", ".csv"),
    "surveymonkey": _reader("surveymonkey", ".csv"),
    "kobo": _reader("kobo", ".csv"),
    "google-forms": _reader("google-forms", ".csv"),
    "arff": _reader("arff", ".arff"),
    "study-file": _file("study.toml", read_spec),
    "instrument-file": _file("instrument.toml", read_instrument),
}
"""By name. SPSS, SAS, Stata and Parquet are read by compiled libraries that atheris cannot look into; damaged
files of theirs are tested in tests/ingest."""
