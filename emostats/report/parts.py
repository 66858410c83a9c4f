"""Small builders that every section uses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from emostats.estimates import Estimate
from emostats.render import rounding
from emostats.report.context import Context, Outcome
from emostats.report.language import _, told_of
from emostats.report.model import Heading, NotDone, Paragraph, Part
from emostats.report.recorded import spoken

_EVERYONE = ("", "All", "All children")


def text(*parts: Part) -> Paragraph:
    """A paragraph."""
    return Paragraph(parts)


def small(*parts: Part) -> Paragraph:
    """An aside."""
    return Paragraph(parts, "small")


def heading(section: str, outcome: Outcome) -> Heading:
    """The heading of an outcome within a section."""
    return Heading(f"{section}-{outcome.id}", outcome.label)


def level_name(row: Estimate) -> str:
    """The shown name of the children behind a row."""
    return row.level or _("All children")


def is_overall(level: str) -> bool:
    """Whether a level of a descriptive table is all children."""
    return level in _EVERYONE


def level_called(level: str) -> str:
    """The shown name of a level of a descriptive table."""
    return _("All children") if is_overall(level) else spoken(level)


def comparison_name(row: Estimate) -> str:
    """The shown name of a comparison; sides with numbers or commas in brackets: ``"(1–6) − (7–12)"``."""
    name = row.level or row.contrast
    sides = name.split(" − ")
    if len(sides) != 2 or "(" in name or not any(letter in "0123456789," for letter in name):
        return name
    return " − ".join(f"({side})" for side in sides)


def by_level(rows: Iterable[Estimate]) -> dict[tuple[str, str], list[Estimate]]:
    """Rows grouped by (subgroup, level) in order of appearance, all children first."""
    groups: dict[tuple[str, str], list[Estimate]] = {("", ""): []}
    for row in rows:
        groups.setdefault((row.subgroup, row.level), []).append(row)
    return {key: group for key, group in groups.items() if group}


def divisions(rows: Iterable[Estimate]) -> tuple[str, ...]:
    """The divisions into subgroups that rows have (``"SEX:AGEBAND"``, ``"SEX"`` …), without overall."""
    return tuple(dict.fromkeys(row.subgroup for row in rows if row.subgroup))


def last_visit(context: Context, rows: Iterable[Estimate]) -> str:
    """The latest planned visit that the rows have, ``""`` if none."""
    seen = {row.visit for row in rows}
    return next((name for name in reversed(context.spec.visit_names) if name in seen), "")


def confidence(rows: Iterable[Estimate]) -> str:
    """``"95% CI"``: the level the rows share."""
    levels = {row.conf_level for row in rows if row.conf_level is not None}
    if len(levels) != 1:
        return _("CI")
    return _("{level} CI", level=rounding.confidence_level(levels.pop()))


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a descriptive table."""
    return [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]


def number(record: Mapping[str, Any], name: str) -> float | None:
    """A number of a row, None if it is missing."""
    return rounding.known(record.get(name))


def why_missing(context: Context, outcome: Outcome) -> str:
    """Why an outcome has no results, as far as the run recorded it."""
    rows = (row for row in context.estimates if row.analysis == outcome.analysis)
    errors = [row.error for row in rows if row.parameter == outcome.parameter and row.error]
    recorded = context.fact(outcome.analysis, "error", outcome.parameter)
    found = str(errors[0] if errors else recorded or "")
    return spoken(found) or _("this run has no results for it")


def absent(context: Context, outcome: Outcome, what: str) -> NotDone:
    """Stands where a part about an outcome would be."""
    return NotDone(told_of(what, outcome.label), why_missing(context, outcome))
