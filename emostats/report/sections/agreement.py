"""Expert ratings: how well blind experts agree (ICC), and how often what they heard matched."""

from __future__ import annotations

from collections.abc import Sequence

from emostats import figures
from emostats.estimates import Estimate
from emostats.render import rounding
from emostats.report import cells
from emostats.report.context import Context, slug
from emostats.report.drawings import drawn
from emostats.report.language import _, ended, listed, sentences, stopped, told_of, with_unit
from emostats.report.model import Block, Cell, Column, Footnote, NotDone, Row, Section, Table
from emostats.report.parts import confidence, level_name, text
from emostats.report.recorded import spoken
from emostats.report.sections.rating_figures import rating_figures
from emostats.report.wording import agreement, bands, capital
from emostats.study.spec import IccAnalysis

PLACES = 2


def section(context: Context) -> Section:
    """A forest plot and two tables for each agreement analysis."""
    blocks: list[Block] = []
    for analysis in context.agreements:
        blocks += _of(context, analysis)
    if not blocks:
        reason = _('the study file asks for no agreement analysis (type = "icc")')
        blocks.append(NotDone(_("Agreement of the expert ratings"), reason))
    return Section("agreement", _("Agreement of the expert ratings"), tuple(blocks))


def domain(context: Context, code: str) -> str:
    """The label of a domain that experts rate."""
    ratings = context.spec.ratings
    found = ratings.domains.get(code) if ratings is not None else None
    return (found.label or code) if found is not None else code


def _of(context: Context, analysis: IccAnalysis) -> tuple[Block, ...]:
    iccs = [row for row in context.of_kind("icc") if row.analysis == analysis.name]
    matches = [row for row in context.of_kind("proportion") if row.analysis == analysis.name]
    if not iccs:
        recorded = context.fact(analysis.name, "message") or context.fact(analysis.name, "error")
        reason = spoken(str(recorded or "")) or _("this run has no results for it")
        return (NotDone(told_of(_("Agreement"), analysis.form), reason),)
    return (
        text(_sizes(context, analysis)),
        _figure(context, analysis, iccs),
        *rating_figures(context, analysis, {code: domain(context, code) for code in analysis.domains}),
        _table(context, analysis, iccs),
        *_matching(context, analysis, matches),
    )


def _sizes(context: Context, analysis: IccAnalysis) -> str:
    names = ("n_ratings", "n_raters", "n_targets", "n_subjects")
    sizes = [rounding.known(context.fact(analysis.name, name)) for name in names]
    counted = ""
    if None not in sizes:
        ratings, raters, targets, subjects = map(rounding.count, sizes)
        counted = _(
            "{ratings} ratings by {raters} raters of {targets} clips of {children} children.",
            ratings=ratings,
            raters=raters,
            targets=targets,
            children=subjects,
        )
    return sentences(
        counted,
        _(
            "The coefficient is {form}: the share of the variance of one rating that lies between clips. "
            "Judge it by its interval, not by the point.",
            form=analysis.form,
        ),
    )


def _figure(context: Context, analysis: IccAnalysis, rows: Sequence[Estimate]) -> Block:
    shown: list[figures.ForestRow] = []
    for code in dict.fromkeys(row.parameter for row in rows):
        shown.append(figures.ForestRow(domain(context, code), heading=True))
        shown += [_forest_row(row) for row in rows if row.parameter == code]
    plot = figures.Forest(
        tuple(shown), analysis.form, with_unit("ICC", confidence(rows)), null=None, zones=bands()
    )
    told = listed(
        told_of(
            _("{domain}, {level}", domain=domain(context, row.parameter), level=level_name(row)),
            cells.in_one_line(row, PLACES),
        )
        for row in rows
        if not cells.failed(row)
    )
    return drawn(
        context,
        f"fig-{slug(analysis.name)}",
        told_of(_("Agreement of the experts"), analysis.form),
        _(
            "Agreement of the experts, {form} with {level}; n counts children. Bands after Koo and Li "
            "(2016).",
            form=analysis.form,
            level=confidence(rows),
        ),
        sentences(_("A forest plot."), ended(told)),
        lambda frame: figures.forest_plot(plot, frame, rounding.fixed),
    )


