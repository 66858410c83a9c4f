"""Checklists: what the reporting guidelines ask for, and where this report has it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from emostats.render import rounding
from emostats.report.checklist import Checked, Status, checked
from emostats.report.context import Context
from emostats.report.language import _, joined, listed, told_of
from emostats.report.model import Block, Cell, Column, Footnote, Row, Section, Table
from emostats.report.parts import text
from emostats.report.wording import capital


def section(context: Context, sections: Sequence[Section]) -> Section:
    """One table of all items, from a report of `sections`."""
    found = checked(context, sections)
    counts = Counter(item.status for item in found)
    summary = _(", ").join(
        _("{n} {status}", n=rounding.count(counts[status]), status=_status(status)) for status in Status
    )
    blocks: list[Block] = [
        text(
            _(
                "Each item is held against what this report contains; nothing is ticked by hand. An item "
                "that is filled has its parts; whether they are good, people must judge."
            )
        ),
        text(
            _("{n} items: {summary}.", n=rounding.count(len(found)), summary=summary),
        ),
        _table(found),
    ]
    return Section("checklists", _("Checklists"), tuple(blocks))


def _status(status: Status) -> str:
    return {
        Status.FILLED: _("filled"),
        Status.PARTLY: _("partly"),
        Status.PERSON: _("needs a person"),
        Status.NOT_DONE: _("not done"),
        Status.NOT_APPLICABLE: _("not applicable"),
    }[status]


def _table(found: Sequence[Checked]) -> Table:
    rows: list[Row] = []
    current = ""
    for item in found:
        if item.item.guideline != current:
            current = item.item.guideline
            rows.append(Row(_(current), role="group"))
        rows.append(_row(item))
    sources = dict.fromkeys(told_of(_(item.item.guideline), f"{item.item.source}.") for item in found)
    columns = tuple(Column(name, numeric=False) for name in (_("Status"), _("Where"), _("Missing")))
    return Table(
        "table-checklists",
        _("Items of the reporting guidelines"),
        _("Item"),
        columns,
        tuple(rows),
        tuple(Footnote(source) for source in sources),
    )


def _row(found: Checked) -> Row:
    number = joined(found.item.item.strip("-").split(" and "))
    header = " ".join(part for part in (number, capital(_(found.item.topic))) if part)
    where = listed(title for _id, title in found.where) or _("nowhere")
    first = found.where[0][0] if found.where else ""
    missing = capital(listed(found.missing)) or _("nothing")
    return Row(header, (Cell(_status(found.status)), Cell(where, target=first), Cell(missing)))
