"""Cohen's κ of two raters, plain or weighted, with its two standard errors."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from emostats.errors import UsageError, check_level
from emostats.statistics.agreement.categories import read_categories
from emostats.statistics.agreement.weights import agreement_weights

Array = NDArray[np.float64]


@dataclass(frozen=True)
class CohenKappa:
    """κ of two raters.

    Attributes
    ----------
    estimate, std_error, conf_low, conf_high: κ, its asymptotic standard error and normal limits (not cut at
        1).
    std_error_null, statistic, p_value: standard error without agreement beyond chance, z and its two-sided p.
    observed, expected: weighted agreement. largest: the κ these margins allow at most.
    prevalence_index, bias_index: |a − d|/n and |b − c|/n of a 2 × 2 table, else NaN. adjusted: 2·p_o − 1
        with two categories (PABAK), (q·p_o − 1)/(q − 1) with q; exact agreement.
    counts: (q, q) table, rows first rater. n_left_out: targets without both ratings.
    """

    weights: str
    estimate: float
    std_error: float
    conf_low: float
    conf_high: float
    conf_level: float
    std_error_null: float
    statistic: float
    p_value: float
    observed: float
    expected: float
    largest: float
    prevalence_index: float
    bias_index: float
    adjusted: float
    n_targets: int
    n_left_out: int
    categories: tuple[Hashable, ...]
    counts: tuple[tuple[float, ...], ...]
    method: str = "Fleiss, Cohen & Everitt (1969) asymptotic variance, normal limits"
    reason: str = ""

    def table(self) -> pd.DataFrame:
        """One row, with the attributes as columns (without categories and counts)."""
        names = [name for name in self.__dataclass_fields__ if name not in ("categories", "counts")]
        return pd.DataFrame([{name: getattr(self, name) for name in names}])


def cohen_kappa(
    data: Any,
    *,
    targets: str | None = None,
    raters: str | None = None,
    ratings: str | None = None,
    weights: str | Array = "identity",
    categories: Sequence[Hashable] | None = None,
    conf_level: float = 0.95,
) -> CohenKappa:
    """Cohen's κ of exactly two raters; targets without both ratings are left out and counted.

    Options as in `gwet_ac`.

    Raises
    ------
    UsageError, FindingsError: as in `icc`; more than two raters (use `conger_kappa`); no target with both
        ratings.
    """
    read = read_categories(data, targets=targets, raters=raters, ratings=ratings, categories=categories)
    if read.table.n_raters != 2:
        raise UsageError(
            f"Cohen's κ is for two raters; found {read.table.n_raters}. Use conger_kappa or fleiss_kappa."
        )
    both = ~np.isnan(read.table.values).any(axis=1)
    if not both.any():
        raise UsageError("No target has a rating by both raters.")
    first, second = read.table.values[both].astype(int).T
    counts = np.zeros((read.q, read.q))
    np.add.at(counts, (first, second), 1.0)
    return cohen_kappa_of_counts(
        counts,
        weights=weights,
        categories=read.categories,
        scores=read.scores,
        conf_level=conf_level,
        n_left_out=int((~both).sum()),
    )


def cohen_kappa_of_counts(
    counts: Any,
    *,
    weights: str | Array = "identity",
    categories: Sequence[Hashable] | None = None,
    scores: Array | None = None,
    conf_level: float = 0.95,
    n_left_out: int = 0,
) -> CohenKappa:
    """Cohen's κ of a square table of counts (rows first rater, columns second).

    `scores`: numbers of the categories for weights by distance; 1 … q by default.

    Raises
    ------
    UsageError: the table is not square, has negative or no counts.
    """
    from scipy.special import ndtr, ndtri

    check_level(conf_level)
    table = _square(counts)
    q, n = len(table), float(table.sum())
    w = agreement_weights(weights, np.arange(1.0, q + 1.0) if scores is None else scores)
    p = table / n
    value, observed, expected, error, null_error = _kappa(p, w, n)
    z = value / null_error if null_error > 0 else float("nan")
    reach = float(ndtri(0.5 + conf_level / 2.0)) * error
    agree = float(np.trace(p))
    return CohenKappa(
        weights=weights if isinstance(weights, str) else "given",
        estimate=value,
        std_error=error,
        conf_low=value - reach,
        conf_high=value + reach,
        conf_level=conf_level,
        std_error_null=null_error,
        statistic=z,
        p_value=2.0 * float(ndtr(-abs(z))) if z == z else float("nan"),
        observed=observed,
        expected=expected,
        largest=_largest(p),
        prevalence_index=abs(p[0, 0] - p[1, 1]) if q == 2 else float("nan"),
        bias_index=abs(p[0, 1] - p[1, 0]) if q == 2 else float("nan"),
        adjusted=(q * agree - 1.0) / (q - 1.0),
        n_targets=int(n),
        n_left_out=n_left_out,
        categories=tuple(categories or range(1, q + 1)),
        counts=tuple(tuple(row) for row in table.tolist()),
        reason=_reason(table, value),
    )


def _square(counts: Any) -> Array:
    table = np.asarray(counts, dtype=np.float64)
    if table.ndim != 2 or table.shape[0] != table.shape[1] or table.shape[0] < 2:
        raise UsageError("counts must be a square table, rows first rater, columns second.")
    if not np.isfinite(table).all() or (table < 0).any() or table.sum() == 0:
        raise UsageError("counts must be numbers of 0 or more, not all 0.")
    return table


def _reason(table: Array, value: float) -> str:
    if np.isnan(value):
        return "undefined (0/0): both raters use one category only"
    if min((table.sum(axis=axis) > 0).sum() for axis in (0, 1)) == 1:
        return "0 by definition: a rater uses one category only, so the limits say nothing"
    return ""


def _kappa(p: Array, w: Array, n: float) -> tuple[float, float, float, float, float]:
    """κ, p_o, p_e, standard error, null standard error (Fleiss, Cohen & Everitt 1969, eq. 11–14)."""
    rows, columns = p.sum(axis=1), p.sum(axis=0)
    observed, expected = float((w * p).sum()), float(rows @ w @ columns)
    if expected >= 1.0 - 1e-14:
        return float("nan"), observed, expected, float("nan"), float("nan")
    value = (observed - expected) / (1.0 - expected)
    means = (w @ columns)[:, None] + rows @ w
    square = float((p * (w * (1.0 - expected) - means * (1.0 - observed)) ** 2).sum())
    spread = square - (observed * expected - 2.0 * expected + observed) ** 2
    null = float((np.outer(rows, columns) * (w - means) ** 2).sum()) - expected**2
    error = np.sqrt(max(spread, 0.0) / n) / (1.0 - expected) ** 2
    return value, observed, expected, float(error), float(np.sqrt(max(null, 0.0) / n) / (1.0 - expected))


def _largest(p: Array) -> float:
    """The largest unweighted κ with these margins."""
    rows, columns = p.sum(axis=1), p.sum(axis=0)
    expected = float(rows @ columns)
    return (
        (float(np.minimum(rows, columns).sum()) - expected) / (1.0 - expected)
        if expected < 1.0
        else float("nan")
    )
