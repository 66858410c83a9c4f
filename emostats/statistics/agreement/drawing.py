"""Pictures of agreement results: values go to `emostats.figures`, one SVG string comes back.

Loaded only when a result's `.plot()` is called.
"""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING

import numpy as np

from emostats import figures
from emostats.figures.agreement import AgreementLine, RatingGrid, bland_altman_plot, rating_heatmap
from emostats.render import rounding
from emostats.statistics.agreement.bands import KOO_LI

if TYPE_CHECKING:
    from emostats.statistics.agreement.bland_altman import BlandAltman
    from emostats.statistics.agreement.result import FormEstimate, ICCResult
    from emostats.statistics.agreement.subgroups import SubgroupICC

_MOST_ROWS = 200
_ZONES = tuple((min(bound, 1.0), name) for bound, name in KOO_LI)


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


def icc_forest(result: ICCResult, *, id: str, note: str, width: float) -> str:
    """The six forms with their limits and, beside them, the customary ones."""
    rows = tuple(_forest_row(row.form, row, result.n_targets) for row in result.forms)
    shown = ("limits that cover", "customary limits") if result.complete else ()
    plot = figures.Forest(
        rows,
        f"ICC ({_percent(result.conf_level)})",
        "ICC (limits)",
        n_label="Targets",
        null=None,
        zones=_ZONES,
        series=shown,
    )
    spoken = "; ".join(f"{row.label} {row.intervals[0].text}" if row.intervals else row.label for row in rows)
    frame = figures.Frame(
        id, "Intraclass correlations", f"Forest plot of the six forms. {spoken}.", note, width
    )
    return figures.forest_plot(plot, frame, rounding.fixed)


def rating_map(result: ICCResult, *, id: str, note: str, width: float) -> str:
    """The ratings as a heat map, targets in order of their mean; beyond 200, neighbours are averaged."""
    values, labels, merged = _sorted_rows(result)
    whole = not bool((np.nan_to_num(values) % 1).any())
    places = 0 if whole else 1
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    grid = RatingGrid(
        rows=labels,
        columns=tuple(str(label) for label in result.ratings.raters),
        cells=tuple(tuple(float(v) if isfinite(v) else None for v in row) for row in values),
        texts=tuple(tuple(rounding.fixed(v, places) for v in row) for row in values),
        low=low,
        high=high,
        legend=(
            rounding.fixed(low, places),
            rounding.fixed(high, places),
            "missing" if np.isnan(values).any() else "",
        ),
    )
    ratings, targets, raters = map(rounding.count, (result.n_ratings, result.n_targets, result.n_raters))
    words = (
        f"Heat map of {ratings} ratings of {targets} targets by {raters} raters, highest mean first.{merged}"
    )
    return rating_heatmap(grid, figures.Frame(id, "Ratings by target and rater", words, note, width))


def _sorted_rows(result: ICCResult) -> tuple[np.ndarray, tuple[str, ...], str]:
    """Rows by falling mean, their labels, and a sentence when neighbours were averaged."""
    values = np.asarray(result.ratings.values)
    order = np.argsort(-np.nanmean(values, axis=1), kind="stable")
    values = values[order]
    if len(values) <= _MOST_ROWS:
        return values, tuple(str(result.ratings.targets[i]) for i in order.tolist()), ""
    parts = np.array_split(np.arange(len(values)), _MOST_ROWS)
    each = rounding.count(len(values) // _MOST_ROWS)
    merged = f" Each row is the mean of about {each} neighbouring targets."
    return np.stack([_mean_of(values[part]) for part in parts]), ("",) * len(parts), merged


def _mean_of(rows: np.ndarray) -> np.ndarray:
    count = (~np.isnan(rows)).sum(axis=0)
    return np.where(count > 0, np.nansum(rows, axis=0) / np.maximum(count, 1), np.nan)


def subgroup_forest(result: SubgroupICC, *, id: str, note: str, width: float) -> str:
    """One form by domain and level."""
    rows: list[figures.ForestRow] = []
    for domain in result.domains:
        if domain:
            rows.append(figures.ForestRow(domain, heading=True))
        for level in ("", *result.levels):
            found = result.results.get((domain, level))
            label = level or "All"
            if found is None:
                rows.append(
                    figures.ForestRow(label, reason=result.failures.get((domain, level), "no ratings"))
                )
                continue
            row = found.row(result.form.name)
            intervals = (
                (_interval(row.estimate, row.conf_low, row.conf_high),) if isfinite(row.estimate) else ()
            )
            count = rounding.count(found.n_targets)
            reason = "" if intervals else row.reason
            rows.append(figures.ForestRow(label, intervals, count, reason=reason, overall=not level))
    plot = figures.Forest(
        tuple(rows), f"{result.form.name} ({_percent(result.conf_level)})", "ICC (limits)", n_label="Targets",
        null=None, zones=_ZONES,
    )  # fmt: skip
    spoken = "; ".join(f"{row.label} {row.intervals[0].text}" for row in rows if row.intervals)
    title = f"{result.form.name} by {result.subgroup.replace(':', ' and ')}"
    return figures.forest_plot(
        plot, figures.Frame(id, title, f"Forest plot. {spoken}.", note, width), rounding.fixed
    )


def agreement_figure(result: BlandAltman, *, id: str, note: str, width: float) -> str:
    """Differences against means with bias and limits of agreement."""
    ratio = result.scale == "ratio"
    differences = np.exp(result.differences) if ratio else result.differences
    means = np.exp(result.means) if ratio else result.means
    places = 2 if ratio else rounding.shared_decimals([result.rows[0]["std_error"]])
    lines = [
        AgreementLine(
            row["estimate"],
            row["conf_low"],
            row["conf_high"],
            f"{row['term']} {rounding.fixed(row['estimate'], places)}",
        )
        for row in result.rows
    ]
    first, second = result.methods
    relation = f"{first} / {second}" if ratio else f"{first} − {second}"
    spoken = "; ".join(line.text for line in lines)
    words = f"Bland–Altman plot of {rounding.count(len(means))} differences against their means. {spoken}."
    frame = figures.Frame(id, f"Agreement of {first} and {second}", words, note, width)
    points = list(zip(means.tolist(), differences.tolist(), strict=True))
    return bland_altman_plot(
        points, lines, (f"Mean of {first} and {second}", relation), frame, rounding.fixed
    )
