"""From a REDCap export with labels back to names and codes, by the data dictionary."""

from __future__ import annotations

import re
from typing import Any

from emostats.ingest.cells import text_of
from emostats.ingest.formats.redcap_dictionary import Dictionary, Field, column_code

_KEYS = {
    "Event Name": "redcap_event_name",
    "Repeat Instrument": "redcap_repeat_instrument",
    "Repeat Instance": "redcap_repeat_instance",
    "Data Access Group": "redcap_data_access_group",
    "Survey Identifier": "redcap_survey_identifier",
}
_STATUS = {"Incomplete": "0", "Unverified": "1", "Complete": "2"}
_TICKS = {"Unchecked": "0", "Checked": "1"}


def as_raw(columns: list[list[Any]], dictionary: Dictionary) -> None:
    """Puts names in the place of labels in row 1, and codes in the place of labels below; in place.

    What is a name or a code already stays, so that a raw export is not changed.
    """
    _rename(columns, dictionary)
    codes = _codes(dictionary)
    forms = {_plain(form): form for form in dictionary.forms}
    for column in columns:
        name = text_of(column[0])
        if name == "redcap_repeat_instrument":
            column[1:] = [forms.get(_plain(text_of(cell)), cell) for cell in column[1:]]
        elif mapping := codes.get(name):
            column[1:] = [mapping.get(text_of(cell), cell) for cell in column[1:]]


def _rename(columns: list[list[Any]], dictionary: Dictionary) -> None:
    """Labels may repeat, so each is taken to be the next field with that label, in the dictionary's order."""
    expected = _expected(dictionary)
    names = {name for name, _ in expected}
    start = 0
    for column in columns:
        header = " ".join(text_of(column[0]).split())
        if header in names:
            continue
        if header in _KEYS:
            column[0] = _KEYS[header]
            continue
        for position in range(start, len(expected)):
            if expected[position][1] == header:
                column[0], start = expected[position][0], position + 1
                break


def _expected(dictionary: Dictionary) -> list[tuple[str, str]]:
    """Every column of an export in order: its name and its label."""
    found: list[tuple[str, str]] = []
    for form in dictionary.forms:
        for field in dictionary.of_form(form):
            found += _labelled(field)
        found.append((f"{form}_complete", "Complete?"))
    return found


def _labelled(field: Field) -> list[tuple[str, str]]:
    if field.kind == "checkbox":
        labels = [f"{field.label} (choice={label})" for label in field.choices.values()]
        return list(zip(field.columns, labels, strict=True))
    return [(name, field.label) for name in field.columns]


def _codes(dictionary: Dictionary) -> dict[str, dict[str, str]]:
    """Per column, label → code; a label that is another choice's code is left alone."""
    found: dict[str, dict[str, str]] = {f"{form}_complete": _STATUS for form in dictionary.forms}
    for field in dictionary.fields:
        if field.kind == "checkbox":
            for code, label in field.choices.items():
                # some exports write the choice's label into a ticked box
                found[f"{field.name}___{column_code(code)}"] = {**_TICKS, **_own(label)}
        elif field.choices:
            found[field.name] = {
                label: code for code, label in field.choices.items() if label not in field.choices
            }
    return found


def _own(label: str) -> dict[str, str]:
    return {label: "1"} if label and label not in ("0", "1") else {}


def _plain(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", text.casefold()).strip("_")
