"""Sensitivity: the same changes with intervals by resampling children, beside those of the model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from emostats import figures
from emostats.estimates import Estimate
from emostats.render import rounding
from emostats.report import cells
from emostats.report.context import Context, Outcome, slug
from emostats.report.drawings import drawn, paired_in_words, paired_row, value_axis
from emostats.report.language import _, sentences, stopped, told_of
from emostats.report.model import Block, Column, Footnote, Heading, NotDone, Row, Section, Table
from emostats.report.parts import confidence, last_visit, level_name, number, records, text
from emostats.report.recorded import spoken
from emostats.report.sections.tipping import tipping_blocks
from emostats.report.wording import capital
from emostats.study.spec import BootstrapAnalysis

_Key = tuple[str, str, str]
_METHODS = {"bca": "BCa"}


def section(context: Context) -> Section:
    """One figure and one table for each bootstrapped outcome, and the classical paired tests."""
    blocks: list[Block] = []
    for analysis in context.bootstraps:
        for outcome in _outcomes(context, analysis):
            blocks.append(Heading(f"sensitivity-{slug(analysis.name)}-{outcome.id}", outcome.label))
            blocks += _compared(context, analysis, outcome)
    if blocks:
        blocks.insert(0, text(_introduction()))
    else:
        blocks.append(NotDone(_("Bootstrap"), _("the study file asks for no bootstrap analysis")))
    parts = (*blocks, *tipping_blocks(context), *_classical(context))
    return Section("sensitivity", _("Does the answer depend on the model?"), parts)


def _introduction() -> str:
    return _(
        "The bootstrap draws children with replacement, with all their visits, refits the model each time, "
        "and reads the interval from the spread of the results. It does not rest on normally distributed "
        "errors. Where it agrees with the model’s interval, that assumption does not carry the conclusion."
    )


def _outcomes(context: Context, analysis: BootstrapAnalysis) -> tuple[Outcome, ...]:
    return tuple(
        outcome
        for outcome in context.outcomes
        if outcome.analysis == analysis.of
        and (not analysis.parameters or outcome.parameter in analysis.parameters)
    )


def _key(row: Estimate) -> _Key:
    return (row.visit, row.subgroup, row.level)


def _compared(context: Context, analysis: BootstrapAnalysis, outcome: Outcome) -> tuple[Block, ...]:
    resampled = {
        _key(row): row
        for row in context.of_kind("change")
        if row.analysis == analysis.name and row.parameter == outcome.parameter
    }
    if not resampled:
        recorded = context.fact(analysis.name, "message", outcome.parameter)
        reason = spoken(str(recorded or "")) or _("this run has no results for it")
        return (NotDone(told_of(_("Bootstrap"), outcome.label), reason),)
    model = [row for row in context.rows("change", outcome) if _key(row) in resampled]
    if not model:
        reason = _("the model it is compared with has no results")
        return (NotDone(told_of(_("Bootstrap"), outcome.label), reason),)
    return (
        _figure(context, analysis, outcome, model, resampled),
        *_distribution(context, analysis, outcome, model, resampled),
        _table(context, analysis, outcome, model, resampled),
    )


def _figure(
    context: Context,
    analysis: BootstrapAnalysis,
    outcome: Outcome,
    model: Sequence[Estimate],
    resampled: Mapping[_Key, Estimate],
) -> Block:
    visit = last_visit(context, model)
    when = context.visit_in_text(visit)
    last = [row for row in model if row.visit == visit]
    rows = [paired_row(level_name(row), (row, resampled[_key(row)]), outcome.places) for row in last]
    names = (_("Model"), _method_name(analysis))
    axis = value_axis(outcome, _("Change to {visit}", visit=when))
    estimate = _("Estimate ({level})", level=confidence(last))
    plot = figures.Forest(tuple(rows), axis, estimate, series=names)
    return drawn(
        context,
        f"fig-{slug(analysis.name)}-{outcome.id}",
        told_of(_("Model and bootstrap intervals"), outcome.label),
        _(
            "{outcome}: change from baseline to {visit}, with the model’s interval above and the bootstrap "
            "interval below it.",
            outcome=outcome.label,
            visit=when,
        ),
        sentences(_("A forest plot with two intervals a row."), paired_in_words(rows, names)),
        lambda frame: figures.forest_plot(plot, frame, rounding.fixed),
    )


def _method_name(analysis: BootstrapAnalysis) -> str:
    return _("Bootstrap, {method}", method=_METHODS.get(analysis.method, analysis.method))


def _distribution(
    context: Context,
    analysis: BootstrapAnalysis,
    outcome: Outcome,
    model: Sequence[Estimate],
    resampled: Mapping[_Key, Estimate],
) -> tuple[Block, ...]:
    """The histogram of the overall change at the last visit, if the run kept its bins."""
    table = context.table("resamples")
    visit = last_visit(context, model)
    own = next((row for row in model if row.visit == visit and not row.subgroup), None)
    other = resampled.get(_key(own)) if own is not None else None
    if table is None or own is None or other is None:
        return ()
    found = table[table["estimate_id"] == other.estimate_id]
    bins = [
        figures.Bin(float(low), float(high), int(count))
        for low, high, count in zip(found["low"], found["high"], found["count"], strict=True)
    ]
    if not bins:
        return ()
    pairs = ((_method_name(analysis), other), (_("Model"), own))
    markers = [figures.Marker(name, row.estimate, row.conf_low, row.conf_high) for name, row in pairs]
    label = value_axis(outcome, _("Change to {visit}", visit=context.visit_in_text(visit)))
    figure = drawn(
        context,
        f"fig-resamples-{outcome.id}",
        told_of(_("Bootstrap distribution"), outcome.label),
        _(
            "{outcome}: the change of all children in each bootstrap resample, with the bootstrap and the "
            "model’s interval below.",
            outcome=outcome.label,
        ),
        _(
            "A histogram of the resampled changes, from {low} to {high}.",
            low=rounding.fixed(bins[0].low, outcome.places),
            high=rounding.fixed(bins[-1].high, outcome.places),
        ),
        lambda frame: figures.distribution_plot(bins, markers, label, frame, rounding.fixed),
    )
    return (figure,)


def _table(
    context: Context,
    analysis: BootstrapAnalysis,
    outcome: Outcome,
    model: Sequence[Estimate],
    resampled: Mapping[_Key, Estimate],
) -> Table:
    rows: list[Row] = []
    for visit in context.later_visits:
        at_visit = [row for row in model if row.visit == visit]
        if at_visit:
            rows.append(Row(context.visit(visit), role="group"))
        rows += [_row(row, resampled[_key(row)], outcome.places) for row in at_visit]
    n_resamples = context.fact(analysis.name, "n_resamples", outcome.parameter, analysis.n_resamples)
    failed = rounding.known(context.fact(analysis.name, "n_failed", outcome.parameter, 0)) or 0
    method = _METHODS.get(analysis.method, analysis.method)
    drawn_n = rounding.count(n_resamples)
    notes = [_("{n} resamples of children, {method} intervals.", n=drawn_n, method=method)]
    if failed:
        lost = rounding.count(failed)
        notes.append(_("{n} resamples could not be fitted and were left out.", n=lost))
    warnings = dict.fromkeys(other.warning for other in resampled.values() if other.warning)
    notes += [stopped(context.warned(warning)) for warning in warnings]
    level, names = confidence(model), (_("Model"), _method_name(analysis))
    return Table(
        f"table-{slug(analysis.name)}-{outcome.id}",
        _(
            "{outcome}: change from baseline, model and bootstrap side by side",
            outcome=outcome.label_with_unit,
        ),
        _("Children"),
        (
            Column(_("Estimate")),
            *(Column(_("{method}, {level}", method=name, level=level)) for name in names),
        ),
        tuple(rows),
        tuple(map(Footnote, notes)),
    )


def _row(row: Estimate, other: Estimate, places: int) -> Row:
    if row.error:
        return Row(level_name(row), role="failed", reason=capital(spoken(row.error)))
    filled = (
        cells.estimate(row, places, sign=True),
        cells.interval(row, places),
        cells.interval(other, places),
    )
    return Row(level_name(row), filled, role="" if row.subgroup else "overall")


def _classical(context: Context) -> tuple[Block, ...]:
    """Paired t tests of complete pairs, as a cross-check, if the run has them."""
    table = context.table("prepost")
    if table is None:
        return ()
    overall = table[table["level"].fillna("").isin(("", "All"))]
    rows: list[Row] = []
    for parameter, group in overall.groupby("parameter", sort=False):
        rows.append(Row(context.spec.parameter_label(str(parameter)), role="group"))
        rows += [_paired(context, record) for record in records(group)]
    note = Footnote(
        _(
            "Only children seen at both visits count, so these numbers rest on a stronger assumption about "
            "missing answers than the model does."
        )
    )
    caption = _("Cross-check: paired t tests of complete pairs, all children")
    columns = (Column(_("n")), Column(_("Mean change")), Column(_("Test")), Column(_("p")))
    return (
        Heading("sensitivity-classical", _("Classical paired tests")),
        Table("table-classical", caption, _("Visit"), columns, tuple(rows), (note,)),
    )


def _paired(context: Context, record: Mapping[str, Any]) -> Row:
    header = context.visit(str(record["visit"]))
    n = cells.whole(number(record, "n"))
    if record.get("error"):
        return Row(header, (n,), "failed", capital(spoken(str(record["error"]))))
    fields = ("estimate", "std_error", "statistic", "p_value", "conf_low", "conf_high")
    numbers = {name: number(record, name) for name in fields}
    row = replace(Estimate("", "", "change", den_df=number(record, "df")), **numbers)  # type: ignore[arg-type]
    places = cells.places_of([row])
    return Row(
        header, (n, cells.with_interval(row, places, sign=True), cells.t_statistic(row), cells.p_value(row))
    )
