"""From cells to values, by what the schema says a column holds; what does not fit is named, never guessed.

A column is kept as its different contents and a number for each cell, so that each content is looked at once:
a column of 50,000 answers costs half a dozen looks.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import compress
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Objects = NDArray[np.object_]
Rows = NDArray[np.intp]
Codes = NDArray[np.int32]
Mask = NDArray[np.bool_]

_OUTER = re.compile(r"^[\s\u200b-\u200d\u2060\ufeff]+|[\s\u200b-\u200d\u2060\ufeff]+$")
_NARROW = str.maketrans("０１２３４５６７８９．，－＋", "0123456789.,-+")
"""East Asian keyboards write digits as wide as letters."""
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_DECIMAL_COMMA = re.compile(r"[+-]?(?:\d+(?:,\d*)?|,\d+)(?:[eE][+-]?\d+)?", re.ASCII)


@dataclass(frozen=True, eq=False)
class Column(Sequence[Any]):
    """Cells as they stand: cell i holds ``different[codes[i]]``. True and 1.0 are different contents.

    A million cells of text take four bytes each and their different contents, not a text each.
    """

    codes: Codes
    different: tuple[Any, ...]

    @classmethod
    def of(cls, cells: Sequence[Any]) -> Column:
        """The cells of a column."""
        if isinstance(cells, Column):
            return cells._only_held()
        contents = array(cells)
        if bool in set(map(type, cells)):
            contents = array([_Truth(cell) if type(cell) is bool else cell for cell in cells])
        codes, different = pd.factorize(contents, use_na_sentinel=False)
        shown = tuple(cell.value if isinstance(cell, _Truth) else cell for cell in different)
        return cls(codes.astype(np.int32), shown)

    def __len__(self) -> int:
        return len(self.codes)

    def __getitem__(self, place: Any) -> Any:
        if isinstance(place, slice):
            return Column(self.codes[place], self.different)
        return self.different[self.codes[place]]

    def __iter__(self) -> Iterator[Any]:
        return map(self.different.__getitem__, self.codes.data)

    def _only_held(self) -> Column:
        """The same cells, with the contents that one of them holds and no others."""
        held = np.bincount(self.codes, minlength=len(self.different)) > 0
        if held.all():
            return self
        numbers = (np.cumsum(held) - 1).astype(np.int32)
        return Column(numbers[self.codes], tuple(compress(self.different, held)))

    def content(self, position: int) -> Any:
        """The content of a cell."""
        return self.different[self.codes[position]]

    def take(self, positions: Rows) -> Column:
        """Some of the cells, and what they hold."""
        return Column(self.codes[positions], self.different)._only_held()

    def objects(self, convert: Callable[[Any], Any]) -> Objects:
        """A value for each cell, from each content once."""
        return array([convert(content) for content in self.different])[self.codes]

    def floats(self, convert: Callable[[Any], float]) -> Floats:
        """A number for each cell, from each content once."""
        return np.array([convert(content) for content in self.different], dtype=np.float64)[self.codes]

    def where(self, test: Callable[[Any], bool]) -> Mask:
        """Which cells pass a test of their content."""
        return np.array([test(content) for content in self.different], dtype=bool)[self.codes]


@dataclass(frozen=True)
class _Truth:
    value: bool


@dataclass(frozen=True)
class NumberRule:
    """How a column of numbers is written.

    Attributes
    ----------
    decimal: the decimal mark of numbers kept as text. missing: contents that mean 'no value'.
    labels: wording (case-folded) → number, for answers written out.
    """

    decimal: str = "."
    missing: frozenset[str] = frozenset()
    labels: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Numbers:
    """A column as numbers: `values` (NaN where blank, missing or unfit).

    `unfit` are the rows whose content is no number, `stored_as_text` those where a text holds one.
    """

    values: Floats
    unfit: Rows
    stored_as_text: Rows


def array(cells: Sequence[Any]) -> Objects:
    """The cells as an object array."""
    result = np.empty(len(cells), dtype=object)
    result[:] = cells
    return result


def bare(text: str) -> str:
    """Text without outer blanks, the invisible ones (zero width, byte-order marks) among them."""
    return text.strip() if text.isascii() else _OUTER.sub("", text)


def text_of(content: Any) -> str:
    """A cell as the text people see: 7.0 → ``7``, True → ``TRUE``, dates in ISO form, no outer blanks."""
    if isinstance(content, str):
        return bare(content)
    if isinstance(content, bool):
        return "TRUE" if content else "FALSE"
    if isinstance(content, float) and math.isfinite(content) and content.is_integer() and abs(content) < 1e15:
        return str(int(content))
    return content.isoformat() if isinstance(content, date | datetime | time) else str(content)


def is_blank(content: Any) -> bool:
    """Whether a cell holds nothing, or only blanks."""
    return type(content) is str and not bare(content)


def is_number(content: Any) -> bool:
    """Whether the file stores the cell as a number."""
    return type(content) is float or type(content) is int


def texts(column: Column, missing: frozenset[str] = frozenset()) -> Objects:
    """A column as text; None where it is blank or a missing code."""

    def one(content: Any) -> str | None:
        text = text_of(content)
        return None if not text or text in missing else text

    return column.objects(one)


def numbers(column: Column, rule: NumberRule) -> Numbers:
    """A column as numbers; text that holds a number counts as one and is listed."""
    found = [number_in(content, rule) for content in column.different]
    values = np.array([number for _, number in found], dtype=np.float64)
    kinds = np.array([kind for kind, _ in found], dtype=object)
    return Numbers(
        values=values[column.codes],
        unfit=np.flatnonzero((kinds == "unfit")[column.codes]),
        stored_as_text=np.flatnonzero((kinds == "text")[column.codes]),
    )


def number_in(content: Any, rule: NumberRule) -> tuple[str, float]:
    """What a cell says: ``number``, ``blank``, ``text`` (a number kept as text), ``label`` or ``unfit``, and
    the number it gives (NaN for blank and unfit)."""
    if is_number(content):
        missing = bool(rule.missing) and text_of(content) in rule.missing
        return ("blank", math.nan) if missing else ("number", float(content))
    text = text_of(content)
    if not text or text in rule.missing:
        return "blank", math.nan
    pattern = _DECIMAL_COMMA if rule.decimal == "," else _NUMBER
    if isinstance(content, str) and pattern.fullmatch(text):
        number = float(text.replace(",", "."))
        return ("text", number) if math.isfinite(number) else ("unfit", math.nan)
    if text.casefold() in rule.labels:
        return "label", rule.labels[text.casefold()]
    return "unfit", math.nan


def unfit_action(content: Any, rule: NumberRule) -> str:
    """What to do about a content that is no number."""
    text = bare(content) if isinstance(content, str) else ""
    here, other = (_DECIMAL_COMMA, _NUMBER) if rule.decimal == "," else (_NUMBER, _DECIMAL_COMMA)
    if other.fullmatch(text):
        mark = "." if rule.decimal == "," else ","
        return f'If it is a decimal number, say decimal = "{mark}" in [sources]; else correct the cell.'
    if here.fullmatch(narrow := text.translate(_NARROW)):
        return f"Its digits are full-width characters: enter it as {narrow}."
    return "Correct the cell, or list its content under missing in [sources]."


def dates(column: Column, date_format: str, missing: frozenset[str] = frozenset()) -> tuple[Objects, Rows]:
    """A column as dates (None where blank), and the rows that hold no date.

    Text is read by `date_format` (strptime), or as ISO 8601 without one; day and month are never guessed.
    """

    def one(content: Any) -> Any:
        if isinstance(content, datetime):
            return content.date()
        if isinstance(content, date):
            return content
        if text_of(content) in missing:
            return None
        return _date_in(bare(content), date_format) if isinstance(content, str) else _NOT_A_DATE

    found = column.objects(one)
    wrong = np.array([value is _NOT_A_DATE for value in found], dtype=bool)
    found[wrong] = None
    return found, np.flatnonzero(wrong)


_NOT_A_DATE = object()


def _date_in(text: str, date_format: str) -> Any:
    if not text:
        return None
    try:
        return (datetime.strptime(text, date_format) if date_format else datetime.fromisoformat(text)).date()
    except ValueError:
        return _NOT_A_DATE


def shown(content: Any) -> str:
    """A cell's content in a message, cut when it is long."""
    if isinstance(content, str):
        text = f"'{content}'"
        return text if len(text) <= 60 else f"{text[:57]}…'"
    if isinstance(content, timedelta):
        return f"the duration {content}"
    kind = "the date " if isinstance(content, date) else "the time " if isinstance(content, time) else ""
    return f"{kind}{text_of(content)}"
