"""Internal consistency of a questionnaire: Cronbach's α with exact limits, and what each item does to it.

α is ICC(C,k) of the table children × items, so its F interval (Feldt 1965) is the ICC's, also for answers
with gaps.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from emostats.errors import UsageError, check_level
from emostats.statistics.agreement.bands import interpretation
from emostats.statistics.agreement.icc import icc_of_table
from emostats.statistics.agreement.ratings import RatingTable, read_ratings

Array = NDArray[np.float64]

NAN = float("nan")


@dataclass(frozen=True)
class Reliability:
    """A reliability coefficient of a scale.

    Attributes
    ----------
    coefficient: ``"Cronbach's α"`` or ``"McDonald's ω"``. estimate, conf_low, conf_high, std_error: the
        last may be NaN.
    standardized: of items scaled to one variance. n_subjects, n_items: analysed; n_incomplete: subjects
        with gaps.
    method: of the limits. reason: '' when there is nothing to say.
    """

    coefficient: str
    estimate: float
    std_error: float
    conf_low: float
    conf_high: float
    conf_level: float
    standardized: float
    n_subjects: int
    n_items: int
    n_incomplete: int
    method: str
    reason: str = ""

    @property
    def interpretation(self) -> str:
        """Koo & Li's bands, judged on the interval."""
        return interpretation(self.conf_low, self.conf_high)

    def table(self) -> pd.DataFrame:
        """One row, with the attributes as columns."""
        return pd.DataFrame([{name: getattr(self, name) for name in self.__dataclass_fields__}])


def read_items(
    data: Any, subjects: str | None, items: str | None, answers: str | None, fewest: int
) -> RatingTable:
    """Answers as a subjects × items table, with the same checks as for ratings."""
    table = read_ratings(data, targets=subjects, raters=items, ratings=answers, min_raters=1)
    if table.n_raters < fewest:
        raise UsageError(f"This needs at least {fewest} items; found {table.n_raters}.")
    if table.n_targets < 2:
        raise UsageError(f"Internal consistency needs at least two subjects; found {table.n_targets}.")
    return table


def cronbach_alpha(
    data: Any,
    *,
    subjects: str | None = None,
    items: str | None = None,
    answers: str | None = None,
    interval: str = "anova",
    conf_level: float = 0.95,
    n_resamples: int = 9999,
    seed: int = 0,
) -> Reliability:
    """Cronbach's α of items that all point one way (reverse-scored items already turned).

    Parameters
    ----------
    data: wide subjects × items, or long with subjects, items and answers named. Gaps are allowed: α then
        comes from the REML components of all answers, with Wald's exact interval, and no subject is
        dropped.
    interval: ``"anova"`` (exact F) or ``"bootstrap"``, ``"bca"`` over subjects.

    Raises
    ------
    UsageError, FindingsError: as in `icc`; fewer than two items or subjects.
    """
    check_level(conf_level)
    if interval not in ("anova", "bootstrap", "bca"):
        raise UsageError(f"interval must be 'anova', 'bootstrap' or 'bca'; found '{interval}'.")
    table = read_items(data, subjects, items, answers, fewest=2)
    result = icc_of_table(table, interval=interval, conf_level=conf_level, n_resamples=n_resamples, seed=seed)
    row = result.row("ICC(C,k)")
    reason = (
        "negative: items do not point one way; turn the reverse-scored ones" if row.estimate < 0.0 else ""
    )
    return Reliability(
        coefficient="Cronbach's α",
        estimate=row.estimate,
        std_error=NAN,
        conf_low=row.conf_low,
        conf_high=row.conf_high,
        conf_level=conf_level,
        standardized=standardized_alpha(table.values),
        n_subjects=table.n_targets,
        n_items=table.n_raters,
        n_incomplete=int(np.isnan(table.values).any(axis=1).sum()),
        method=row.method.replace("exact F", "exact F (Feldt)") if table.complete else row.method,
        reason=reason or (row.reason if np.isnan(row.estimate) else ""),
    )


def standardized_alpha(values: Array) -> float:
    """k r̄/(1 + (k − 1) r̄) from the mean correlation of pairs of items (subjects with both answers)."""
    r = pairwise_correlations(values)
    k = len(r)
    mean = float(r[np.triu_indices(k, 1)].mean())
    below = 1.0 + (k - 1) * mean
    return k * mean / below if below > 0 else NAN


def pairwise_correlations(values: Array) -> Array:
    """Correlations (k, k) of the columns over rows that have both; NaN where a column does not vary."""
    k = values.shape[1]
    out = np.eye(k)
    for i in range(k):
        for j in range(i):
            out[i, j] = out[j, i] = correlation(values[:, i], values[:, j])
    return out


def correlation(x: Array, y: Array) -> float:
    """Pearson's r over rows where both are known; NaN if one does not vary."""
    both = ~(np.isnan(x) | np.isnan(y))
    if both.sum() < 2:
        return NAN
    a, b = x[both] - x[both].mean(), y[both] - y[both].mean()
    scale = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / scale if scale > 0.0 else NAN


def item_analysis(
    data: Any, *, subjects: str | None = None, items: str | None = None, answers: str | None = None
) -> pd.DataFrame:
    """One row an item.

    Columns item, n, n_missing, mean, sd, minimum, maximum, percent_lowest, percent_highest (of the answers
    that occur in the scale), item_rest (correlation with the mean of the subject's other answers),
    alpha_if_deleted, reason.

    Raises
    ------
    UsageError, FindingsError: as in `icc`; fewer than two items.
    """
    table = read_items(data, subjects, items, answers, fewest=2)
    values = np.asarray(table.values)
    lowest, highest = float(np.nanmin(values)), float(np.nanmax(values))
    return pd.DataFrame([_item_row(table, values, j, lowest, highest) for j in range(table.n_raters)])


def _item_row(table: RatingTable, values: Array, j: int, lowest: float, highest: float) -> dict[str, Any]:
    known = values[~np.isnan(values[:, j]), j]
    rest = np.delete(values, j, axis=1)
    count = (~np.isnan(rest)).sum(axis=1)
    rest_mean = np.where(count > 0, np.nansum(rest, axis=1) / np.maximum(count, 1), np.nan)
    deleted = _alpha_without(table, j)
    sd = float(known.std(ddof=1)) if len(known) > 1 else NAN
    return {
        "item": table.raters[j],
        "n": len(known),
        "n_missing": table.n_targets - len(known),
        "mean": float(known.mean()),
        "sd": sd,
        "minimum": float(known.min()),
        "maximum": float(known.max()),
        "percent_lowest": 100.0 * float((known == lowest).mean()),
        "percent_highest": 100.0 * float((known == highest).mean()),
        "item_rest": correlation(values[:, j], rest_mean),
        "alpha_if_deleted": deleted,
        "reason": "all answers are equal"
        if sd == 0.0
        else "two items: none can be deleted"
        if np.isnan(deleted)
        else "",
    }


def _alpha_without(table: RatingTable, j: int) -> float:
    if table.n_raters < 3:
        return NAN
    values = np.delete(np.asarray(table.values), j, axis=1)
    kept = np.asarray(~np.isnan(values).all(axis=1))
    labels = [label for label, keep in zip(table.targets, kept, strict=True) if keep]
    items = [label for i, label in enumerate(table.raters) if i != j]
    smaller = RatingTable(values[kept], labels, items)
    return icc_of_table(smaller, interval="anova").row("ICC(C,k)").estimate
