"""Pictures of agreement: values go to `emostats.figures`, one SVG string comes back.

Loaded only when a result's `.plot()` is called. It knows rows, ratings and numbers, and no result.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

import numpy as np

from emostats import figures
from emostats.figures.agreement import AgreementLine, RatingGrid, bland_altman_plot, rating_heatmap
from emostats.render import rounding
from emostats.statistics.agreement.bands import KOO_LI
from emostats.statistics.agreement.form_estimate import FormEstimate
from emostats.statistics.agreement.ratings import Array, RatingTable

_MOST_ROWS = 200
_ZONES = tuple((min(bound, 1.0), name) for bound, name in KOO_LI)


@dataclass(frozen=True)
class Place:
    """Where a picture will stand: id of its element, a note in its corner, width in pixels."""

    id: str
    note: str
    width: float

    def frame(self, title: str, words: str) -> figures.Frame:
        """The frame of a picture with a title, and `words` for those who cannot see it."""
        return figures.Frame(self.id, title, words, self.note, self.width)


@dataclass(frozen=True)
class Level:
    """A line of a forest by level: its row and number of targets, or the reason why there is none."""

    label: str
    row: FormEstimate | None
    n_targets: int = 0
    reason: str = ""
    overall: bool = False


def _percent(conf_level: float) -> str:
    return f"{rounding.significant(100 * conf_level, 2)} % CI"


def _interval(estimate: float, low: float, high: float) -> figures.Interval:
    shown, start, stop = (value if isfinite(value) else None for value in (estimate, low, high))
    text = f"{rounding.fixed(estimate, 2)} ({rounding.fixed(low, 2)} to {rounding.fixed(high, 2)})"
    return figures.Interval(shown, start, stop, text)


def _forest_row(label: str, row: FormEstimate, n: int) -> figures.ForestRow:
    if not isfinite(row.estimate):
        return figures.ForestRow(label, n=rounding.count(n), reason=row.reason)
    both = (
        _interval(row.estimate, row.conf_low, row.conf_high),
        _interval(row.estimate, row.customary_low, row.customary_high),
    )
    return figures.ForestRow(label, both if isfinite(row.customary_low) else both[:1], rounding.count(n))


def icc_forest(forms: Sequence[FormEstimate], n_targets: int, conf_level: float, place: Place) -> str:
    """The six forms with their limits and, beside them, the customary ones where there are any."""
    rows = tuple(_forest_row(row.form, row, n_targets) for row in forms)
    customary = any(len(row.intervals) > 1 for row in rows)
    shown = ("limits that cover", "customary limits") if customary else ()
    plot = _forest(rows, f"ICC ({_percent(conf_level)})", shown)
    spoken = "; ".join(f"{row.label} {row.intervals[0].text}" if row.intervals else row.label for row in rows)
    frame = place.frame("Intraclass correlations", f"Forest plot of the six forms. {spoken}.")
    return figures.forest_plot(plot, frame, rounding.fixed)


def _forest(rows: tuple[figures.ForestRow, ...], title: str, series: tuple[str, ...] = ()) -> figures.Forest:
    return figures.Forest(
        rows, title, "ICC (limits)", n_label="Targets", null=None, zones=_ZONES, series=series
    )


def rating_map(ratings: RatingTable, place: Place) -> str:
    """The ratings as a heat map, targets in order of their mean; beyond 200, neighbours are averaged."""
    values, labels, merged = _sorted_rows(ratings)
    whole = not bool((np.nan_to_num(values) % 1).any())
    places = 0 if whole else 1
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    missing = "missing" if np.isnan(values).any() else ""
    grid = RatingGrid(
        rows=labels,
        columns=tuple(str(label) for label in ratings.raters),
        cells=tuple(tuple(float(v) if isfinite(v) else None for v in row) for row in values),
        texts=tuple(tuple(rounding.fixed(v, places) for v in row) for row in values),
        low=low,
        high=high,
        legend=(rounding.fixed(low, places), rounding.fixed(high, places), missing),
    )
    sizes = (int((~np.isnan(ratings.values)).sum()), ratings.n_targets, ratings.n_raters)
    n_ratings, targets, raters = map(rounding.count, sizes)
    words = f"Heat map of {n_ratings} ratings of {targets} targets by {raters} raters, highest mean first."
    return rating_heatmap(grid, place.frame("Ratings by target and rater", words + merged))


def _sorted_rows(ratings: RatingTable) -> tuple[Array, tuple[str, ...], str]:
    """Rows by falling mean, their labels, and a sentence when neighbours were averaged."""
    order = np.argsort(-np.nanmean(ratings.values, axis=1), kind="stable")
    values = ratings.values[order]
    if len(values) <= _MOST_ROWS:
        return values, tuple(str(ratings.targets[i]) for i in order.tolist()), ""
    parts = np.array_split(np.arange(len(values)), _MOST_ROWS)
    each = rounding.count(len(values) // _MOST_ROWS)
    merged = f" Each row is the mean of about {each} neighbouring targets."
    return np.stack([_mean_of(values[part]) for part in parts]), ("",) * len(parts), merged


def _mean_of(rows: Array) -> Array:
    count = (~np.isnan(rows)).sum(axis=0)
    return np.where(count > 0, np.nansum(rows, axis=0) / np.maximum(count, 1), np.nan)


def level_forest(
    sections: Mapping[str, Sequence[Level]], form: str, factors: str, conf_level: float, place: Place
) -> str:
    """One form by level; a section is headed by its name (a domain), unless that is ``""``."""
    rows: list[figures.ForestRow] = []
    for heading, levels in sections.items():
        rows += [figures.ForestRow(heading, heading=True)] if heading else []
        rows += [_level_row(level) for level in levels]
    spoken = "; ".join(f"{row.label} {row.intervals[0].text}" for row in rows if row.intervals)
    frame = place.frame(f"{form} by {factors}", f"Forest plot. {spoken}.")
    return figures.forest_plot(
        _forest(tuple(rows), f"{form} ({_percent(conf_level)})"), frame, rounding.fixed
    )


def _level_row(level: Level) -> figures.ForestRow:
    row = level.row
    if row is None:
        return figures.ForestRow(level.label, reason=level.reason)
    known = isfinite(row.estimate)
    intervals = (_interval(row.estimate, row.conf_low, row.conf_high),) if known else ()
    reason = "" if known else row.reason
    n = rounding.count(level.n_targets)
    return figures.ForestRow(level.label, intervals, n, reason=reason, overall=level.overall)


def agreement_figure(
    methods: tuple[str, str],
    means: Array,
    differences: Array,
    rows: Sequence[Mapping[str, Any]],
    place: Place,
    *,
    ratio: bool,
) -> str:
    """Differences against means with bias and limits of agreement (`rows`); `ratio`: both are logarithms."""
    if ratio:
        means, differences = np.exp(means), np.exp(differences)
    places = 2 if ratio else rounding.shared_decimals([rows[0]["std_error"]])
    lines = [
        AgreementLine(
            row["estimate"],
            row["conf_low"],
            row["conf_high"],
            f"{row['term']} {rounding.fixed(row['estimate'], places)}",
        )
        for row in rows
    ]
    first, second = methods
    relation = f"{first} / {second}" if ratio else f"{first} − {second}"
    spoken = "; ".join(line.text for line in lines)
    words = f"Bland–Altman plot of {rounding.count(len(means))} differences against their means. {spoken}."
    points = list(zip(means.tolist(), differences.tolist(), strict=True))
    axes = (f"Mean of {first} and {second}", relation)
    frame = place.frame(f"Agreement of {first} and {second}", words)
    return bland_altman_plot(points, lines, axes, frame, rounding.fixed)
