"""Identifiers are text and are compared exactly; near misses are reported, never joined.

A spreadsheet turns ``007`` into the number 7, an export adds ``.0``, a hand types a blank or another case.
Which child was meant is for people to say: joining by a guess can hand one child's answers to another.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from emostats.ingest.cells import Column, Objects, Rows, array, bare, is_number, text_of

_POINT_ZERO = re.compile(r"(?<=\d)\.0+$")
_LEADING_ZEROS = re.compile(r"(?<!\d)0+(?=\d)")
_BLANKS = re.compile(r"[\s\u200b\ufeff]+")


def key(identifier: str) -> str:
    """An ID without case, blanks, leading zeros, a trailing ``.0`` and the width of its letters."""
    if identifier.isascii() and identifier.isalnum():
        lower = identifier.lower()
        return _LEADING_ZEROS.sub("", lower) if "0" in lower else lower
    text = unicodedata.normalize("NFKC", identifier).casefold()
    text = _POINT_ZERO.sub("", _BLANKS.sub("", text))
    return _LEADING_ZEROS.sub("", text)


@dataclass(frozen=True)
class Ids:
    """A column of IDs: `values` (text, None where blank), rows where the file holds a number, rows with outer
    blanks (removed), and rows whose number is too long to have been kept exactly (15 digits)."""

    values: Objects
    from_number: Rows
    with_blanks: Rows
    inexact: Rows


def read_ids(column: Column) -> Ids:
    """The IDs of a column. Outer blanks are removed; nothing else is changed."""
    if set(map(type, column.different)) == {str}:
        return _read_texts(column)
    return Ids(
        values=column.objects(lambda content: text_of(content) or None),
        from_number=np.flatnonzero(column.where(is_number)),
        with_blanks=np.flatnonzero(column.where(_has_outer_blanks)),
        inexact=np.flatnonzero(column.where(_too_long)),
    )


def _read_texts(column: Column) -> Ids:
    """The same of a column of texts, such as a text file's, where nothing is a number."""
    texts = [bare(content) for content in column.different]
    nothing = np.zeros(0, dtype=np.intp)
    changed = [text != content and bool(text) for text, content in zip(texts, column.different, strict=True)]
    with_blanks = np.flatnonzero(np.array(changed)[column.codes]) if any(changed) else nothing
    return Ids(array([text or None for text in texts])[column.codes], nothing, with_blanks, nothing)


def _has_outer_blanks(content: object) -> bool:
    return isinstance(content, str) and bare(content) not in ("", content)


def _too_long(content: object) -> bool:
    return isinstance(content, float | int) and is_number(content) and abs(content) >= 1e15


@dataclass(frozen=True)
class Roster:
    """The children that are known: `ids` in order."""

    ids: tuple[str, ...]

    @classmethod
    def of(cls, ids: Iterable[str]) -> Roster:
        """The roster of these IDs."""
        return cls(tuple(dict.fromkeys(ids)))

    @cached_property
    def _by_key(self) -> dict[str, list[str]]:
        """The IDs behind each key, made when a near miss is looked for."""
        by_key: dict[str, list[str]] = {}
        for identifier in self.ids:
            by_key.setdefault(key(identifier), []).append(identifier)
        return by_key

    def alike(self, identifier: str) -> tuple[str, ...]:
        """IDs of the roster that differ from this one only by what `key` leaves out."""
        return tuple(other for other in self._by_key.get(key(identifier), ()) if other != identifier)

    def twins(self) -> list[tuple[str, ...]]:
        """IDs within the roster that differ only so."""
        if len(set(map(key, self.ids))) == len(self.ids):
            return []
        return [tuple(group) for group in self._by_key.values() if len(group) > 1]
