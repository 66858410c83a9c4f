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
_FLAT = 1e-4
"""Largest scaled gradient of an optimum; a parameter that runs to its limit keeps one near 1."""
_CURVED = 1e-9
"""Smallest eigenvalue of the scaled information that counts as positive."""
_NONE = 1e-3
"""Correlations nearer to 0 or 1 than this count as none or perfect, where a spatial fit does not converge."""


@dataclass(frozen=True)
class Convergence:
    """How the optimiser ended, and what it saw there.

    Attributes
    ----------
    converged: an interior optimum with positive definite information was reached.
    reason: ``"converged"``, ``"boundary"``, ``"hessian"`` (no ascent), ``"information"`` (singular),
        ``"gradient"``, ``"iterations"``, ``"step"`` or ``"start"``.
    message: the same in words. iterations: Newton steps taken.
    gradient: largest absolute element of the gradient in units of θ's standard errors.
    decrement: Newton decrement at the end.
    information: smallest eigenvalue of the observed information in units of the expected one's diagonal;
        positive at an optimum.
    correlation: smallest eigenvalue of the visits' correlation matrices, 0 where the covariance is singular;
        NaN for coordinates.
    """

    converged: bool
    reason: str
    message: str
    iterations: int
    gradient: float
    decrement: float
    information: float = np.nan
    correlation: float = np.nan


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
        return Optimum(None, None, Convergence(False, "start", _WORDS["start"], 0, np.nan, np.nan))
    halfway = np.nan
    for iteration in range(max_iterations):
        slope = derivatives(problem, at)
        step, decrement, newton = _direction(slope)
        if newton and decrement < _DECREMENT:
            return _finish(problem, at, slope, step, decrement, iteration)
        moved = _line_search(problem, at, step, decrement)
        if moved is None:
            return _ended(problem, at, slope, "step" if newton else "hessian", iteration, decrement)
        at = moved
        if iteration >= 20:
            correlation, relative = _smallest_eigenvalues(problem, at)
            if correlation < SINGULAR:
                break
            halfway = relative if iteration == max_iterations // 2 else halfway
    slope = derivatives(problem, at)
    return _ended(problem, at, slope, "iterations", iteration + 1, _direction(slope)[1], halfway)


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
    return _ended(problem, at, slope, "converged", iteration + 1, decrement)


def _ended(
    problem: Problem,
    at: Evaluation,
    slope: Derivatives,
    reason: str,
    iterations: int,
    decrement: float,
    halfway: float = np.nan,
) -> Optimum:
    """The end point and what was seen there. `reason` is why the steps ended, which may hide a boundary."""
    gradient, information = _relative_gradient(slope), _smallest_information(slope)
    correlation, relative = _smallest_eigenvalues(problem, at)
    flat, curved = gradient < _FLAT, information > _CURVED
    words = ""
    if not (reason == "converged" and flat and curved and not correlation < SINGULAR):
        singular = min(correlation, relative) < SINGULAR
        falling = not curved and relative < min(0.8 * halfway, 0.01)
        words = _boundary(problem, at, singular, falling)
        if words:
            reason = "boundary"
        elif flat and not curved:
            reason = "information"
        elif reason == "converged":
            reason = "gradient"
    end = Convergence(
        reason == "converged", reason, words or _WORDS[reason], iterations, gradient, decrement, information,
        correlation,
    )  # fmt: skip
    return Optimum(at, slope, end)


def _boundary(problem: Problem, at: Evaluation, singular: bool, falling: bool) -> str:
    """In words, the edge of the parameter space at which a fit that did not converge lies; '' for none."""
    if singular:
        return _WORDS["boundary"]
    if falling:
        return "the log-likelihood still rises slowly towards a singular covariance matrix"
    if problem.stack.distances is None:
        return ""
    far = _correlations_of_places(problem, at)
    if far.size and far.max() < _NONE:
        return "the range falls to 0, where rows at different places are independent"
    return "the range grows without limit, to correlations of 1" if far.size and far.min() > 1 - _NONE else ""


def _correlations_of_places(problem: Problem, at: Evaluation) -> Float:
    """Correlations between a subject's rows at different coordinates, by pattern."""
    stack = problem.stack
    apart = (stack.masks[0] > 0) & ~np.eye(stack.n_visits, dtype=bool)
    found = []
    for g in range(stack.n_groups):
        theta = problem.theta_of(at.theta, g)
        V = problem.structure.sigma(theta, problem.positions(g)) / theta[0]
        found.append(V[apart[stack.group == g]])
    return np.concatenate(found)


def _smallest_eigenvalues(problem: Problem, at: Evaluation) -> tuple[float, float]:
    """Over groups, of the correlation matrix of all visits, and of Σ in units of its largest variance.

    NaN for coordinates. The first is not positive also where Σ is positive definite over the visits that
    subjects have, but not over all; the second also falls to 0 where a single variance does.
    """
    if problem.stack.distances is not None:
        return np.nan, np.nan
    T, correlation, relative = problem.stack.n_visits, np.inf, np.inf
    for group in range(problem.stack.n_groups):
        Sigma = problem.structure.sigma(problem.theta_of(at.theta, group), T)
        variance = np.diagonal(Sigma)
        sd = np.sqrt(variance)
        correlation = min(correlation, float(np.linalg.eigvalsh(Sigma / np.outer(sd, sd))[0]))
        relative = min(relative, float(np.linalg.eigvalsh(Sigma)[0] / variance.max()))
    return correlation, relative


def _smallest_information(slope: Derivatives) -> float:
    d = np.sqrt(np.maximum(np.diagonal(slope.expected), 1e-300))
    scaled = slope.information / np.outer(d, d)
    return float(np.linalg.eigvalsh(scaled)[0]) if np.isfinite(scaled).all() else -np.inf


def _relative_gradient(slope: Derivatives) -> float:
    scale = np.sqrt(np.maximum(np.diagonal(slope.expected), 1e-300))
    return float(np.abs(slope.gradient / scale).max())


_WORDS = {
    "converged": "converged",
    "boundary": "the estimate lies on the boundary of the parameter space (a singular covariance matrix)",
    "hessian": "no ascent direction was found: the information matrix is not positive definite",
    "information": "the information matrix is singular: the data do not determine all covariance parameters",
    "gradient": "the gradient of the log-likelihood is not zero at the end",
    "step": "no step along the search direction raised the log-likelihood",
    "iterations": "the iteration limit was reached",
    "start": "the log-likelihood cannot be evaluated at the starting values",
}
