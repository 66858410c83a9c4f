"""ar1: first-order autoregression, R_ab = ρ^|a−b|. θ = (variance, ρ)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from emostats.statistics.mmrm.covariance.base import Float, Homogeneous, odd_from_r, odd_to_r


def _lags(n_visits: int) -> Float:
    return np.abs(np.subtract.outer(np.arange(n_visits), np.arange(n_visits))).astype(float)


@dataclass(frozen=True)
class AutoregressiveCorrelation:
    """R_ab = ρ^|a−b|; no parameter when there is one visit."""

    def n_rho(self, n_visits: int) -> int:
        return int(n_visits > 1)

    def names(self, n_visits: int) -> tuple[str, ...]:
        return ("rho",) * self.n_rho(n_visits)

    def matrix(self, rho: Float, n_visits: int) -> Float:
        return np.power(rho[0], _lags(n_visits)) if n_visits > 1 else np.ones((1, 1))

    def gradient(self, rho: Float, n_visits: int) -> Float:
        if n_visits == 1:
            return np.zeros((0, 1, 1))
        lag = _lags(n_visits)
        return np.asarray((lag * np.power(rho[0], np.maximum(lag - 1, 0)))[None])

    def hessian(self, rho: Float, n_visits: int) -> Float:
        if n_visits == 1:
            return np.zeros((0, 0, 1, 1))
        lag = _lags(n_visits)
        return np.asarray((lag * (lag - 1) * np.power(rho[0], np.maximum(lag - 2, 0)))[None, None])

    def start(self, R: Float) -> Float:
        return np.clip([np.diagonal(R, 1).mean()], -0.9, 0.9) if len(R) > 1 else np.zeros(0)

    def to_r(self, rho: Float, n_visits: int) -> Float:
        return odd_to_r(rho)

    def from_r(self, phi: Float, n_visits: int) -> Float:
        return odd_from_r(phi)


ar1 = Homogeneous("ar1", AutoregressiveCorrelation())