def _forest_row(row: Estimate) -> figures.ForestRow:
    missing = cells.failed(row)
    n = rounding.count(row.n) if row.n is not None else ""
    if missing is not None:
        return figures.ForestRow(level_name(row), n=n, reason=missing.reason)
    interval = figures.Interval(row.estimate, row.conf_low, row.conf_high, cells.in_one_line(row, PLACES))
    return figures.ForestRow(level_name(row), (interval,), n, overall=not row.subgroup)


def _table(context: Context, analysis: IccAnalysis, rows: Sequence[Estimate]) -> Table:
    shown: list[Row] = []
    for code in dict.fromkeys(row.parameter for row in rows):
        shown.append(Row(domain(context, code), role="group"))
        shown += [_icc_row(row) for row in rows if row.parameter == code]
    notes = _methods(rows)
    warnings = dict.fromkeys(row.warning for row in rows)
    notes += [stopped(context.warned(warning)) for warning in warnings if warning]
    notes.append(
        _(
            "In words: both ends of the interval after Koo and Li (2016): below 0.5 poor, to 0.75 moderate, "
            "to 0.9 good, above excellent."
        )
    )
    return Table(
        f"table-{slug(analysis.name)}",
        _("Agreement of the experts, {form}", form=analysis.form),
        _("Children"),
        (Column(_("n")), Column(_("ICC")), Column(confidence(rows)), Column(_("In words"), numeric=False)),
        tuple(shown),
        tuple(map(Footnote, notes)),
    )


def _methods(rows: Sequence[Estimate]) -> list[str]:
    methods = dict.fromkeys(row.method for row in rows)
    return [_("Method: {method}.", method=spoken(method)) for method in methods if method]


def _icc_row(row: Estimate) -> Row:
    if row.error:
        return Row(level_name(row), (cells.count(row),), "failed", capital(spoken(row.error)))
    filled = (
        cells.count(row),
        cells.estimate(row, PLACES),
        cells.interval(row, PLACES),
        Cell(agreement(row), estimate_id=row.estimate_id),
    )
    return Row(level_name(row), filled, role="" if row.subgroup else "overall")


def _matching(context: Context, analysis: IccAnalysis, rows: Sequence[Estimate]) -> tuple[Block, ...]:
    if not rows:
        if analysis.matching_threshold is None:
            return (NotDone(_("Matching accuracy"), _("the study file gives no matching_threshold")),)
        return (NotDone(_("Matching accuracy"), _("this run has no results for it")),)
    shown: list[Row] = []
    for code in dict.fromkeys(row.parameter for row in rows):
        shown.append(Row(domain(context, code), role="group"))
        shown += [_match_row(row) for row in rows if row.parameter == code]
    found = dict.fromkeys(row.term for row in rows)
    terms = [_("A match is a {term}.", term=spoken(term)) for term in found if term]
    return (
        Table(
            f"table-matching-{slug(analysis.name)}",
            _("Matching accuracy: share of ratings that judged the music to match"),
            _("Children"),
            (Column(_("n")), Column(_("Matching")), Column(confidence(rows))),
            tuple(shown),
            tuple(map(Footnote, terms + _methods(rows))),
        ),
    )


def _match_row(row: Estimate) -> Row:
    missing = cells.failed(row)
    if missing is not None:
        return Row(level_name(row), (cells.count(row),), "failed", missing.reason)
    percent, unit = row.unit == "%", row.unit or _("proportion")
    text_of = rounding.percent if percent else rounding.proportion
    interval_of = rounding.percent_interval if percent else rounding.proportion_interval
    places = rounding.step_places(1, (row.estimate, row.conf_low, row.conf_high), percent=not percent)
    raw = f"{rounding.full(row.conf_low)} to {rounding.full(row.conf_high)}"
    filled = (
        cells.count(row),
        Cell(text_of(row.estimate, places), row.estimate, unit, row.estimate_id),
        Cell(interval_of(row.conf_low, row.conf_high, places), raw, unit, row.estimate_id),
    )
    return Row(level_name(row), filled, role="" if row.subgroup else "overall")
