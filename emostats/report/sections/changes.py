"""Changes from baseline of all children: in points, in percent and standardized, each with its interval."""

from __future__ import annotations

from collections.abc import Sequence

from emostats import figures
from emostats.estimates import Estimate
from emostats.render import rounding
from emostats.report import cells
from emostats.report.context import Context, Outcome
from emostats.report.drawings import drawn, in_words, points, time_axis
from emostats.report.effects import Effects
from emostats.report.language import _, sentences, told_of, with_unit
from emostats.report.model import Block, Column, NotDone, Row, Section, Table
from emostats.report.parts import absent, confidence, heading, text
from emostats.report.recorded import spoken
from emostats.report.sections.courses import courses_of
from emostats.report.sections.responders import responders_of
from emostats.report.wording import capital


def section(context: Context) -> Section:
    """One figure for all questionnaire outcomes, then a table each."""
    outcomes = context.questionnaire_outcomes
    blocks: list[Block] = [
        text(
            _(
                "Change is the LS mean at a visit minus the LS mean at baseline, estimated by the model for "
                "all children together. Read the interval before the p-value: it says how large the change "
                "may be."
            )
        ),
        *figure_of(context, outcomes, "changes"),
    ]
    for outcome in outcomes:
        blocks += [heading("changes", outcome), table_of(context, outcome)]
        blocks += [*responders_of(context, outcome), *courses_of(context, outcome)]
    if not outcomes:
        blocks = [NotDone(_("Changes from baseline"), _("no analysis in the study file asks for them"))]
    return Section("changes", _("Changes from baseline"), tuple(blocks))


def overall(context: Context, kind: str, outcome: Outcome) -> tuple[Estimate, ...]:
    """Rows about all children, in the order of the visits."""
    order = {name: position for position, name in enumerate(context.spec.visit_names)}
    rows = [row for row in context.rows(kind, outcome) if not row.subgroup]
    return tuple(sorted(rows, key=lambda row: order.get(row.visit, len(order))))


def figure_of(context: Context, outcomes: Sequence[Outcome], name: str) -> tuple[Block, ...]:
    """Changes over time, one panel an outcome on a scale of its own; nothing when there are none."""
    rows = {outcome: overall(context, "change", outcome) for outcome in outcomes}
    panels = [
        figures.Panel(outcome.label_with_unit, known)
        for outcome, found in rows.items()
        if (known := points(context, found))
    ]
    if not panels:
        return ()
    everything = [row for found in rows.values() for row in found]
    axis = time_axis(context, context.later_visits)
    told = [
        told_of(outcome.label_with_unit, in_words(context, found, outcome.places))
        for outcome, found in rows.items()
        if found
    ]
    figure = drawn(
        context,
        f"fig-{name}",
        _("Change from baseline"),
        _(
            "Change from baseline with {level}, all children. The dashed line is no change; each outcome has "
            "its own scale.",
            level=confidence(everything),
        ),
        sentences(_("One panel for each outcome."), *told),
        lambda frame: figures.trajectory_plot(
            panels, axis, frame, rounding.fixed, shared=False, null=0.0, joined=False
        ),
    )
    return (figure,)


def table_of(context: Context, outcome: Outcome) -> Block:
    """Change, percent change and standardized change at each visit."""
    rows = overall(context, "change", outcome)
    if not rows:
        return absent(context, outcome, _("Changes from baseline"))
    effects = Effects.of(context, outcome)
    first = (Column(_("n")), Column(with_unit(_("Change"), outcome.unit)))
    level = confidence(rows)
    return Table(
        f"table-changes-{outcome.id}",
        _(
            "{outcome}: change from baseline, all children ({level} below each number)",
            outcome=outcome.label_with_unit,
            level=level,
        ),
        _("Visit"),
        (*first, *effects.columns, Column(_("Test")), Column(_("p"))),
        tuple(_row(context.visit(row.visit), row, effects, outcome.places) for row in rows),
        effects.notes(context, rows),
    )


def _row(header: str, row: Estimate, effects: Effects, places: int) -> Row:
    if row.error:
        return Row(header, (cells.count(row),), role="failed", reason=capital(spoken(row.error)))
    change = cells.with_interval(row, places, sign=True)
    tested = (cells.t_statistic(row), cells.p_value(row))
    return Row(header, (cells.count(row), change, *effects.cells(row), *tested))
