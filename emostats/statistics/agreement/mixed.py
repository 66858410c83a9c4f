"""REML for any number of crossed and nested random effects, one of them (the object) with many levels.

Effects whose index holds the object are block-diagonal by object; the others have few levels. With B the
block part and Z₀, D₀ the rest, V/σ²_e = B + Z₀D₀Z₀', and Woodbury's identity needs one inverse per
*pattern* of facets (in a complete table there is one pattern) and one of the size of Z₀. Cost does not grow
with the number of objects that share a pattern.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emostats.errors import ConvergenceError
from emostats.statistics.agreement.newton import minimise

Array = NDArray[np.float64]
Codes = NDArray[np.intp]

_START = 1.0
_LARGEST = 20.0


@dataclass(frozen=True)
class Pattern:
    """Objects with the same facets.

    Attributes
    ----------
    Y: (objects, n) responses, centred. K: one (n, n) matrix an object effect, 1 where two rows share its
        level.
    Z0: (n, q) indicators of the levels of the other effects.
    """

    Y: Array
    K: tuple[Array, ...]
    Z0: Array


@dataclass(frozen=True)
class MixedProblem:
    """The sufficient layout of one data set.

    Attributes
    ----------
    patterns: see `Pattern`. of_object: for each effect its place among K, or −1. column_effect: (q,) effect
        of each column of Z0. scale: (effects,) mean number of rows per level. N: rows.
    """

    patterns: tuple[Pattern, ...]
    of_object: tuple[int, ...]
    column_effect: Codes
    scale: Array
    N: int


@dataclass(frozen=True)
class MixedFit:
    """variances (effects,), error: components; criterion: REMLcrit; std_errors (effects + 1,)."""

    variances: Array
    error: float
    criterion: float
    std_errors: Array
    iterations: int


def mixed_problem(y: Array, objects: Codes, effects: Sequence[tuple[Codes, bool]]) -> MixedProblem:
    """Lay out a problem.

    Parameters
    ----------
    y: (N,) responses. objects: (N,) codes of the object. effects: for each effect its codes and whether its
        index holds the object.
    """
    outside = [codes for codes, inside in effects if not inside]
    Z0, column_effect = _indicators(
        [i for i, (_, inside) in enumerate(effects) if not inside], outside, len(y)
    )
    inside = [codes for codes, has in effects if has]
    y = y - y.mean()
    groups: dict[bytes, list[Codes]] = {}
    for rows in _rows_by_object(objects):
        rows = rows[np.lexsort(tuple(Z0[rows].T)) if Z0.shape[1] else np.arange(len(rows))]
        local = np.stack([np.unique(codes[rows], return_inverse=True)[1] for codes in inside])
        groups.setdefault(Z0[rows].tobytes() + b"|" + local.tobytes(), []).append(rows)
    patterns = tuple(_pattern(y, stack, Z0, inside) for stack in groups.values())
    order = iter(range(len(inside)))
    places = tuple(next(order) if has else -1 for _, has in effects)
    scale = np.array([len(y) / len(np.unique(codes)) for codes, _ in effects])
    return MixedProblem(patterns, places, column_effect, scale, len(y))


def _rows_by_object(objects: Codes) -> list[Codes]:
    order = np.argsort(objects, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(objects[order])) + 1)


def _indicators(which: list[int], outside: list[Codes], n: int) -> tuple[Array, Codes]:
    blocks, effect = [np.empty((n, 0))], []
    for i, codes in zip(which, outside, strict=True):
        blocks.append(np.eye(int(codes.max()) + 1)[codes])
        effect += [i] * (int(codes.max()) + 1)
    return np.concatenate(blocks, axis=1), np.array(effect, dtype=np.intp)


def _pattern(y: Array, stack: list[Codes], Z0: Array, inside: list[Codes]) -> Pattern:
    rows = stack[0]
    K = tuple((codes[rows][:, None] == codes[rows]).astype(np.float64) for codes in inside)
    return Pattern(np.stack([y[item] for item in stack]), K, Z0[rows])


@dataclass(frozen=True)
class _Whole:
    """Pieces of one evaluation: for each pattern W = B⁻¹, and totals over all rows."""

    W: list[Array]
    log_det: float
    S: Array
    C: Array
    x: float
    beta: float
    u: Array
    v1: Array


def _solve(problem: MixedProblem, g: Array) -> _Whole:
    q = len(problem.column_effect)
    S, c1, cy = np.zeros((q, q)), np.zeros(q), np.zeros(q)
    x = b = log_det = 0.0
    W = []
    for pattern in problem.patterns:
        m, n = pattern.Y.shape
        B = np.eye(n)
        for effect, place in enumerate(problem.of_object):
            if place >= 0:
                B = B + g[effect] * pattern.K[place]
        inverse = np.asarray(np.linalg.inv(B), dtype=np.float64)
        W.append(inverse)
        log_det += m * float(np.linalg.slogdet(B)[1])
        WZ, total = inverse @ pattern.Z0, pattern.Y.sum(axis=0)
        S += m * pattern.Z0.T @ WZ
        c1 += m * WZ.sum(axis=0)
        cy += WZ.T @ total
        x += m * float(inverse.sum())
        b += float(inverse.sum(axis=0) @ total)
    D = g[problem.column_effect]
    C = np.asarray(np.linalg.solve(np.eye(q) + D[:, None] * S, np.diag(D)), dtype=np.float64)
    x_v, b_v = x - float(c1 @ C @ c1), b - float(c1 @ C @ cy)
    beta = b_v / x_v
    log_det += float(np.linalg.slogdet(np.eye(q) + D[:, None] * S)[1])
    return _Whole(W, log_det, S, C, x_v, beta, C @ (cy - beta * c1), C @ c1)


def criterion(problem: MixedProblem, g: Array) -> tuple[float, Array, float, Array]:
    """log|V| + log x and its gradient, R and its gradient, in the ratios g (effects,)."""
    at = _solve(problem, g)
    slopes, slopes_R = np.zeros(len(g)), np.zeros(len(g))
    Z_one, Z_res, R = np.zeros(len(at.S)), np.zeros(len(at.S)), 0.0
    for pattern, W in zip(problem.patterns, at.W, strict=True):
        m = len(pattern.Y)
        WZ = W @ pattern.Z0
        one = W.sum(axis=1) - WZ @ at.v1
        res = (pattern.Y - at.beta) @ W - WZ @ at.u
        Z_one += m * pattern.Z0.T @ one
        Z_res += pattern.Z0.T @ res.sum(axis=0)
        R += float((res * pattern.Y).sum())
        for effect, place in enumerate(problem.of_object):
            if place < 0:
                continue
            K = pattern.K[place]
            trace = float((W * K).sum()) - float((at.C * (WZ.T @ K @ WZ)).sum())
            slopes[effect] += m * (trace - float(one @ K @ one) / at.x)
            slopes_R[effect] -= float(((res @ K) * res).sum())
    inner = np.diag(at.S - at.S @ at.C @ at.S) - Z_one**2 / at.x
    outside = problem.column_effect
    slopes += np.bincount(outside, inner, minlength=len(g))
    slopes_R -= np.bincount(outside, Z_res**2, minlength=len(g))
    return at.log_det + float(np.log(at.x)), slopes, max(R, np.finfo(np.float64).tiny), slopes_R


class _Surface:
    """REML criterion in θ = log(1 + m g), as a batch of one for `newton.minimise`."""

    def __init__(self, problem: MixedProblem) -> None:
        self.problem = problem

    def __call__(self, theta: Array) -> tuple[Array, Array]:
        g = np.expm1(theta[0]) / self.problem.scale
        logs, slopes, R, slopes_R = criterion(self.problem, g)
        freedom = self.problem.N - 1
        value = freedom * (1.0 + np.log(2.0 * np.pi * R / freedom)) + logs
        gradient = (freedom * slopes_R / R + slopes) * np.exp(theta[0]) / self.problem.scale
        return np.array([value]), gradient[None]

    def take(self, rows: NDArray[np.intp]) -> _Surface:
        return self


def fit_mixed(problem: MixedProblem) -> MixedFit:
    """REML components, at least 0.

    Raises
    ------
    ConvergenceError: no optimum was reached.
    """
    effects = len(problem.scale)
    surface = _Surface(problem)
    start = np.full((1, effects), _START)
    theta, converged, iterations = minimise(surface, start, free=effects, largest=_LARGEST, max_steps=200)
    if not bool(converged[0]):
        raise ConvergenceError(
            "REML of the generalizability study did not converge; leave out a facet with few levels.",
            reason="step limit",
            theta=theta[0].tolist(),
        )
    g = np.expm1(theta[0]) / problem.scale
    R = criterion(problem, g)[2]
    error = R / (problem.N - 1)
    value = float(surface(theta)[0][0])
    return MixedFit(g * error, error, value, _standard_errors(problem, g * error, error), iterations)


def _standard_errors(problem: MixedProblem, variances: Array, error: float) -> Array:
    """From the observed information of the components that are not 0; NaN for those that are."""
    point = np.append(variances, error)
    inside = np.flatnonzero(point > 1e-9 * point.sum())
    information = np.empty((len(inside), len(inside)))
    for row, i in enumerate(inside):
        h = 1e-4 * point[i]
        up, down = point.copy(), point.copy()
        up[i] += h
        down[i] -= h
        information[row] = ((_score(problem, up) - _score(problem, down)) / (2.0 * h))[inside]
    out = np.full(len(point), np.nan)
    try:
        covariance = 2.0 * np.linalg.inv((information + information.T) / 2.0)
    except np.linalg.LinAlgError:
        return out
    diagonal = np.diag(covariance)
    out[inside] = np.sqrt(np.where(diagonal > 0.0, diagonal, np.nan))
    return out


def _score(problem: MixedProblem, point: Array) -> Array:
    """Gradient of −2 restricted log-likelihood in the variances themselves."""
    error = float(point[-1])
    g = point[:-1] / error
    _, slopes, R, slopes_R = criterion(problem, g)
    by_ratio = slopes_R / error + slopes
    by_error = (problem.N - 1) / error - R / error**2 - float(by_ratio @ g) / error
    return np.append(by_ratio / error, by_error)
