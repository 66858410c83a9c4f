"""Responders: how many children changed by at least what the study file calls a response."""

from __future__ import annotations

from emostats.estimates import Estimate
from emostats.render import rounding
from emostats.report.cells import count, failed
from emostats.report.context import Context, Outcome
from emostats.report.language import _
from emostats.report.model import Block, Cell, Column, Footnote, Row, Table
from emostats.report.parts import confidence
from emostats.report.recorded import spoken
from emostats.report.wording import capital


def responders_of(context: Context, outcome: Outcome) -> tuple[Block, ...]:
    """One table of all children by visit; nothing where the study file gives no least change."""
    rows = [row for row in context.rows("proportion", outcome) if not row.subgroup]
    if not rows:
        return ()
    terms = dict.fromkeys(row.term for row in rows)
    notes = [Footnote(_("A response is a {term}.", term=spoken(term))) for term in terms if term]
    notes.append(Footnote(_("Children seen at both visits; those who left are in neither number.")))
    return (
        Table(
            f"table-responders-{outcome.id}",
            _("{outcome}: responders, all children", outcome=outcome.label),
            _("Visit"),
            (Column(_("n")), Column(_("Responders")), Column(confidence(rows))),
            tuple(_row(context, row) for row in rows),
            tuple(notes),
        ),
    )


def responders_at(context: Context, outcome: Outcome, visit: str) -> dict[tuple[str, str], str]:
    """Responders of all seen, ``"31/54"``, by subgroup and level."""
    return {
        (row.subgroup, row.level): f"{rounding.count(responding(row))}/{rounding.count(row.n)}"
        for row in context.rows("proportion", outcome)
        if row.visit == visit and row.estimate is not None and row.n
    }


def responding(row: Estimate) -> int:
    """How many of the children behind a share responded."""
    return round((row.estimate or 0.0) * (row.n or 0))


def _row(context: Context, row: Estimate) -> Row:
    header = context.visit(row.visit)
    missing = failed(row)
    if missing is not None:
        return Row(header, (count(row),), "failed", capital(missing.reason))
    shown = Cell(rounding.share(responding(row), row.n), row.estimate, _("proportion"), row.estimate_id)
    limits = f"{rounding.full(row.conf_low)} to {rounding.full(row.conf_high)}"
    places = rounding.step_places(1, (row.conf_low, row.conf_high), percent=True)
    interval = rounding.proportion_interval(row.conf_low, row.conf_high, places)
    return Row(header, (count(row), shown, Cell(interval, limits, _("proportion"), row.estimate_id)))
