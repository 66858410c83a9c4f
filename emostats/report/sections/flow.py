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
from emostats.report.language import _, ended, listed, n_children, sentences, told_of
from emostats.report.model import Block, Cell, Column, Footnote, NotDone, Row, Section, Table
from emostats.report.parts import is_overall, level_called, number, records, text
from emostats.report.recorded import STAGES, spoken


def section(context: Context) -> Section:
    """The diagram for all children, the table by subgroup."""
    flow = context.table("flow")
    if flow is None:
        blocks: tuple[Block, ...] = (
            NotDone(_("Participant flow"), _("this run has no table of who entered and answered")),
        )
    else:
        blocks = (
            text(_("Who entered the study, who answered at each visit, and who is behind the results.")),
            _diagram(context, flow),
            _table(context, flow),
        )
    return Section("flow", _("Participant flow"), blocks)


def _overall(flow: pd.DataFrame) -> pd.DataFrame:
    found = flow[flow["level"].fillna("").map(is_overall)]
    return found if len(found) else flow[flow["level"] == flow["level"].iloc[0]]


def _boxes(flow: pd.DataFrame) -> tuple[figures.FlowBox, ...]:
    """Main boxes in order; losses and exclusions to the side, with their reasons inside."""
    boxes: list[figures.FlowBox] = []
    rows = _overall(flow)
    for stage, group in rows.groupby("stage", sort=False):
        reasons = group["reason"].fillna("").astype(str)
        total = group["n"][reasons == ""]
        told = [
            told_of(spoken(reason), cells.whole(n).text)
            for reason, n in zip(reasons, group["n"], strict=True)
            if reason
        ]
        n = rounding.known(total.iloc[0] if len(total) else group["n"].sum(skipna=False))
        count = _("number hidden") if n is None else n_children(n)
        side = str(stage).lower().startswith(("lost", "excluded", "withdrawn"))
        boxes.append(figures.FlowBox(spoken(str(stage), STAGES), count, tuple(told), side))
    return tuple(boxes)


def _diagram(context: Context, flow: pd.DataFrame) -> Block:
    boxes = _boxes(flow)
    told = listed(told_of(box.title, box.count) for box in boxes)
    return drawn(
        context,
        "fig-flow",
        _("Participant flow"),
        _(
            "Participant flow. Boxes on the main line count children at each stage; boxes to the side count "
            "those who left it."
        ),
        sentences(_("A diagram from top to bottom."), ended(told)),
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
        label = f"— {spoken(str(reason))}" if reason else spoken(str(stage), STAGES)
        rows.append(Row(label, tuple(_count(at.get(level)) for level in levels)))
    columns = tuple(Column(level_called(level)) for level in levels)
    caption = _("Participant flow by subgroup")
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
    return Table("table-flow", caption, _("Stage"), columns, tuple(rows), tuple(notes))
