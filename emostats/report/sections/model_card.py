"""The card of the model that made the session scores, printed as it is."""

from __future__ import annotations

from emostats.report.context import Context
from emostats.report.language import _
from emostats.report.model import Block, Cell, Column, Heading, NotDone, Row, Table
from emostats.report.parts import records
from emostats.report.wording import capital


def model_card(context: Context) -> tuple[Block, ...]:
    """One table with a group a heading of the card."""
    heading = Heading("sessions-model", _("The model behind the scores"))
    table = context.table("model_card")
    if table is None:
        reason = _("the study file names no model_card: which model made the scores is not recorded here")
        return (heading, NotDone(_("Model card"), reason))
    found = records(table)
    failed = next((item for item in found if item["name"] == "error" and not item["heading"]), None)
    if failed is not None:
        return (heading, NotDone(_("Model card"), str(failed["text"])))
    rows: list[Row] = []
    current = ""
    for item in found:
        title = capital(str(item["heading"] or ""))
        if title != current:
            current = title
            rows += [Row(title, role="group")] if title else []
        rows.append(Row(capital(str(item["name"] or "")) or title, (Cell(str(item["text"])),)))
    columns = (Column(_("Content"), numeric=False),)
    return (
        heading,
        Table("table-card", _("Model card of the session scores"), _("Part"), columns, tuple(rows)),
    )
