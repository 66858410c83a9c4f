"""Measures of what deleting a unit changes, in the basis C of the fit (Φ = CC') and the engine's units.

With d = C⁻¹(β̂ − β̂_(u)), k coefficients, V the covariance of θ̂:

    Cook's distance          |d|² / k                                      (Cook 1977)
    Cook's distance of θ     (θ̂ − θ̂_(u))' V⁻¹ (θ̂ − θ̂_(u))
    COVRATIO                 |Φ_(u)| / |Φ|                                 (Belsley, Kuh & Welsch 1980)
    DFBETAS_j                (β̂_j − β̂_(u)j) / √Φ(θ̂_(u))_jj                 Φ with all rows at the deleted θ
    likelihood distance      2 (ℓ(ψ̂) − ℓ(ψ̂_(u))), ℓ of all rows            REML: of θ, ML: of β and θ
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emostats.statistics.mmrm.likelihood import Derivatives, Evaluation, Problem, evaluate

Float = NDArray[np.float64]


@dataclass(frozen=True)
class Deleted:
    """Estimates without each of U units, in the engine's units; rows that could not be estimated are NaN.

    theta: (U × H). beta: (U × k). log_det: (U,) log |Φ_(u)| / |Φ|. scale: (U × k) square roots of the
    diagonal of Φ(θ̂_(u)) with all rows, in the data's units. distance: (U,) likelihood distance.
    """

    theta: Float
    beta: Float
    log_det: Float
    scale: Float
    distance: Float


@dataclass(frozen=True)
class Base:
    """The fit from which units are deleted. to_raw (k × k): s M, from β* to the data's units."""

    problem: Problem
    at: Evaluation
    slope: Derivatives
    to_raw: Float

    def shift(self, beta: Float) -> Float:
        """d = C⁻¹(β̂ − β) for rows of β (U × k)."""
        return np.asarray(np.linalg.solve(self.at.C, (self.at.beta - beta).T).T)


def cooks_distance(base: Base, beta: Float) -> Float:
    """Of the coefficients: (U,)."""
    return np.asarray((base.shift(beta) ** 2).sum(axis=1) / len(base.at.beta))


def cooks_distance_of_covariance(base: Base, theta: Float) -> Float:
    """Of the covariance parameters: (U,)."""
    move = base.at.theta - theta
    return np.asarray(((move @ base.slope.information) * move).sum(axis=1))


def at_deleted_theta(base: Base, theta: Float, beta: Float) -> tuple[float, Float]:
    """Likelihood distance, and the diagonal's roots (k,) of Φ with all rows, at one deleted estimate."""
    there = evaluate(base.problem, theta)
    if there is None:
        return np.nan, np.full(len(beta), np.nan)
    rise = base.at.loglik - there.loglik
    if not base.problem.reml:
        d = np.linalg.solve(there.C, there.beta - beta)
        rise += 0.5 * float(d @ d)
    return max(2 * rise, 0.0), np.sqrt(((base.to_raw @ there.C) ** 2).sum(axis=1))
