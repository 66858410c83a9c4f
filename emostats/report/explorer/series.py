"""One outcome on its scales: cells by group and visit, axes with their ticks as texts, titles."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from emostats.estimates import Estimate
from emostats.figures.scale import covering
from emostats.render import rounding
from emostats.report import cells
from emostats.report.context import Context, Outcome
from emostats.report.explorer.cells import Shared, Writer, usual_id, writer
from emostats.report.explorer.groups import Group, sides
from emostats.report.language import _, with_unit
from emostats.report.parts import comparison_name, confidence
from emostats.report.recorded import spoken
from emostats.report.wording import capital

SCALES = (("points", "change"), ("percent", "percent_change"), ("standardized", "effect_size"))
"""Names of the scales, and the kind of estimate that each shows."""

_TICKS = 6


def scales_of(
    context: Context, outcome: Outcome, groups: Sequence[Group], shared: Shared
) -> dict[str, dict[str, Any]]:
    """The outcome on each scale that the run has estimates on."""
    return {
        scale: _scale(context, outcome, kind, groups, shared)
        for scale, kind in SCALES
        if context.rows(kind, outcome)
    }


def _scale(
    context: Context, outcome: Outcome, kind: str, groups: Sequence[Group], shared: Shared
) -> dict[str, Any]:
    """Changes by group and visit; in the outcome's own units the means and differences between groups too."""
    own = kind == "change"
    rows = context.rows(kind, outcome)
    differences = context.rows("difference_of_changes", outcome) if own else ()
    visits = [context.visit_in_text(name) for name in context.spec.visit_names]
    what, unit, level = _what(kind), _bracketed(outcome.unit if own else ""), confidence(rows)
    said = {"outcome": outcome.label, "what": what, "unit": unit, "level": level}
    return {
        "id": usual_id(outcome, kind),
        "unit": spoken(rows[0].unit),
        "estimate": _("Estimate ({level})", level=level),
        "changes": _by_group(context, rows, groups, writer(context, outcome, kind, shared)),
        "axis": _axis([*rows, *differences], null=0.0),
        "label": [capital(_("{what} to {visit}{unit}", what=what, visit=v, unit=unit)) for v in visits],
        "title": [
            _("{outcome}: {what} from baseline to {visit}{unit}, with {level}", visit=v, **said)
            for v in visits
        ],
        "over_time": _("{outcome}: {what} from baseline at each visit{unit}, with {level}", **said),
        "means": _means(context, outcome, groups, shared) if own else None,
        "differences": _differences(context, outcome, groups, shared) if own else None,
    }


def _bracketed(unit: str) -> str:
    return with_unit("", unit)


def _what(kind: str) -> str:
    if kind == "percent_change":
        return _("percent change")
    return _("standardized change") if kind == "effect_size" else _("change")


def _means(
    context: Context, outcome: Outcome, groups: Sequence[Group], shared: Shared
) -> dict[str, Any] | None:
    rows = context.rows("ls_mean", outcome)
    if not rows:
        return None
    unit = _bracketed(outcome.unit)
    return {
        "id": usual_id(outcome, "ls_mean"),
        "changes": _by_group(context, rows, groups, writer(context, outcome, "ls_mean", shared)),
        "axis": _axis(rows, null=None),
        "title": _(
            "{outcome}: LS mean at each visit{unit}, with {level}",
            outcome=outcome.label,
            unit=unit,
            level=confidence(rows),
        ),
    }


def _differences(
    context: Context, outcome: Outcome, groups: Sequence[Group], shared: Shared
) -> dict[str, Any]:
    kind = "difference_of_changes"
    pairs = _pairs(context, context.rows(kind, outcome), groups, writer(context, outcome, kind, shared))
    return {"id": usual_id(outcome, kind), "pairs": pairs}


def _by_group(
    context: Context, rows: Iterable[Estimate], groups: Sequence[Group], write: Writer
) -> list[list[Any]]:
    """One list a group, with one cell a visit; 0 where the run has no estimate."""
    at: dict[tuple[str, str, str], Estimate] = {}
    for row in rows:
        at.setdefault((row.subgroup, row.level, row.visit), row)
    places = [[at.get((g.subgroup, g.level, name)) for name in context.spec.visit_names] for g in groups]
    return [[0 if row is None else write(row) for row in group] for group in places]


def _pairs(
    context: Context, rows: Iterable[Estimate], groups: Sequence[Group], write: Writer
) -> list[dict[str, Any]]:
    """Differences between two groups, with the positions of both, and one cell a visit."""
    found: dict[tuple[int, int], dict[str, Any]] = {}
    visits = list(context.spec.visit_names)
    both = sides(groups)
    for row in rows:
        pair = both.get((row.subgroup, row.level or row.contrast))
        if pair is None or row.visit not in visits:
            continue
        empty: list[Any] = [0] * len(visits)
        entry = found.setdefault(pair, {"label": comparison_name(row), "groups": pair, "changes": empty})
        entry["changes"][visits.index(row.visit)] = write(row)
    return list(found.values())


def _axis(rows: Iterable[Estimate], *, null: float | None) -> dict[str, Any]:
    """One axis for all groups and visits, so that choosing another group moves the marks and not the axis."""
    shown = [row for row in rows if cells.failed(row) is None]
    intervals = [(row.conf_low, row.conf_high) for row in shown]
    scale = covering([*(row.estimate for row in shown), null], intervals, 0.0, 1.0, n_ticks=_TICKS)
    write = rounding.percent if any(row.unit == "%" for row in shown) else rounding.fixed
    return {
        "low": scale.low,
        "high": scale.high,
        "ticks": [[tick, write(tick, scale.places)] for tick in scale.ticks],
        "null": null,
    }
