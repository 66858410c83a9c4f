"""Little's test of missing completely at random, with the normal model's estimates by EM.

R. J. A. Little (1988), A test of missing completely at random for multivariate data with missing values,
JASA 83:1198–1202. EM for the multivariate normal: Dempster, Laird & Rubin (1977).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from emostats.errors import ConvergenceError, UsageError

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
TOLERANCE, MOST_STEPS = 1e-10, 20_000


@dataclass(frozen=True)
class LittleTest:
    """The test: `statistic` is approximately χ² with `df` when values are missing completely at random.

    Attributes
    ----------
    n_patterns: different patterns among rows with any value. n: such rows.
    mean, covariance: maximum-likelihood estimates under the normal model (EM).
    """

    statistic: float
    df: int
    p_value: float
    n_patterns: int
    n: int
    mean: Array
    covariance: Array


def little_test(table: pd.DataFrame) -> LittleTest:
    """Little's test on numeric columns, NaN where missing.

    d² = Σ_j n_j (ȳ_j − μ_j)' Σ_j⁻¹ (ȳ_j − μ_j) over patterns j, with μ and Σ from EM, in the variables that
    the pattern observed; df = Σ_j p_j − p. A small p speaks against MCAR; a large one does not prove it.
    Without any missing value there is nothing to test: statistic 0, df 0, p NaN.

    Raises
    ------
    UsageError: a column is not numeric, has no values or does not vary, or there are too few rows.
    ConvergenceError: EM does not converge, or the covariance is singular.
    """
    from scipy.stats import chi2

    values = _values(table)
    values = values[~np.isnan(values).all(axis=1)]
    scale = np.nanstd(values, axis=0)
    center = np.nanmean(values, axis=0)
    groups = _patterns((values - center) / scale)
    mean, covariance = em_normal(groups)
    statistic = sum(_distance(observed, block, mean, covariance) for observed, block in groups)
    df = sum(int(observed.sum()) for observed, _ in groups) - values.shape[1]
    return LittleTest(
        statistic=float(statistic) if df else 0.0,
        df=df,
        p_value=float(chi2.sf(statistic, df)) if df else float("nan"),
        n_patterns=len(groups),
        n=len(values),
        mean=mean * scale + center,
        covariance=covariance * np.outer(scale, scale),
    )


def _values(table: pd.DataFrame) -> Array:
    try:
        values: Array = table.to_numpy(dtype=np.float64, copy=True)
    except (TypeError, ValueError):
        raise UsageError("Little's test needs numeric columns. Leave out text and dates.") from None
    if values.ndim != 2 or values.shape[1] < 2 or len(values) <= values.shape[1]:
        raise UsageError(f"Little's test needs two columns and more rows than columns; found {values.shape}.")
    for name, column in zip(table.columns, values.T, strict=True):
        seen = column[~np.isnan(column)]
        if not len(seen) or np.ptp(seen) == 0 or not np.isfinite(seen).all():
            raise UsageError(f"Little's test: column '{name}' has no varying finite values. Leave it out.")
    return values


def _patterns(values: Array) -> list[tuple[Mask, Array]]:
    """Rows grouped by which columns they have: (columns observed, their values)."""
    seen = ~np.isnan(values)
    different, which = np.unique(seen, axis=0, return_inverse=True)
    which = np.ravel(which)
    return [(mask, values[which == number][:, mask]) for number, mask in enumerate(different)]


def em_normal(groups: list[tuple[Mask, Array]]) -> tuple[Array, Array]:
    """Maximum-likelihood mean and covariance (divisor n) of normal rows with gaps, by EM.

    Raises
    ------
    ConvergenceError: no convergence within `MOST_STEPS`, or a singular covariance.
    """
    p = len(groups[0][0])
    mean, covariance = np.zeros(p), np.eye(p)
    for _ in range(MOST_STEPS):
        try:
            new_mean, new_covariance = _step(groups, mean, covariance)
        except np.linalg.LinAlgError:
            raise _failed("the covariance matrix is singular: a column follows from others") from None
        change = max(np.abs(new_mean - mean).max(), np.abs(new_covariance - covariance).max())
        mean, covariance = new_mean, new_covariance
        if change < TOLERANCE:
            if np.linalg.eigvalsh(covariance)[0] < 1e-10:
                raise _failed("the covariance matrix is singular: a column follows from others")
            return mean, covariance
    raise _failed(f"EM did not converge in {MOST_STEPS} steps")


def _failed(reason: str) -> ConvergenceError:
    return ConvergenceError(f"Little's test: {reason}. Use fewer columns.", reason=reason)


def _step(groups: list[tuple[Mask, Array]], mean: Array, covariance: Array) -> tuple[Array, Array]:
    """One EM step: expected sums and cross-products of the complete rows, then their moments."""
    p = len(mean)
    total, cross, n = np.zeros(p), np.zeros((p, p)), 0
    for seen, block in groups:
        rows = np.empty((len(block), p))
        rows[:, seen] = block
        gap = ~seen
        if gap.any():
            weights = np.linalg.solve(covariance[np.ix_(seen, seen)], covariance[np.ix_(seen, gap)])
            rows[:, gap] = mean[gap] + (block - mean[seen]) @ weights
            left = covariance[np.ix_(gap, gap)] - covariance[np.ix_(gap, seen)] @ weights
            cross[np.ix_(gap, gap)] += len(block) * left
        total += rows.sum(axis=0)
        cross += rows.T @ rows
        n += len(block)
    center = total / n
    return center, cross / n - np.outer(center, center)


def _distance(seen: Mask, block: Array, mean: Array, covariance: Array) -> float:
    away = block.mean(axis=0) - mean[seen]
    return float(len(block) * away @ np.linalg.solve(covariance[np.ix_(seen, seen)], away))
