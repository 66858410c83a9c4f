"""Subgroups: whether they differ comes first, what happened within each comes second."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from emostats import figures
from emostats.estimates import Estimate
from emostats.render import rounding
from emostats.report import cells
from emostats.report.context import Context, Outcome
from emostats.report.drawings import drawn, forest_row, in_words, value_axis
from emostats.report.effects import Effects
from emostats.report.language import _
from emostats.report.model import Block, Column, Footnote, NotDone, Paragraph, Row, Section, Table
from emostats.report.parts import (
    absent,
    comparison_name,
    confidence,
    divisions,
    heading,
    last_visit,
    level_name,
    text,
)
from emostats.report.sections.means import matrix
from emostats.report.sections.responders import responders_at
from emostats.report.sections.subgroup_depth import depth_of
from emostats.report.wording import capital

_MOST_COMPARISONS = 80
"""A forest of more rows than this is no longer read; the table has them."""


def section(context: Context) -> Section:
    """For each outcome: tests of heterogeneity, differences between subgroups, changes within them."""
    blocks: list[Block] = [
        text(
            _(
                "All subgroups come from one joint model, so that their differences have an interval of "
                "their own. Read the differences between subgroups first: that one subgroup’s interval "
                "excludes zero and another’s does not is no evidence that they differ."
            )
        )
    ]
    for outcome in context.questionnaire_outcomes:
        blocks += [heading("subgroups", outcome), *subgroups_of(context, outcome)]
        blocks += depth_of(context, outcome)
    if len(blocks) == 1:
        blocks = [NotDone(_("Subgroups"), "no analysis in the study file asks for them")]
    return Section("subgroups", _("Subgroups"), tuple(blocks))


def subgroups_of(context: Context, outcome: Outcome) -> tuple[Block, ...]:
    """All parts for one outcome."""
    changes = context.rows("change", outcome)
    if not divisions(changes):
        return (absent(context, outcome, "Changes by subgroup"),)
    return (
        _planned(context, changes),
        *_tests(context, outcome),
        *_differences(context, outcome),
        *_within(context, outcome, changes),
    )


def _planned(context: Context, rows: Sequence[Estimate]) -> Paragraph:
    by_plan: dict[bool, list[str]] = {True: [], False: []}
    for name in divisions(rows):
        planned = all(row.planned for row in rows if row.subgroup == name)
        by_plan[planned].append(context.factors(name))
    if not context.manifest.get("plan", {}).get("locked"):
        listed = "; ".join(by_plan[True] + by_plan[False])
        return text(
            f"Subgroups by {listed}. The plan was not locked, so nothing vouches that they were planned."
        )
    told = [
        f"{word} subgroups, by the locked plan: {'; '.join(names)}."
        for word, names in (("Planned", by_plan[True]), ("Unplanned", by_plan[False]))
        if names
    ]
    return text(" ".join(told))


def _tests(context: Context, outcome: Outcome) -> tuple[Block, ...]:
    rows = [row for row in context.rows("test", outcome) if row.subgroup]
    if not rows:
        reason = "this run has no joint test that all subgroups changed alike"
        return (NotDone(f"Test of differences between subgroups: {outcome.label}", reason),)
    shown = tuple(
        Row(_tested(context, row), role="failed", reason=capital(row.error))
        if row.error
        else Row(_tested(context, row), (cells.t_statistic(row), cells.p_value(row)))
        for row in rows
    )
    note = Footnote(
        _(
            "Joint F tests that all levels changed alike. A large p-value does not show that they did: see "
            "the intervals of the differences."
        )
    )
    return (
        Table(
            f"table-tests-{outcome.id}",
            f"{outcome.label}: do subgroups change differently?",
            "Subgroups by",
            (Column(_("F test")), Column(_("p"))),
            shown,
            (note,),
        ),
    )


def _tested(context: Context, row: Estimate) -> str:
    when = context.visit_in_text(row.visit) if row.visit else "all visits together"
    return f"{capital(context.factors(row.subgroup))}, {when}"


def _differences(context: Context, outcome: Outcome) -> tuple[Block, ...]:
    rows = context.rows("difference_of_changes", outcome)
    if not rows:
        reason = "the model has no interaction of subgroup and visit, or this run did not compare subgroups"
        return (NotDone(f"Differences between subgroups: {outcome.label}", reason),)
    visit = last_visit(context, rows)
    when = context.visit_in_text(visit)
    last = [row for row in rows if row.visit == visit]
    table = _difference_table(context, outcome, rows, visit)
    if len(last) > _MOST_COMPARISONS:
        n = rounding.count(len(last))
        return (text(_("{n} comparisons are too many for a drawing; the table has them all.", n=n)), table)
    forest = _forest(
        context,
        outcome,
        f"fig-differences-{outcome.id}",
        last,
        f"{outcome.label}: differences between subgroups in change from baseline to {when}, with "
        f"{confidence(last)}. The dashed line is no difference.",
        value_axis(outcome, f"Difference in change to {when}"),
        comparison_name,
    )
    return (forest, table)


def _difference_table(context: Context, outcome: Outcome, rows: Sequence[Estimate], visit: str) -> Table:
    visits = [name for name in context.spec.visit_names if any(row.visit == name for row in rows)]
    adjusted = any(row.p_adjusted is not None for row in rows)
    notes = [Footnote(_("A comparison (A) − (B) above zero means a larger change in A."))]
    notes.append(
        Footnote(_("p-values are adjusted for multiplicity as planned."))
        if adjusted
        else Footnote(_("Intervals and p-values are not adjusted for the number of comparisons."))
    )
    columns = [Column(context.visit(name)) for name in visits]
    columns.append(Column(f"p, {context.visit_in_text(visit)}"))
    return Table(
        f"table-differences-{outcome.id}",
        f"{outcome.label_with_unit}: differences between subgroups in change from baseline "
        f"({confidence(rows)} below)",
        "Comparison",
        tuple(columns),
        matrix(
            context,
            rows,
            visits,
            outcome.places,
            sign=True,
            name=comparison_name,
            beside=lambda at: (cells.p_value(at.get(visit)),),
        ),
        tuple(notes),
    )


def _within(context: Context, outcome: Outcome, rows: Sequence[Estimate]) -> tuple[Block, ...]:
    visit = last_visit(context, rows)
    when = context.visit_in_text(visit)
    last = [row for row in rows if row.visit == visit]
    forest = _forest(
        context,
        outcome,
        f"fig-subgroups-{outcome.id}",
        last,
        f"{outcome.label}: change from baseline to {when} within subgroups, with {confidence(last)}. The "
        f"dashed line is no change.{_responders(context, outcome)}",
        value_axis(outcome, f"Change to {when}"),
        level_name,
        events=responders_at(context, outcome, visit),
    )
    earlier = [
        name for name in context.later_visits if name != visit and any(row.visit == name for row in rows)
    ]
    blocks: list[Block] = [forest, _within_table(context, outcome, last, when)]
    if earlier:
        blocks.append(
            Table(
                f"table-subgroups-earlier-{outcome.id}",
                f"{outcome.label_with_unit}: change from baseline at earlier visits ({confidence(rows)} "
                "below)",
                "Children",
                tuple(Column(context.visit(name)) for name in earlier),
                matrix(
                    context, [row for row in rows if row.visit in earlier], earlier, outcome.places, sign=True
                ),
            )
        )
    return tuple(blocks)


def _responders(context: Context, outcome: Outcome) -> str:
    """What the counts of responders beside n are; nothing where there are none."""
    least = context.least_change(outcome)
    if least is None:
        return ""
    value = rounding.significant(least, 2)
    return " " + _("Responders: changed by {value} or more, of those seen at both visits.", value=value)


def _within_table(context: Context, outcome: Outcome, rows: Sequence[Estimate], when: str) -> Table:
    effects = Effects.of(context, outcome)
    shown: list[Row] = []
    current = ""
    for row in rows:
        if row.subgroup and row.subgroup != current:
            shown.append(Row(f"By {context.factors(row.subgroup)}", role="group"))
            current = row.subgroup
        shown.append(_within_row(row, effects, outcome.places))
    unit = f" ({outcome.unit})" if outcome.unit else ""
    return Table(
        f"table-subgroups-{outcome.id}",
        f"{outcome.label_with_unit}: change from baseline to {when} within subgroups ({confidence(rows)} "
        "below)",
        "Children",
        (Column(_("n")), Column(f"Change{unit}"), *effects.columns),
        tuple(shown),
        effects.notes(context, rows),
    )


def _within_row(row: Estimate, effects: Effects, places: int) -> Row:
    if row.error:
        return Row(level_name(row), (cells.count(row),), "failed", capital(row.error))
    change = cells.with_interval(row, places, sign=True)
    role = "" if row.subgroup else "overall"
    return Row(level_name(row), (cells.count(row), change, *effects.cells(row)), role)


def _forest(
    context: Context,
    outcome: Outcome,
    id: str,
    rows: Sequence[Estimate],
    caption: str,
    axis: str,
    name: Callable[[Estimate], str],
    *,
    events: Mapping[tuple[str, str], str] | None = None,
) -> Block:
    """A forest of rows; `events` are counts by subgroup and level that stand beside n."""
    shown: list[figures.ForestRow] = []
    current = ""
    for row in rows:
        if row.subgroup and row.subgroup != current:
            shown.append(figures.ForestRow(f"By {context.factors(row.subgroup)}", heading=True))
            current = row.subgroup
        made = forest_row(row, name(row), outcome.places, sign=True)
        shown.append(replace(made, events=(events or {}).get((row.subgroup, row.level), "")))
    label = _("responders") if events else ""
    estimate = _("Estimate ({level})", level=confidence(rows))
    plot = figures.Forest(tuple(shown), axis, estimate, events_label=label)
    spoken = in_words(context, rows, outcome.places)
    return drawn(
        context,
        id,
        caption.split(",", 1)[0],
        caption,
        f"A forest plot, one row a line. {spoken}",
        lambda frame: figures.forest_plot(plot, frame, rounding.fixed),
    )
