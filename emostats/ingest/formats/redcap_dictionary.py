"""REDCap's data dictionary (18 columns, one row a field) and its list of events."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from emostats.ingest.cells import text_of
from emostats.ingest.container import UnreadableError
from emostats.ingest.delimited import DelimitedReader
from emostats.study.spec import Source

_NAME, _FORM, _TYPE = "Variable / Field Name", "Form Name", "Field Type"
_LABEL, _CHOICES = "Field Label", "Choices, Calculations, OR Slider Labels"
_IDENTIFIER, _LOGIC = "Identifier?", "Branching Logic (Show field only if...)"
_LISTED = ("radio", "dropdown", "checkbox")
_NO_DATA = ("descriptive",)


@dataclass(frozen=True)
class Field:
    """One field of the dictionary. `choices`: code → label, where the field is answered by a choice."""

    name: str
    form: str
    kind: str
    label: str
    choices: Mapping[str, str] = field(default_factory=dict)
    identifier: bool = False
    logic: str = ""

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the field in a raw export: one, or one a choice of a checkbox."""
        if self.kind == "checkbox":
            return tuple(f"{self.name}___{column_code(code)}" for code in self.choices)
        return () if self.kind in _NO_DATA else (self.name,)


def column_code(code: str) -> str:
    """A choice's code as it stands in a column's name: ``-9`` → ``_9``."""
    return code.lower().replace("-", "_")


@dataclass(frozen=True)
class Dictionary:
    """The fields of a project in order."""

    fields: tuple[Field, ...]

    @property
    def forms(self) -> tuple[str, ...]:
        """Names of the instruments, in order."""
        return tuple(dict.fromkeys(field.form for field in self.fields))

    def of_form(self, form: str) -> tuple[Field, ...]:
        """The fields of an instrument."""
        return tuple(field for field in self.fields if field.form == form)


def read_dictionary(path: Path) -> Dictionary:
    """Reads a data dictionary.

    Raises
    ------
    UnreadableError: the file cannot be read, or lacks the columns of a data dictionary.
    """
    rows = table_of(path, (_NAME, _FORM, _TYPE), "REDCap data dictionary")
    return Dictionary(tuple(_field(row) for row in rows if row[_NAME]))


def read_events(path: Path) -> Mapping[str, str]:
    """The events of a project: unique name → name as people see it.

    Raises
    ------
    UnreadableError: the file cannot be read, or is no list of events.
    """
    rows = table_of(path, ("unique_event_name", "event_name"), "REDCap list of events")
    return {row["unique_event_name"]: row["event_name"] for row in rows if row["unique_event_name"]}


def table_of(path: Path, needed: tuple[str, ...], what: str) -> list[dict[str, str]]:
    """The rows of a CSV file by header.

    Raises
    ------
    UnreadableError: it cannot be read or lacks a needed column.
    """
    raw = DelimitedReader(path, Source(file=path.name)).read("")
    headers = [text_of(column[0]) for column in raw.columns]
    missing = [name for name in needed if name not in headers]
    if missing:
        message = f"expected a {what}; {path.name} has no column '{missing[0]}'."
        raise UnreadableError("not-a-dictionary", message, "Download it from the project's setup page.")
    cells = [[text_of(cell) for cell in column[1:]] for column in raw.columns]
    return [dict(zip(headers, row, strict=True)) for row in zip(*cells, strict=True)]


def _field(row: Mapping[str, str]) -> Field:
    kind = row[_TYPE].lower()
    return Field(
        name=row[_NAME],
        form=row[_FORM],
        kind=kind,
        label=re.sub(r"\s+", " ", re.sub(r"<[^>]*>", "", row.get(_LABEL, ""))).strip(),
        choices=_choices(kind, row.get(_CHOICES, "")),
        identifier=row.get(_IDENTIFIER, "").lower() == "y",
        logic=row.get(_LOGIC, ""),
    )


def _choices(kind: str, text: str) -> dict[str, str]:
    if kind == "yesno":
        return {"1": "Yes", "0": "No"}
    if kind == "truefalse":
        return {"1": "True", "0": "False"}
    if kind not in _LISTED:
        return {}
    pairs = (part.partition(",") for part in text.split("|") if part.strip())
    return {code.strip(): label.strip() for code, _, label in pairs}
