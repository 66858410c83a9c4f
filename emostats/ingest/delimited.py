"""Reads CSV, TSV and other delimited text. Every cell stays text; the schema decides what it means.

Encoding: what the study file says, else UTF-8 (with or without a byte-order mark), UTF-16 with one, else
Windows-1252 with a warning. Separator: what the study file says, else what the file says (``sep=;`` in its
first line, which spreadsheets write and do not show), else the one of ``, ; tab |`` that splits the first
lines into the same number of fields, most fields first. Lines of one field above the table are titles.
"""

from __future__ import annotations

import csv
import io
import re
from array import array
from collections import defaultdict
from collections.abc import Iterable
from itertools import count, dropwhile, islice
from pathlib import Path

import numpy as np

from emostats.errors import Finding, Severity
from emostats.ingest.cells import Column, is_blank
from emostats.ingest.container import OLD_OFFICE, UnreadableError, check_exists
from emostats.ingest.raw import Marks
from emostats.ingest.reader import RawSheet
from emostats.study.spec import Source

SEPARATORS = (",", ";", "\t", "|")
MAX_FIELD = 1_000_000
"""Characters in one field; more is no answer but a damaged or hostile file."""
ROWS_AT_A_TIME = 5_000
MOST_TITLES = 20
"""Lines of titles above a table; a file of one column with a stray separator further down is damaged."""
LOOKED_AT = 200_000
"""Characters from the beginning by which the separator is found."""
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
        self._content = path.read_bytes()
        _refuse_binary(self._content, source.encoding or "")
        self._encoding, self._guessed = encoding_of(self._content, source.encoding)

    def read(self, sheet: str) -> RawSheet:
        """All rows of the file.

        Raises
        ------
        UnreadableError: a row has more or fewer fields than the first, a quote never ends, a field is huge.
        """
        text, separator = self._text(), self._source.separator or self._separator()
        if _declared(text.readline()) is None:
            text.seek(0)
        columns, titles = _parse(text, separator)
        findings = [*([self._encoding_finding()] if self._guessed else ()), *self._title_finding(titles)]
        n_rows = len(columns[0]) if columns else 0
        return RawSheet(columns=columns, n_rows=n_rows, marks=Marks(), findings=tuple(findings))

    def is_empty(self) -> bool:
        """Whether the file holds only blanks."""
        return not any(line.strip() for line in self._text())

    def close(self) -> None:
        """Lets go of the content; nothing stays open."""
        self._content = b""

    def _text(self) -> io.TextIOWrapper:
        """The text from its beginning, decoded as it is read: whole, it may take four times the file."""
        return io.TextIOWrapper(io.BytesIO(self._content), encoding=self._encoding, newline="")

    def _separator(self) -> str:
        head = self._text().read(LOOKED_AT + 1)
        stated = _declared(head.partition("\n")[0])
        return stated or separator_of(head[:LOOKED_AT], cut=len(head) > LOOKED_AT)

    def _title_finding(self, titles: list[str]) -> list[Finding]:
        if not titles:
            return []
        listed = ", ".join(f"'{title[:60]}'" for title in titles[:3]) + (", …" if len(titles) > 3 else "")
        message = f"lines above the table are no rows of it and were not read: {listed}."
        return [Finding("lines-above-table", message, "", Severity.NOTE, file=self._source.file)]

    def _encoding_finding(self) -> Finding:
        return Finding(
            rule="encoding-guessed",
            message="the file is not UTF-8; it was read as Windows-1252.",
            action='Check accented letters, and state encoding = "cp1252" in [sources] when they are right.',
            severity=Severity.WARNING,
            file=self._source.file,
        )


def _refuse_binary(content: bytes, encoding: str) -> None:
    if content.startswith(b"PK\x03\x04"):
        message = "expected a text file; found a workbook or zip archive."
        raise UnreadableError(
            "not-a-text-file", message, 'Give it the ending .xlsx, or say format = "excel".'
        )
    if (
        content[:1024]
        .lstrip(b"\xef\xbb\xbf \r\n\t")
        .lower()
        .startswith((b"<html", b"<!doctype", b"<table", b"<?xml"))
    ):
        message = "expected a text file with a table; found a web page or XML."
        raise UnreadableError("not-a-text-file", message, "Export it as CSV, or open and save it as .xlsx.")
    if content.startswith(OLD_OFFICE):
        message = "expected a text file; found a workbook in the old Excel 97–2003 format (.xls)."
        raise UnreadableError("old-excel", message, "Open it and save it as .xlsx.")
    wide = content.startswith((b"\xff\xfe", b"\xfe\xff")) or re.match(r"utf[-_ ]?(16|32)", encoding, re.I)
    if b"\0" in content and not wide:
        ends = {content[1:200:2].strip(b"\0"): "utf-16-le", content[0:200:2].strip(b"\0"): "utf-16-be"}
        action = f'It may be UTF-16: say encoding = "{ends[b""]}".' if b"" in ends else "Export it as CSV."
        raise UnreadableError("not-a-text-file", "expected a text file; found binary data.", action)


def decode(content: bytes, encoding: str | None) -> tuple[str, bool]:
    """The text, and whether its encoding was guessed. Raises UnreadableError."""
    named, guessed = encoding_of(content, encoding)
    return content.decode(named), guessed


