"""toeph: heterogeneous Toeplitz. θ = (variances, correlation at lag 1, …, lag T−1), as SAS's TOEPH."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from emostats.statistics.mmrm.covariance.base import Float, Heterogeneous, lag_means, odd_from_r, odd_to_r


@dataclass(frozen=True)
class ToeplitzCorrelation:
    """R_ab = ρ_|a−b|."""

    def n_rho(self, n_visits: int) -> int:
        return n_visits - 1

    def names(self, n_visits: int) -> tuple[str, ...]:
        return tuple(f"rho(lag {lag})" for lag in range(1, n_visits))

    def matrix(self, rho: Float, n_visits: int) -> Float:
        lag = np.abs(np.subtract.outer(np.arange(n_visits), np.arange(n_visits)))
        return np.asarray(np.concatenate([[1.0], rho])[lag])

    def gradient(self, rho: Float, n_visits: int) -> Float:
        lag = np.abs(np.subtract.outer(np.arange(n_visits), np.arange(n_visits)))
        return np.asarray((lag[None] == np.arange(1, n_visits)[:, None, None]).astype(float))

    def hessian(self, rho: Float, n_visits: int) -> Float:
        return np.zeros((n_visits - 1, n_visits - 1, n_visits, n_visits))

    def start(self, R: Float) -> Float:
        return lag_means(R)

    def to_r(self, rho: Float, n_visits: int) -> Float:
        return odd_to_r(rho)

    def from_r(self, phi: Float, n_visits: int) -> Float:
        return odd_from_r(phi)


toeph = Heterogeneous("toeph", ToeplitzCorrelation())
