"""Subjects drawn with replacement, for statistics that need only sums over subjects."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from emostats.errors import UsageError
from emostats.statistics.classification.arrays import FloatArray
from emostats.statistics.effects.effect import check_level
from emostats.statistics.resampling.intervals import percentile_limits

Value = Callable[[FloatArray], FloatArray]
_CELLS = 2_000_000
"""Numbers held at once (16 MB): the rest of the resamples waits."""


@dataclass(frozen=True, eq=False)
class SubjectBootstrap:
    """Limits of several statistics from the same draws.

    Attributes
    ----------
    estimate, std_error, conf_low, conf_high: (q,) NaN where a statistic is undefined. n_failed: (q,) draws
        in which it was. replicates: (R, q). n_subjects, n_resamples, conf_level: as asked.
    """

    estimate: FloatArray
    std_error: FloatArray
    conf_low: FloatArray
    conf_high: FloatArray
    n_failed: npt.NDArray[np.int64]
    replicates: FloatArray
    n_subjects: int
    n_resamples: int
    conf_level: float


def bootstrap_subjects(
    shares: npt.ArrayLike,
    value: Value,
    *,
    n_resamples: int = 2000,
    conf_level: float = 0.95,
    seed: int = 0,
) -> SubjectBootstrap:
    """Percentile limits with subjects as units: a drawn subject brings all its rows.

    Parameters
    ----------
    shares: (S, …) what each subject adds to the sums. value: (B, …) sums → (B, q) statistics, NaN where
        undefined.

    Raises
    ------
    UsageError: fewer than two resamples, or no subjects.
    """
    array = np.asarray(shares, dtype=float)
    if n_resamples < 2 or len(array) == 0:
        raise UsageError("A bootstrap needs at least two resamples and one subject.")
    check_level(conf_level)
    flat = array.reshape(len(array), -1)
    estimate = value(flat.sum(axis=0).reshape(1, *array.shape[1:]))[0]
    drawn = [value(sums.reshape(-1, *array.shape[1:])) for sums in _sums(flat, n_resamples, seed)]
    replicates = np.concatenate(drawn)
    limits = np.array([_limits(column, conf_level) for column in replicates.T]).reshape(-1, 3)
    limits[np.isnan(estimate) | (len(array) < 2)] = np.nan
    return SubjectBootstrap(
        estimate,
        limits[:, 0],
        limits[:, 1],
        limits[:, 2],
        np.isnan(replicates).sum(axis=0),
        replicates,
        len(array),
        n_resamples,
        conf_level,
    )


def _sums(flat: FloatArray, n_resamples: int, seed: int) -> Iterator[FloatArray]:
    """(b, k) sums of drawn subjects, in blocks."""
    rng = np.random.default_rng(seed)
    n_subjects = len(flat)
    block = max(1, _CELLS // max(n_subjects, flat.shape[1]))
    equal = np.full(n_subjects, 1 / n_subjects)
    for start in range(0, n_resamples, block):
        counts = rng.multinomial(n_subjects, equal, size=min(block, n_resamples - start))
        yield counts.astype(float) @ flat


def _limits(replicates: FloatArray, conf_level: float) -> tuple[float, float, float]:
    present = replicates[~np.isnan(replicates)]
    if len(present) < 2:
        return float("nan"), float("nan"), float("nan")
    limits = percentile_limits(present, conf_level)
    return float(present.std(ddof=1)), limits.low, limits.high
