"""LS means over time: a figure and a table an outcome, and the observed means beside them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from emostats import figures
from emostats.estimates import Estimate
from emostats.render import rounding
from emostats.report import cells
from emostats.report.context import Context, Outcome
from emostats.report.drawings import drawn, in_words, points, time_axis
from emostats.report.language import _, sentences, told_of
from emostats.report.model import Block, Cell, Column, Footnote, NotDone, Row, Section, Table
from emostats.report.parts import (
    absent,
    by_level,
    confidence,
    divisions,
    heading,
    is_overall,
    level_called,
    level_name,
    number,
    records,
    text,
)
from emostats.report.recorded import spoken
from emostats.report.wording import capital

_MOST_PANELS = 12


def section(context: Context) -> Section:
    """Means of the questionnaire outcomes; session scores have their own section."""
    blocks: list[Block] = [
        text(
            _(
                "Least-squares (LS) means are what the model expects at each visit, with every subgroup "
                "counted alike. They use all observed values, also of children who missed visits."
            )
        )
    ]
    for outcome in context.questionnaire_outcomes:
        blocks += [heading("means", outcome), *means_of(context, outcome)]
    if len(blocks) == 1:
        blocks.append(NotDone(_("LS means over time"), _("no analysis in the study file asks for them")))
    return Section("means", _("Means over time"), tuple(blocks))


def means_of(context: Context, outcome: Outcome) -> tuple[Block, ...]:
    """Figure, table of LS means, and table of observed means of one outcome."""
    rows = context.rows("ls_mean", outcome)
    if not rows:
        return (absent(context, outcome, _("LS means over time")),)
    return (_figure(context, outcome, rows), _table(context, outcome, rows), *_observed(context, outcome))


def _panels(context: Context, rows: Sequence[Estimate]) -> tuple[figures.Panel, ...]:
    groups = by_level(rows)
    overall = points(context, groups.get(("", ""), ()))
    shown = _divisions_shown(rows)
    panels = []
    for (subgroup, level), group in groups.items():
        if subgroup not in shown:
            continue
        known = points(context, group)
        reason = next((capital(spoken(row.error)) for row in group if row.error), "") if not known else ""
        reference = overall if subgroup else ()
        panels.append(
            figures.Panel(level or _("All children"), known, reference, reason, overall=not subgroup)
        )
    return tuple(panels[:_MOST_PANELS])


def _divisions_shown(rows: Sequence[Estimate]) -> set[str]:
    """The overall panel and the finest divisions: a margin of a shown division only repeats it."""
    shown: list[set[str]] = []
    for name in sorted(divisions(rows), key=lambda name: -name.count(":")):
        factors = set(name.split(":"))
        if not any(factors <= finer for finer in shown):
            shown.append(factors)
    return {"", *(name for name in divisions(rows) if set(name.split(":")) in shown)}


def _figure(context: Context, outcome: Outcome, rows: Sequence[Estimate]) -> Block:
    panels = _panels(context, rows)
    visits = [name for name in context.spec.visit_names if any(row.visit == name for row in rows)]
    axis = time_axis(context, visits)
    shown = [row for row in rows if row.subgroup in _divisions_shown(rows)]
    told = _(
        "{outcome}: LS means with {level} at each visit.",
        outcome=outcome.label_with_unit,
        level=confidence(rows),
    )
    reference = _("The dashed line repeats the mean of all children.") if len(panels) > 1 else ""
    return drawn(
        context,
        f"fig-means-{outcome.id}",
        told_of(_("LS means over time"), outcome.label),
        sentences(told, reference),
        sentences(_("One panel for each group of children."), in_words(context, shown, outcome.places)),
        lambda frame: figures.trajectory_plot(panels, axis, frame, rounding.fixed),
    )


def _table(context: Context, outcome: Outcome, rows: Sequence[Estimate]) -> Table:
    visits = [name for name in context.spec.visit_names if any(row.visit == name for row in rows)]
    return Table(
        f"table-means-{outcome.id}",
        _("{outcome}: LS means ({level} below)", outcome=outcome.label_with_unit, level=confidence(rows)),
        _("Children"),
        tuple(Column(context.visit(name)) for name in visits),
        matrix(context, rows, visits, outcome.places),
    )


def matrix(
    context: Context,
    rows: Sequence[Estimate],
    visits: Sequence[str],
    places: int,
    *,
    sign: bool = False,
    name: Callable[[Estimate], str] = level_name,
    beside: Callable[[Mapping[str, Estimate]], tuple[Cell, ...]] = lambda at: (),
) -> tuple[Row, ...]:
    """Rows by group of children, one cell a visit, grouped by the division they belong to.

    beside: more cells for a row, from its estimates by visit.
    """
    shown: list[Row] = []
    current = ""
    for (subgroup, _level), group in by_level(rows).items():
        if subgroup and subgroup != current:
            shown.append(Row(_("By {factors}", factors=context.factors(subgroup)), role="group"))
            current = subgroup
        at = {row.visit: row for row in group}
        filled = tuple(cells.with_interval(at.get(visit), places, sign=sign) for visit in visits)
        reasons = {cell.reason for cell in filled}
        if len(reasons) == 1 and "" not in reasons:
            shown.append(Row(name(group[0]), role="failed", reason=reasons.pop()))
        else:
            shown.append(Row(name(group[0]), filled + beside(at), role="" if subgroup else "overall"))
    return tuple(shown)


def _observed(context: Context, outcome: Outcome) -> tuple[Block, ...]:
    table = context.table("visits")
    found = None if table is None else table[table["parameter"] == outcome.parameter]
    if found is None or found.empty:
        return (
            NotDone(
                told_of(_("Observed means"), outcome.label), _("this run has no table of values by visit")
            ),
        )
    visits = [name for name in context.spec.visit_names if name in set(found["visit"])]
    places = rounding.shared_decimals(found["sd"], found["mean"])
    rows = []
    for level, group in found.groupby("level", sort=False):
        at = {str(record["visit"]): record for record in records(group)}
        filled = tuple(_raw(at.get(visit), places) for visit in visits)
        overall = is_overall(str(level))
        rows.append(Row(level_called(str(level)), filled, role="overall" if overall else ""))
    return (
        Table(
            f"table-observed-{outcome.id}",
            _("{outcome}: observed values, mean (standard deviation)", outcome=outcome.label_with_unit),
            _("Children"),
            tuple(Column(context.visit(name)) for name in visits),
            tuple(rows),
            (Footnote(_("Children with a value at the visit; n below. Not adjusted for missing answers.")),),
        ),
    )


def _raw(record: Mapping[str, Any] | None, places: int) -> Cell:
    if record and (gone := cells.hidden(record)) is not None:
        return gone
    mean = number(record, "mean") if record else None
    if record is None or mean is None:
        return Cell(rounding.MISSING, reason=_("No value at this visit"))
    sd, n = number(record, "sd"), number(record, "n")
    places = rounding.step_places(places, (mean, sd))
    return Cell(rounding.mean_sd(mean, sd, places), mean, detail=_("n = {n}", n=rounding.count(n)))
