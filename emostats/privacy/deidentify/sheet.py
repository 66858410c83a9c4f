"""The copy of one sheet: cells in, cells out."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from emostats.errors import Finding, Severity
from emostats.privacy.deidentify.columns import IDS, Declared, Judged, Role, judge, like_names, plain
from emostats.privacy.deidentify.dates import age_on, as_date, band_of, coarse_age, moved
from emostats.privacy.deidentify.options import Options
from emostats.privacy.deidentify.secrets import Pseudonyms

REMOVED = "[removed]"
"""What stands in a free-text cell of a column that must stay."""


@dataclass(frozen=True)
class Sheet:
    """Cells of a sheet.

    Attributes
    ----------
    file, name: where it stands; `name` is ``""`` for text files. columns: one sequence a column, row 0 being
    the first row; blank cells are ``""`` or None. header_row: from 0, None for the first row that is filled.
    unread: addresses (row, column) of cells without a usable value.
    """

    file: str
    name: str
    columns: Sequence[Sequence[Any]]
    header_row: int | None = None
    unread: frozenset[tuple[int, int]] = frozenset()


@dataclass(frozen=True)
class Done:
    """What was done with a column. header: as it stands in the copy's log. counts: cells by what happened."""

    header: str
    role: Role
    kept: bool
    counts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Copy:
    """The copy: rows with their header, what was done by column, what was noticed, the IDs and names met."""

    rows: tuple[tuple[Any, ...], ...]
    done: tuple[Done, ...]
    findings: tuple[Finding, ...] = ()
    originals: frozenset[str] = frozenset()
    people: frozenset[str] = frozenset()


def copy_sheet(sheet: Sheet, names: Pseudonyms, options: Options) -> Copy:
    """The de-identified copy of a sheet. Rows above the header stay blank; blank rows stay.

    In a sheet without a child's ID dates are blanked, because it is unknown by how much to move them.
    """
    n_rows = len(sheet.columns[0]) if sheet.columns else 0
    top = _header_row(sheet, n_rows)
    headers = [_text(column[top]) if n_rows else "" for column in sheet.columns]
    bodies = [_body(sheet, number, top) for number in range(len(headers))]
    judged = [_judged(sheet, header, body, options) for header, body in zip(headers, bodies, strict=True)]
    judged = _without_names(headers, bodies, judged, options)
    row_facts = _RowFacts.of(headers, bodies, judged, names, options)
    kept: list[list[Any]] = []
    done: list[Done] = []
    for header, body, how in zip(headers, bodies, judged, strict=True):
        cells, counts = _column(header, body, how, row_facts, names, options)
        if cells is not None:
            kept.append([header, *cells])
        if header or any(counts.values()):
            done.append(Done(header, how.role, cells is not None, counts))
    rows = [*([()] * top), *zip(*kept, strict=True)] if kept else []
    findings = tuple(_findings(sheet, headers, judged))
    people = _people(bodies, judged)
    return Copy(tuple(tuple(row) for row in rows), tuple(done), findings, row_facts.originals, people)


def _without_names(
    headers: Sequence[str], bodies: Sequence[Sequence[Any]], judged: list[Judged], options: Options
) -> list[Judged]:
    """The same, but columns that nobody declared are dropped where they are another text for each child."""
    child = next((body for body, how in zip(bodies, judged, strict=True) if how.role is Role.CHILD), None)
    if child is None:
        return judged
    children = [_text(cell) for cell in child]
    return [
        Judged(Role.DROP, "texts that differ from child to child, like names")
        if how.role is Role.KEEP
        and not how.declared
        and plain(header) not in options.allowed
        and like_names(body, children)
        else how
        for header, body, how in zip(headers, bodies, judged, strict=True)
    ]


def _people(bodies: Sequence[Sequence[Any]], judged: Sequence[Judged]) -> frozenset[str]:
    """The words of columns that are left out because they hold names."""
    cells = (
        _text(cell)
        for body, how in zip(bodies, judged, strict=True)
        if "name" in how.suspicion and how.role is Role.DROP
        for cell in body
    )
    return frozenset(word for cell in cells for word in cell.split() if len(word) > 2 and word.isalpha())


def judged_columns(sheet: Sheet, declared: Declared) -> list[tuple[str, Judged]]:
    """Each column's header with what would be done with it."""
    n_rows = len(sheet.columns[0]) if sheet.columns else 0
    top = _header_row(sheet, n_rows)
    headers = [_text(column[top]) if n_rows else "" for column in sheet.columns]
    options = Options(declared)
    return [
        (header, _judged(sheet, header, _body(sheet, number, top), options))
        for number, header in enumerate(headers)
    ]


