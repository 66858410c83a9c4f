"""Single courses and changes: for the internal profile alone, and only where the study file asks for them."""

from __future__ import annotations

import pandas as pd

from emostats import figures
from emostats.render import rounding
from emostats.report.context import Context, Outcome
from emostats.report.drawings import drawn, time_axis, value_axis
from emostats.report.language import _, listed
from emostats.report.model import Block
from emostats.report.wording import capital

TABLE = "courses"
"""The table of single courses; a public profile leaves it out, and with it these figures."""


def courses_of(context: Context, outcome: Outcome) -> tuple[Block, ...]:
    """Each child's line over the visits, and each child's change to the last visit in order of size; of main
    outcomes only."""
    table = context.table(TABLE)
    if table is None or outcome not in context.main_outcomes:
        return ()
    own = table[table["parameter"] == outcome.parameter]
    if own.empty:
        return ()
    wide = own.pivot(index="child", columns="visit", values="value")
    visits = [name for name in context.spec.visit_names if name in wide]
    return (_spaghetti(context, outcome, wide[visits]), *_waterfall(context, outcome, wide))


def _spaghetti(context: Context, outcome: Outcome, wide: pd.DataFrame) -> Block:
    axis = time_axis(context, list(wide.columns))
    at = {str(name): position for name, (position, _label) in zip(wide.columns, axis, strict=True)}
    courses = [
        figures.Course(tuple((at[str(name)], float(value)) for name, value in row.dropna().items()))
        for _child, row in wide.iterrows()
    ]
    means = {str(name): float(value) for name, value in wide.mean().items()}
    mean = figures.MeanLine(_("mean of those seen"), tuple((at[n], v) for n, v in means.items()))
    told = listed(f"{context.visit_in_text(n)} {rounding.fixed(v, 2)}" for n, v in means.items())
    label = capital(outcome.label_with_unit)
    return drawn(
        context,
        f"fig-courses-{outcome.id}",
        _("Single courses: {outcome}", outcome=outcome.label),
        _(
            "{outcome}: one line a child, as observed, and the mean of those seen at each visit. Internal: "
            "not for publication.",
            outcome=outcome.label,
        ),
        _("{n} thin lines, and the means: {means}.", n=rounding.count(len(courses)), means=told),
        lambda frame: figures.spaghetti_plot(courses, mean, axis, label, frame, rounding.fixed),
    )


def _waterfall(context: Context, outcome: Outcome, wide: pd.DataFrame) -> tuple[Block, ...]:
    start, last = context.spec.baseline.name, context.later_visits[-1]
    if not {start, last} <= set(wide.columns):
        return ()
    changes = [float(value) for value in (wide[last] - wide[start]).dropna()]
    if not changes:
        return ()
    when = context.visit_in_text(last)
    up, down = sum(value > 0 for value in changes), sum(value < 0 for value in changes)
    least = context.least_change(outcome)
    lines = [] if least is None else [(least, _("response: {value}", value=rounding.significant(least, 2)))]
    axis, below = value_axis(outcome, _("Change to {visit}", visit=when)), _("one bar a child")
    figure = drawn(
        context,
        f"fig-waterfall-{outcome.id}",
        _("Single changes: {outcome}", outcome=outcome.label),
        _(
            "{outcome}: observed change to {visit}, one bar a child, from the largest to the smallest. "
            "Internal: not for publication.",
            outcome=outcome.label,
            visit=when,
        ),
        _(
            "{n} bars: {up} children rose, {down} fell, {same} stayed the same.",
            n=rounding.count(len(changes)),
            up=rounding.count(up),
            down=rounding.count(down),
            same=rounding.count(len(changes) - up - down),
        ),
        lambda frame: figures.waterfall_plot(changes, axis, frame, rounding.fixed, lines=lines, below=below),
    )
    return (figure,)
