"""Harms and burden: what happened to children, and what taking part asked of them."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from emostats.render import rounding
from emostats.report import cells
from emostats.report.context import Context
from emostats.report.language import _
from emostats.report.model import Block, Cell, Column, Footnote, Heading, NotDone, Row, Section, Table
from emostats.report.parts import number, records, small, text
from emostats.report.recorded import spoken


def section(context: Context) -> Section:
    """Events by category and subgroup, then the amount of questionnaires and sessions."""
    blocks = (
        Heading("harms-events", _("Events")),
        *_events(context),
        Heading("harms-burden", _("What taking part asked of the children")),
        *_burden(context),
    )
    return Section("harms", _("Harms and burden"), blocks)


def _events(context: Context) -> tuple[Block, ...]:
    table = context.table("events")
    if table is None:
        reason = (
            _("no event was recorded; that is no evidence that there was none")
            if context.spec.events is not None
            else _("the study file has no [events]: harms were not collected, or not given to this analysis")
        )
        return (NotDone(_("Events"), context.why_no_table("events", reason)),)
    levels = list(dict.fromkeys(table["level"].fillna("").astype(str)))
    notes = [
        Footnote(_("Children with at least one event, of all in the group; the number of events below.")),
        Footnote(_("Terms of fewer than three children are pooled: such words may describe a person.")),
    ]
    if table["n_serious"].isna().all():
        notes.append(Footnote(_("The study does not record which events were serious.")))
    columns = tuple(Column(level or _("All children")) for level in levels)
    caption = _("Children with an event, by category")
    blocks: list[Block] = [
        Table("table-events", caption, _("Event"), columns, tuple(_rows(table, levels)), tuple(notes))
    ]
    if not context.spec.reporting.harms_definition:
        told = _("The study file does not say how harms were defined and looked for (harms_definition).")
        blocks.append(small(told))
    return tuple(blocks)


def _rows(table: pd.DataFrame, levels: Sequence[str]) -> list[Row]:
    rows = []
    for (category, term), group in table.fillna({"term": "", "level": ""}).groupby(
        ["category", "term"], sort=False
    ):
        by_level = {str(record["level"]): record for record in records(group)}
        shown = tuple(_counts(by_level.get(level)) for level in levels)
        rows.append(Row(f"— {term}" if term else spoken(str(category)), shown, "" if term else "overall"))
    return rows


def _counts(record: dict[str, object] | None) -> Cell:
    if record is None:
        return Cell(rounding.MISSING, reason=_("No such group"))
    if (gone := cells.hidden(record)) is not None:
        return gone
    children, events, n = (number(record, name) for name in ("n_children", "n_events", "n"))
    shown = rounding.share(children, n)
    detail = _("{n} events", n=rounding.count(events)) if events else ""
    serious = number(record, "n_serious")
    if serious:
        detail += _("; ") + _("{n} serious", n=rounding.count(serious))
    return Cell(shown, None if children is None else int(children), _("children"), detail=detail)


def _burden(context: Context) -> tuple[Block, ...]:
    table = context.table("burden")
    if table is None:
        reason = _("this run has no count of questionnaires and sessions")
        return (NotDone(_("Burden"), context.why_no_table("burden", reason)),)
    levels = list(dict.fromkeys(table["level"].fillna("").astype(str)))
    rows = []
    for variable, group in table.groupby("variable", sort=False):
        by_level = {str(record["level"] or ""): record for record in records(group.fillna({"level": ""}))}
        rows.append(Row(spoken(str(variable)), tuple(_amount(by_level.get(level)) for level in levels)))
    columns = tuple(Column(level or _("All children")) for level in levels)
    caption = _("Answers and sessions per child: mean (standard deviation)")
    note = Footnote(_("Median and quartiles below. Minutes are not recorded."))
    told = context.spec.reporting.burden
    said = (text(told),) if told else ()
    return (Table("table-burden", caption, _("Per child"), columns, tuple(rows), (note,)), *said)


def _amount(record: dict[str, object] | None) -> Cell:
    if record is not None and (gone := cells.hidden(record)) is not None:
        return gone
    if record is None or number(record, "mean") is None:
        return Cell(rounding.MISSING, reason=_("No such group"))
    mean, sd = number(record, "mean"), number(record, "sd")
    median, q1, q3 = (number(record, name) for name in ("median", "q1", "q3"))
    places = rounding.step_places(1, (mean, sd))
    return Cell(rounding.mean_sd(mean, sd, places), mean, detail=rounding.quartiles(median, q1, q3, 0))