@dataclass(frozen=True)
class _RowFacts:
    """What other columns say about a row: the child's shift of dates, and a day to take ages on."""

    shifts: tuple[int | None, ...]
    days: tuple[date | None, ...]
    originals: frozenset[str]

    @classmethod
    def of(
        cls,
        headers: Sequence[str],
        bodies: Sequence[Sequence[Any]],
        judged: Sequence[Judged],
        names: Pseudonyms,
        options: Options,
    ) -> _RowFacts:
        n = len(bodies[0]) if bodies else 0
        by_role: dict[Role, list[Sequence[Any]]] = {}
        for body, how in zip(bodies, judged, strict=True):
            by_role.setdefault(how.role, []).append(body)
        children = [_text(cell) for cell in by_role.get(Role.CHILD, [[""] * n])[0]]
        dates = by_role.get(Role.DATE, [])
        days = [next((day for column in dates if (day := as_date(column[i]))), None) for i in range(n)]
        found = {_text(cell) for role in IDS for column in by_role.get(role, []) for cell in column}
        return cls(
            tuple(names.shift(child, options.shift) if child else None for child in children),
            tuple(options.age_on or day for day in days),
            frozenset(found - {""}),
        )


def _judged(sheet: Sheet, header: str, body: Sequence[Any], options: Options) -> Judged:
    declared: Declared = options.declared
    if not header:
        return Judged(Role.DROP, "a column without a header" if any(_text(cell) for cell in body) else "")
    role = declared.role(sheet.name, header)
    if role is not None:
        return Judged(role, declared=True)
    if plain(header) in options.allowed:
        return Judged(Role.KEEP)
    return judge(header, body)


def _column(
    header: str,
    body: Sequence[Any],
    how: Judged,
    rows: _RowFacts,
    names: Pseudonyms,
    options: Options,
) -> tuple[list[Any] | None, dict[str, int]]:
    """The cells of the copy (None: the column is left out), and how many of them what happened to."""
    role = how.role
    if role is Role.TEXT and plain(header) in options.allowed:
        role = Role.KEEP
    stays = options.keep_text_columns and how.declared
    if role is Role.DROP or (role is Role.TEXT and not stays):
        return None, {"dropped": sum(bool(_text(cell)) for cell in body)}
    if role is Role.BIRTH and stays:
        return [None] * len(body), {"blanked": sum(bool(_text(cell)) for cell in body)}
    change = _CHANGES.get(role)
    cells: list[Any] = []
    counts: Counter[str] = Counter()
    for position, cell in enumerate(body):
        if not _text(cell):
            cells.append(None)
            continue
        new = change(cell, position, rows, names, options) if change else cell
        if role in IDS:
            new = names.of(role.value, _text(cell))
        counts[
            "blanked" if new is None else "unchanged" if change is None and role not in IDS else "changed"
        ] += 1
        cells.append(new)
    return cells, dict(counts)


def _date(cell: Any, position: int, rows: _RowFacts, names: Pseudonyms, options: Options) -> Any:
    days = rows.shifts[position]
    if options.shift == 0:
        return as_date(cell)
    return None if days is None else moved(cell, days)


def _birth(cell: Any, position: int, rows: _RowFacts, names: Pseudonyms, options: Options) -> Any:
    born, day = as_date(cell), rows.days[position]
    if born is None or day is None or born > day:
        return None
    return band_of(age_on(born, day), options.bands)


def _age(cell: Any, position: int, rows: _RowFacts, names: Pseudonyms, options: Options) -> Any:
    return coarse_age(cell, options.bands)


def _removed(cell: Any, position: int, rows: _RowFacts, names: Pseudonyms, options: Options) -> Any:
    return REMOVED


_Change = Callable[[Any, int, _RowFacts, Pseudonyms, Options], Any]
_CHANGES: Mapping[Role, _Change] = {
    Role.DATE: _date,
    Role.BIRTH: _birth,
    Role.AGE: _age,
    Role.TEXT: _removed,
}


def _findings(sheet: Sheet, headers: Sequence[str], judged: Sequence[Judged]) -> list[Finding]:
    found = [
        Finding(
            rule="looks-like-identifier",
            message=f"column '{header}' was not declared and looks like: {how.suspicion}. It is not copied.",
            action="Say what it is: --id, --date, --birth-date or --age; or --keep if it may be shown.",
            severity=Severity.WARNING,
            file=sheet.file,
            sheet=sheet.name,
        )
        for header, how in zip(headers, judged, strict=True)
        if how.suspicion
    ]
    return found


def _header_row(sheet: Sheet, n_rows: int) -> int:
    if sheet.header_row is not None:
        return min(sheet.header_row, max(n_rows - 1, 0))
    filled = (row for row in range(n_rows) if any(_text(column[row]) for column in sheet.columns))
    return next(filled, 0)


def _body(sheet: Sheet, number: int, top: int) -> list[Any]:
    column = sheet.columns[number]
    return ["" if (row, number) in sheet.unread else column[row] for row in range(top + 1, len(column))]


def _text(cell: Any) -> str:
    """A cell as people read it: 7.0 is ``7``."""
    if cell is None:
        return ""
    if isinstance(cell, float):
        if math.isnan(cell):
            return ""
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else str(cell)
    if isinstance(cell, datetime) and cell.time() == datetime.min.time():
        return cell.date().isoformat()
    return str(cell).strip()
