"""Confidence limits for noncentrality parameters (Steiger & Fouladi, 1997).

`scipy.stats.nct.cdf` now and then returns NaN, for example at (-2.866, 15, 10); the noncentral t here is
integrated from its definition instead and is right to about 1e-13 everywhere.
"""

from __future__ import annotations

import numpy as np
from scipy.special import fdtr, ncfdtr, ndtr, poch

from emostats.errors import ModelError
from emostats.statistics.effects.effect import check_level
from emostats.statistics.multiplicity.chi_scale import scale_nodes


def nct_cdf(t: float, df: float, noncentrality: float) -> float:
    """P(T ≤ t) for T = (Z + noncentrality) / sqrt(chi²_df / df): the average of Φ(t s - noncentrality) over
    s.

    `df` is positive, infinity gives the normal.
    """
    s, weight = scale_nodes(df, finest=abs(noncentrality))
    return float(weight @ ndtr(t * s - noncentrality))


def noncentrality_limits(t: float, df: float, conf_level: float = 0.95) -> tuple[float, float]:
    """Equal-tailed limits of the noncentrality given a t statistic: P(T ≤ t) = 1 - alpha/2 and alpha/2.

    Raises
    ------
    ModelError: `t` is not finite or `df` not positive.
    """
    from scipy.optimize import brentq

    if not np.isfinite(t) or not df > 0:
        raise ModelError(f"No noncentral t interval for t = {t}, df = {df}.")
    alpha = (1 - check_level(conf_level)) / 2
    reach = 10 * np.sqrt(1 + t**2 / (2 * df)) + 5

    def limit(probability: float) -> float:
        low, high = t - reach, t + reach
        while nct_cdf(t, df, low) < probability:
            low -= reach
        while nct_cdf(t, df, high) > probability:
            high += reach
        root = brentq(lambda delta: nct_cdf(t, df, delta) - probability, low, high, xtol=1e-13, rtol=1e-14)
        return float(root)

    return limit(1 - alpha), limit(alpha)


def noncentral_f_limits(
    f: float, num_df: float, den_df: float, conf_level: float = 0.90
) -> tuple[float, float]:
    """Equal-tailed limits of the noncentrality of F; 0 where even noncentrality 0 leaves too little
    probability.

    Raises
    ------
    ModelError: `f` is negative or not finite.
    """
    from scipy.optimize import brentq

    if not (np.isfinite(f) and f >= 0):
        raise ModelError(f"No noncentral F interval for F = {f}.")
    alpha = (1 - check_level(conf_level)) / 2

    def limit(probability: float) -> float:
        if fdtr(num_df, den_df, f) <= probability:
            return 0.0
        high = 10.0 + 2 * num_df * f
        while ncfdtr(num_df, den_df, high, f) > probability:
            high *= 2
        solved = brentq(
            lambda nc: ncfdtr(num_df, den_df, nc, f) - probability, 0.0, high, xtol=1e-12, rtol=1e-14
        )
        return float(solved)

    return limit(1 - alpha), limit(alpha)


def small_sample_factor(df: float) -> float:
    """Hedges' (1981) J = Γ(df/2) / (sqrt(df/2) Γ((df-1)/2)), which takes the bias from a standardized
    difference.

    Raises
    ------
    ModelError: df ≤ 1, where it is undefined.
    """
    if not df > 1:
        raise ModelError(f"Hedges' correction needs more than 1 degree of freedom; there are {df:g}.")
    return float(poch((df - 1) / 2, 0.5) / np.sqrt(df / 2))


def small_sample_factor_approximate(df: float) -> float:
    """The usual approximation 1 - 3 / (4 df - 1)."""
    return 1 - 3 / (4 * df - 1)
