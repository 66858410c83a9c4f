"""Calibration of the top label and of each class: do rows said with 0.8 turn out right 8 times in 10?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from emostats.errors import UsageError
from emostats.statistics.classification.arrays import FloatArray, IntArray, outcomes, top_label

Bins = Literal["right_closed", "left_closed", "equal_mass"]
BINS = ("right_closed", "left_closed", "equal_mass")


@dataclass(frozen=True, eq=False)
class Reliability:
    """Bins of rows by what was said.

    Attributes
    ----------
    n: (B,) rows in each bin. said: (B,) their mean probability; came_true: (B,) their share of hits; NaN in
        empty bins. low, high: (B,) edges; those of equal-mass bins are their smallest and largest value.
    ece: expected calibration error, Σ n |said − came_true| / Σ n. mce: the largest gap of a bin.
    """

    n: IntArray
    said: FloatArray
    came_true: FloatArray
    low: FloatArray
    high: FloatArray
    ece: float
    mce: float


def reliability(
    said: npt.ArrayLike, came_true: npt.ArrayLike, *, n_bins: int = 10, bins: Bins = "right_closed"
) -> Reliability:
    """Rows binned by their probability.

    Parameters
    ----------
    said: (n,) probabilities. came_true: (n,) whether it happened.
    bins: equal widths with edges (lo, hi] or [lo, hi) (0 and 1 belong to the outer bins), or equal numbers of
        rows (stable sort; sizes as equal as possible, larger first).
    """
    values, hits = np.asarray(said, dtype=float), np.asarray(came_true, dtype=float)
    which, low, high = assign_bins(values, n_bins, bins)
    sums = bin_sums(values, hits, which, n_bins)
    return _reliability(sums, low, high)


def assign_bins(values: FloatArray, n_bins: int, bins: Bins) -> tuple[IntArray, FloatArray, FloatArray]:
    """(n,) bin of each value; (B,) lower and upper edges."""
    if bins not in BINS or n_bins < 1:
        raise UsageError(f"bins must be one of {', '.join(BINS)} and n_bins at least 1; found {bins!r}.")
    if bins == "equal_mass":
        return _equal_mass(values, n_bins)
    edges = np.linspace(0.0, 1.0, n_bins + 1)
    side: Literal["left", "right"] = "left" if bins == "right_closed" else "right"
    which = np.clip(np.searchsorted(edges, values, side=side) - 1, 0, n_bins - 1)
    return which.astype(np.int64), edges[:-1], edges[1:]


def _equal_mass(values: FloatArray, n_bins: int) -> tuple[IntArray, FloatArray, FloatArray]:
    parts = np.array_split(np.argsort(values, kind="stable"), n_bins)
    which = np.empty(len(values), dtype=np.int64)
    low, high = np.full(n_bins, np.nan), np.full(n_bins, np.nan)
    for index, rows in enumerate(parts):
        which[rows] = index
        if len(rows):
            low[index], high[index] = values[rows[0]], values[rows[-1]]
    return which, low, high


def bin_sums(values: FloatArray, hits: FloatArray, which: IntArray, n_bins: int) -> FloatArray:
    """(3, B) rows, sum of probabilities and sum of hits of each bin."""
    parts = [np.bincount(which, weights=w, minlength=n_bins) for w in (np.ones_like(values), values, hits)]
    return np.asarray(parts, dtype=float)


def ece_of_sums(sums: FloatArray) -> FloatArray:
    """(…) expected calibration error from (…, 3, B) sums of bins."""
    return np.asarray(np.abs(sums[..., 1, :] - sums[..., 2, :]).sum(axis=-1) / sums[..., 0, :].sum(axis=-1))


def _reliability(sums: FloatArray, low: FloatArray, high: FloatArray) -> Reliability:
    n = sums[0]
    with np.errstate(invalid="ignore", divide="ignore"):
        said, true = sums[1] / n, sums[2] / n
    return Reliability(
        n.astype(np.int64),
        said,
        true,
        low,
        high,
        float(ece_of_sums(sums)),
        float(np.nanmax(np.abs(said - true))),
    )


def top_label_reliability(
    y_true: npt.ArrayLike, prob: npt.ArrayLike, *, n_bins: int = 10, bins: Bins = "right_closed"
) -> Reliability:
    """Reliability of the most probable class (Guo et al., 2017)."""
    truth, values = outcomes(y_true, prob)
    return reliability(values.max(axis=1), top_label(values) == truth, n_bins=n_bins, bins=bins)


def classwise_ece(
    y_true: npt.ArrayLike, prob: npt.ArrayLike, *, n_bins: int = 10, bins: Bins = "right_closed"
) -> float:
    """Mean over classes of the calibration error of each class's probability (Kull et al., 2019)."""
    truth, values = outcomes(y_true, prob)
    errors = [
        reliability(values[:, k], truth == k, n_bins=n_bins, bins=bins).ece for k in range(values.shape[1])
    ]
    return float(np.mean(errors))
