"""The tipping point: how far missing answers must lie from what is assumed before the conclusion changes."""

from __future__ import annotations

from emostats import figures
from emostats.estimates import Estimate
from emostats.render import rounding
from emostats.report import cells
from emostats.report.context import Context, Outcome, slug
from emostats.report.drawings import drawn
from emostats.report.language import _, sentences, with_unit
from emostats.report.model import Block, Heading, NotDone
from emostats.report.parts import number, records, text
from emostats.report.recorded import spoken
from emostats.report.wording import capital
from emostats.study.spec import TippingAnalysis


def tipping_blocks(context: Context) -> tuple[Block, ...]:
    """One figure and one sentence for each outcome of each tipping analysis."""
    heading = Heading("sensitivity-tipping", _("If missing answers were worse than assumed"))
    analyses = [item for item in context.spec.analyses if isinstance(item, TippingAnalysis)]
    if not analyses:
        reason = _('the study file asks for no analysis of type = "tipping"')
        return (heading, NotDone(_("Tipping point"), reason))
    blocks: list[Block] = [
        heading,
        text(
            _(
                "The model assumes that missing answers are like those of similar children who answered. "
                "Here they are made worse, step by step, until the change is no longer significant. The "
                "further that is from zero, the less the conclusion rests on the assumption."
            )
        ),
    ]
    for analysis in analyses:
        for outcome in context.outcomes:
            if outcome.analysis == analysis.of and outcome.parameter in (
                analysis.parameters or (outcome.parameter,)
            ):
                blocks += _of(context, analysis, outcome)
    return tuple(blocks)


def _of(context: Context, analysis: TippingAnalysis, outcome: Outcome) -> list[Block]:
    row = next(
        (
            item
            for item in context.of_kind("change")
            if item.analysis == analysis.name and item.parameter == outcome.parameter
        ),
        None,
    )
    table = context.table("tipping")
    found = (
        None
        if table is None
        else table[(table["analysis"] == analysis.name) & (table["parameter"] == outcome.parameter)]
    )
    if row is None or cells.failed(row) is not None or found is None or found.empty:
        why = spoken(row.error) if row is not None and row.error else _("this run has no results for it")
        return [NotDone(_("Tipping point: {outcome}", outcome=outcome.label), why)]
    points = [(number(item, "delta") or 0.0, number(item, "p_value") or 0.0) for item in records(found)]
    tipping = number(records(found)[0], "tipping")
    points = sorted(points)
    curve = figures.TippingCurve(tuple(points), analysis.alpha, tipping)
    label = with_unit(_("Shift of the missing answers"), outcome.unit)
    words = figures.TippingWords(_("p-value"), _("significant"), _("tips at {shift}"))
    figure = drawn(
        context,
        f"fig-tipping-{slug(analysis.name)}-{outcome.id}",
        _("Tipping point: {outcome}", outcome=outcome.label),
        _(
            "{outcome}: p-value of the change to {visit} when missing answers are shifted.",
            outcome=outcome.label,
            visit=context.visit_in_text(row.visit),
        ),
        _(
            "A curve of p-values from shift {low} to shift {high}.",
            low=rounding.fixed(points[0][0], 2),
            high=rounding.fixed(points[-1][0], 2),
        ),
        lambda frame: figures.tipping_point_plot(curve, label, frame, rounding.fixed, words),
    )
    return [figure, text(_told(context, outcome, row, tipping))]


def _told(context: Context, outcome: Outcome, row: Estimate, tipping: float | None) -> str:
    unit = f" {outcome.unit}" if outcome.unit else ""
    change = cells.in_one_line(row, outcome.brief_places, sign=True)
    start = _(
        "{outcome}: with missing answers filled in as assumed the change is {change}.",
        outcome=capital(outcome.label),
        change=change + unit,
    )
    if tipping is None:
        return sentences(start, _("No shift within the range searched changes whether it is significant."))
    shift = rounding.fixed(tipping, 2, sign=True) + unit
    told = sentences(start, _("It tips at a shift of {shift}.", shift=shift))
    info = context.spec.parameters.get(outcome.parameter)
    if info is not None and info.range is not None and abs(tipping) > info.range[1] - info.range[0]:
        more = _("That is more than the whole length of the scale: no real answers could do it.")
        told = sentences(told, more)
    return told
