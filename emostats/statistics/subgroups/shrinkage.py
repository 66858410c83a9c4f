"""Empirical-Bayes shrinkage: subgroup estimates drawn towards their common mean.

Normal–normal model with known covariance V of the estimates (k × k):

    y | θ ~ N(θ, V),    θ ~ N(μ 1, τ² I)

so that y ~ N(μ 1, V + τ² I). τ² is estimated by REML or by moments (DerSimonian & Laird, 1986, with a full
V); μ by generalized least squares; θ by its best linear unbiased prediction (Henderson, 1975). With a
diagonal V these are the numbers of a random-effects meta-analysis.

The error of θ has three parts (Prasad & Rao, 1990; Datta & Lahiri, 2000): that of the prediction were all
known, that of μ, and twice that of τ². With few subgroups the last one is large: the error is cut at that of
the raw estimate.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from emostats.errors import ModelError, UsageError, did_you_mean

Array = npt.NDArray[np.float64]

METHODS = ("reml", "dersimonian-laird")
NAMES = {"reml": "REML", "dersimonian-laird": "DerSimonian–Laird"}
LEAST = 3
"""Fewer subgroups than this say next to nothing about how subgroups differ, and are not shrunk."""


@dataclass(frozen=True, eq=False)
class Shrinkage:
    """Subgroup effects beside what is left of their differences.

    Attributes
    ----------
    mean, mean_error: μ and its standard error. tau2: variance of the true effects between subgroups.
    tau2_low, tau2_high: its interval by the Q profile (Viechtbauer, 2007).
    estimate, std_error, conf_low, conf_high: (k,) shrunken effects.
    kept: (k,) share of each raw deviation from μ that is kept were the estimates independent,
        τ² / (τ² + v).
    q, df, p_value: Cochran's test of equal effects. i2: share of the variance between subgroups, 0 to 1.
    method: of τ².
    """

    mean: float
    mean_error: float
    tau2: float
    tau2_low: float
    tau2_high: float
    estimate: Array
    std_error: Array
    conf_low: Array
    conf_high: Array
    kept: Array
    q: float
    df: int
    p_value: float
    i2: float
    method: str

    @property
    def told(self) -> str:
        """How it was computed, in one line."""
        return f"empirical Bayes, normal–normal, τ² by {NAMES[self.method]}"


def shrink(
    estimate: npt.ArrayLike, covariance: npt.ArrayLike, *, method: str = "reml", conf_level: float = 0.95
) -> Shrinkage:
    """Draws estimates towards their common mean by how far chance alone explains their spread.

    Parameters
    ----------
    estimate: (k,) effects, k ≥ 3. covariance: (k, k) of the estimates, or (k,) variances.
    method: of τ², ``"reml"`` or ``"dersimonian-laird"``. conf_level: of all limits (normal quantiles).

    Raises
    ------
    UsageError: shapes that do not fit, fewer than three estimates, an unknown method.
    ModelError: the covariance is not positive definite.

    Example
    -------
    >>> found = shrink([28, 8, -3, 7, -1, 1, 18, 12], np.square([15, 10, 16, 11, 9, 11, 10, 18]))
    >>> round(found.mean, 2), round(found.mean_error, 2), found.tau2
    (7.69, 4.07, 0.0)
    """
    y, V = _checked(estimate, covariance, method)
    values, squares = _contrasts(y, V)
    tau2 = (_reml if method == "reml" else _moments)(values, squares, y, V)
    low, high = _profile(values, squares, conf_level)
    mean, mean_error, theta, error = _predicted(y, V, tau2)
    z = _normal_quantile(0.5 + conf_level / 2)
    q, df, own = float((squares / values).sum()), len(y) - 1, np.diag(V)
    typical = df / float(np.trace(_projection(V)))
    return Shrinkage(
        mean=mean,
        mean_error=mean_error,
        tau2=tau2,
        tau2_low=low,
        tau2_high=high,
        estimate=theta,
        std_error=error,
        conf_low=theta - z * error,
        conf_high=theta + z * error,
        kept=tau2 / (tau2 + own),
        q=q,
        df=df,
        p_value=_chi2_tail(q, df),
        i2=tau2 / (tau2 + typical),
        method=method,
    )


def _checked(estimate: npt.ArrayLike, covariance: npt.ArrayLike, method: str) -> tuple[Array, Array]:
    if method not in METHODS:
        raise UsageError(f"there is no estimator of τ² called {method!r}. {did_you_mean(method, METHODS)}")
    y, V = np.asarray(estimate, dtype=float), np.asarray(covariance, dtype=float)
    V = np.diag(V) if V.ndim == 1 else V
    if y.ndim != 1 or V.shape != (len(y), len(y)):
        raise UsageError(
            f"expected k estimates and a k × k covariance; found shapes {y.shape} and {np.shape(covariance)}."
        )
    if len(y) < LEAST:
        raise UsageError(f"shrinkage needs at least {LEAST} estimates; found {len(y)}.")
    if not (np.isfinite(y).all() and np.isfinite(V).all()):
        raise UsageError("estimates and their covariance must be finite numbers.")
    if float(np.linalg.eigvalsh(V)[0]) <= 0:
        raise ModelError("the covariance of the subgroup estimates is not positive definite.")
    return y, V


def _contrasts(y: Array, V: Array) -> tuple[Array, Array]:
    """Variances d and squares z² of k − 1 independent contrasts: z ~ N(0, d + τ²) whatever μ is."""
    k = len(y)
    basis = np.linalg.qr(np.column_stack([np.ones(k), np.eye(k)[:, 1:]]))[0][:, 1:]
    values, vectors = np.linalg.eigh(basis.T @ V @ basis)
    return values, np.square(vectors.T @ basis.T @ y)


def _reml(values: Array, squares: Array, y: Array, V: Array) -> float:
    """The τ² ≥ 0 with the least Σ log(d + τ²) + z² / (d + τ²), found between all its turning points."""
    from scipy.optimize import brentq

    def slope(tau2: float) -> float:
        total = values + tau2
        return float((1 / total - squares / total**2).sum())

    def deviance(tau2: float) -> float:
        total = values + tau2
        return float((np.log(total) + squares / total).sum())

    most = float(squares.max())  # beyond this the slope is positive
    grid = np.concatenate([[0.0], most * np.logspace(-8, 0, 200)])
    slopes = np.array([slope(value) for value in grid])
    turns = np.flatnonzero((slopes[:-1] < 0) & (slopes[1:] >= 0))
    lowest = [0.0, *(float(brentq(slope, grid[i], grid[i + 1], xtol=1e-14 * most)) for i in turns)]
    return min(lowest, key=deviance)


def _moments(values: Array, squares: Array, y: Array, V: Array) -> float:
    """(Q − (k − 1)) / tr P, cut at zero; P is V⁻¹ without what the mean takes."""
    excess = float((squares / values).sum()) - (len(y) - 1)
    return max(0.0, excess / float(np.trace(_projection(V))))


def _projection(V: Array) -> Array:
    inverse = np.linalg.inv(V)
    rows = inverse.sum(axis=1)
    return np.asarray(inverse - np.outer(rows, rows) / inverse.sum())


def _profile(values: Array, squares: Array, conf_level: float) -> tuple[float, float]:
    """Where Q(τ²) = Σ z² / (d + τ²) meets the quantiles of χ² with k − 1 degrees of freedom."""
    from scipy.stats import chi2

    high, low = (float(chi2.ppf(p, len(values))) for p in (0.5 + conf_level / 2, 0.5 - conf_level / 2))

    def q(tau2: float) -> float:
        return float((squares / (values + tau2)).sum())

    return _root(q, high), _root(q, low)


def _root(q: Callable[[float], float], target: float) -> float:
    from scipy.optimize import brentq

    if q(0.0) <= target:
        return 0.0
    upper = 1.0
    while q(upper) > target:
        upper *= 4
    return float(brentq(lambda value: q(value) - target, 0.0, upper, xtol=1e-14 * upper))


def _predicted(y: Array, V: Array, tau2: float) -> tuple[float, float, Array, Array]:
    """μ with its error, θ with its error; with W = (V + τ² I)⁻¹ and P = W − W 1 1' W / 1' W 1,

    g1 = τ² − τ⁴ W,   g2 = (1 − τ² W 1)² / 1' W 1,   g3 = W V W V W · 2 / tr(P P)   (diagonals).
    """
    W = np.linalg.inv(V + tau2 * np.eye(len(y)))
    weight = float(W.sum())
    mean = float(W.sum(axis=0) @ y) / weight
    theta = mean + tau2 * W @ (y - mean)
    P = W - np.outer(W.sum(axis=1), W.sum(axis=1)) / weight
    known = tau2 - tau2**2 * np.diag(W) + (1 - tau2 * W.sum(axis=1)) ** 2 / weight
    of_tau2 = np.diag(W @ V @ W @ V @ W) * 2 / float((P * P.T).sum())
    variance = np.minimum(known + 2 * of_tau2, np.maximum(np.diag(V), known))
    return mean, weight**-0.5, theta, np.sqrt(variance)


def _normal_quantile(p: float) -> float:
    from scipy.special import ndtri

    return float(ndtri(p))


def _chi2_tail(q: float, df: int) -> float:
    from scipy.special import chdtrc

    return float(chdtrc(df, q))
