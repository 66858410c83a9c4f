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
from emostats.report.language import _, listed, sentences, told_of, with_unit
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
from emostats.report.recorded import spoken
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
        blocks = [NotDone(_("Subgroups"), _("no analysis in the study file asks for them"))]
    return Section("subgroups", _("Subgroups"), tuple(blocks))


def subgroups_of(context: Context, outcome: Outcome) -> tuple[Block, ...]:
    """All parts for one outcome."""
    changes = context.rows("change", outcome)
    if not divisions(changes):
        return (absent(context, outcome, _("Changes by subgroup")),)
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
        return text(
            _(
                "Subgroups by {factors}. The plan was not locked, so nothing vouches that they were planned.",
                factors=listed(by_plan[True] + by_plan[False]),
            )
        )
    as_planned, others = listed(by_plan[True]), listed(by_plan[False])
    told = [
        _("Planned subgroups, by the locked plan: {factors}.", factors=as_planned) if as_planned else "",
        _("Unplanned subgroups, by the locked plan: {factors}.", factors=others) if others else "",
    ]
    return text(sentences(*told))


def _tests(context: Context, outcome: Outcome) -> tuple[Block, ...]:
    rows = [row for row in context.rows("test", outcome) if row.subgroup]
    if not rows:
        reason = _("this run has no joint test that all subgroups changed alike")
        return (NotDone(told_of(_("Test of differences between subgroups"), outcome.label), reason),)
    shown = tuple(
        Row(_tested(context, row), role="failed", reason=capital(spoken(row.error)))
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
            _("{outcome}: do subgroups change differently?", outcome=outcome.label),
            _("Subgroups by"),
            (Column(_("F test")), Column(_("p"))),
            shown,
            (note,),
        ),
    )


def _tested(context: Context, row: Estimate) -> str:
    when = context.visit_in_text(row.visit) if row.visit else _("all visits together")
    return _("{level}, {visit}", level=capital(context.factors(row.subgroup)), visit=when)


def _differences(context: Context, outcome: Outcome) -> tuple[Block, ...]:
    rows = context.rows("difference_of_changes", outcome)
    if not rows:
        reason = _(
            "the model has no interaction of subgroup and visit, or this run did not compare subgroups"
        )
        return (NotDone(told_of(_("Differences between subgroups"), outcome.label), reason),)
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
        (
            _(
                "{outcome}: differences between subgroups in change from baseline to {visit}",
                outcome=outcome.label,
                visit=when,
            ),
            _("The dashed line is no difference."),
        ),
        value_axis(outcome, _("Difference in change to {visit}", visit=when)),
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
    columns.append(Column(_("p, {visit}", visit=context.visit_in_text(visit))))
    return Table(
        f"table-differences-{outcome.id}",
        _(
            "{outcome}: differences between subgroups in change from baseline ({level} below)",
            outcome=outcome.label_with_unit,
            level=confidence(rows),
        ),
        _("Comparison"),
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
        (
            _(
                "{outcome}: change from baseline to {visit} within subgroups",
                outcome=outcome.label,
                visit=when,
            ),
            sentences(_("The dashed line is no change."), _responders(context, outcome)),
        ),
        value_axis(outcome, _("Change to {visit}", visit=when)),
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
                _(
                    "{outcome}: change from baseline at earlier visits ({level} below)",
                    outcome=outcome.label_with_unit,
                    level=confidence(rows),
                ),
                _("Children"),
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
    return _("Responders: changed by {value} or more, of those seen at both visits.", value=value)


def _within_table(context: Context, outcome: Outcome, rows: Sequence[Estimate], when: str) -> Table:
    effects = Effects.of(context, outcome)
    shown: list[Row] = []
    current = ""
    for row in rows:
        if row.subgroup and row.subgroup != current:
            shown.append(Row(_("By {factors}", factors=context.factors(row.subgroup)), role="group"))
            current = row.subgroup
        shown.append(_within_row(row, effects, outcome.places))
    return Table(
        f"table-subgroups-{outcome.id}",
        _(
            "{outcome}: change from baseline to {visit} within subgroups ({level} below)",
            outcome=outcome.label_with_unit,
            visit=when,
            level=confidence(rows),
        ),
        _("Children"),
        (Column(_("n")), Column(with_unit(_("Change"), outcome.unit)), *effects.columns),
        tuple(shown),
        effects.notes(context, rows),
    )


def _within_row(row: Estimate, effects: Effects, places: int) -> Row:
    if row.error:
        return Row(level_name(row), (cells.count(row),), "failed", capital(spoken(row.error)))
    change = cells.with_interval(row, places, sign=True)
    role = "" if row.subgroup else "overall"
    return Row(level_name(row), (cells.count(row), change, *effects.cells(row)), role)


def _forest(
    context: Context,
    outcome: Outcome,
    id: str,
    rows: Sequence[Estimate],
    caption: tuple[str, str],
    axis: str,
    name: Callable[[Estimate], str],
    *,
    events: Mapping[tuple[str, str], str] | None = None,
) -> Block:
    """A forest of rows. caption: its title, and more sentences; `events`: counts by subgroup and level that
    stand beside n."""
    shown: list[figures.ForestRow] = []
    current = ""
    for row in rows:
        if row.subgroup and row.subgroup != current:
            by = _("By {factors}", factors=context.factors(row.subgroup))
            shown.append(figures.ForestRow(by, heading=True))
            current = row.subgroup
        made = forest_row(row, name(row), outcome.places, sign=True)
        shown.append(
            replace(made, events=(events or {}).get((row.subgroup, row.level), ""), events_short=_("resp."))
        )
    label = _("responders") if events else ""
    estimate = _("Estimate ({level})", level=confidence(rows))
    plot = figures.Forest(tuple(shown), axis, estimate, events_label=label)
    title, more = caption
    return drawn(
        context,
        id,
        title,
        sentences(_("{what}, with {level}.", what=title, level=confidence(rows)), more),
        sentences(_("A forest plot, one row a line."), in_words(context, rows, outcome.places)),
        lambda frame: figures.forest_plot(plot, frame, rounding.fixed),
    )
