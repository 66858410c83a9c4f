"""Percent improvement: the ratio of the mean after to the mean before, as a percentage change.

100 (mean post / mean pre - 1) is a ratio of means, not a mean of ratios; subjects near zero before do not
blow it up.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from emostats.errors import ModelError, UsageError, did_you_mean
from emostats.statistics.effects.effect import Effect, t_quantile
from emostats.statistics.effects.paired import Paired, paired

METHODS = ("fieller", "delta", "delta_log")


@dataclass(frozen=True)
class FiellerSet:
    """Fieller's (1954) confidence set of a ratio of means.

    `bounded`: whether it is an interval. Where the denominator cannot be told from zero at this level (g ≥ 1)
    the set is unbounded, and `low`, `high` are infinite.
    """

    low: float
    high: float
    g: float

    @property
    def bounded(self) -> bool:
        return self.g < 1


def fieller(
    numerator: float,
    denominator: float,
    var_numerator: float,
    var_denominator: float,
    covariance: float,
    t: float,
) -> FiellerSet:
    """Fieller's set for numerator / denominator, from the variances of these estimates and a t quantile.

    g = t² v_d / d²; limits (r - g v_nd/v_d ± (t/|d|) sqrt(v_n - 2 r v_nd + r² v_d - g (v_n - v_nd²/v_d))) /
    (1 - g).

    Raises
    ------
    ModelError: the denominator is exactly zero.
    """
    if denominator == 0:
        raise ModelError("The mean before is exactly zero, so a percentage of it is undefined.")
    ratio = numerator / denominator
    g = t**2 * var_denominator / denominator**2
    if g >= 1:
        return FiellerSet(-np.inf, np.inf, float(g))
    slope = covariance / var_denominator if var_denominator > 0 else 0.0
    inside = var_numerator - 2 * ratio * covariance + ratio**2 * var_denominator
    inside -= g * (var_numerator - slope * covariance)
    half = t / abs(denominator) * np.sqrt(max(inside, 0.0))
    centre = ratio - g * slope
    return FiellerSet(float((centre - half) / (1 - g)), float((centre + half) / (1 - g)), float(g))


def percent_change(
    pre: npt.ArrayLike, post: npt.ArrayLike, *, method: str = "fieller", conf_level: float = 0.95
) -> Effect:
    """100 (mean post / mean pre - 1), in percent, with limits that allow for the correlation of both.

    Parameters
    ----------
    method: ``"fieller"``: exact for normal data; unbounded limits where the mean before cannot be told from
        zero. ``"delta"``: symmetric, first-order; ``"delta_log"``: the same for the log of the ratio (both
        means positive or both negative). All use t with n - 1 df.

    Raises
    ------
    UsageError: unknown method. ModelError: mean before zero, or, for delta_log, means of different sign.
    """
    if method not in METHODS:
        raise UsageError(f"method={method!r} is unknown. {did_you_mean(method, METHODS)}")
    p = paired(pre, post)
    if p.mean_pre == 0:
        raise ModelError("The mean before is exactly zero, so a percentage of it is undefined.")
    ratio = p.mean_post / p.mean_pre
    t = t_quantile(conf_level, p.df)
    std_error = _delta_std_error(p, ratio)
    if method == "fieller":
        found = fieller(p.mean_post, p.mean_pre, p.var_post / p.n, p.var_pre / p.n, p.covariance / p.n, t)
        low, high = found.low, found.high
    elif method == "delta":
        low, high = ratio - t * std_error, ratio + t * std_error
    else:
        low, high = _log_limits(ratio, std_error, t)
    return Effect(
        "percent_change",
        "Percent change (ratio of means)",
        100 * (ratio - 1),
        100 * std_error,
        p.df,
        conf_low=100 * (low - 1),
        conf_high=100 * (high - 1),
        conf_level=conf_level,
        n=p.n,
        method={"fieller": "Fieller", "delta": "delta", "delta_log": "delta, log scale"}[method],
    )


def _delta_std_error(p: Paired, ratio: float) -> float:
    """SE of the ratio: sqrt(v_post - 2 r cov + r² v_pre) / |mean pre|, variances of the means."""
    inside = (p.var_post - 2 * ratio * p.covariance + ratio**2 * p.var_pre) / p.n
    return float(np.sqrt(max(inside, 0.0)) / abs(p.mean_pre))


def _log_limits(ratio: float, std_error: float, t: float) -> tuple[float, float]:
    if not ratio > 0:
        raise ModelError("The means before and after differ in sign, so their ratio has no logarithm.")
    half = t * std_error / ratio
    return float(ratio * np.exp(-half)), float(ratio * np.exp(half))
