"""Beside the joint model: shrunken changes, the change over age, separate models, and credibility."""

from __future__ import annotations

from collections.abc import Sequence

from emostats import figures
from emostats.estimates import Estimate
from emostats.render import rounding
from emostats.report import cells
from emostats.report.context import Context, Outcome
from emostats.report.drawings import drawn, paired_in_words, paired_row, value_axis
from emostats.report.language import _, ended, listed, sentences, told_of
from emostats.report.model import Block, Cell, Column, Footnote, NotDone, Row, Table
from emostats.report.parts import confidence, last_visit, level_name, number, records, small
from emostats.report.recorded import spoken
from emostats.report.wording import capital
from emostats.study.spec import SubgroupsAnalysis


def depth_of(context: Context, outcome: Outcome) -> tuple[Block, ...]:
    """All further parts about an outcome that a subgroups analysis of the study file covers."""
    analyses = [
        item
        for item in context.spec.analyses
        if isinstance(item, SubgroupsAnalysis)
        and item.of == outcome.analysis
        and outcome.parameter in (item.parameters or (outcome.parameter,))
    ]
    if not analyses:
        reason = _('no analysis of type = "subgroups" covers this outcome')
        what = _("Shrunken changes, change over age, credibility: {outcome}", outcome=outcome.label)
        return (NotDone(what, reason),)
    blocks: list[Block] = []
    for analysis in analyses:
        blocks += _shrunken(context, analysis, outcome)
        blocks += _curve(context, analysis, outcome)
        blocks += _separate(context, analysis, outcome)
        blocks += _credibility(context, analysis, outcome)
    return tuple(blocks)


def _rows(context: Context, kind: str, analysis: SubgroupsAnalysis, outcome: Outcome) -> list[Estimate]:
    return [
        row
        for row in context.of_kind(kind)
        if row.analysis == analysis.name and row.parameter == outcome.parameter
    ]


def _beside(
    context: Context, outcome: Outcome, rows: Sequence[Estimate]
) -> list[tuple[Estimate | None, Estimate]]:
    raw = {(r.subgroup, r.level, r.visit): r for r in context.rows("change", outcome)}
    return [(raw.get((row.subgroup, row.level, row.visit)), row) for row in rows]


def _shrunken(context: Context, analysis: SubgroupsAnalysis, outcome: Outcome) -> tuple[Block, ...]:
    if analysis.shrinkage == "none":
        return ()
    rows = _rows(context, "shrunken_change", analysis, outcome)
    what = _("Shrunken changes: {outcome}", outcome=outcome.label)
    if not rows:
        return (
            NotDone(what, _("no division has three subgroups or more, or the model could not be fitted")),
        )
    visit = last_visit(context, rows)
    pairs = _beside(context, outcome, [row for row in rows if row.visit == visit])
    names = (_("As estimated"), _("Shrunken"))
    shown = [paired_row(level_name(own), (raw, own), outcome.places) for raw, own in pairs]
    when = context.visit_in_text(visit)
    axis = value_axis(outcome, _("Change to {visit}", visit=when))
    level = confidence([own for _raw, own in pairs])
    plot = figures.Forest(tuple(shown), axis, _("Estimate ({level})", level=level), series=names)
    figure = drawn(
        context,
        f"fig-shrunken-{outcome.id}",
        what,
        _(
            "{outcome}: change to {visit} within subgroups, as estimated and drawn towards their common mean "
            "as far as chance explains how they differ.",
            outcome=outcome.label,
            visit=when,
        ),
        sentences(_("A forest plot with two intervals a row."), paired_in_words(shown, names)),
        lambda frame: figures.forest_plot(plot, frame, rounding.fixed),
    )
    return (figure, *_spread(context, analysis, outcome, visit))


def _spread(context: Context, analysis: SubgroupsAnalysis, outcome: Outcome, visit: str) -> tuple[Block, ...]:
    """How much subgroups differ beyond chance, with its interval."""
    table = context.table("shrinkage")
    if table is None:
        return ()
    own = table[
        (table["analysis"] == analysis.name)
        & (table["parameter"] == outcome.parameter)
        & (table["visit"] == visit)
    ]
    told = []
    for item in records(own):
        if item.get("error") or number(item, "tau2") is None:
            continue
        sd, low, high = ((number(item, name) or 0.0) ** 0.5 for name in ("tau2", "tau2_low", "tau2_high"))
        told.append(
            _(
                "By {factors}: the standard deviation between subgroups beyond chance is {sd} (95% interval "
                "{interval}{unit}).",
                factors=context.factors(str(item["subgroup"])),
                sd=rounding.fixed(sd, 2),
                interval=rounding.interval(low, high, 2),
                unit=f" {outcome.unit}" if outcome.unit else "",
            )
        )
    return (small(sentences(*told)),) if told else ()


