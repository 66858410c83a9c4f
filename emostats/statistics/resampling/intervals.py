"""Interval arithmetic: from replicates to confidence limits, as pure functions.

Notation of Davison & Hinkley (1997, ch. 5) and Efron & Tibshirani (1993, ch. 14): t are the replicates, t0
the estimate, alpha a probability. No function here draws anything or knows where the replicates come from.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

FloatArray = npt.NDArray[np.float64]
Interpolation = Literal["linear", "weibull", "inverted_cdf", "normal"]
Ties = Literal["midrank", "strict"]

INTERPOLATIONS: tuple[str, ...] = ("linear", "weibull", "inverted_cdf", "normal")


@dataclass(frozen=True)
class Limits:
    """Confidence limits, and whether a limit had to be the smallest or largest replicate for want of
    resamples."""

    low: float
    high: float
    extreme: bool = False


def quantile(
    replicates: FloatArray, probability: npt.ArrayLike, interpolation: Interpolation = "linear"
) -> FloatArray:
    """Quantiles of `replicates` at `probability` (0 to 1).

    Parameters
    ----------
    interpolation: how to read between order statistics.
        ``"linear"``: Hyndman & Fan (1996) type 7, rank (B - 1) p + 1, the default of NumPy and R.
        ``"weibull"``: type 6, rank (B + 1) p. ``"inverted_cdf"``: type 1, no interpolation.
        ``"normal"``: rank (B + 1) p, interpolated on the scale of normal quantiles (Davison & Hinkley, eq.
        5.8).
    """
    probabilities = np.atleast_1d(np.asarray(probability, dtype=float))
    if interpolation == "normal":
        return _normal_scale_quantile(np.sort(replicates), probabilities)
    return np.asarray(np.quantile(replicates, probabilities, method=interpolation), dtype=float)


def _normal_scale_quantile(ordered: FloatArray, probabilities: FloatArray) -> FloatArray:
    """Eq. 5.8: t_(k) + (z(p) - z(k/(B+1))) / (z((k+1)/(B+1)) - z(k/(B+1))) (t_(k+1) - t_(k)), k = [(B+1)
    p]."""
    size = len(ordered)
    rank = probabilities * (size + 1)
    nearest = np.round(rank)
    rank = np.where(np.abs(rank - nearest) < 1e-9, nearest, rank)
    k = np.floor(rank).astype(int)
    inside = (k >= 1) & (k < size)
    lower = np.clip(k, 1, size)
    upper = np.clip(lower + 1, 1, size)
    below, above = ndtri(lower / (size + 1)), ndtri(np.minimum(lower + 1, size) / (size + 1))
    gap = np.where(above > below, above - below, 1.0)
    share = np.where(inside & (rank > k), (ndtri(np.clip(probabilities, 1e-300, 1.0)) - below) / gap, 0.0)
    return np.asarray(ordered[lower - 1] + share * (ordered[upper - 1] - ordered[lower - 1]))


def tails(conf_level: float) -> FloatArray:
    """The two tail probabilities of an equal-tailed interval."""
    alpha = (1.0 - conf_level) / 2.0
    return np.array([alpha, 1.0 - alpha])


def _beyond(probabilities: FloatArray, size: int) -> bool:
    """Whether a quantile lies beyond the outermost order statistics, at ranks 1 and B of B + 1."""
    ranks = probabilities * (size + 1)
    return bool((ranks < 1 - 1e-9).any() or (ranks > size + 1e-9).any())


def percentile_limits(
    replicates: FloatArray, conf_level: float, interpolation: Interpolation = "linear"
) -> Limits:
    """Quantiles of the replicates (Efron & Tibshirani, eq. 13.5)."""
    probabilities = tails(conf_level)
    low, high = quantile(replicates, probabilities, interpolation)
    return Limits(float(low), float(high), _beyond(probabilities, len(replicates)))


def basic_limits(
    replicates: FloatArray, estimate: float, conf_level: float, interpolation: Interpolation = "linear"
) -> Limits:
    """2 t0 minus the opposite quantile (Davison & Hinkley, eq. 5.6)."""
    reflected = percentile_limits(replicates, conf_level, interpolation)
    return Limits(2 * estimate - reflected.high, 2 * estimate - reflected.low, reflected.extreme)


def normal_limits(replicates: FloatArray, estimate: float, conf_level: float) -> Limits:
    """t0 - bias ± z SE, with bias and SE of the replicates (divisor B - 1) (Davison & Hinkley, eq. 5.5)."""
    centre = 2 * estimate - float(replicates.mean())
    half = float(ndtri(1 - (1 - conf_level) / 2)) * float(replicates.std(ddof=1))
    return Limits(centre - half, centre + half)


def studentized_limits(
    replicates: FloatArray,
    replicate_std_errors: FloatArray,
    estimate: float,
    std_error: float,
    conf_level: float,
    interpolation: Interpolation = "linear",
) -> Limits:
    """t0 - SE times the opposite quantile of (t - t0) / SE* (bootstrap-t; Davison & Hinkley, eq. 5.7)."""
    z = percentile_limits((replicates - estimate) / replicate_std_errors, conf_level, interpolation)
    return Limits(estimate - std_error * z.high, estimate - std_error * z.low, z.extreme)


def bias_correction(replicates: FloatArray, estimate: float, ties: Ties = "midrank") -> float:
    """z0: the normal quantile of the share of replicates below the estimate.

    ``"midrank"`` counts half of the replicates equal to the estimate (as SciPy), ``"strict"`` none (as R's
    boot). Equal means within 8 units in the last place, so that the order of a sum does not decide. Infinite
    when the share is 0 or 1.
    """
    tolerance = 8 * np.finfo(float).eps * max(abs(estimate), float(np.abs(replicates).max()))
    below = np.count_nonzero(replicates < estimate - tolerance)
    equal = np.count_nonzero(np.abs(replicates - estimate) <= tolerance)
    share = (below + (equal / 2 if ties == "midrank" else 0)) / len(replicates)
    return float(ndtri(share))


def bca_probabilities(z0: float, acceleration: float, conf_level: float) -> FloatArray:
    """The two adjusted probabilities of BCa (Efron, 1987; Efron & Tibshirani, eq. 14.10).

    NaN when they are undefined: z0 infinite, or 1 - a (z0 + z) not positive at either end.
    """
    undefined = np.array([np.nan, np.nan])
    if not (np.isfinite(z0) and np.isfinite(acceleration)):
        return undefined
    shifted = z0 + ndtri(tails(conf_level))
    denominator = 1 - acceleration * shifted
    if (denominator <= 0).any():
        return undefined
    return np.asarray(ndtr(z0 + shifted / denominator))


def bca_limits(
    replicates: FloatArray,
    z0: float,
    acceleration: float,
    conf_level: float,
    interpolation: Interpolation = "linear",
) -> Limits:
    """Bias-corrected and accelerated limits; NaN where `bca_probabilities` are."""
    probabilities = bca_probabilities(z0, acceleration, conf_level)
    if np.isnan(probabilities).any():
        return Limits(np.nan, np.nan)
    low, high = quantile(replicates, probabilities, interpolation)
    return Limits(float(low), float(high), _beyond(probabilities, len(replicates)))
