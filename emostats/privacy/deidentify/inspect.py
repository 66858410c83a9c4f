"""Which columns of the inputs tell who a child is, declared or not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from emostats.privacy.deidentify.columns import Declared, Role
from emostats.privacy.deidentify.sheet import Sheet, judged_columns

TELLING = frozenset({Role.CHILD, Role.FAMILY, Role.RATER, Role.BIRTH, Role.DATE, Role.TEXT, Role.DROP})
"""Roles whose columns may tell who a child is."""


@dataclass(frozen=True)
class TellingColumn:
    """A column that may tell who a child is.

    what: its role, or what it looks like. declared: whether the study file or the user says what it is.
    """

    file: str
    sheet: str
    header: str
    what: str
    declared: bool

    @property
    def unexpected(self) -> bool:
        """Whether nobody said what it is and it looks like an identifier."""
        return not self.declared and self.what not in (Role.DATE.value, Role.TEXT.value)


def telling_columns(sheets: Sequence[Sheet], declared: Declared) -> tuple[TellingColumn, ...]:
    """The columns of all sheets that may tell who a child is, in their order."""
    return tuple(
        TellingColumn(sheet.file, sheet.name, header, how.suspicion or how.role.value, how.declared)
        for sheet in sheets
        for header, how in judged_columns(sheet, declared)
        if how.role in TELLING and (header or how.suspicion)
    )
