"""Tests of spread and shape that accompany a comparison of means."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import fdtr, fdtrc, fdtri

from emostats.errors import ModelError
from emostats.statistics.effects.effect import check_level, sample


@dataclass(frozen=True)
class FTest:
    """An F statistic with its degrees of freedom and p-value; limits where there are any, else NaN."""

    statistic: float
    num_df: float
    den_df: float
    p_value: float
    conf_low: float = float("nan")
    conf_high: float = float("nan")


def variance_ratio(x: npt.ArrayLike, y: npt.ArrayLike, *, conf_level: float = 0.95) -> FTest:
    """Ratio of the variances of x and y with the F interval (normal data), two-sided.

    Raises
    ------
    ModelError: y does not vary.
    """
    a, b = sample(x, "x"), sample(y, "y")
    df_x, df_y = len(a) - 1, len(b) - 1
    if not b.var() > 0:
        raise ModelError("y does not vary, so the ratio of variances is undefined.")
    ratio = float(a.var(ddof=1) / b.var(ddof=1))
    p = 2 * min(float(fdtr(df_x, df_y, ratio)), float(fdtrc(df_x, df_y, ratio)))
    alpha = (1 - check_level(conf_level)) / 2
    low = ratio / float(fdtri(df_x, df_y, 1 - alpha))
    return FTest(ratio, df_x, df_y, min(p, 1.0), low, ratio / float(fdtri(df_x, df_y, alpha)))


def levene(*samples: npt.ArrayLike) -> FTest:
    """Brown & Forsythe's (1974) test of equal spread: ANOVA of the distances from each group's median."""
    groups = [sample(values, f"group {k}") for k, values in enumerate(samples, start=1)]
    if len(groups) < 2:
        raise ModelError("Spread is compared between two groups or more.")
    distances = [np.abs(group - np.median(group)) for group in groups]
    everything = np.concatenate(distances)
    n, k = len(everything), len(groups)
    between = sum(len(d) * (d.mean() - everything.mean()) ** 2 for d in distances) / (k - 1)
    within = sum(((d - d.mean()) ** 2).sum() for d in distances) / (n - k)
    if not within > 0:
        raise ModelError("Distances from the medians do not vary within groups.")
    f = float(between / within)
    return FTest(f, k - 1, n - k, float(fdtrc(k - 1, n - k, f)))


def kolmogorov_smirnov(x: npt.ArrayLike, y: npt.ArrayLike) -> float:
    """Largest distance between the two empirical distribution functions."""
    a, b = np.sort(sample(x, "x", 1)), np.sort(sample(y, "y", 1))
    points = np.concatenate([a, b])
    share_a = np.searchsorted(a, points, side="right") / len(a)
    share_b = np.searchsorted(b, points, side="right") / len(b)
    return float(np.abs(share_a - share_b).max())


def shapiro_wilk(values: npt.ArrayLike) -> tuple[float, float]:
    """Shapiro & Wilk's W and p (Royston, 1995), by SciPy.

    Raises
    ------
    ModelError: fewer than three values, or all equal.
    """
    from scipy.stats import shapiro

    array = sample(values, "values", 3)
    if np.ptp(array) == 0:
        raise ModelError("All values are equal; normality cannot be tested.")
    w, p = shapiro(array)
    return float(w), float(p)