def encoding_of(content: bytes, encoding: str | None) -> tuple[str, bool]:
    """The encoding that all bytes fit, and whether it was guessed.

    Raises
    ------
    UnreadableError: the bytes do not fit the encoding, or no encoding of that name exists.
    """
    named = encoding or next((name for mark, name in _BOMS if content.startswith(mark)), None)
    if named:
        return _fitting(content, named), False
    try:
        content.decode("utf-8")
        return "utf-8", False
    except UnicodeDecodeError as error:
        if _mixed(content, error.start):
            line = content[: error.start].count(b"\n") + 1
            message = f"the file mixes encodings: most of it is UTF-8, line {line} is not."
            raise UnreadableError("mixed-encodings", message, "Save the whole file as UTF-8.") from None
        return _fitting(content, "cp1252"), True


def _mixed(content: bytes, start: int) -> bool:
    """Whether valid multi-byte UTF-8 stands beside bytes that are not UTF-8."""
    text = content.decode("utf-8", "ignore")
    return any(ord(letter) > 127 for letter in text)


def _fitting(content: bytes, encoding: str) -> str:
    """The encoding, once the bytes are known to fit it."""
    try:
        content.decode(encoding)
        return encoding
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


def separator_of(head: str, *, cut: bool = False) -> str:
    """The separator that splits the first lines evenly into the most fields; a comma when none does.

    Parameters
    ----------
    head: the beginning of the text. cut: whether its last line may not be whole.
    """
    best, most = ",", (0, 1)
    for separator in SEPARATORS:
        try:
            rows = [row for row in islice(csv.reader(io.StringIO(head), delimiter=separator), 20) if row]
        except csv.Error:
            continue
        complete = rows[:-1] if len(rows) > 1 and cut else rows
        table = list(dropwhile(lambda row: len(row) == 1, complete))
        widths = {len(row) for row in table}
        score = (len(table) - len(complete), max(widths, default=1))
        if len(widths) == 1 and (most[1] == 1 or score > most):
            best, most = separator, score
    if most[1] > 1:
        return best
    first = head.splitlines()[0] if head else ""
    return max(SEPARATORS, key=first.count) if any(mark in first for mark in SEPARATORS) else ","


def _declared(line: str) -> str | None:
    """The separator that a first line such as ``sep=;`` states."""
    found = re.fullmatch(r"\ufeff?\"?sep=([,;\t|])\"?\s*", line, re.I)
    return found.group(1) if found else None


class _Growing:
    """A column while it is read: each different text once, and its number for every cell."""

    def __init__(self, blanks: int) -> None:
        self._numbers: defaultdict[str, int] = defaultdict(count().__next__)
        self._codes = array("i")
        if blanks:
            self.extend([""] * blanks)

    def extend(self, cells: Iterable[str]) -> None:
        """Adds cells at the end."""
        self._codes.extend(map(self._numbers.__getitem__, cells))

    def whole(self) -> Column:
        """The column so far."""
        return Column(np.frombuffer(self._codes, dtype=np.int32), tuple(self._numbers))


def _parse(text: io.TextIOBase, separator: str) -> tuple[list[Column], list[str]]:
    """The columns of the text and the titles above them; rows are held a few thousand at a time."""
    before = csv.field_size_limit(MAX_FIELD)
    reader = csv.reader(text, delimiter=separator, strict=True)
    titles: list[str] = []
    columns: list[_Growing] = []
    held = 0
    try:
        while chunk := list(islice(reader, ROWS_AT_A_TIME)):
            if not columns:
                width = _take_titles(chunk, titles)
                columns = [_Growing(held) for _ in range(width)]
            for column, cells in zip(columns, _even(chunk, len(columns), held), strict=True):
                column.extend(cells)
            held += len(chunk)
    except csv.Error as error:
        message = f"the text cannot be split into fields near line {reader.line_num}: {error}."
        raise UnreadableError("damaged-text", message, "Look for an unclosed quote there.") from None
    finally:
        csv.field_size_limit(before)
    return _without_blank_end([column.whole() for column in columns]), titles


def _take_titles(rows: list[list[str]], titles: list[str]) -> int:
    """Empties rows of one field above the first row of several, which are titles; the width of the table."""
    first = next((number for number, row in enumerate(rows[:MOST_TITLES]) if len(row) > 1), None)
    if first is None:
        return len(next((row for row in rows if row), []))
    for number in range(first):
        titles += [cell.strip() for cell in rows[number] if cell.strip()]
        rows[number] = []
    return len(rows[first])


def _even(rows: list[list[str]], width: int, before: int) -> Iterable[tuple[str, ...]]:
    """Columns of rows of one length: blank rows are filled up, any other row of another length is refused."""
    for number, row in enumerate(rows) if {*map(len, rows)} != {width} else ():
        if len(row) != width:
            if any(cell.strip() for cell in row):
                raise _uneven(before + number, len(row), width)
            rows[number] = [""] * width
    return zip(*rows, strict=True)


def _without_blank_end(columns: list[Column]) -> list[Column]:
    """The columns without blank rows at their end."""
    filled = [np.flatnonzero(~column.where(is_blank)) for column in columns]
    end = max((int(rows[-1]) + 1 for rows in filled if len(rows)), default=0)
    return [column[:end] for column in columns] if end else []


def _uneven(number: int, found: int, expected: int) -> UnreadableError:
    message = f"expected {expected} fields in every row; found {found} in row {number + 1}."
    action = "Look there for a separator inside a value (quote it), or for a line that was cut off."
    return UnreadableError("uneven-rows", message, action)
