"""Resamples of targets, and limits from resampled estimates."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_BLOCK = 2_000_000  # draws held at a time


def target_counts(
    n: int, n_resamples: int, rng: np.random.Generator, block: int | None = None
) -> Iterator[Array]:
    """How often each of n targets is drawn, (`block` resamples, n) at a time, `n_resamples` rows in all."""
    block = min(block or _BLOCK, max(1, _BLOCK // n))
    for start in range(0, n_resamples, block):
        rows = min(block, n_resamples - start)
        drawn = rng.integers(n, size=(rows, n), dtype=np.int32 if n < 2**31 else np.int64)
        drawn = drawn + (np.arange(rows, dtype=np.int64) * n)[:, None]
        yield np.bincount(drawn.ravel(), minlength=rows * n).reshape(rows, n).astype(np.float64)


def leave_one_out(n: int, block: int | None = None) -> Iterator[Array]:
    """Counts (targets, n) that leave each target out once, a block at a time."""
    block = min(block or _BLOCK, max(1, _BLOCK // n))
    for start in range(0, n, block):
        rows = np.arange(start, min(start + block, n))
        counts = np.ones((len(rows), n))
        counts[np.arange(len(rows)), rows] = 0.0
        yield counts


def percentile_limits(draws: Array, conf_level: float) -> tuple[float, float]:
    """Equal-tailed percentiles of the defined draws; (NaN, NaN) if there is none."""
    defined = draws[~np.isnan(draws)]
    if not defined.size:
        return float("nan"), float("nan")
    tail = (1.0 - conf_level) / 2.0
    low, high = np.quantile(defined, [tail, 1.0 - tail])
    return float(low), float(high)


def bca_limits(draws: Array, estimate: float, jackknife: Array, conf_level: float) -> tuple[float, float]:
    """Bias-corrected and accelerated percentiles (Efron 1987); ties with the estimate count half.

    `jackknife`: estimates with each target left out once. (NaN, NaN) if nothing varies.
    """
    from scipy.special import ndtr, ndtri

    defined, leave_out = draws[~np.isnan(draws)], jackknife[~np.isnan(jackknife)]
    if not defined.size or not leave_out.size:
        return float("nan"), float("nan")
    below = (np.sum(defined < estimate) + 0.5 * np.sum(defined == estimate)) / defined.size
    z0 = float(ndtri(np.clip(below, 0.5 / defined.size, 1.0 - 0.5 / defined.size)))
    away = leave_out.mean() - leave_out
    spread = float((away**2).sum())
    acceleration = float((away**3).sum()) / (6.0 * spread**1.5) if spread > 0.0 else 0.0
    tail = (1.0 - conf_level) / 2.0
    z = z0 + ndtri(np.array([tail, 1.0 - tail]))
    low, high = np.quantile(defined, ndtr(z0 + z / (1.0 - acceleration * z)))
    return float(low), float(high)
