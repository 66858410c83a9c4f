"""ad: first-order ante-dependence with one variance.

R_ab = ρ_a ρ_{a+1} … ρ_{b−1}; θ = (variance, ρ_1 … ρ_{T−1}).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from emostats.statistics.mmrm.covariance.base import Float, Homogeneous, odd_from_r, odd_to_r


@lru_cache(maxsize=64)
def _between(n_visits: int) -> Float:
    """Indicator (T−1 × T × T): whether step h lies between visits a and b."""
    h, a, b = np.ogrid[: n_visits - 1, :n_visits, :n_visits]
    between = ((np.minimum(a, b) <= h) & (h < np.maximum(a, b))).astype(float)
    between.flags.writeable = False
    return between


def _away_from_zero(rho: Float) -> Float:
    return np.where(rho == 0.0, 1e-100, rho)


@dataclass(frozen=True)
class AnteDependenceCorrelation:
    """R_ab = Π ρ_h over the steps h between visits a and b."""

    def n_rho(self, n_visits: int) -> int:
        return n_visits - 1

    def names(self, n_visits: int) -> tuple[str, ...]:
        return tuple(f"rho({step})" for step in range(1, n_visits))

    def matrix(self, rho: Float, n_visits: int) -> Float:
        if n_visits == 1:
            return np.ones((1, 1))
        return np.asarray(np.where(_between(n_visits) > 0, rho[:, None, None], 1.0).prod(axis=0))

    def gradient(self, rho: Float, n_visits: int) -> Float:
        rho = _away_from_zero(rho)
        return self.matrix(rho, n_visits) * _between(n_visits) / rho[:, None, None]

    def hessian(self, rho: Float, n_visits: int) -> Float:
        rho = _away_from_zero(rho)
        ratio = _between(n_visits) / rho[:, None, None]
        out = self.matrix(rho, n_visits) * ratio[:, None] * ratio[None, :]
        out[np.arange(n_visits - 1), np.arange(n_visits - 1)] = 0.0
        return out

    def start(self, R: Float) -> Float:
        return np.clip(np.diagonal(R, 1), -0.95, 0.95)

    def to_r(self, rho: Float, n_visits: int) -> Float:
        return odd_to_r(rho)

    def from_r(self, phi: Float, n_visits: int) -> Float:
        return odd_from_r(phi)


ad = Homogeneous("ad", AnteDependenceCorrelation())
