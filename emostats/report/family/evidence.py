"""How sure one can be: a grade of the evidence by fixed rules, with the reasons in plain words.

The names are those of GRADE. The rules here are simpler, look only at what a run knows, and do not replace
a judgement by people: without a comparison group the grade starts at low; each further point takes it to
very low.
"""

from __future__ import annotations

from dataclasses import dataclass

from emostats.estimates import Estimate
from emostats.render import rounding
from emostats.report.context import Context
from emostats.report.language import _
from emostats.report.sections import caveats
from emostats.report.wording import settled

MOST_LOST = 0.2
"""A larger share of children lost before the last visit takes the grade down."""


@dataclass(frozen=True)
class Evidence:
    """grade: ``"low"``, ``"very low"``, or ``""`` where the rules do not reach. reasons: a sentence each."""

    grade: str
    reasons: tuple[str, ...]


def evidence(context: Context, changes: tuple[Estimate, ...]) -> Evidence:
    """The grade of the main changes together."""
    if not (caveats.single_group(context) or caveats.observational(context)):
        return Evidence("", (_("The study file does not say enough to grade this study."),))
    watched = _("We only watched how the children grew. So we cannot say what caused the change.")
    start = _("All the children were in one group. So we cannot say what caused the change.")
    if caveats.observational(context):
        start = watched
    further = [*_lost(context), *_unsettled(changes)]
    return Evidence("very low" if further else "low", (start, *further))


def _lost(context: Context) -> list[str]:
    flow = context.table("flow")
    if flow is None:
        return [_("We do not know how many children left early.")]
    rows = flow[flow["level"].fillna("").isin(("", "All")) & (flow["reason"].fillna("") == "")]
    counts = {str(stage): float(n) for stage, n in zip(rows["stage"], rows["n"], strict=True)}
    entered, lost = counts.get("Entered", 0.0), counts.get("Lost", 0.0)
    if entered and lost / entered > MOST_LOST:
        n, total = rounding.count(lost), rounding.count(entered)
        return [_("{n} of {total} children were not seen at the end.", n=n, total=total)]
    return []


def _unsettled(changes: tuple[Estimate, ...]) -> list[str]:
    if not changes:
        return [_("There are no main results.")]
    if all(settled(row) for row in changes):
        return []
    return [_("For at least one main score we cannot tell which way it went.")]
