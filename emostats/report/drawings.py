"""From estimates to figures: which numbers go into which drawing, and the words that stand for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from emostats import figures
from emostats.estimates import Estimate
from emostats.figures import Frame
from emostats.render import rounding
from emostats.report import cells
from emostats.report.context import Context, Outcome
from emostats.report.language import _, ended, listed, told_of, with_unit
from emostats.report.model import Figure
from emostats.report.wording import capital

SIMULATED = "Simulated data"


def drawn(
    context: Context, id: str, title: str, caption: str, description: str, draw: Callable[[Frame], str]
) -> Figure:
    """A figure in both widths. `title` names it for a screen reader, `description` says what it shows."""
    note = _(SIMULATED) if context.simulated else ""
    wide = draw(Frame(f"{id}-wide", title, description, note, figures.WIDE))
    narrow = draw(Frame(f"{id}-narrow", title, description, note, figures.NARROW))
    return Figure(id, wide, caption, description, narrow)


def forest_row(row: Estimate, label: str, places: int, *, sign: bool = False) -> figures.ForestRow:
    """A row of a forest plot; a failed estimate keeps its row with the reason."""
    missing = cells.failed(row)
    n = cells.count(row).text if row.n is not None else ""
    overall = not row.subgroup
    if missing is not None:
        return figures.ForestRow(label, n=n, reason=missing.reason, overall=overall)
    text = cells.in_one_line(row, places, sign=sign)
    interval = figures.Interval(row.estimate, row.conf_low, row.conf_high, text)
    return figures.ForestRow(label, (interval,), n, overall=overall)


def paired_row(label: str, pair: Sequence[Estimate | None], places: int) -> figures.ForestRow:
    """A row with one interval for each of several methods."""
    intervals = tuple(
        figures.Interval(row.estimate, row.conf_low, row.conf_high, cells.in_one_line(row, places))
        if row is not None and cells.failed(row) is None
        else figures.Interval(None, None, None, rounding.MISSING)
        for row in pair
    )
    first = next((row for row in pair if row is not None), None)
    n = cells.count(first).text if first is not None and first.n is not None else ""
    return figures.ForestRow(label, intervals, n, overall=first is not None and not first.subgroup)


def paired_in_words(rows: Sequence[figures.ForestRow], names: Sequence[str]) -> str:
    """The numbers of a figure with an interval for each of `names` a row, for its description."""
    told = [
        told_of(row.label, _(", ").join(f"{n} {i.text}" for n, i in zip(names, row.intervals, strict=True)))
        for row in rows
    ]
    return ended(listed(told)) if told else ""


def points(context: Context, rows: Sequence[Estimate]) -> tuple[figures.Point, ...]:
    """Estimates as points in time, in the order of the visits."""
    at = context.spec.visit_numbers
    order = {name: position for position, name in enumerate(context.spec.visit_names)}
    known = sorted((row for row in rows if row.visit in order), key=lambda row: order[row.visit])
    return tuple(
        figures.Point(at[row.visit], row.estimate, row.conf_low, row.conf_high)
        for row in known
        if row.estimate is not None and not row.error
    )


def time_axis(context: Context, visits: Sequence[str]) -> tuple[tuple[float, str], ...]:
    """Positions and labels of the visits on the time axis."""
    at = context.spec.visit_numbers
    return tuple((at[name], context.visit(name)) for name in visits)


def in_words(context: Context, rows: Sequence[Estimate], places: int) -> str:
    """The numbers of a figure as a list in words, for its description."""
    told = [
        told_of(
            _place(context, row),
            cells.in_one_line(row, places) if cells.failed(row) is None else _("no estimate"),
        )
        for row in rows
    ]
    return listed(told) + _(".") if told else ""


def _place(context: Context, row: Estimate) -> str:
    level = row.level or _("All children")
    if not row.visit:
        return level
    return _("{level}, {visit}", level=level, visit=context.visit_in_text(row.visit))


def value_axis(outcome: Outcome, what: str) -> str:
    """Label of a value axis: ``"Change in social interest (points)"``."""
    return with_unit(capital(what), outcome.unit)
