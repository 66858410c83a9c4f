"""Model details, for the statistician: fit, type III tests, coefficients and the covariance of the visits."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from emostats.estimates import Estimate
from emostats.render import rounding
from emostats.report import cells
from emostats.report.context import Context, Outcome, slug
from emostats.report.language import _, sentences, stopped
from emostats.report.model import Block, Cell, Column, Heading, NotDone, Row, Section, Table
from emostats.report.parts import absent, confidence, text
from emostats.report.recorded import spoken
from emostats.report.wording import capital

_TERM = re.compile(r"^(?P<group>.*?)(?:var|cov)\((?P<one>[^,()]+)(?:, (?P<other>[^()]+))?\)$")


def section(context: Context) -> Section:
    """One block of tables for each model."""
    blocks: list[Block] = []
    for outcome in context.outcomes:
        blocks.append(Heading(f"details-{outcome.id}", outcome.label))
        blocks += _of(context, outcome)
    if not blocks:
        blocks.append(NotDone(_("Model details"), _("the study file asks for no mixed model")))
    return Section("details", _("Model details"), tuple(blocks))


def _of(context: Context, outcome: Outcome) -> list[Block]:
    fits = [row for row in context.rows("fit", outcome) if not row.error]
    coefficients = context.rows("coefficient", outcome)
    if not fits and not coefficients:
        return [absent(context, outcome, _("Model details"))]
    tests = [row for row in context.rows("test", outcome) if not row.subgroup]
    blocks: list[Block] = [text(_fit(context, outcome, fits))] if fits else []
    if tests:
        blocks.append(_tests(context, outcome, tests))
    if coefficients:
        blocks.append(_coefficients(context, outcome, coefficients))
    return [*blocks, *_covariance(context, outcome)]


def _fit(context: Context, outcome: Outcome, rows: Sequence[Estimate]) -> str:
    facts = context.facts_of(outcome.analysis, outcome.parameter)
    parts = [f"{spoken(row.term)} {rounding.fixed(row.estimate, 3)}" for row in rows]
    n, observations = rounding.known(facts.get("n_subjects")), rounding.known(facts.get("n_observations"))
    sizes = ""
    if n and observations:
        counts = rounding.count(observations), rounding.count(n)
        sizes = _("{values} values of {n} children.", values=counts[0], n=counts[1])
    return sentences(sizes, stopped(_(", ").join(parts)), _steps(facts))


def _steps(facts: Mapping[str, Any]) -> str:
    """Whether the model converged, and after how many iterations."""
    if not facts.get("converged"):
        return _("Convergence not recorded.")
    iterations = rounding.known(facts.get("iterations"))
    if not iterations:
        return _("Converged.")
    return _("Converged after {n} iterations.", n=rounding.count(iterations))


def _tests(context: Context, outcome: Outcome, rows: Sequence[Estimate]) -> Table:
    shown = tuple(
        Row(context.in_words(row.term), role="failed", reason=capital(spoken(row.error)))
        if row.error
        else Row(context.in_words(row.term), (cells.t_statistic(row), cells.p_value(row)))
        for row in rows
    )
    columns = (Column(_("F test")), Column(_("p")))
    caption = _("{outcome}: type III tests", outcome=outcome.label)
    return Table(f"table-anova-{outcome.id}", caption, _("Term"), columns, shown)


def _coefficients(context: Context, outcome: Outcome, rows: Sequence[Estimate]) -> Table:
    shown = tuple(_coefficient(context, row) for row in rows)
    columns = [Column(name) for name in (_("Estimate"), _("SE"), confidence(rows), _("Test"), _("p"))]
    caption = _("{outcome}: fixed effects", outcome=outcome.label_with_unit)
    return Table(f"table-coefficients-{outcome.id}", caption, _("Coefficient"), tuple(columns), shown)


def _coefficient(context: Context, row: Estimate) -> Row:
    """Coefficients differ in scale: each has the places that its own standard error supports."""
    name, places = context.in_words(spoken(row.term)), cells.places_of([row])
    if row.error or row.estimate is None:
        reason = capital(spoken(row.error or row.warning or "not estimated"))
        return Row(name, role="failed", reason=reason)
    return Row(
        name,
        (
            cells.estimate(row, places),
            cells.std_error(row, places),
            cells.interval(row, places),
            cells.t_statistic(row),
            cells.p_value(row),
        ),
    )


def _covariance(context: Context, outcome: Outcome) -> list[Block]:
    """The covariance matrix of the visits, one table a group."""
    groups: dict[str, dict[tuple[str, str], Estimate]] = {}
    for row in context.rows("variance", outcome):
        match = _TERM.match(row.term)
        if match:
            one = match["one"]
            groups.setdefault(match["group"], {})[one, match["other"] or one] = row
    return [_matrix(context, outcome, name, entries) for name, entries in groups.items()]


def _matrix(context: Context, outcome: Outcome, name: str, entries: dict[tuple[str, str], Estimate]) -> Table:
    visits = list(dict.fromkeys(one for pair in entries for one in pair))
    places = rounding.shared_decimals([], [row.estimate for row in entries.values()]) + 1
    rows = []
    for i, one in enumerate(visits):
        filled = [entries.get((one, other)) or entries.get((other, one)) for other in visits[: i + 1]]
        shown = [cells.estimate(row, places) for row in filled]
        rows.append(Row(context.visit(one), tuple(shown + [Cell("")] * (len(visits) - i - 1))))
    caption = _("{outcome}: covariance matrix of the visits", outcome=outcome.label)
    if name:
        caption = _("{what}, {level}", what=caption, level=context.in_words(name.rstrip(": ")))
    return Table(
        "-".join(filter(None, ("table-covariance", outcome.id, slug(name) if name else ""))),
        caption,
        _("Visit"),
        tuple(Column(context.visit(visit)) for visit in visits),
        tuple(rows),
    )
