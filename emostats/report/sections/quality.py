"""Data quality: what the reading of the data noticed, and which answers are missing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from emostats import figures
from emostats.render import rounding
from emostats.report import cells
from emostats.report.context import Context, slug
from emostats.report.drawings import drawn
from emostats.report.language import _, ended, joined, listed, sentences, told_of
from emostats.report.model import (
    Block,
    Cell,
    Column,
    Footnote,
    Heading,
    NotDone,
    Row,
    Section,
    Table,
)  # fmt: skip
from emostats.report.parts import number, records, small, text
from emostats.report.recorded import spoken
from emostats.report.wording import capital

_MOST_PATTERNS = 12


def section(context: Context) -> Section:
    """Findings by rule; missing answers by visit; patterns of missing visits."""
    blocks = (
        Heading("quality-findings", _("What was noticed while reading the data")),
        *_findings(context),
        Heading("quality-missing", _("Missing answers")),
        *_by_visit(context),
        *_patterns(context),
    )
    return Section("quality", _("Data quality and missing answers"), blocks)


def _findings(context: Context) -> tuple[Block, ...]:
    findings = context.tables.get("findings")
    if findings is None:
        return (NotDone(_("Findings"), _("this run has no record of what the reading of the data noticed")),)
    if findings.empty:
        return (text(_("Nothing: every value was where the study file says, and in its range.")),)
    groups = findings.groupby(["severity", "rule"], sort=False)
    rows = tuple(_finding(context, str(severity), str(rule), group) for (severity, rule), group in groups)
    columns = (
        Column(_("Severity"), numeric=False),
        Column(_("Number")),
        Column(_("What and where"), numeric=False),
    )
    note = Footnote(
        _(
            "Counts only: single children are not named here. Each finding stands with its cell in "
            "findings.csv."
        )
    )
    return (Table("table-findings", _("Findings in the data, by rule"), _("Rule"), columns, rows, (note,)),)


def _finding(context: Context, severity: str, rule: str, group: pd.DataFrame) -> Row:
    n = len(group)
    return Row(
        capital(spoken(rule.replace("-", " "))),
        (Cell(spoken(severity)), Cell(rounding.count(n), n, _("findings")), Cell(_what(context, group))),
    )


def _what(context: Context, group: pd.DataFrame) -> str:
    """The message of a finding that is about no child; else where the findings are, without the children."""
    about_child = any(_texts(group, "subject"))
    if len(group) == 1 and not about_child and not _texts(group, "cell"):
        return sentences(*map(spoken, _texts(group, "message")), *_texts(group, "action"))
    places = {
        _("sheet"): _texts(group, "sheet"),
        _("visit"): [context.visit(name) for name in _texts(group, "visit")],
        _("outcome"): [context.spec.parameter_label(code) for code in _texts(group, "parameter")],
    }
    return capital(listed(told_of(name, joined(found[:6])) for name, found in places.items() if found))


def _texts(group: pd.DataFrame, column: str) -> list[str]:
    """The different texts of a column, sorted, without blanks."""
    if column not in group:
        return []
    return sorted({str(value) for value in group[column].fillna("") if str(value)})


def _by_visit(context: Context) -> tuple[Block, ...]:
    visits = context.table("visits")
    if visits is None:
        return (NotDone(_("Answers by visit"), _("this run has no table of values by visit")),)
    overall = visits[visits["level"].fillna("").isin(("", "All"))]
    names = [name for name in context.spec.visit_names if name in set(overall["visit"])]
    rows = []
    for parameter, group in overall.groupby("parameter", sort=False):
        by_visit = {str(record["visit"]): record for record in records(group)}
        shown = tuple(_answered(by_visit.get(name)) for name in names)
        rows.append(Row(context.spec.parameter_label(str(parameter)), shown))
    columns = tuple(Column(context.visit(name)) for name in names)
    caption = _("Children with a value, by visit")
    table = Table("table-answered", caption, _("Outcome"), columns, tuple(rows))
    return (table,)


def _answered(record: Mapping[str, Any] | None) -> Cell:
    if record is None:
        return Cell(rounding.MISSING, reason=_("Not measured at this visit"))
    if (gone := cells.hidden(record)) is not None:
        return gone
    n, missing = number(record, "n"), number(record, "n_missing")
    if n is None:
        return cells.no_value()
    if missing is None:
        return Cell(rounding.count(n), int(n), _("children"))
    return Cell(rounding.share(n, n + missing), int(n), _("children"))


def _patterns(context: Context) -> tuple[Block, ...]:
    table = context.table("missingness")
    if table is None:
        reason = context.why_no_table("missingness", _("this run has no table of missingness patterns"))
        return (NotDone(_("Patterns of missing visits"), reason),)
    wanted = dict.fromkeys(outcome.parameter for outcome in context.outcomes)
    groups = {str(parameter): group for parameter, group in table.groupby("parameter", sort=False)}
    blocks: list[Block] = []
    told: dict[tuple[tuple[str, int], ...], str] = {}
    for parameter in [name for name in wanted if name in groups] or list(groups):
        label = context.spec.parameter_label(parameter)
        patterns, counts = groups[parameter]["pattern"].astype(str), groups[parameter]["n"].astype(int)
        pairs = tuple(zip(patterns, counts, strict=True))
        if pairs in told:
            same = _("{outcome} has the same patterns as {other}.", outcome=label, other=told[pairs])
            blocks.append(text(same))
        else:
            told[pairs] = label
            blocks += _map(context, parameter, label, pairs)
    return tuple(blocks)


def _map(context: Context, parameter: str, label: str, pairs: tuple[tuple[str, int], ...]) -> list[Block]:
    total = sum(n for _pattern, n in pairs)
    everyone = rounding.count(total)
    common = pairs[:_MOST_PATTERNS]
    shown = [
        figures.Pattern(
            tuple(mark == "1" for mark in pattern), n, rounding.share(n, total), rounding.count(n)
        )
        for pattern, n in common
    ]
    visits = [context.visit(name) for name in context.spec.visit_names][: len(pairs[0][0])]
    told = listed(
        _("{pattern}: {n} of {total} children", pattern=_told(context, pattern), n=count, total=everyone)
        for pattern, count in ((pattern, rounding.count(n)) for pattern, n in common)
    )
    figure = drawn(
        context,
        f"fig-missing-{slug(parameter)}",
        told_of(_("Missing answers"), label),
        _(
            "Which visits have a value of {outcome}. One row a pattern, the most complete first; the bar "
            "counts the children with that pattern.",
            outcome=label,
        ),
        sentences(_("A grid of visits by pattern."), ended(told)),
        lambda frame: figures.missingness_map(shown, visits, frame, legend=(_("answered"), _("missing"))),
    )
    return [figure, *_rarer(pairs[_MOST_PATTERNS:])]


def _rarer(pairs: tuple[tuple[str, int], ...]) -> list[Block]:
    if not pairs:
        return []
    children, patterns = rounding.count(sum(n for _pattern, n in pairs)), rounding.count(len(pairs))
    return [
        small(_("{n} more children have one of {patterns} rarer patterns.", n=children, patterns=patterns))
    ]


def _told(context: Context, pattern: str) -> str:
    names = zip(context.spec.visit_names, pattern, strict=False)
    missing = [context.visit_in_text(name) for name, mark in names if mark != "1"]
    return _("missing {visits}", visits=joined(missing)) if missing else _("complete")
