"""What each sheet of a workbook is for, as far as its columns tell."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from emostats.cli.draft.sheets import AGE, CLIP, GUESS, ID, RATER, SESSION, VISIT, Sheet, is_number


@dataclass(frozen=True)
class Wave:
    """A visit as it was found: a name for the study file, a label, how the data write it, and its sheet."""

    name: str
    label: str
    value: str | None
    sheet: str | None


@dataclass(frozen=True)
class Roles:
    """The sheets by use; None or empty where the workbook has no such sheet.

    Attributes
    ----------
    roster: one row a child. forms: sheets with the same columns, one row a child, one sheet a visit.
    long: scored values, one row a child × visit. ratings, sessions, events: as their columns say.
    waves: the visits, in the order of their numbers.
    """

    roster: Sheet
    forms: tuple[Sheet, ...]
    long: Sheet | None
    ratings: Sheet | None
    sessions: Sheet | None
    events: Sheet | None
    waves: tuple[Wave, ...]


def find_roles(sheets: Sequence[Sheet]) -> Roles:
    """Each sheet is given one use at most, the surest first."""
    roster = next((sheet for sheet in sheets if sheet.find(ID) and sheet.find(AGE)), None)
    roster = roster or next((sheet for sheet in sheets if sheet.find(ID)), sheets[0])
    rest = [sheet for sheet in sheets if sheet.find(ID)]
    only = len(rest) == 1
    ratings = next((s for s in rest if s.find(RATER) and s.find(CLIP) and scores(s)), None)
    rest = [sheet for sheet in rest if sheet is not ratings]
    sessions = next((s for s in rest if s.find(SESSION) and not s.find(AGE) and scores(s)), None)
    rest = [sheet for sheet in rest if sheet is not sessions]
    forms = _forms([sheet for sheet in rest if sheet is not roster])
    rest = [sheet for sheet in rest if sheet not in forms]
    long = next((s for s in rest if (only or s is not roster) and s.visit_column and scores(s)), None)
    long = long or (roster if roster.visit_column and scores(roster) else None)
    events = next((s for s in rest if s is not roster and s is not long and s.visit_column), None)
    waves = tuple(_waves(forms, [s for s in (long, sessions, ratings, events) if s is not None]))
    return Roles(roster, forms, long, ratings, sessions, events, waves)


def visit_column(sheet: Sheet) -> str | None:
    """The column of visits by its name (a rater's guess of the visit is none)."""
    return next((name for name in sheet.columns if VISIT.search(name) and not GUESS.search(name)), None)


def scores(sheet: Sheet) -> list[str]:
    """Columns of numbers that are neither keys nor ages."""
    keys = {sheet.find(ID), sheet.visit_column, sheet.find(RATER), sheet.find(CLIP), sheet.find(SESSION)}
    return [n for n in sheet.columns if n not in keys and not AGE.search(n) and is_number(sheet, n)]


def _forms(sheets: Sequence[Sheet]) -> tuple[Sheet, ...]:
    """The largest group of two or more sheets with the same columns and no child twice in a sheet."""
    groups: dict[tuple[str, ...], list[Sheet]] = {}
    for sheet in sheets:
        child = sheet.columns[str(sheet.find(ID))]
        if len(set(child)) == len(child):
            groups.setdefault(tuple(sheet.columns), []).append(sheet)
    largest = max(groups.values(), key=len, default=[])
    return tuple(sorted(largest, key=lambda s: _number(s.name))) if len(largest) > 1 else ()


def _waves(forms: Sequence[Sheet], others: Sequence[Sheet]) -> Iterator[Wave]:
    """One a form, named as the other sheets write that visit where its number tells; else theirs."""
    written = next((found for sheet in others if (found := _written(sheet))), [])
    if not forms:
        yield from (Wave(code(value, "VISIT"), value, value, None) for value in written)
        return
    by_number = {_number(value): value for value in written}
    common = _common_words([sheet.name for sheet in forms])
    for sheet in forms:
        value = by_number.get(_number(sheet.name)) if len(by_number) == len(forms) else None
        label = sheet.name[common:].strip(" -_:") or sheet.name
        label = label[:1].upper() + label[1:]
        yield Wave(code(value or label, "VISIT"), label, value, sheet.name)


def _written(sheet: Sheet) -> list[str]:
    column = visit_column(sheet) or sheet.visit_column
    return sheet.values(column) if column else []


def _number(text: str) -> float:
    """The number in a visit's name; a baseline has none and comes first."""
    found = re.search(r"\d+", text)
    return float(found[0]) if found else float("-inf")


def _common_words(names: Sequence[str]) -> int:
    """Length of the words that all names begin with."""
    words = [re.findall(r"\S+\s*", name) for name in names]
    length = 0
    for parts in zip(*words, strict=False):
        if len(set(parts)) > 1:
            break
        length += len(parts[0])
    return length


def code(name: str, otherwise: str = "SCORE") -> str:
    """A name for the study file: capitals, digits and underscores, beginning with a letter."""
    made = re.sub(r"\W+", "_", name, flags=re.ASCII).strip("_").upper()
    return made if re.match(r"[A-Z]", made) else f"{otherwise}_{made}".rstrip("_")
