"""Baseline: who the children were, by subgroup, and those who stayed beside those who were lost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from emostats.render import rounding
from emostats.report import cells
from emostats.report.context import Context
from emostats.report.language import _
from emostats.report.model import Block, Cell, Column, Footnote, NotDone, Row, Section, Table
from emostats.report.parts import level_called, number, records, text
from emostats.report.recorded import spoken

STAYED = ("Completers", "Lost")


def section(context: Context) -> Section:
    """Two tables: by subgroup; completers and lost with the standardized difference."""
    baseline = context.table("baseline")
    if baseline is None:
        reason = _("this run has no baseline table")
        return Section("baseline", _("The children at baseline"), (NotDone(_("Baseline table"), reason),))
    levels = list(dict.fromkeys(baseline["level"].astype(str)))
    groups = [level for level in levels if level not in STAYED]
    blocks: list[Block] = [
        text(
            _(
                "Groups are described, not tested: a p-value at baseline answers no question here. "
                "Continuous variables show the mean (standard deviation) with the median (first to third "
                "quartile) below, categories the number of children (percent)."
            )
        ),
        _table(
            context, baseline, "table-baseline", _("Children at baseline, by subgroup"), groups, smd=False
        ),
    ]
    if set(STAYED) <= set(levels):
        caption = _("Children at baseline: completers and those lost")
        blocks.append(_table(context, baseline, "table-baseline-lost", caption, STAYED, smd=True))
    return Section("baseline", _("The children at baseline"), tuple(blocks))


def _table(
    context: Context, table: pd.DataFrame, id: str, caption: str, levels: Sequence[str], *, smd: bool
) -> Table:
    rows: list[Row] = []
    named = _names(context)
    for variable, of_variable in table.groupby("variable", sort=False):
        categories = list(dict.fromkeys(of_variable["category"].fillna("").astype(str)))
        if categories != [""]:
            rows.append(Row(named.get(str(variable)) or spoken(str(variable)), role="group"))
        for category in categories:
            chosen = of_variable[of_variable["category"].fillna("") == category]
            role = "member" if category else ""
            rows.append(
                _row(
                    category or named.get(str(variable)) or spoken(str(variable)),
                    chosen,
                    levels,
                    role,
                    smd=smd,
                )
            )
    columns = [Column(level_called(level)) for level in levels]
    notes = [Footnote(_("Percentages are of the children with a known value."))]
    if smd:
        columns.append(Column(_("SMD")))
        notes.append(
            Footnote(
                _(
                    "SMD: standardized mean difference, completers minus lost, in units of the pooled "
                    "standard deviation. Values beyond 0.1 in size are commonly read as a difference worth "
                    "noting."
                )
            )
        )
    return Table(id, caption, _("Variable"), tuple(columns), tuple(rows), tuple(notes))


def _names(context: Context) -> dict[str, str]:
    """Recorded names of the scores at baseline → as the language of the report says them."""
    start, labels = context.spec.baseline.shown, (info.label for info in context.spec.parameters.values())
    return {f"{name} at {start}": _("{outcome} at {visit}", outcome=name, visit=start) for name in labels}


def _row(header: str, rows: pd.DataFrame, levels: Sequence[str], role: str, *, smd: bool) -> Row:
    by_level = {str(record["level"]): record for record in records(rows)}
    spreads = [number(record, "sd") for record in by_level.values()]
    places = rounding.shared_decimals(spreads, [record.get("mean") for record in by_level.values()])
    shown = [_cell(by_level.get(level), places) for level in levels]
    if smd:
        shown.append(_difference([by_level[level] for level in levels if level in by_level]))
    return Row(header, tuple(shown), role)


def _difference(sides: Sequence[Mapping[str, Any]]) -> Cell:
    """The standardized difference of two groups; both rows have it."""
    value = next((value for side in sides if (value := number(side, "smd")) is not None), None)
    if value is not None:
        return Cell(rounding.fixed(value, 2), value, _("SD"))
    gone = next((cell for side in sides if (cell := cells.hidden(side)) is not None), None)
    return gone or Cell(rounding.MISSING, reason=_("Not defined: no spread in one of the groups"))


def _cell(record: Mapping[str, Any] | None, places: int) -> Cell:
    if record is None:
        return Cell(rounding.MISSING, reason=_("No such group"))
    if (gone := cells.hidden(record)) is not None:
        return gone
    count, n = number(record, "count"), number(record, "n")
    if count is not None:
        return Cell(rounding.share(count, n), int(count), _("children"))
    if number(record, "mean") is None:
        return Cell(rounding.MISSING, reason=_("No known value"))
    median, q1, q3 = (number(record, name) for name in ("median", "q1", "q3"))
    places = rounding.step_places(places, (record.get("mean"), record.get("sd"), median, q1, q3))
    return Cell(
        rounding.mean_sd(number(record, "mean"), number(record, "sd"), places),
        number(record, "mean"),
        detail=rounding.quartiles(median, q1, q3, places),
    )
