"""What the subgroup explorer embeds in the page: estimates of groups with the texts that stand for them.

Nothing about a single child is here: every number is an estimate of the run, and each comes with its text, so
that the script on the page rounds nothing. Numbers are at full precision and serve to place the marks.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from emostats.estimates import Estimate
from emostats.report.context import Context, Outcome
from emostats.report.explorer.cells import Shared
from emostats.report.explorer.groups import Group, factors_of, groups_of
from emostats.report.explorer.series import SCALES, scales_of
from emostats.report.language import _
from emostats.report.model import Explorer, ExplorerFactor
from emostats.report.wording import capital

__all__ = ["explorer"]


def explorer(context: Context) -> Explorer | None:
    """The explorer of all outcomes that have changes by subgroup; None when there are none."""
    outcomes = [o for o in context.outcomes if any(row.subgroup for row in context.rows("change", o))]
    if not outcomes:
        return None
    rows = [row for outcome in outcomes for row in context.rows("change", outcome)]
    factors = factors_of(context, rows)
    seen = {row.visit for row in rows}
    data = _data(context, outcomes, factors, groups_of(rows, factors), rows)
    return Explorer(
        id="explorer-1",
        outcomes=tuple((outcome.id, outcome.label) for outcome in outcomes),
        visits=tuple((name, context.visit(name)) for name in context.later_visits if name in seen),
        factors=factors,
        scales=tuple(_offered(context, outcomes)),
        data=json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False),
    )


def _data(
    context: Context,
    outcomes: Sequence[Outcome],
    factors: Sequence[ExplorerFactor],
    groups: Sequence[Group],
    rows: Sequence[Estimate],
) -> dict[str, Any]:
    shared = Shared()
    at = context.spec.visit_numbers
    content = {outcome.id: {"scales": scales_of(context, outcome, groups, shared)} for outcome in outcomes}
    planned = {group.subgroup: _planned(context, group.subgroup, rows) for group in groups}
    return {
        "visits": [{"at": at[v], "label": context.visit(v), "name": v} for v in context.spec.visit_names],
        "factors": [{"name": factor.name, "levels": factor.levels} for factor in factors],
        "groups": [
            {"label": g.level or _("All children"), "levels": g.levels, "division": planned[g.subgroup]}
            for g in groups
        ],
        "outcomes": content,
        "notes": shared.notes.all(),
        "ends": shared.ends.all(),
    }


def _offered(context: Context, outcomes: Sequence[Outcome]) -> Iterator[tuple[str, str]]:
    units = {outcome.unit for outcome in outcomes if not outcome.session}
    own = capital(units.pop()) if len(units) == 1 and "" not in units else _("Scale units")
    names = {"points": own, "percent": _("Percent of baseline"), "standardized": _("Standardized")}
    for scale, kind in SCALES:
        if any(context.rows(kind, outcome) for outcome in outcomes):
            yield scale, names[scale]


def _planned(context: Context, subgroup: str, rows: Sequence[Estimate]) -> str:
    """What to know about a division before its groups are read."""
    if not subgroup:
        return ""
    if not context.manifest.get("plan", {}).get("locked"):
        return _("The plan was not locked, so nothing vouches that this division was planned.")
    if all(row.planned for row in rows if row.subgroup == subgroup):
        return _("This division was planned, by the locked plan.")
    return _("This division was not planned: it can suggest, and not show.")