def _curve(context: Context, analysis: SubgroupsAnalysis, outcome: Outcome) -> tuple[Block, ...]:
    if analysis.continuous is None:
        return ()
    variable = context.factor(analysis.continuous)
    what = _("Change over {variable}: {outcome}", variable=variable, outcome=outcome.label)
    rows = _rows(context, "change_at", analysis, outcome)
    table = context.table("curves")
    known = [row for row in rows if cells.failed(row) is None]
    if table is None or not known:
        reason = spoken(rows[0].error) if rows and rows[0].error else _("this run has no results for it")
        return (NotDone(what, reason),)
    bands = {str(item["estimate_id"]): item for item in records(table)}
    points = [_point(row, bands.get(row.estimate_id, {})) for row in known]
    when = context.visit_in_text(known[0].visit)
    labels = (capital(variable), value_axis(outcome, _("Change to {visit}", visit=when)))
    level = confidence(known)
    legend = (_("{level}, each value by itself", level=level), _("band for the whole curve"))
    test = next((row for row in _rows(context, "test", analysis, outcome) if row.subgroup), None)
    figure = drawn(
        context,
        f"fig-curve-{outcome.id}",
        what,
        _(
            "{outcome}: change to {visit} over {variable}, by a natural cubic spline without cut points.",
            outcome=outcome.label,
            visit=when,
            variable=variable,
        ),
        _spoken(outcome, variable, known),
        lambda frame: figures.curve_plot(points, labels, legend, frame, rounding.fixed),
    )
    return (figure, *_tested(variable, test))


def _point(row: Estimate, band: dict[str, object]) -> figures.CurvePoint:
    return figures.CurvePoint(
        number(band, "value") if band else float(row.level),  # type: ignore[arg-type]
        row.estimate,
        row.conf_low,
        row.conf_high,
        number(band, "band_low"),
        number(band, "band_high"),
    )


def _spoken(outcome: Outcome, variable: str, rows: Sequence[Estimate]) -> str:
    few = rows[:: max(len(rows) // 5, 1)]
    return ended(
        listed(told_of(f"{variable} {row.level}", cells.in_one_line(row, outcome.places)) for row in few)
    )


def _tested(variable: str, test: Estimate | None) -> tuple[Block, ...]:
    if test is None or test.error or test.p_value is None:
        return ()
    told = _(
        "Test that the change is the same at every {variable}: {statistic}, {p}.",
        variable=variable,
        statistic=cells.t_statistic(test).text,
        p=rounding.p_statement(test.p_value),
    )
    return (small(told),)


def _separate(context: Context, analysis: SubgroupsAnalysis, outcome: Outcome) -> tuple[Block, ...]:
    if not analysis.separate:
        return ()
    rows = _rows(context, "change", analysis, outcome)
    if not rows:
        what = _("Separate models: {outcome}", outcome=outcome.label)
        return (NotDone(what, _("this run has no results for it")),)
    visit = last_visit(context, rows)
    when = context.visit_in_text(visit)
    shown: list[Row] = []
    current = ""
    for raw, own in _beside(context, outcome, [row for row in rows if row.visit == visit]):
        if own.subgroup != current:
            current = own.subgroup
            shown.append(Row(_("By {factors}", factors=context.factors(current)), role="group"))
        joint = cells.with_interval(raw, outcome.places, sign=True)
        if own.error:
            shown.append(
                Row(level_name(own), (cells.count(own), joint), "failed", capital(spoken(own.error)))
            )
            continue
        alone = cells.with_interval(own, outcome.places, sign=True)
        shown.append(Row(level_name(own), (cells.count(own), joint, alone)))
    note = Footnote(
        _(
            "A separate model shares nothing with the other children. Where it differs from the joint model, "
            "the difference is what the joint model borrows: the covariance of the visits."
        )
    )
    return (
        Table(
            f"table-separate-{outcome.id}",
            _(
                "{outcome}: change to {visit}, joint and separate models ({level} below)",
                outcome=outcome.label_with_unit,
                visit=when,
                level=confidence(rows),
            ),
            _("Children"),
            (Column(_("n")), Column(_("Joint model")), Column(_("Separate models"))),
            tuple(shown),
            (note,),
        ),
    )


def _credibility(context: Context, analysis: SubgroupsAnalysis, outcome: Outcome) -> tuple[Block, ...]:
    table = context.table("credibility")
    what = _("Credibility of subgroup differences: {outcome}", outcome=outcome.label)
    own = (
        None
        if table is None
        else table[(table["analysis"] == analysis.name) & (table["parameter"] == outcome.parameter)]
    )
    if own is None or own.empty:
        return (NotDone(what, _("this run has no results for it")),)
    shown: list[Row] = []
    for subgroup, group in own.groupby("subgroup", sort=False):
        shown.append(Row(_("By {factors}", factors=context.factors(str(subgroup))), role="group"))
        shown += [
            Row(
                spoken(str(item["question"])),
                (Cell(capital(spoken(str(item["answer"])))), Cell(capital(spoken(str(item["basis"]))))),
            )
            for item in records(group)
        ]
    notes = (
        Footnote(
            _(
                "After ICEMAN (Schandelmaier et al., 2020), in our words. That instrument is for randomized "
                "comparisons; without a comparison group the questions are about differences in change."
            )
        ),
        Footnote(_("What a program cannot know is left to people, and so is the verdict.")),
    )
    columns = (Column(_("Answer"), numeric=False), Column(_("Because"), numeric=False))
    return (Table(f"table-credibility-{outcome.id}", what, _("Question"), columns, tuple(shown), notes),)
