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
from emostats.report.drawings import drawn, paired_row, value_axis
from emostats.report.language import _
from emostats.report.model import Block, Column, Footnote, Heading, NotDone, Row, Section, Table
from emostats.report.parts import confidence, last_visit, level_name, number, records, text
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
        return (NotDone(f"Bootstrap: {outcome.label}", str(recorded or "this run has no results for it")),)
    model = [row for row in context.rows("change", outcome) if _key(row) in resampled]
    if not model:
        return (NotDone(f"Bootstrap: {outcome.label}", "the model it is compared with has no results"),)
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
    names = ("Model", _method_name(analysis))
    plot = figures.Forest(
        tuple(rows), value_axis(outcome, f"Change to {when}"), f"Estimate ({confidence(last)})", series=names
    )
    spoken = "; ".join(
        f"{row.label}: " + ", ".join(f"{name} {i.text}" for name, i in zip(names, row.intervals, strict=True))
        for row in rows
    )
    return drawn(
        context,
        f"fig-{slug(analysis.name)}-{outcome.id}",
        f"Model and bootstrap intervals: {outcome.label}",
        f"{outcome.label}: change from baseline to {when}, with the model’s interval above and the "
        "bootstrap interval below it.",
        f"A forest plot with two intervals a row. {spoken}.",
        lambda frame: figures.forest_plot(plot, frame, rounding.fixed),
    )


def _method_name(analysis: BootstrapAnalysis) -> str:
    return f"Bootstrap, {_METHODS.get(analysis.method, analysis.method)}"


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
    pairs = ((_method_name(analysis), other), ("Model", own))
    markers = [figures.Marker(name, row.estimate, row.conf_low, row.conf_high) for name, row in pairs]
    label = value_axis(outcome, f"Change to {context.visit_in_text(visit)}")
    figure = drawn(
        context,
        f"fig-resamples-{outcome.id}",
        f"Bootstrap distribution: {outcome.label}",
        f"{outcome.label}: the change of all children in each bootstrap resample, with the bootstrap and "
        "the model’s interval below.",
        f"A histogram of the resampled changes, from {rounding.fixed(bins[0].low, outcome.places)} to "
        f"{rounding.fixed(bins[-1].high, outcome.places)}.",
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
    notes = [f"{rounding.count(n_resamples)} resamples of children, {method} intervals."]
    if failed:
        notes.append(f"{rounding.count(failed)} resamples could not be fitted and were left out.")
    warnings = dict.fromkeys(other.warning for other in resampled.values() if other.warning)
    notes += [f"{capital(context.in_words(warning))}." for warning in warnings]
    level = confidence(model)
    return Table(
        f"table-{slug(analysis.name)}-{outcome.id}",
        f"{outcome.label_with_unit}: change from baseline, model and bootstrap side by side",
        "Children",
        (Column(_("Estimate")), Column(f"Model, {level}"), Column(f"{_method_name(analysis)}, {level}")),
        tuple(rows),
        tuple(map(Footnote, notes)),
    )


def _row(row: Estimate, other: Estimate, places: int) -> Row:
    if row.error:
        return Row(level_name(row), role="failed", reason=capital(row.error))
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
    caption = "Cross-check: paired t tests of complete pairs, all children"
    columns = (Column(_("n")), Column(_("Mean change")), Column(_("Test")), Column(_("p")))
    return (
        Heading("sensitivity-classical", _("Classical paired tests")),
        Table("table-classical", caption, "Visit", columns, tuple(rows), (note,)),
    )


def _paired(context: Context, record: Mapping[str, Any]) -> Row:
    header = context.visit(str(record["visit"]))
    n = cells.whole(number(record, "n"))
    if record.get("error"):
        return Row(header, (n,), "failed", capital(str(record["error"])))
    fields = ("estimate", "std_error", "statistic", "p_value", "conf_low", "conf_high")
    numbers = {name: number(record, name) for name in fields}
    row = replace(Estimate("", "", "change", den_df=number(record, "df")), **numbers)  # type: ignore[arg-type]
    places = cells.places_of([row])
    return Row(
        header, (n, cells.with_interval(row, places, sign=True), cells.t_statistic(row), cells.p_value(row))
    )
