"""Newton's method for θ, with the expected information where the observed one is not positive definite.

Failure is data: `Convergence` says what happened, and the caller decides whether to raise.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emostats.statistics.mmrm.likelihood import Derivatives, Evaluation, Problem, derivatives, evaluate

Float = NDArray[np.float64]

SINGULAR = 1e-7
"""Smallest eigenvalue of a correlation matrix below which it counts as singular."""
_DECREMENT = 1e-10
"""Newton decrement (twice the gain still expected in ℓ) below which one last full step is taken."""


@dataclass(frozen=True)
class Convergence:
    """How the optimiser ended.

    Attributes
    ----------
    converged: an interior optimum with positive definite information was reached.
    reason: ``"converged"``, ``"boundary"``, ``"hessian"``, ``"iterations"``, ``"step"`` or ``"start"``.
    message: the same in words. iterations: Newton steps taken.
    gradient: largest absolute element of the gradient in units of θ's standard errors.
    decrement: Newton decrement at the end.
    """

    converged: bool
    reason: str
    message: str
    iterations: int
    gradient: float
    decrement: float


@dataclass(frozen=True)
class Optimum:
    """The end point with its derivatives (None when no point could be evaluated)."""

    at: Evaluation | None
    slope: Derivatives | None
    convergence: Convergence

    @property
    def reached(self) -> tuple[Evaluation, Derivatives]:
        """The end point and its derivatives.

        Raises
        ------
        ValueError: no point could be evaluated.
        """
        if self.at is None or self.slope is None:
            raise ValueError("no point of this likelihood could be evaluated")
        return self.at, self.slope


def starting_theta(problem: Problem) -> Float:
    """Starting values from moments of the OLS residuals by pairs of visits, made positive definite.

    The range of a spatial structure is the best of a grid over the distances in the data.
    """
    moments = [_moments(problem, group) for group in range(problem.stack.n_groups)]
    if problem.stack.distances is None:
        return np.concatenate([problem.structure.start(S) for S in moments])
    variances = [float(np.diagonal(S).mean()) for S in moments]
    ranges = _range_grid(problem.stack.distances)
    starts = [np.concatenate([[variance, r] for variance in variances]) for r in ranges]
    values = [evaluate(problem, start) for start in starts]
    best = max(range(len(starts)), key=lambda i: -np.inf if (v := values[i]) is None else v.loglik)
    return starts[best]


def _range_grid(distances: Float) -> Float:
    positive = distances[distances > 0]
    if not positive.size:
        return np.ones(1)
    low, high = float(positive.min()), float(positive.max())
    return np.geomspace(0.3 * low, 5 * high, 9)


def _moments(problem: Problem, group: int) -> Float:
    stack = problem.stack
    mine = stack.group == group
    r = stack.Z[mine[stack.pattern], :, -1]
    seen = stack.observed[mine].astype(float)
    counts = np.einsum("p,pa,pb->ab", stack.n[mine], seen, seen)
    S = (r.T @ r) / np.maximum(counts, 1.0)
    variance = np.diagonal(S).copy()
    floor = 1e-3 * variance[variance > 0].mean() if (variance > 0).any() else 1.0
    variance = np.maximum(variance, floor)
    np.fill_diagonal(S, variance)
    return _positive(S)


def _positive(S: Float) -> Float:
    """S, or S with its correlations shrunk and its eigenvalues lifted until it is well positive definite."""
    sd = np.sqrt(np.diagonal(S))
    values, vectors = np.linalg.eigh(S / np.outer(sd, sd))
    if values[0] > 0.05:
        return S
    R = (vectors * np.maximum(values, 0.05)) @ vectors.T
    d = np.sqrt(np.diagonal(R))
    return np.asarray(R / np.outer(d, d) * np.outer(sd, sd))


def maximise(problem: Problem, start: Float | None = None, max_iterations: int = 100) -> Optimum:
    """Maximise ℓ over θ from `start` (moments by default)."""
    at = evaluate(problem, starting_theta(problem) if start is None else start)
    if at is None:
        return Optimum(None, None, _ended("start", 0, np.nan, np.nan))
    for iteration in range(max_iterations):
        slope = derivatives(problem, at)
        step, decrement, newton = _direction(slope)
        if newton and decrement < _DECREMENT:
            return _finish(problem, at, slope, step, decrement, iteration)
        moved = _line_search(problem, at, step, decrement)
        if moved is None:
            reason = "boundary" if _on_boundary(problem, at) else "step" if newton else "hessian"
            return Optimum(at, slope, _ended(reason, iteration, _relative_gradient(slope), decrement))
        at = moved
        if iteration >= 20 and _on_boundary(problem, at):
            break
    slope = derivatives(problem, at)
    reason = "boundary" if _on_boundary(problem, at) else "iterations"
    return Optimum(at, slope, _ended(reason, iteration + 1, _relative_gradient(slope), np.nan))


def _direction(slope: Derivatives) -> tuple[Float, float, bool]:
    """Newton direction, its decrement, and whether the observed information was positive definite."""
    for information, newton in ((slope.information, True), (slope.expected, False)):
        try:
            L = np.linalg.cholesky(information)
        except np.linalg.LinAlgError:
            continue
        half = np.linalg.solve(L, slope.gradient)
        if np.isfinite(half).all():
            return np.linalg.solve(L.T, half), float(half @ half), newton
    values, vectors = np.linalg.eigh(slope.expected)
    keep = values > 1e-10 * max(values[-1], 1e-300)
    step = vectors[:, keep] @ ((vectors[:, keep].T @ slope.gradient) / values[keep])
    return step, float(step @ slope.gradient), False


def _line_search(problem: Problem, at: Evaluation, step: Float, decrement: float) -> Evaluation | None:
    """The first of full step, half, quarter, … that raises ℓ enough (Armijo)."""
    size = 1.0
    tolerance = 1e-11 * max(1.0, abs(at.loglik))
    for _ in range(40):
        trial = evaluate(problem, at.theta + size * step)
        if trial is not None and trial.loglik >= at.loglik + 1e-4 * size * decrement - tolerance:
            return trial
        size *= 0.5
    return None


def _finish(
    problem: Problem, at: Evaluation, slope: Derivatives, step: Float, decrement: float, iteration: int
) -> Optimum:
    """One last full Newton step: its error is the square of the one before."""
    last = evaluate(problem, at.theta + step)
    if last is not None and decrement > 1e-24:
        at, slope = last, derivatives(problem, last)
        decrement = _direction(slope)[1]
    smallest = np.linalg.eigvalsh(_standardised(slope.information))[0]
    reason = "converged" if smallest > 1e-9 and not _on_boundary(problem, at) else "boundary"
    return Optimum(at, slope, _ended(reason, iteration + 1, _relative_gradient(slope), decrement))


def _standardised(information: Float) -> Float:
    d = np.sqrt(np.maximum(np.diagonal(information), 1e-300))
    return np.asarray(information / np.outer(d, d))


def _on_boundary(problem: Problem, at: Evaluation) -> bool:
    """Whether some group's Σ is singular, or not positive definite over visits that no subject has all of."""
    if problem.stack.distances is not None:
        return False
    T = problem.stack.n_visits
    for group in range(problem.stack.n_groups):
        Sigma = problem.structure.sigma(problem.theta_of(at.theta, group), T)
        sd = np.sqrt(np.diagonal(Sigma))
        if np.linalg.eigvalsh(Sigma / np.outer(sd, sd))[0] < SINGULAR:
            return True
    return False


def _relative_gradient(slope: Derivatives) -> float:
    scale = np.sqrt(np.maximum(np.diagonal(slope.expected), 1e-300))
    return float(np.abs(slope.gradient / scale).max())


_WORDS = {
    "converged": "converged",
    "boundary": "the estimate lies on the boundary of the parameter space (a singular covariance matrix)",
    "hessian": "no ascent direction was found: the information matrix is not positive definite",
    "step": "no step along the search direction raised the log-likelihood",
    "iterations": "the iteration limit was reached",
    "start": "the log-likelihood cannot be evaluated at the starting values",
}


def _ended(reason: str, iterations: int, gradient: float, decrement: float) -> Convergence:
    return Convergence(reason == "converged", reason, _WORDS[reason], iterations, gradient, decrement)
