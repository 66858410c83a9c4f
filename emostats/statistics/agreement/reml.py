"""The REML criterion of one-way, crossed and fixed-rater models of a table with or without gaps.

It is −2 × restricted log-likelihood, with the error variance profiled out (σ²_e = R/(N − p)):

    D(g) = (N − p)(1 + log(2πR/(N − p))) + log|H| + log|X'H⁻¹X|

All kernels work on a batch of tables at once; a single table is a batch of one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emostats.statistics.agreement.crossed import CrossedSums, reduce_at

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


def reml_criterion(sums: CrossedSums, model: str, g_s: Array, g_r: Array) -> Criterion:
    """D(g_s, g_r) and its gradient for a batch of ratios; models without random raters ignore `g_r`."""
    r = reduce_at(sums, g_s)
    if model == "twoway_fixed_raters":
        p, R, dR, logs, dlogs = _fixed_raters(r.S, r.slope_S, r.t, r.slope_t, r.q, r.slope_q)
    elif model == "oneway_random":
        p, R, dR, logs, dlogs = _oneway(r.S, r.slope_S, r.t, r.slope_t, r.q, r.slope_q)
    else:
        p, R, dR, logs, dlogs = _random_raters(r.S, r.slope_S, r.t, r.slope_t, r.q, r.slope_q, g_r)
    freedom = sums.N - p
    R = np.maximum(R, np.finfo(np.float64).tiny)
    value = freedom * (1.0 + np.log(2.0 * np.pi * R / freedom)) + r.log_det + logs
    slope = freedom[..., None] * dR / R[..., None] + dlogs
    slope[..., 0] += r.slope_log_det
    return Criterion(value, slope, R / freedom, R, dR)


Parts = tuple[int | NDArray[np.intp], Array, Array, Array, Array]


def _oneway(S: Array, dS: Array, t: Array, dt: Array, q: Array, dq: Array) -> Parts:
    """X = 1, no raters: R = q − (1't)²/(1'S1)."""
    x, dx, b, db = S.sum(axis=(-1, -2)), dS.sum(axis=(-1, -2)), t.sum(axis=-1), dt.sum(axis=-1)
    dR = dq - (2.0 * b * db * x - b * b * dx) / x**2
    return 1, q - b * b / x, _pair(dR), np.log(x), _pair(dx / x)


def _fixed_raters(S: Array, dS: Array, t: Array, dt: Array, q: Array, dq: Array) -> Parts:
    """X = Z_r: R = q − t'S⁻¹t and log|X'A⁻¹X| = log|S|; a rater absent from a resample has no column."""
    present = np.diagonal(S, axis1=-2, axis2=-1) > 0.0
    S = S + np.where(present, 0.0, 1.0)[..., None] * np.eye(S.shape[-1])
    inverse = np.asarray(np.linalg.inv(S), dtype=np.float64)
    u = _times(inverse, t)
    dR = dq - 2.0 * _dot(dt, u) + _dot(u, _times(dS, u))
    return (
        present.sum(axis=-1),
        q - _dot(t, u),
        _pair(dR),
        np.linalg.slogdet(S)[1],
        _pair(_trace(inverse, dS)),
    )


def _random_raters(S: Array, dS: Array, t: Array, dt: Array, q: Array, dq: Array, g: Array) -> Parts:
    """X = 1 with random raters, by Woodbury: with K = (I + g S)⁻¹,

    y'H⁻¹y = q − g t'Kt, 1'H⁻¹y = b = 1'Kt, 1'H⁻¹1 = x = 1'KS1; u = K t, v = K 1, a = t'Kt.
    """
    core = np.eye(S.shape[-1]) + g[..., None, None] * S
    K = np.asarray(np.linalg.inv(core), dtype=np.float64)
    u, v = _times(K, t), K.sum(axis=-1)
    Sv, Su = _times(S, v), _times(S, u)
    a, b, x = _dot(t, u), _dot(v, t), Sv.sum(axis=-1)
    da_s = 2.0 * _dot(dt, u) - g * _dot(u, _times(dS, u))
    db_s = _dot(v, dt) - g * _dot(v, _times(dS, u))
    dx_s = _dot(v, _times(dS, v))
    da_r, db_r, dx_r = -_dot(u, Su), -_dot(v, Su), -_dot(Sv, Sv)
    dR_s = dq - g * da_s - (2.0 * b * db_s * x - b * b * dx_s) / x**2
    dR_r = -a - g * da_r - (2.0 * b * db_r * x - b * b * dx_r) / x**2
    logs = np.linalg.slogdet(core)[1] + np.log(x)
    dlogs = np.stack([g * _trace(K, dS) + dx_s / x, _trace(K, S) + dx_r / x], axis=-1)
    return 1, q - g * a - b * b / x, np.stack([dR_s, dR_r], axis=-1), logs, dlogs


def _pair(first: Array) -> Array:
    return np.stack([first, np.zeros_like(first)], axis=-1)


def _times(matrix: Array, vector: Array) -> Array:
    return np.asarray((matrix @ vector[..., None])[..., 0])


def _dot(a: Array, b: Array) -> Array:
    return np.asarray((a * b).sum(axis=-1))


def _trace(a: Array, b: Array) -> Array:
    """tr(AB) for symmetric A."""
    return np.asarray((a * b).sum(axis=(-1, -2)))
