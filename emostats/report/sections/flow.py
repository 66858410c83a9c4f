"""Participant flow, as TREND and CONSORT ask: a diagram and the same numbers as a table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from emostats import figures
from emostats.render import rounding
from emostats.report import cells
from emostats.report.context import Context
from emostats.report.drawings import drawn
from emostats.report.language import _
from emostats.report.model import Block, Cell, Column, Footnote, NotDone, Row, Section, Table
from emostats.report.parts import ALL, number, records, text
from emostats.report.wording import plural

_OVERALL = ("", "All", ALL)


def section(context: Context) -> Section:
    """The diagram for all children, the table by subgroup."""
    flow = context.table("flow")
    if flow is None:
        blocks: tuple[Block, ...] = (
            NotDone(_("Participant flow"), "this run has no table of who entered and answered"),
        )
    else:
        blocks = (
            text(_("Who entered the study, who answered at each visit, and who is behind the results.")),
            _diagram(context, flow),
            _table(context, flow),
        )
    return Section("flow", _("Participant flow"), blocks)


def _overall(flow: pd.DataFrame) -> pd.DataFrame:
    found = flow[flow["level"].fillna("").isin(_OVERALL)]
    return found if len(found) else flow[flow["level"] == flow["level"].iloc[0]]


def _boxes(flow: pd.DataFrame) -> tuple[figures.FlowBox, ...]:
    """Main boxes in order; losses and exclusions to the side, with their reasons inside."""
    boxes: list[figures.FlowBox] = []
    rows = _overall(flow)
    for stage, group in rows.groupby("stage", sort=False):
        reasons = group["reason"].fillna("").astype(str)
        total = group["n"][reasons == ""]
        told = [
            f"{reason}: {cells.whole(n).text}"
            for reason, n in zip(reasons, group["n"], strict=True)
            if reason
        ]
        n = rounding.known(total.iloc[0] if len(total) else group["n"].sum(skipna=False))
        count = (
            _("number hidden")
            if n is None
            else f"{cells.whole(n).text} {plural(int(n), 'child', 'children')}"
        )
        side = str(stage).lower().startswith(("lost", "excluded", "withdrawn"))
        boxes.append(figures.FlowBox(str(stage), count, tuple(told), side))
    return tuple(boxes)


def _diagram(context: Context, flow: pd.DataFrame) -> Block:
    boxes = _boxes(flow)
    spoken = "; ".join(f"{box.title}: {box.count}" for box in boxes)
    return drawn(
        context,
        "fig-flow",
        "Participant flow",
        "Participant flow. Boxes on the main line count children at each stage; boxes to the side count "
        "those who left it.",
        f"A diagram from top to bottom. {spoken}.",
        lambda frame: figures.flow_diagram(boxes, frame),
    )


def _count(record: Mapping[str, Any] | None) -> Cell:
    if record is None:
        return cells.whole(None)
    return cells.hidden(record) or cells.whole(number(record, "n"))


def _table(context: Context, flow: pd.DataFrame) -> Table:
    levels = list(dict.fromkeys(flow["level"].fillna("").astype(str)))
    rows = []
    for (stage, reason), group in flow.fillna({"reason": ""}).groupby(["stage", "reason"], sort=False):
        names = group["level"].fillna("").astype(str) if group["level"].notna().any() else [""] * len(group)
        at = dict(zip(names, records(group), strict=True))
        label = f"— {reason}" if reason else str(stage)
        rows.append(Row(label, tuple(_count(at.get(level)) for level in levels)))
    columns = tuple(Column(ALL if level in _OVERALL else level) for level in levels)
    notes = [Footnote(_("Numbers of children. A stage that nobody is in keeps its row."))]
    if context.session_outcomes and context.questionnaire_outcomes:
        notes.append(
            Footnote(
                _(
                    "Answered: with at least one questionnaire score at the visit. Session scores do not "
                    "count."
                )
            )
        )
    return Table("table-flow", "Participant flow by subgroup", "Stage", columns, tuple(rows), tuple(notes))
