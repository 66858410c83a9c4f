"""Reads CSV, TSV and other delimited text. Every cell stays text; the schema decides what it means.

Encoding: what the study file says, else UTF-8 (with or without a byte-order mark), UTF-16 with one, else
Windows-1252 with a warning. Separator: what the study file says, else the one of ``, ; tab |`` that splits
the first lines into the same number of fields, most fields first.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from itertools import islice
from pathlib import Path

from emostats.errors import Finding, Severity
from emostats.ingest.container import UnreadableError, check_exists
from emostats.ingest.raw import Marks
from emostats.ingest.reader import RawSheet
from emostats.study.spec import Source

SEPARATORS = (",", ";", "\t", "|")
MAX_FIELD = 1_000_000
ROWS_AT_A_TIME = 5_000
"""Characters in one field; more is no answer but a damaged or hostile file."""
_BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


class DelimitedReader:
    """A delimited text file; its one sheet is named ``""``.

    Raises
    ------
    UnreadableError: the file is missing, empty, binary, or not in its encoding.
    """

    typed = False
    sheets = ("",)

    def __init__(self, path: Path, source: Source) -> None:
        check_exists(path)
        self._path, self._source = path, source
        content = path.read_bytes()
        _refuse_binary(content)
        self._text, self._guessed = decode(content, source.encoding)

    def read(self, sheet: str) -> RawSheet:
        """All rows of the file.

        Raises
        ------
        UnreadableError: a row has more or fewer fields than the first, a quote never ends, a field is huge.
        """
        columns = _parse(self._text, self._source.separator or separator_of(self._text))
        findings = (self._encoding_finding(),) if self._guessed else ()
        n_rows = len(columns[0]) if columns else 0
        return RawSheet(columns=columns, n_rows=n_rows, marks=Marks(), findings=findings)

    def is_empty(self) -> bool:
        """Whether the file holds only blanks."""
        return not self._text.strip()

    def close(self) -> None:
        """Nothing stays open."""

    def _encoding_finding(self) -> Finding:
        return Finding(
            rule="encoding-guessed",
            message="the file is not UTF-8; it was read as Windows-1252.",
            action='Check accented letters, and state encoding = "cp1252" in [sources] when they are right.',
            severity=Severity.WARNING,
            file=self._source.file,
        )


def _refuse_binary(content: bytes) -> None:
    if content.startswith(b"PK\x03\x04"):
        message = "expected a text file; found a workbook or zip archive."
        raise UnreadableError(
            "not-a-text-file", message, 'Give it the ending .xlsx, or say format = "excel".'
        )
    wide = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    if b"\0" in content and not wide:
        raise UnreadableError(
            "not-a-text-file", "expected a text file; found binary data.", "Export it as CSV."
        )


def decode(content: bytes, encoding: str | None) -> tuple[str, bool]:
    """The text, and whether its encoding was guessed.

    Raises
    ------
    UnreadableError: the bytes do not fit the encoding, or no encoding of that name exists.
    """
    named = encoding or next((name for mark, name in _BOMS if content.startswith(mark)), None)
    if named:
        return _decode_as(content, named), False
    try:
        return content.decode("utf-8"), False
    except UnicodeDecodeError as error:
        if _mixed(content, error.start):
            line = content[: error.start].count(b"\n") + 1
            message = f"the file mixes encodings: most of it is UTF-8, line {line} is not."
            raise UnreadableError("mixed-encodings", message, "Save the whole file as UTF-8.") from None
        return _decode_as(content, "cp1252"), True


def _mixed(content: bytes, start: int) -> bool:
    """Whether valid multi-byte UTF-8 stands beside bytes that are not UTF-8."""
    text = content.decode("utf-8", "ignore")
    return any(ord(letter) > 127 for letter in text)


def _decode_as(content: bytes, encoding: str) -> str:
    try:
        return content.decode(encoding)
    except LookupError:
        message = f"there is no encoding '{encoding}'."
        raise UnreadableError(
            "unknown-encoding", message, 'For example "utf-8", "cp1252", "gb18030".'
        ) from None
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        message = f"the file is not in the encoding {encoding}: line {line} does not fit."
        action = 'State its encoding in [sources], for example encoding = "gb18030", or save it as UTF-8.'
        raise UnreadableError("wrong-encoding", message, action) from None


def separator_of(text: str) -> str:
    """The separator that splits the first lines evenly into the most fields; a comma when none does."""
    head = text[:200_000]
    best, most = ",", 1
    for separator in SEPARATORS:
        try:
            rows = [row for row in islice(csv.reader(io.StringIO(head), delimiter=separator), 20) if row]
        except csv.Error:
            continue
        complete = rows[:-1] if len(rows) > 1 and len(head) < len(text) else rows
        widths = {len(row) for row in complete}
        if len(widths) == 1 and (width := widths.pop()) > most:
            best, most = separator, width
    if most > 1:
        return best
    first = head.splitlines()[0] if head else ""
    return max(SEPARATORS, key=first.count) if any(mark in first for mark in SEPARATORS) else ","


def _parse(text: str, separator: str) -> list[list[str]]:
    """The columns of the text; rows are held a few thousand at a time."""
    before = csv.field_size_limit(MAX_FIELD)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    columns: list[list[str]] = []
    held = 0
    try:
        while chunk := list(islice(reader, ROWS_AT_A_TIME)):
            columns = columns or [[] for _ in next((row for row in chunk if row), [])]
            for column, cells in zip(columns, _even(chunk, len(columns), held), strict=True):
                column.extend(cells)
            held += len(chunk)
    except csv.Error as error:
        message = f"the text cannot be split into fields near line {reader.line_num}: {error}."
        raise UnreadableError("damaged-text", message, "Look for an unclosed quote there.") from None
    finally:
        csv.field_size_limit(before)
    return _without_blank_end(columns)


def _even(rows: list[list[str]], width: int, before: int) -> Iterable[tuple[str, ...]]:
    """Columns of rows of one length: blank rows are filled up, any other row of another length is refused."""
    for number, row in enumerate(rows) if {*map(len, rows)} != {width} else ():
        if len(row) != width:
            if any(cell.strip() for cell in row):
                raise _uneven(before + number, len(row), width)
            rows[number] = [""] * width
    return zip(*rows, strict=True)


def _without_blank_end(columns: list[list[str]]) -> list[list[str]]:
    """The columns without blank rows at their end."""
    end = max((_last_filled(column) + 1 for column in columns), default=0)
    if not end:
        return []
    for column in columns:
        del column[end:]
    return columns


def _last_filled(column: list[str]) -> int:
    return next((number for number in range(len(column) - 1, -1, -1) if column[number].strip()), -1)


def _uneven(number: int, found: int, expected: int) -> UnreadableError:
    message = f"expected {expected} fields in every row; found {found} in row {number + 1}."
    action = "Look there for a separator inside a value (quote it), or for a line that was cut off."
    return UnreadableError("uneven-rows", message, action)
