"""REML variance components of one-way, crossed and fixed-rater models of a table with or without gaps.

The criterion is −2 × restricted log-likelihood, with the error variance profiled out (σ²_e = R/(N − p)):

    D(g) = (N − p)(1 + log(2πR/(N − p))) + log|H| + log|X'H⁻¹X|

minimised over θ = log(1 + m g) ≥ 0, a scale on which it is close to quadratic and the boundary g = 0 is an ordinary
point. All kernels work on a batch of tables at once; a single fit is a batch of one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emostats.errors import ConvergenceError
from emostats.statistics.agreement.crossed import CrossedSums, reduce_at

Array = NDArray[np.float64]

MODELS: tuple[str, ...] = ("oneway_random", "twoway_random", "twoway_fixed_raters")

_GRID = np.log1p(np.array([0.0, 0.3, 1.0, 3.0, 10.0, 50.0, 500.0, 1e4]))


@dataclass(frozen=True)
class Criterion:
    """D and R with their derivatives in (g_s, g_r); σ²_e = R/(N − p) is the profiled error variance."""

    value: Array
    gradient: Array
    var_error: Array
    rss: Array
    rss_gradient: Array


@dataclass(frozen=True)
class VarianceComponents:
    """A REML fit.

    Attributes
    ----------
    model: one of `MODELS`. var_target, var_rater, var_error: components (var_rater 0 where the model has none).
    criterion: −2 restricted log-likelihood with all constants (lme4's REMLcrit). boundary: a component is 0.
    iterations: Newton steps.
    """

    model: str
    var_target: float
    var_rater: float
    var_error: float
    criterion: float
    boundary: bool
    iterations: int

    @property
    def icc_agreement(self) -> float:
        """σ²_s/(σ²_s + σ²_r + σ²_e)."""
        return _share(self.var_target, self.var_target + self.var_rater + self.var_error)

    @property
    def icc_consistency(self) -> float:
        """σ²_s/(σ²_s + σ²_e)."""
        return _share(self.var_target, self.var_target + self.var_error)


def _share(part: float, whole: float) -> float:
    return part / whole if whole > 0 else float("nan")


def reml_criterion(sums: CrossedSums, model: str, g_s: Array, g_r: Array) -> Criterion:
    """D(g_s, g_r) and its gradient for a batch of ratios; `g_r` is ignored by models without random raters."""
    r = reduce_at(sums, g_s)
    if model == "twoway_fixed_raters":
        p, R, dR, logs, dlogs = _fixed_raters(r.S, r.dS, r.t, r.dt, r.q, r.dq)
    elif model == "oneway_random":
        p, R, dR, logs, dlogs = _oneway(r.S, r.dS, r.t, r.dt, r.q, r.dq)
    else:
        p, R, dR, logs, dlogs = _random_raters(r.S, r.dS, r.t, r.dt, r.q, r.dq, g_r)
    freedom = sums.N - p
    R = np.maximum(R, np.finfo(np.float64).tiny)
    value = freedom * (1.0 + np.log(2.0 * np.pi * R / freedom)) + r.log_A + logs
    slope = freedom[..., None] * dR / R[..., None] + dlogs
    slope[..., 0] += r.dlog_A
    return Criterion(value, slope, R / freedom, R, dR)


Parts = tuple[int, Array, Array, Array, Array]


def _oneway(S: Array, dS: Array, t: Array, dt: Array, q: Array, dq: Array) -> Parts:
    """X = 1, no raters: R = q − (1't)²/(1'S1)."""
    x, dx, b, db = S.sum(axis=(-1, -2)), dS.sum(axis=(-1, -2)), t.sum(axis=-1), dt.sum(axis=-1)
    dR = dq - (2.0 * b * db * x - b * b * dx) / x**2
    return 1, q - b * b / x, _pair(dR), np.log(x), _pair(dx / x)


def _fixed_raters(S: Array, dS: Array, t: Array, dt: Array, q: Array, dq: Array) -> Parts:
    """X = Z_r: R = q − t'S⁻¹t and log|X'A⁻¹X| = log|S|."""
    inverse = np.linalg.inv(S)
    u = _times(inverse, t)
    dR = dq - 2.0 * _dot(dt, u) + _dot(u, _times(dS, u))
    return S.shape[-1], q - _dot(t, u), _pair(dR), np.linalg.slogdet(S)[1], _pair(_trace(inverse, dS))


def _random_raters(S: Array, dS: Array, t: Array, dt: Array, q: Array, dq: Array, g: Array) -> Parts:
    """X = 1 with random raters, by Woodbury: K = (I + g S)⁻¹, u = K t, v = K 1, H⁻¹-products a = t'Kt, b = 1'Kt, x = 1'KS1."""
    core = np.eye(S.shape[-1]) + g[..., None, None] * S
    K = np.linalg.inv(core)
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


@dataclass(frozen=True)
class RatioFit:
    """Minimising ratios of a batch: g (..., 2) = (g_s, g_r), criterion, σ²_e, and whether each converged."""

    g: Array
    criterion: Array
    var_error: Array
    converged: Array
    iterations: int


def fit_ratios(
    sums: CrossedSums, model: str, batch: int = 1, max_steps: int = 60, tol: float = 1e-9
) -> RatioFit:
    """Minimise D over g ≥ 0 for a batch of tables: best point of a coarse grid, then projected Newton steps in θ."""
    scale = np.array([float(np.mean(sums.sizes)), float(np.mean(sums.n_j))])
    free = 2 if model == "twoway_random" else 1

    def evaluate(theta: Array) -> tuple[Array, Array, Array]:
        g = np.expm1(theta) / scale
        c = reml_criterion(sums, model, g[..., 0], g[..., 1])
        return c.value, c.gradient * np.exp(theta) / scale, c.var_error

    theta = _best_of_grid(evaluate, free, batch)
    value, gradient, error = evaluate(theta)
    done = np.zeros(batch, dtype=bool)
    step = 0
    for step in range(1, max_steps + 1):
        direction = _newton_direction(evaluate, theta, gradient, free)
        projected = np.where((theta <= 0.0) & (gradient > 0.0), 0.0, gradient)
        done |= (np.abs(direction).max(axis=-1) < tol) | (
            np.abs(projected).max(axis=-1) < 1e-13 * np.abs(value)
        )
        if done.all():
            break
        direction = np.where(done[:, None], 0.0, direction)
        theta, value, gradient, error, moved = _line_search(
            evaluate, theta, value, gradient, error, direction
        )
        done |= ~moved
    return RatioFit(np.expm1(theta) / scale, value, error, done, step)


def _best_of_grid(evaluate, free: int, batch: int) -> Array:  # type: ignore[no-untyped-def]
    points = [(a, b) for a in _GRID for b in (_GRID if free == 2 else (0.0,))]
    best, best_value = np.zeros((batch, 2)), np.full(batch, np.inf)
    for point in points:
        theta = np.tile(np.array(point), (batch, 1))
        value = evaluate(theta)[0]
        better = value < best_value
        best[better], best_value[better] = theta[better], value[better]
    return best


def _newton_direction(evaluate, theta: Array, gradient: Array, free: int, h: float = 1e-5) -> Array:  # type: ignore[no-untyped-def]
    """Newton step with bounds θ ≥ 0; the Hessian is differenced from the gradient and made positive by |eigenvalues|."""
    hessian = np.empty((len(theta), 2, 2))
    for i in range(2):
        if i >= free:
            hessian[:, i, :] = hessian[:, :, i] = 0.0
            hessian[:, i, i] = 1.0
            continue
        ahead = theta.copy()
        ahead[:, i] += h
        hessian[:, i, :] = (evaluate(ahead)[1] - gradient) / h
    hessian = (hessian + hessian.transpose(0, 2, 1)) / 2.0
    blocked = (theta <= 0.0) & (gradient >= 0.0)
    blocked[:, free:] = True
    force = np.where(blocked, 0.0, -gradient)
    for i in range(2):
        hessian[blocked[:, i], i, :] = 0.0
        hessian[blocked[:, i], :, i] = 0.0
        hessian[blocked[:, i], i, i] = 1.0
    values, vectors = np.linalg.eigh(hessian)
    values = np.maximum(np.abs(values), 1e-8)
    step = np.einsum("bij,bj,bkj,bk->bi", vectors, 1.0 / values, vectors, force)
    length = np.abs(step).max(axis=-1, keepdims=True)
    return np.asarray(step * np.minimum(1.0, 2.0 / np.maximum(length, 1e-300)))


def _line_search(evaluate, theta, value, gradient, error, direction):  # type: ignore[no-untyped-def]
    """Halve each table's step until its D does not rise; tables that cannot move stay."""
    size = np.ones(len(theta))
    pending = np.abs(direction).max(axis=-1) > 0
    moved = np.zeros(len(theta), dtype=bool)
    new = [theta.copy(), value.copy(), gradient.copy(), error.copy()]
    for _ in range(30):
        if not pending.any():
            break
        trial = np.maximum(theta + size[:, None] * direction, 0.0)
        result = evaluate(trial)
        accept = pending & (result[0] <= value + 1e-12 * np.abs(value))
        for kept, candidate in zip(new, (trial, *result), strict=True):
            kept[accept] = candidate[accept]
        moved |= accept
        pending &= ~accept
        size = np.where(pending, size / 2.0, size)
    return new[0], new[1], new[2], new[3], moved


def fit_components(sums: CrossedSums, model: str) -> VarianceComponents:
    """REML components of one table.

    Raises
    ------
    ConvergenceError: no optimum was reached.
    """
    fit = fit_ratios(sums, model)
    if not bool(fit.converged[0]):
        raise ConvergenceError(
            f"REML of the {model.replace('_', '-')} model did not converge; use interval='bootstrap' or more ratings.",
            reason="step limit",
            theta=fit.g[0].tolist(),
        )
    g_s, g_r = (float(value) for value in fit.g[0])
    error = float(fit.var_error[0])
    random_raters = model == "twoway_random"
    return VarianceComponents(
        model=model,
        var_target=g_s * error,
        var_rater=g_r * error if random_raters else 0.0,
        var_error=error,
        criterion=float(fit.criterion[0]),
        boundary=g_s == 0.0 or (random_raters and g_r == 0.0),
        iterations=fit.iterations,
    )
