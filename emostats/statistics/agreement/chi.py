"""Quadrature over a χ variable, the root of a χ², and the noncentral t that follows from it.

In z = √χ² the densities are smooth and about equally wide (sd < 0.71) for every number of degrees of
freedom, so a fixed Gauss–Legendre rule on √df ± 6 integrates smooth functions to many digits.
"""

from __future__ import annotations

from functools import lru_cache
from math import log, sqrt

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_REACH = 6.0
NODES = 32
_SLIM = 12


@lru_cache(maxsize=4)
def _legendre(nodes: int) -> tuple[Array, Array]:
    x, w = np.polynomial.legendre.leggauss(nodes)
    return x, w


def _density(z: Array, df: int) -> Array:
    """Density of χ with `df` degrees of freedom."""
    from scipy.special import gammaln, xlogy

    log_norm = (df / 2.0 - 1.0) * log(2.0) + float(gammaln(df / 2.0))
    return np.asarray(np.exp(xlogy(df - 1, z) - z**2 / 2.0 - log_norm))


def _range(df: int) -> tuple[float, float]:
    return max(0.0, sqrt(df) - _REACH), sqrt(df) + _REACH


@lru_cache(maxsize=64)
def slim_chi_rule(df: int) -> tuple[Array, Array]:
    """The same with few nodes, for integrands that hardly change over the distribution.

    From 40 df on χ is close to N(√(df − ½), ½): Gauss–Hermite nodes, reweighted by the densities' ratio.
    """
    if df < 40:
        return chi_rule(df)
    x, w = np.polynomial.hermite_e.hermegauss(_SLIM)
    z = sqrt(df - 0.5) + sqrt(0.5) * x
    weight = w * _density(z, df) * np.exp(x**2 / 2.0)
    return z, weight / weight.sum()


@lru_cache(maxsize=64)
def chi_rule(df: int, nodes: int = NODES) -> tuple[Array, Array]:
    """Nodes z and weights of the expectation over a whole χ distribution."""
    x, w = _legendre(nodes)
    low, high = _range(df)
    z = low + (high - low) * (x + 1.0) / 2.0
    weight = w * _density(z, df)
    return z, weight / weight.sum()


def chi_rule_below(df: int, u_max: Array, nodes: int = NODES) -> tuple[Array, Array]:
    """χ² nodes (len(u_max), nodes) and weights of the integral over χ² in (0, u_max), one row per limit."""
    x, w = _legendre(nodes)
    low, high = _range(df)
    width = (np.clip(np.sqrt(u_max), low, high) - low)[:, None]
    z = low + width * (x + 1.0) / 2.0
    return z**2, w * (width / 2.0) * _density(z, df)


def noncentral_t_quantile(probability: float, df: int, noncentrality: float) -> float:
    """Quantile of the noncentral t: (Z + noncentrality)/(χ/√df) with Z standard normal.

    By Newton steps on P(T ≤ t) = E Φ(t χ/√df − noncentrality); scipy's nct is NaN here and there.
    """
    from scipy.special import ndtr, ndtri

    z, weight = chi_rule(df, 96)
    z = z / sqrt(df)
    start = noncentrality + float(ndtri(probability)) * sqrt(1.0 + noncentrality**2 / (2.0 * df))
    low, high, t = -np.inf, np.inf, start
    for _ in range(200):
        gap = float(weight @ ndtr(t * z - noncentrality)) - probability
        low, high = (t, high) if gap < 0.0 else (low, t)
        slope = float(weight @ (z * np.exp(-((t * z - noncentrality) ** 2) / 2.0))) / sqrt(2.0 * np.pi)
        new = t - gap / slope if slope > 0.0 else t + (1.0 if gap < 0.0 else -1.0)
        if not low < new < high:
            new = (
                (low + high) / 2.0
                if np.isfinite(low + high)
                else 2.0 * t - (low if np.isfinite(low) else high) + 1.0
            )
        if abs(new - t) <= 1e-13 * max(1.0, abs(t)):
            return float(new)
        t = new
    return float(t)
