"""Reads ARFF files (Weka's format, used by the UCI repository): attributes declared above, rows below @data.

The line ``@data`` becomes the header row, so that each row has the number of its line. ``?`` is a blank
cell. Every other cell stays as it is written, blanks within quotes included.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from pathlib import Path

from emostats.errors import Finding, Severity
from emostats.ingest import addresses
from emostats.ingest.container import UnreadableError, check_exists
from emostats.ingest.delimited import MAX_FIELD, decode
from emostats.ingest.hints import count
from emostats.ingest.reader import RawSheet
from emostats.study.spec import Source

_ATTRIBUTE = re.compile(r"@attribute\s+('(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|[^\s{]+)\s*(.*)", re.I)


@dataclass(frozen=True)
class Attribute:
    """A declared column: its name and, for a nominal one, its values as they are compared."""

    name: str
    values: frozenset[str] | None


class ArffReader:
    """An ARFF file; its one sheet is named ``""``.

    Raises
    ------
    UnreadableError: the file is missing, not text, or no ARFF file.
    """

    typed = False
    sheets = ("",)

    def __init__(self, path: Path, source: Source) -> None:
        check_exists(path)
        self._source = source
        text, _ = decode(path.read_bytes(), source.encoding)
        self._lines = text.splitlines()
        self._attributes, self._data = _declared(self._lines)

    def read(self, sheet: str) -> RawSheet:
        """All rows; missing values and values that were not declared are reported.

        Raises
        ------
        UnreadableError: a row has more or fewer values than there are attributes.
        """
        rows = [[""] * len(self._attributes) for _ in self._lines]
        rows[self._data] = [attribute.name for attribute in self._attributes]
        for number in range(self._data + 1, len(self._lines)):
            line = self._lines[number].strip()
            if line and not line.startswith("%"):
                rows[number] = self._row(number, line)
        columns = [list(column) for column in zip(*rows, strict=True)]
        findings = tuple(
            finding
            for position, attribute in enumerate(self._attributes)
            for finding in self._look(position, attribute, columns[position])
        )
        return RawSheet(columns=columns, n_rows=len(rows), findings=findings)

    def is_empty(self) -> bool:
        """Whether no row follows @data."""
        return not any(line.strip() for line in self._lines[self._data + 1 :])

    def close(self) -> None:
        """Nothing stays open."""

    def _row(self, number: int, line: str) -> list[str]:
        if line.startswith("{"):
            message = f"line {number + 1} is a sparse row, which is not read."
            raise UnreadableError("sparse-arff", message, "Save the file with every value written out.")
        cells = split_values(line)
        if len(cells) != len(self._attributes):
            message = f"expected {len(self._attributes)} values; found {len(cells)} in line {number + 1}."
            raise UnreadableError("uneven-rows", message, "Look there for a comma outside quotes.")
        return cells

    def _look(self, position: int, attribute: Attribute, column: list[str]) -> list[Finding]:
        """Reports ``?`` (and blanks them in place) and values that the attribute does not declare."""
        below = range(self._data + 1, len(column))
        missing = [row for row in below if column[row] == "?"]
        for row in missing:
            column[row] = ""
        found = []
        if missing:
            message = f"{attribute.name}: {count(len(missing), 'value is', 'values are')} missing ('?')."
            found.append(self._finding("declared-missing", message, missing, position, Severity.NOTE))
        if attribute.values is not None:
            odd = [row for row in below if column[row] and column[row].strip() not in attribute.values]
            if odd:
                message = f"{attribute.name}: '{column[odd[0]]}' is not among the declared values."
                found.append(self._finding("undeclared-value", message, odd, position, Severity.WARNING))
        return found

    def _finding(self, rule: str, message: str, rows: list[int], column: int, severity: Severity) -> Finding:
        where = addresses.cells(rows, column)
        return Finding(rule, message, "", severity, file=self._source.file, cell=where)


def _declared(lines: list[str]) -> tuple[list[Attribute], int]:
    attributes: list[Attribute] = []
    for number, line in enumerate(lines):
        text = line.strip()
        if text.lower().startswith("@data"):
            if not attributes:
                raise _no_arff("it declares no attribute")
            return attributes, number
        if found := _ATTRIBUTE.match(text):
            attributes.append(Attribute(_unquoted(found.group(1)), _nominal(found.group(2))))
    raise _no_arff("it has no line @data")


def _no_arff(why: str) -> UnreadableError:
    return UnreadableError("not-arff", f"expected an ARFF file; {why}.", "Check that it is the right file.")


def _nominal(kind: str) -> frozenset[str] | None:
    inner = kind.strip()
    if not inner.startswith("{"):
        return None
    return frozenset(value.strip() for value in split_values(inner.strip("{}")))


def _unquoted(text: str) -> str:
    bare = text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"" else text
    return re.sub(r"\\(.)", r"\1", bare)


def split_values(line: str) -> list[str]:
    """The values of a line: separated by commas, in single or double quotes where they hold one.

    Raises
    ------
    UnreadableError: a quote never ends.
    """
    mark = "'" if "'" in line else '"'
    before = csv.field_size_limit(MAX_FIELD)
    try:
        return next(
            csv.reader(
                [line], quotechar=mark, escapechar="\\", doublequote=False, skipinitialspace=True, strict=True
            ),
            [],
        )
    except csv.Error as error:
        message = f"the line {line[:60]!r} cannot be split into values: {error}."
        raise UnreadableError("damaged-text", message, "Look for an unclosed quote there.") from None
    finally:
        csv.field_size_limit(before)
