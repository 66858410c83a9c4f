"""REML variance components: the criterion of `reml` minimised over the variance ratios.

The search runs on θ = log(1 + m g), m the mean number of ratings behind an effect: there the criterion is
close to quadratic and the boundary g = 0 is an ordinary point.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emostats.errors import ConvergenceError
from emostats.statistics.agreement.crossed import CrossedSums
from emostats.statistics.agreement.newton import minimise
from emostats.statistics.agreement.reml import reml_criterion

Array = NDArray[np.float64]

_GRID = np.log1p(np.array([0.0, 0.3, 1.0, 3.0, 10.0, 50.0, 500.0, 1e4]))
_LARGEST = 23.0  # θ at which the error share is 1e-10: as good as no error


@dataclass(frozen=True)
class VarianceComponents:
    """A REML fit.

    Attributes
    ----------
    model: one of `MODELS`. var_target, var_rater, var_error: components (var_rater 0 where the model has
        none).
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


@dataclass(frozen=True)
class RatioFit:
    """Minimising ratios of a batch: g (..., 2) = (g_s, g_r), criterion, σ²_e, and whether each converged."""

    g: Array
    criterion: Array
    var_error: Array
    converged: NDArray[np.bool_]
    iterations: int


class Surface:
    """The criterion as a function of θ, for a batch of points (one a table, or all on one table)."""

    def __init__(self, sums: CrossedSums, model: str, scale: Array | None = None) -> None:
        self.sums, self.model = sums, model
        self.free = 2 if model == "twoway_random" else 1
        means = np.array([float(np.mean(sums.sizes)), float(np.mean(sums.n_j))])
        self.scale = means if scale is None else scale

    def __call__(self, theta: Array) -> tuple[Array, Array]:
        g = self.ratios(theta)
        c = reml_criterion(self.sums, self.model, g[..., 0], g[..., 1])
        return c.value, c.gradient * np.exp(theta) / self.scale

    def take(self, rows: NDArray[np.intp]) -> Surface:
        """The surfaces of some of the tables."""
        return Surface(self.sums.take(rows), self.model, self.scale)

    def ratios(self, theta: Array) -> Array:
        """g at θ."""
        return np.asarray(np.expm1(theta) / self.scale)

    def candidates(self, start: Array | None) -> Array:
        """Starting points (points, 2): around `start` (ratios), or a coarse grid."""
        if start is None:
            return np.array([(a, b) for a in _GRID for b in (_GRID if self.free == 2 else (0.0,))])
        near = np.minimum(np.log1p(start * self.scale), _LARGEST)
        near[self.free :] = 0.0
        return np.array([near, near / 2.0, (0.2, near[1]), (near[0], 0.2 * (self.free == 2))])


def fit_ratios(sums: CrossedSums, model: str, batch: int = 1, start: Array | None = None) -> RatioFit:
    """Minimise the criterion over g ≥ 0 for a batch of tables.

    Parameters
    ----------
    start: ratios (2,) near the optimum, e.g. of the sample that was resampled; None for a coarse grid.
    """
    surface = Surface(sums, model)
    theta = _best_of(surface, surface.candidates(start), batch)
    found, converged, iterations = minimise(surface, theta, free=surface.free, largest=_LARGEST)
    g = surface.ratios(found)
    at = reml_criterion(sums, model, g[:, 0], g[:, 1])
    return RatioFit(g, at.value, at.var_error, converged, iterations)


def _best_of(surface: Surface, candidates: Array, batch: int) -> Array:
    """The best candidate for each table of the batch."""
    best, best_value = np.zeros((batch, 2)), np.full(batch, np.inf)
    for point in candidates:
        theta = np.tile(point, (batch, 1))
        value = surface(theta)[0]
        better = value < best_value
        best[better], best_value[better] = theta[better], value[better]
    return best


def fit_components(sums: CrossedSums, model: str) -> VarianceComponents:
    """REML components of one table.

    Raises
    ------
    ConvergenceError: no optimum was reached.
    """
    fit = fit_ratios(sums, model)
    if not bool(fit.converged[0]):
        raise ConvergenceError(
            f"REML of the {model} model did not converge; look for a rater or target with odd ratings.",
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
