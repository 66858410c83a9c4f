"""Reads REDCap exports, raw or with labels; with the data dictionary labels become codes again.

The whole file is the sheet ``""``; each instrument (form) of the dictionary is a sheet too, with the rows in
which the form was filled in: that is how repeating instruments are read, by ``redcap_repeat_instance``.

A checkbox exports 0 both for 'not ticked' and for 'never asked'. A group of boxes without any tick is blank
where its form has the status Incomplete or none, or where branching logic hid the field; both are told.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath
from typing import Any, TypeVar

from emostats.errors import Finding, Severity
from emostats.ingest import addresses
from emostats.ingest.cells import text_of
from emostats.ingest.container import UnreadableError
from emostats.ingest.formats.redcap_dictionary import Dictionary, Field, read_dictionary, read_events
from emostats.ingest.formats.redcap_labels import as_raw
from emostats.ingest.formats.redcap_logic import holds
from emostats.ingest.formats.survey import SurveyReader, filled_rows
from emostats.ingest.hints import count
from emostats.study.spec import Source
from emostats.study.spec.paths import OutsideError, inside

EVENT, INSTRUMENT, INSTANCE = "redcap_event_name", "redcap_repeat_instrument", "redcap_repeat_instance"
KEYS = (EVENT, INSTRUMENT, INSTANCE, "redcap_data_access_group", "redcap_survey_identifier")
STATUS = "_complete"
Read = TypeVar("Read")
_BOX = re.compile(r"(.+)___[a-z0-9_.]+", re.I)


@dataclass
class Export:
    """An export while it is put right: columns by name (the header cell included), and where each stands."""

    columns: list[list[Any]]
    places: dict[str, int]
    rows: list[int]

    @classmethod
    def of(cls, columns: list[list[Any]]) -> Export:
        """The export in these columns."""
        places: dict[str, int] = {}
        for number, column in enumerate(columns):
            places.setdefault(text_of(column[0]), number)
        return cls(columns, places, filled_rows(columns, 1))

    def text(self, name: str, row: int) -> str | None:
        """A cell as text; None when there is no such column."""
        place = self.places.get(name)
        return None if place is None else text_of(self.columns[place][row])

    def cells(self, rows: list[int], name: str) -> str:
        """The address of cells of a column."""
        return addresses.cells(rows, self.places[name])


def open_redcap(path: Path, source: Source) -> RedcapReader:
    """The reader of a REDCap export with the dictionary and the events that the study file names.

    Raises
    ------
    UnreadableError: one of the files cannot be read.
    """
    folder = path
    for _ in PureWindowsPath(source.file).parts:
        folder = folder.parent
    dictionary = _companion(read_dictionary, folder, source.dictionary, "data dictionary")
    events = _companion(read_events, folder, source.events, "list of events")
    return RedcapReader(path, source, dictionary, events or {})


def _companion(read: Callable[[Path], Read], folder: Path, written: str | None, what: str) -> Read | None:
    """What a file beside the export says; what is wrong with that file is said of it, not of the export."""
    if written is None:
        return None
    try:
        return read(inside(folder, written))
    except OutsideError as error:
        raise UnreadableError("path-outside", f"{written}: {error}.", "Put it in the study folder.") from None
    except UnreadableError as error:
        raise UnreadableError(error.rule, f"the {what} {written}: {error}", error.action) from None


class RedcapReader(SurveyReader):
    """A REDCap export (CSV)."""

    def __init__(
        self, path: Path, source: Source, dictionary: Dictionary | None, events: Mapping[str, str]
    ) -> None:
        super().__init__(path, source)
        self._dictionary, self._events = dictionary, events

    @property
    def sheets(self) -> tuple[str, ...]:
        """The whole file, and one sheet an instrument when there is a dictionary."""
        return ("", *(self._dictionary.forms if self._dictionary else ()))

    def read(self, sheet: str) -> Any:
        """The cells of the file, or of one instrument. Raises UnreadableError."""
        self._form = sheet
        return super().read("")

    def tidy(self, sheet: str, columns: list[list[Any]]) -> list[Finding]:
        """Labels to codes, unasked checkboxes to blanks, one instrument's rows; says what was noticed."""
        if self._dictionary:
            as_raw(columns, self._dictionary)
        export = Export.of(columns)
        fields = self._fields(export)
        found = [*self._boxes(export, fields), *self._choices(export, fields), *self._unknown_events(export)]
        found += self._statuses(export)
        self._headers = [text_of(column[0]) for column in columns]
        if self._form and self._dictionary:
            _keep_form(export, self._form, self._dictionary)
        return found

    def identifiers(self, sheet: str, headers: Any, known: Any = ()) -> list[Finding]:
        """As for other tools; with a dictionary, its mark ``Identifier?`` decides too."""
        fields = self._dictionary.fields if self._dictionary else ()
        marked = {field.name for field in fields if field.identifier}
        named = [n for n, name in enumerate(self._headers) if name in marked]
        return super().identifiers("", self._headers, named)

    def _fields(self, export: Export) -> list[Field]:
        return list(self._dictionary.fields) if self._dictionary else list(_guessed_fields(export))

    def _boxes(self, export: Export, fields: list[Field]) -> Iterator[Finding]:
        for field in fields:
            names = [name for name in field.columns if name in export.places]
            if field.kind == "checkbox" and names:
                yield from self._box(export, field, names)

    def _box(self, export: Export, field: Field, names: list[str]) -> Iterator[Finding]:
        unasked, unclear = [], []
        for row in export.rows:
            if all(export.text(name, row) == "0" for name in names):
                asked = _asked(export, field, row)
                if asked is None:
                    unclear.append(row)
                elif not asked:
                    unasked.append(row)
        for name in names:
            column = export.columns[export.places[name]]
            for row in unasked:
                column[row] = ""
        if unasked:
            rows = count(len(unasked), "row", "rows")
            message = f"{field.name}: in {rows} 0 means 'never asked', by the form's status or its branching "
            message += "logic; these boxes were read as blank."
            where = export.cells(unasked, names[0])
            yield self.note("checkbox-not-asked", message, "No action is needed.", where, Severity.NOTE)
        if unclear:
            rows = count(len(unclear), "row", "rows")
            message = f"{field.name}: in {rows} no box is ticked, and nothing tells whether the question was "
            message += "asked; 0 was kept."
            action = "Export the form's status too, and name the data dictionary in [sources]."
            yield self.note("checkbox-unclear", message, action, export.cells(unclear, names[0]))

    def _choices(self, export: Export, fields: list[Field]) -> Iterator[Finding]:
        for field in fields:
            if field.kind in ("radio", "dropdown") and field.name in export.places and field.choices:
                odd = [
                    row
                    for row in export.rows
                    if (text := export.text(field.name, row)) and text not in field.choices
                ]
                if odd:
                    message = (
                        f"{field.name}: '{export.text(field.name, odd[0])}' is no choice of the dictionary."
                    )
                    action = "Correct it, or download the present dictionary."
                    yield self.note("undeclared-value", message, action, export.cells(odd, field.name))

    def _unknown_events(self, export: Export) -> Iterator[Finding]:
        known = {*self._events, *self._events.values()}
        if EVENT not in export.places or not known:
            return
        odd = [row for row in export.rows if (text := export.text(EVENT, row)) and text not in known]
        if odd:
            message = f"'{export.text(EVENT, odd[0])}' is not in the list of events."
            action = "Download the present list of events."
            yield self.note("unknown-event", message, action, export.cells(odd, EVENT))

    def _statuses(self, export: Export) -> Iterator[Finding]:
        for form, fields in _by_form(self._fields(export)).items():
            status = f"{form}{STATUS}"
            if status in export.places:
                names = [name for field in fields for name in field.columns if name in export.places][:400]
                first = next(iter(export.places))
                names = [name for name in names if name != first]
                rows = [
                    row
                    for row in export.rows
                    if export.text(status, row) == "0"
                    and any(export.text(name, row) not in ("", "0") for name in names)
                ]
                if rows:
                    many = count(len(rows), "row", "rows")
                    message = f"the form '{form}' has answers and the status Incomplete in {many}."
                    action = "No action is needed if partial answers count."
                    where = export.cells(rows, status)
                    yield self.note("form-incomplete", message, action, where, Severity.NOTE)


