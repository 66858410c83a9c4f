"""ind and indh: independent visits with one variance, or one a visit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from emostats.statistics.mmrm.covariance.base import Float, Heterogeneous, Homogeneous


@dataclass(frozen=True)
class NoCorrelation:
    """R = I."""

    def n_rho(self, n_visits: int) -> int:
        return 0

    def names(self, n_visits: int) -> tuple[str, ...]:
        return ()

    def matrix(self, rho: Float, n_visits: int) -> Float:
        return np.eye(n_visits)

    def gradient(self, rho: Float, n_visits: int) -> Float:
        return np.zeros((0, n_visits, n_visits))

    def hessian(self, rho: Float, n_visits: int) -> Float:
        return np.zeros((0, 0, n_visits, n_visits))

    def start(self, R: Float) -> Float:
        return np.zeros(0)

    def to_r(self, rho: Float, n_visits: int) -> Float:
        return rho

    def from_r(self, phi: Float, n_visits: int) -> Float:
        return phi


ind = Homogeneous("ind", NoCorrelation())
indh = Heterogeneous("indh", NoCorrelation())
