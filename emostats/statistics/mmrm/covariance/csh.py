"""csh: heterogeneous compound symmetry. θ = (variances, ρ), as SAS's CSH."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from emostats.statistics.mmrm.covariance.base import Float, Heterogeneous


@dataclass(frozen=True)
class ExchangeableCorrelation:
    """R_ab = ρ; no parameter when there is one visit."""

    def n_rho(self, n_visits: int) -> int:
        return int(n_visits > 1)

    def names(self, n_visits: int) -> tuple[str, ...]:
        return ("rho",) * self.n_rho(n_visits)

    def matrix(self, rho: Float, n_visits: int) -> Float:
        eye = np.eye(n_visits)
        return np.asarray(eye + rho[0] * (1 - eye)) if n_visits > 1 else eye

    def gradient(self, rho: Float, n_visits: int) -> Float:
        return (1 - np.eye(n_visits))[None] if n_visits > 1 else np.zeros((0, 1, 1))

    def hessian(self, rho: Float, n_visits: int) -> Float:
        h = self.n_rho(n_visits)
        return np.zeros((h, h, n_visits, n_visits))

    def start(self, R: Float) -> Float:
        T = len(R)
        if T == 1:
            return np.zeros(0)
        return np.asarray(np.clip([(R.sum() - T) / (T * (T - 1))], -0.9 / (T - 1), 0.95))

    def to_r(self, rho: Float, n_visits: int) -> Float:
        if n_visits == 1:
            return rho
        a = 1 / (n_visits - 1)
        p = (rho + a) / (1 + a)
        return np.log(p / (1 - p))

    def from_r(self, phi: Float, n_visits: int) -> Float:
        if n_visits == 1:
            return phi
        a = 1 / (n_visits - 1)
        return (1 + a) / (1 + np.exp(-phi)) - a


csh = Heterogeneous("csh", ExchangeableCorrelation())