def _by_form(fields: list[Field]) -> dict[str, list[Field]]:
    forms: dict[str, list[Field]] = {}
    for field in fields:
        forms.setdefault(field.form, []).append(field)
    return forms


def _asked(export: Export, field: Field, row: int) -> bool | None:
    """Whether a checkbox without a tick was asked: by status, else by branching logic; None when unknown."""
    repeated = export.text(INSTRUMENT, row)
    if repeated and repeated != field.form:
        return False
    status = export.text(f"{field.form}{STATUS}", row)
    if status in ("", "0"):
        return False
    shown = holds(field.logic, lambda name: export.text(name, row))
    if shown is False:
        return False
    return True if status is not None and shown else None


def _guessed_fields(export: Export) -> Iterator[Field]:
    """Without a dictionary: checkboxes by their names, in the form whose status column follows."""
    waiting: dict[str, list[str]] = {}
    for name in export.places:
        if name.endswith(STATUS):
            yield from _boxes_of(waiting, name.removesuffix(STATUS))
            waiting = {}
        elif found := _BOX.fullmatch(name):
            waiting.setdefault(found.group(1), []).append(name)
    yield from _boxes_of(waiting, "")


def _boxes_of(groups: Mapping[str, list[str]], form: str) -> Iterator[Field]:
    for name, columns in groups.items():
        codes = {column.removeprefix(f"{name}___"): "" for column in columns}
        yield Field(name, form, "checkbox", name, codes)


def _keep_form(export: Export, form: str, dictionary: Dictionary) -> None:
    """Blanks, in place, the rows in which the form was not filled in, and the columns of other forms."""
    record = next(iter(export.places))
    own = {name for field in dictionary.of_form(form) for name in field.columns} | {f"{form}{STATUS}"}
    answers = [name for name in own if name in export.places and name not in (record, f"{form}{STATUS}")]
    kept = {row for row in export.rows if _has_form(export, form, row, answers)}
    for name, place in export.places.items():
        column = export.columns[place]
        used = name in own or name == record or name in KEYS
        column[1:] = [cell if used and row in kept else "" for row, cell in enumerate(column[1:], start=1)]
        if not used:
            column[0] = ""


def _has_form(export: Export, form: str, row: int, answers: list[str]) -> bool:
    repeated = export.text(INSTRUMENT, row)
    if repeated:
        return repeated == form
    return any(export.text(name, row) for name in answers)
