"""What is done with a column: said by the user or the study file, else judged by what stands in it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any

from emostats.privacy.deidentify.dates import as_date
from emostats.privacy.identifiers import header_kind, kinds_in


class Role(StrEnum):
    """What is done with the cells of a column."""

    CHILD = "child"
    FAMILY = "family"
    RATER = "rater"
    CLIP = "clip"
    DATE = "date"
    BIRTH = "birth date"
    AGE = "age"
    TEXT = "free text"
    DROP = "drop"
    KEEP = "keep"


IDS = frozenset({Role.CHILD, Role.FAMILY, Role.RATER, Role.CLIP})
FEW = 12
"""A column of text with no more different values than this is a code, not free text."""
LONG = 40
"""Text longer than this is free text whatever else."""
_NUMBER = re.compile(r"[+-]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:[eE][+-]?\d+)?")
_MONTH = r"(?i:jan|feb|m[aä]r|apr|ma[iy]|jun|jul|aug|sep|o[ck]t|nov|de[cz])\w*\.?"
_DAY = re.compile(
    r"\d{4}[-/.年]\d{1,2}[-/.月]\d{1,2}"
    r"|\d{1,2}[./-]\d{1,2}[./-](?:\d{4}|\d{2})(?!\d)"
    rf"|(?:\d{{1,2}}\.? )?{_MONTH} (?:\d{{1,2}},? )?(?:19|20)\d{{2}}\b"
)
"""Forms of a day, or of a month with its year, at the start of a cell."""


@dataclass(frozen=True)
class Judged:
    """A column's role, whether somebody declared it and, if not, what identifier it looks like."""

    role: Role
    suspicion: str = ""
    declared: bool = False


@dataclass(frozen=True)
class Declared:
    """What the user or the study file says: header (compared by `plain`) → role.

    by_sheet: the same for one sheet alone; it comes first. closed: only declared columns are kept.
    """

    roles: Mapping[str, Role] = field(default_factory=dict)
    by_sheet: Mapping[str, Mapping[str, Role]] = field(default_factory=dict)

    def role(self, sheet: str, header: str) -> Role | None:
        """The declared role of a column, None if there is none."""
        return self.by_sheet.get(sheet, {}).get(plain(header)) or self.roles.get(plain(header))


def plain(header: str) -> str:
    """A header as it is compared: without case and doubled blanks."""
    return " ".join(header.split()).casefold()


def judge(header: str, cells: Sequence[Any]) -> Judged:
    """The role of a column that nobody declared. What may name a person is dropped, and said to be so.

    Dates are moved, numbers and short codes with few different values are kept.
    """
    filled = [cell for cell in cells if cell is not None and str(cell).strip()]
    named = header_kind(header)
    if named:
        return Judged(Role.DROP, named)
    if not filled:
        return Judged(Role.KEEP)
    if any(isinstance(cell, date) or _DAY.match(str(cell).strip()) for cell in filled):
        return (
            Judged(Role.DATE)
            if all(map(as_date, filled))
            else Judged(Role.DROP, "days, not all of them readable")
        )
    found = kinds_in(" \n ".join(str(cell) for cell in filled if isinstance(cell, str)))
    if found:
        return Judged(Role.DROP, ", ".join(sorted(found)))
    if all(_is_number(cell) for cell in filled):
        return _judge_numbers(filled)
    different = {str(cell).strip() for cell in filled}
    if max(map(len, different)) <= LONG and len(different) <= FEW:
        return Judged(Role.KEEP)
    if len(different) > 0.9 * len(filled) and all(re.fullmatch(r"[\w./-]+", text) for text in different):
        return Judged(Role.DROP, "codes that differ in each row, like IDs")
    return Judged(Role.TEXT)


def like_names(cells: Sequence[Any], children: Sequence[str]) -> bool:
    """Whether a text is the same in all rows of a child and (nearly) always another in those of the next.

    children: the ID of each row; blank ones count for nothing. Three children are needed to tell.
    """
    own: dict[str, set[str]] = {}
    for cell, child in zip(cells, children, strict=True):
        if child and isinstance(cell, str) and cell.strip() and not _is_number(cell):
            own.setdefault(child, set()).add(cell.strip())
    if len(own) < 3 or any(len(texts) > 1 for texts in own.values()):
        return False
    different = set().union(*own.values())
    return len(different) >= 0.9 * len(own) and max(map(len, different)) > 1


def _judge_numbers(filled: Sequence[Any]) -> Judged:
    """Long whole numbers that never repeat are numbers of persons, not measurements."""
    texts = {str(cell).strip().removesuffix(".0") for cell in filled}
    long = all(text.isdecimal() and len(text) >= 6 for text in texts)
    if long and len(texts) == len(filled) and len(filled) > 1:
        return Judged(Role.DROP, "long numbers that differ in each row, like IDs")
    return Judged(Role.KEEP)


def _is_number(cell: Any) -> bool:
    return (isinstance(cell, int | float) and not isinstance(cell, bool)) or bool(
        isinstance(cell, str) and _NUMBER.fullmatch(cell.strip())
    )
