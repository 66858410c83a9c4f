"""McDonald's ω: the share of a scale's variance that one common factor carries.

The one-factor model Σ = λλ' + Ψ is fitted by maximum likelihood in the unique variances (Jöreskog 1967,
Psychometrika 32:443): with θ₁ ≥ θ₂ ≥ … the eigenvalues of Ψ^-½ S Ψ^-½, f(Ψ) = Σ_{m≥2} (θ_m − log θ_m − 1),
by Newton steps in log Ψ. ω = (Σλ)²/((Σλ)² + ΣΨ). Limits by resampling subjects; all resamples are fitted at
once.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emostats.errors import UsageError, check_level
from emostats.statistics.agreement.consistency import NAN, Reliability, read_items
from emostats.statistics.agreement.resample import percentile_limits, target_counts

Array = NDArray[np.float64]

_LEAST = 0.005  # unique variances stay above this share of the item's variance


def mcdonald_omega(
    data: Any,
    *,
    subjects: str | None = None,
    items: str | None = None,
    answers: str | None = None,
    conf_level: float = 0.95,
    n_resamples: int = 1999,
    seed: int = 0,
) -> Reliability:
    """McDonald's ω (total) of one common factor, with percentile limits over resampled subjects.

    Parameters
    ----------
    data, subjects, items, answers: as in `cronbach_alpha`; subjects with gaps are left out and counted.

    Raises
    ------
    UsageError, FindingsError: as in `icc`; fewer than three items; fewer complete subjects than items + 1.
    """
    check_level(conf_level)
    table = read_items(data, subjects, items, answers, fewest=3)
    full = ~np.isnan(table.values).any(axis=1)
    values = np.asarray(table.values)[full]
    n, k = values.shape
    if n < k + 1:
        raise UsageError(f"ω of {k} items needs at least {k + 1} subjects without gaps; found {n}.")
    y = values - values.mean(axis=0)
    S = y.T @ y / (n - 1)
    nothing = Reliability(
        "McDonald's ω", NAN, NAN, NAN, NAN, conf_level, NAN, n, k, int((~full).sum()), "none", ""
    )
    if reason := _why_not(S, table.raters):
        return replace(nothing, reason=reason)
    loadings, unique = (part[0] for part in one_factor(S[None]))
    draws = _draws(y, n_resamples, seed)
    low, high = percentile_limits(draws, conf_level)
    defined = draws[~np.isnan(draws)]
    scale = np.sqrt(np.diag(S))
    held = unique <= _LEAST * np.diag(S) * 1.01
    return replace(
        nothing,
        estimate=float(omega(loadings, unique)),
        std_error=float(defined.std(ddof=1)) if defined.size > 1 else NAN,
        conf_low=low,
        conf_high=high,
        standardized=float(omega(loadings / scale, unique / scale**2)),
        method=f"one factor, maximum likelihood; bootstrap of subjects, {n_resamples} resamples, seed {seed}",
        reason="an item has almost no unique variance (Heywood case)" if held.any() else "",
    )


def _why_not(S: Array, items: Sequence[Hashable]) -> str:
    """Why one factor cannot be fitted to a covariance matrix; '' if it can."""
    variances = np.diag(S)
    if (variances <= 0.0).any():
        still = [str(label) for label, variance in zip(items, variances, strict=True) if variance <= 0.0]
        return f"item {', '.join(still)} does not vary"
    scale = np.sqrt(variances)
    if float(np.linalg.eigvalsh(S / np.outer(scale, scale))[0]) < 1e-10:
        return "items are the same or add up to each other: one factor cannot be fitted"
    return ""


def omega(loadings: Array, unique: Array) -> Array:
    """(Σλ)²/((Σλ)² + ΣΨ) along the last axis."""
    common = loadings.sum(axis=-1) ** 2
    return np.asarray(common / (common + unique.sum(axis=-1)))


def _draws(y: Array, n_resamples: int, seed: int) -> Array:
    """ω of resampled subjects; NaN where an item does not vary in the resample."""
    n, k = y.shape
    products = (y[:, :, None] * y[:, None, :]).reshape(n, k * k)
    block = max(1, 1_000_000 // max(n, k * k))
    draws = []
    for counts in target_counts(n, n_resamples, np.random.default_rng(seed), block=block):
        mean = counts @ y / n
        S = (counts @ products).reshape(-1, k, k) / n - mean[:, :, None] * mean[:, None, :]
        usable = np.diagonal(S, axis1=1, axis2=2).min(axis=1) > 0.0
        out = np.full(len(S), np.nan)
        if usable.any():
            out[usable] = omega(*one_factor(S[usable] * n / (n - 1)))
        draws.append(out)
    return np.concatenate(draws)


def one_factor(S: Array, max_steps: int = 50, tol: float = 1e-9) -> tuple[Array, Array]:
    """Loadings (b, k) and unique variances (b, k) of covariance matrices (b, k, k) with positive diagonals.

    Loadings have a positive sum.
    """
    variance = np.diagonal(S, axis1=1, axis2=2)
    low, high = np.log(_LEAST * variance), np.log(variance)
    x = np.log(variance / 2.0)
    f, gradient, hessian, _ = _discrepancy(S, x)
    rows = np.arange(len(S))
    for _ in range(max_steps):
        step = _bounded_step(x[rows], gradient[rows], hessian[rows], low[rows], high[rows])
        size = np.ones(len(rows))
        for _ in range(12):
            trial = np.clip(x[rows] + size[:, None] * step, low[rows], high[rows])
            new_f, new_gradient, new_hessian, _ = _discrepancy(S[rows], trial)
            worse = new_f > f[rows] + 1e-12
            if not worse.any():
                break
            size = np.where(worse, size / 4.0, size)
        accept = ~worse
        moved = np.abs(trial - x[rows]).max(axis=1)
        kept = rows[accept]
        x[kept], f[kept], gradient[kept], hessian[kept] = (
            part[accept] for part in (trial, new_f, new_gradient, new_hessian)
        )
        rows = rows[accept & (moved > tol)]
        if not len(rows):
            break
    return _loadings(S, x), np.exp(x)


def _discrepancy(S: Array, x: Array) -> tuple[Array, Array, Array, Array]:
    """f, its gradient, Jöreskog's approximate Hessian in log Ψ, and the eigenvalues."""
    root = np.exp(-x / 2.0)
    values, vectors = np.linalg.eigh(S * root[:, :, None] * root[:, None, :])
    small, rest = np.maximum(values[:, :-1], 1e-300), vectors[:, :, :-1]
    f = (small - np.log(small) - 1.0).sum(axis=1)
    gradient = ((1.0 - small)[:, None, :] * rest**2).sum(axis=2)
    hessian = (rest @ rest.transpose(0, 2, 1)) ** 2
    return f, gradient, hessian, values


def _bounded_step(x: Array, gradient: Array, hessian: Array, low: Array, high: Array) -> Array:
    """Newton step of the items that are not held at a bound, at most 2 long in log Ψ."""
    held = ((x <= low) & (gradient > 0.0)) | ((x >= high) & (gradient < 0.0))
    eye = np.eye(x.shape[1])
    H = np.where(held[:, :, None] | held[:, None, :], eye, hessian) + 1e-10 * eye
    step = np.linalg.solve(H, np.where(held, 0.0, -gradient)[:, :, None])[:, :, 0]
    return np.asarray(
        step * np.minimum(1.0, 2.0 / np.maximum(np.abs(step).max(axis=1, keepdims=True), 1e-300))
    )


def _loadings(S: Array, x: Array) -> Array:
    root = np.exp(x / 2.0)
    values, vectors = np.linalg.eigh(S / root[:, :, None] / root[:, None, :])
    loadings = root * vectors[:, :, -1] * np.sqrt(np.maximum(values[:, -1:] - 1.0, 0.0))
    return np.asarray(loadings * np.where(loadings.sum(axis=1, keepdims=True) < 0.0, -1.0, 1.0))
