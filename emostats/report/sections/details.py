"""Model details, for the statistician: fit, type III tests, coefficients and the covariance of the visits."""

from __future__ import annotations

import re
from collections.abc import Sequence

from emostats.estimates import Estimate
from emostats.render import rounding
from emostats.report import cells
from emostats.report.context import Context, Outcome, slug
from emostats.report.language import _
from emostats.report.model import Block, Cell, Column, Heading, NotDone, Row, Section, Table
from emostats.report.parts import absent, confidence, text
from emostats.report.wording import capital

_TERM = re.compile(r"^(?P<group>.*?)(?:var|cov)\((?P<one>[^,()]+)(?:, (?P<other>[^()]+))?\)$")


def section(context: Context) -> Section:
    """One block of tables for each model."""
    blocks: list[Block] = []
    for outcome in context.outcomes:
        blocks.append(Heading(f"details-{outcome.id}", outcome.label))
        blocks += _of(context, outcome)
    if not blocks:
        blocks.append(NotDone(_("Model details"), "the study file asks for no mixed model"))
    return Section("details", _("Model details"), tuple(blocks))


def _of(context: Context, outcome: Outcome) -> list[Block]:
    fits = [row for row in context.rows("fit", outcome) if not row.error]
    coefficients = context.rows("coefficient", outcome)
    if not fits and not coefficients:
        return [absent(context, outcome, "Model details")]
    tests = [row for row in context.rows("test", outcome) if not row.subgroup]
    blocks: list[Block] = [text(_fit(context, outcome, fits))] if fits else []
    if tests:
        blocks.append(_tests(context, outcome, tests))
    if coefficients:
        blocks.append(_coefficients(context, outcome, coefficients))
    return [*blocks, *_covariance(context, outcome)]


def _fit(context: Context, outcome: Outcome, rows: Sequence[Estimate]) -> str:
    facts = context.facts_of(outcome.analysis, outcome.parameter)
    parts = [f"{row.term} {rounding.fixed(row.estimate, 3)}" for row in rows]
    n, observations = rounding.known(facts.get("n_subjects")), rounding.known(facts.get("n_observations"))
    sizes = ""
    if n and observations:
        sizes = f"{rounding.count(observations)} values of {rounding.count(n)} children. "
    iterations = rounding.known(facts.get("iterations"))
    converged = "Converged" if facts.get("converged") else "Convergence not recorded"
    steps = f" after {rounding.count(iterations)} iterations" if iterations else ""
    return f"{sizes}{capital(', '.join(parts))}. {converged}{steps}."


def _tests(context: Context, outcome: Outcome, rows: Sequence[Estimate]) -> Table:
    shown = tuple(
        Row(context.in_words(row.term), role="failed", reason=capital(row.error))
        if row.error
        else Row(context.in_words(row.term), (cells.t_statistic(row), cells.p_value(row)))
        for row in rows
    )
    columns = (Column(_("F test")), Column(_("p")))
    return Table(f"table-anova-{outcome.id}", f"{outcome.label}: type III tests", "Term", columns, shown)


def _coefficients(context: Context, outcome: Outcome, rows: Sequence[Estimate]) -> Table:
    shown = tuple(_coefficient(context, row) for row in rows)
    columns = [Column(name) for name in ("Estimate", "SE", confidence(rows), "Test", "p")]
    caption = f"{outcome.label_with_unit}: fixed effects"
    return Table(f"table-coefficients-{outcome.id}", caption, "Coefficient", tuple(columns), shown)


def _coefficient(context: Context, row: Estimate) -> Row:
    """Coefficients differ in scale: each has the places that its own standard error supports."""
    name, places = context.in_words(row.term), cells.places_of([row])
    if row.error or row.estimate is None:
        reason = capital(row.error or row.warning or "not estimated")
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
    group = f", {context.in_words(name.rstrip(': '))}" if name else ""
    return Table(
        "-".join(filter(None, ("table-covariance", outcome.id, slug(name) if name else ""))),
        f"{outcome.label}: covariance matrix of the visits{group}",
        "Visit",
        tuple(Column(context.visit(visit)) for visit in visits),
        tuple(rows),
    )
