"""What sp_exp and sp_gau share: Σ = σ² f(d; r) with range r. θ = (variance, range), as in SAS."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np

from emostats.statistics.mmrm.covariance.base import Float


class SpatialStructure(ABC):
    """Correlation decreases with the distance d between coordinates; `positions` are distances (…, t, t)."""

    token: str
    spatial = True

    @abstractmethod
    def correlation(self, r: float, d: Float) -> tuple[Float, Float, Float]:
        """f, ∂f/∂r and ∂²f/∂r² at distances d."""

    def n_theta(self, n_visits: int) -> int:
        return 2

    def names(self, visits: Sequence[Any]) -> tuple[str, ...]:
        return ("variance", "range")

    def scale_powers(self, n_visits: int) -> Float:
        return np.array([1.0, 0.0])

    def start(self, S: Float) -> Float:
        return np.array([np.diagonal(S).mean(), 1.0])

    def feasible(self, theta: Float) -> bool:
        return bool((theta > 0).all())

    def sigma(self, theta: Float, positions: Float) -> Float:
        return np.asarray(theta[0] * self.correlation(theta[1], positions)[0])

    def gradient(self, theta: Float, positions: Float) -> Float:
        f, f_r, _ = self.correlation(theta[1], positions)
        return np.stack([f, theta[0] * f_r])

    def hessian(self, theta: Float, positions: Float) -> Float:
        _, f_r, f_rr = self.correlation(theta[1], positions)
        zero = np.zeros_like(f_r)
        return np.stack([np.stack([zero, f_r]), np.stack([f_r, theta[0] * f_rr])])

    def r_phi(self, theta: Float, n_visits: int) -> Float:
        rho = np.exp(-1 / theta[1])
        return np.array([0.5 * np.log(theta[0]), np.log(rho / (1 - rho))])

    def r_theta(self, phi: Float, n_visits: int) -> Float:
        return np.array([np.exp(2 * phi[0]), 1 / np.log1p(np.exp(-phi[1]))])
