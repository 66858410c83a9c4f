"""Tails of the multivariate t whose correlations are products: r_ij = l_i l_j (Dunnett, 1955).

Given one common normal z the components are independent, T_j = (l_j z + sqrt(1 - l_j²) e_j) / s, so the
probability is an integral over z and s alone, whatever the number of components. Any two components,
comparisons of groups with one control, and equal correlations are of this kind.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import log_ndtr, ndtr

from emostats.statistics.multiplicity.chi_scale import scale_nodes

FloatArray = npt.NDArray[np.float64]

_LARGEST_LOADING = 1 - 1e-5
"""Squared loadings above this need too fine a grid; such correlations go to the general method."""


def product_loadings(correlation: FloatArray, tolerance: float = 1e-10) -> FloatArray | None:
    """Loadings l with r_ij = l_i l_j for all i ≠ j, or None where there are none (or they are too close to
    1)."""
    m = len(correlation)
    if m == 1:
        return np.zeros(1)
    off = correlation - np.diag(np.diag(correlation))
    if np.abs(off).max() <= tolerance:
        return np.zeros(m)
    loadings = _candidate(off)
    if loadings is None or (loadings**2).max() > _LARGEST_LOADING:
        return None
    product = np.outer(loadings, loadings)
    np.fill_diagonal(product, 0.0)
    return loadings if np.abs(product - off).max() <= tolerance else None


def _candidate(off: FloatArray) -> FloatArray | None:
    """Loadings from the largest correlation r_pq and the third component most related to both."""
    p, q = np.unravel_index(np.argmax(np.abs(off)), off.shape)
    both = np.abs(off[p] * off[q])
    both[[p, q]] = 0.0
    k = int(np.argmax(both))
    if both[k] <= 1e-12:  # no third component is related to both: those two share the factor
        loadings: FloatArray = np.zeros(len(off))
        loadings[p] = np.sqrt(abs(off[p, q]))
        loadings[q] = off[p, q] / loadings[p]
        return loadings
    square = off[p, q] * off[p, k] / off[q, k]
    if square <= 0:
        return None
    loadings = np.asarray(off[p] / np.sqrt(square))
    loadings[p] = np.sqrt(square)
    return loadings


def product_tail(threshold: float, loadings: FloatArray, df: float, *, two_sided: bool) -> float:
    """P(max |T_j| ≥ threshold), or P(max T_j ≥ threshold) one-sided.

    Trapezoid rules in z and log s, both exponentially convergent; absolute accuracy about 1e-13, and small
    tails keep their relative accuracy. A two-sided `threshold` must not be negative.
    """
    residual = np.sqrt(1 - loadings**2)
    sharpness = float((residual / np.maximum(np.abs(loadings), residual)).min())
    step = 0.25 * sharpness
    z = np.arange(-9.0, 9.0 + step, step)
    weight = step * np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)
    s, scale_weight = scale_nodes(df)
    inside = np.zeros((len(s), len(z)))
    for loading, sd in zip(loadings, residual, strict=True):
        upper = (threshold * s[:, None] - loading * z) / sd
        if two_sided:
            lower = (threshold * s[:, None] + loading * z) / sd
            outside = ndtr(-upper) + ndtr(-lower)
            with np.errstate(divide="ignore"):
                inside += np.log1p(-np.minimum(outside, 1.0))
        else:
            inside += log_ndtr(upper)
    return float(np.clip(scale_weight @ (-np.expm1(inside)) @ weight, 0.0, 1.0))


def studentized_range_tail(q: float, n_means: int, df: float) -> float:
    """P(Q ≥ q) for the studentized range of `n_means` means (Tukey, 1953), by the same rules.

    1 - k ∫ φ(z) [Φ(z) - Φ(z - q s)]^(k-1) dz, averaged over s; absolute accuracy about 1e-13.
    """
    if q <= 0:
        return 1.0
    z = np.arange(-9.0, 9.0 + 0.05, 0.05)
    weight = 0.05 * np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)
    s, scale_weight = scale_nodes(df)
    below = ndtr(z)
    gap = ndtr(q * s[:, None] - z)  # 1 - Φ(z - q s)
    # k φ Φ^(k-1) integrates to 1, so the tail is the integral of k φ (Φ^(k-1) - [Φ - Φ(z - q s)]^(k-1))
    power = n_means - 1
    difference = below**power - np.maximum(below - (1 - gap), 0.0) ** power
    return float(np.clip(scale_weight @ (n_means * difference) @ weight, 0.0, 1.0))
