"""The REML criterion of one-way, crossed and fixed-rater models of a table with or without gaps.

It is −2 × restricted log-likelihood, with the error variance profiled out (σ²_e = R/(N − p)):

    D(g) = (N − p)(1 + log(2πR/(N − p))) + log|H| + log|X'H⁻¹X|

All kernels work on a batch of tables at once; a single table is a batch of one.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from emostats.statistics.agreement.crossed import CrossedSums, Reduced, reduce_at

Array = NDArray[np.float64]

MODELS: tuple[str, ...] = ("oneway_random", "twoway_random", "twoway_fixed_raters")


@dataclass(frozen=True)
class Criterion:
    """D and R with their derivatives in (g_s, g_r); σ²_e = R/(N − p) is the profiled error variance."""

    value: Array
    gradient: Array
    var_error: Array
    rss: Array
    rss_gradient: Array


_MOST_NUMBERS = 4_000_000  # of one k × k matrix a point, held at a time


def reml_criterion(sums: CrossedSums, model: str, g_s: Array, g_r: Array) -> Criterion:
    """D(g_s, g_r) and its gradient for a batch of ratios; models without random raters ignore `g_r`.

    Many points on one table with many raters are worked off in blocks.
    """
    block = max(1, _MOST_NUMBERS // sums.k**2)
    if sums.Q.ndim > 0 or len(g_s) <= block:
        return _criterion(sums, model, g_s, g_r)
    starts = range(0, len(g_s), block)
    parts = [_criterion(sums, model, g_s[i : i + block], g_r[i : i + block]) for i in starts]
    return Criterion(*(np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(Criterion)))


def _criterion(sums: CrossedSums, model: str, g_s: Array, g_r: Array) -> Criterion:
    r = reduce_at(sums, g_s)
    if model == "twoway_fixed_raters":
        parts = _fixed_raters(r)
    elif model == "oneway_random":
        parts = _oneway(r)
    else:
        parts = _random_raters(r, g_r)
    freedom = sums.N - parts.p
    R = np.maximum(parts.R, np.finfo(np.float64).tiny)
    value = freedom * (1.0 + np.log(2.0 * np.pi * R / freedom)) + r.log_det + parts.logs
    with np.errstate(over="ignore"):  # no residual sum of squares is left: the slope is infinite
        slope = freedom[..., None] * parts.slope_rss / R[..., None] + parts.slope_logs
    slope[..., 0] += r.slope_log_det
    return Criterion(value, slope, R / freedom, R, parts.slope_rss)


@dataclass(frozen=True)
class Parts:
    """What the models differ in: p, R, and log-determinants beside log|A|, with gradients in (g_s, g_r)."""

    p: int | NDArray[np.intp]
    R: Array
    slope_rss: Array
    logs: Array
    slope_logs: Array


def _oneway(r: Reduced) -> Parts:
    """X = 1, no raters: R = q − (1't)²/(1'S1)."""
    x, dx = r.ones.sum(axis=-1), r.slope_S.sum(axis=(-1, -2))
    b, db = r.t.sum(axis=-1), r.slope_t.sum(axis=-1)
    mean = b / x
    return Parts(
        1, r.q - mean * b, _pair(r.slope_q - 2.0 * mean * db + mean**2 * dx), np.log(x), _pair(dx / x)
    )


def _fixed_raters(r: Reduced) -> Parts:
    """X = Z_r: R = q − t'S⁻¹t and log|X'A⁻¹X| = log|S|; a rater absent from a resample has no column."""
    present = np.diagonal(r.S, axis1=-2, axis2=-1) > 0.0
    S = r.S + np.where(present, 0.0, 1.0)[..., None] * np.eye(r.S.shape[-1])
    inverse = np.asarray(np.linalg.inv(S), dtype=np.float64)
    u = _times(inverse, r.t)
    slope = r.slope_q - 2.0 * _dot(r.slope_t, u) + _dot(u, _times(r.slope_S, u))
    logs = np.linalg.slogdet(S)[1]
    return Parts(
        present.sum(axis=-1), r.q - _dot(r.t, u), _pair(slope), logs, _pair(_trace(inverse, r.slope_S))
    )


def _random_raters(r: Reduced, g: Array) -> Parts:
    """X = 1 with random raters, by Woodbury: with K = (I + g S)⁻¹,

    y'H⁻¹y = q − g t'Kt, 1'H⁻¹y = b = 1'Kt, 1'H⁻¹1 = x = 1'KS1; u = K t, v = K 1, a = t'Kt.
    """
    S, dS, t, dt = r.S, r.slope_S, r.t, r.slope_t
    core = np.eye(S.shape[-1]) + g[..., None, None] * S
    K = np.asarray(np.linalg.inv(core), dtype=np.float64)
    u, v, Sv = _times(K, t), K.sum(axis=-1), _times(K, r.ones)
    a, b, x = _dot(t, u), _dot(v, t), _dot(v, r.ones)
    da_s = 2.0 * _dot(dt, u) - g * _dot(u, _times(dS, u))
    db_s = _dot(v, dt) - g * _dot(v, _times(dS, u))
    dx_s = _dot(v, _times(dS, v))
    da_r, db_r, dx_r = -_dot(u, _times(S, u)), -_dot(Sv, u), -_dot(Sv, Sv)
    mean = b / x
    slope_s = r.slope_q - g * da_s - 2.0 * mean * db_s + mean**2 * dx_s
    slope_r = -a - g * da_r - 2.0 * mean * db_r + mean**2 * dx_r
    logs = np.linalg.slogdet(core)[1] + np.log(x)
    slope_logs = np.stack([g * _trace(K, dS) + dx_s / x, _trace(K, S) + dx_r / x], axis=-1)
    return Parts(1, r.q - g * a - mean * b, np.stack([slope_s, slope_r], axis=-1), logs, slope_logs)


def _pair(first: Array) -> Array:
    return np.stack([first, np.zeros_like(first)], axis=-1)


def _times(matrix: Array, vector: Array) -> Array:
    return np.asarray((matrix @ vector[..., None])[..., 0])


def _dot(a: Array, b: Array) -> Array:
    return np.asarray((a * b).sum(axis=-1))


def _trace(a: Array, b: Array) -> Array:
    """tr(AB) for symmetric A."""
    return np.asarray((a * b).sum(axis=(-1, -2)))
