"""cs: compound symmetry. θ = (covariance, residual variance) as in SAS, their sum the variance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from emostats.statistics.mmrm.covariance.base import Float


@dataclass(frozen=True)
class CompoundSymmetry:
    token: str = "cs"
    spatial: bool = False

    def n_theta(self, n_visits: int) -> int:
        return 2 if n_visits > 1 else 1

    def names(self, visits: Sequence[Any]) -> tuple[str, ...]:
        return ("covariance", "residual") if len(visits) > 1 else ("residual",)

    def scale_powers(self, n_visits: int) -> Float:
        return np.ones(self.n_theta(n_visits))

    def start(self, S: Float) -> Float:
        T = len(S)
        variance = np.diagonal(S).mean()
        if T == 1:
            return np.array([variance])
        covariance = (S.sum() - np.trace(S)) / (T * (T - 1))
        covariance = np.clip(covariance, -0.9 * variance / (T - 1), 0.95 * variance)
        return np.array([covariance, variance - covariance])

    def feasible(self, theta: Float) -> bool:
        return bool(theta[-1] > 0)

    def sigma(self, theta: Float, positions: int) -> Float:
        return np.tensordot(theta, self.gradient(theta, positions), 1)

    def gradient(self, theta: Float, positions: int) -> Float:
        eye = np.eye(positions)
        return np.stack([np.ones((positions, positions)), eye]) if positions > 1 else eye[None]

    def hessian(self, theta: Float, positions: int) -> Float:
        h = self.n_theta(positions)
        return np.zeros((h, h, positions, positions))

    def r_phi(self, theta: Float, n_visits: int) -> Float:
        variance = theta.sum()
        if n_visits == 1:
            return np.array([0.5 * np.log(variance)])
        a = 1 / (n_visits - 1)
        p = (theta[0] / variance + a) / (1 + a)
        return np.array([0.5 * np.log(variance), np.log(p / (1 - p))])

    def r_theta(self, phi: Float, n_visits: int) -> Float:
        variance = np.exp(2 * phi[0])
        if n_visits == 1:
            return np.array([variance])
        a = 1 / (n_visits - 1)
        rho = (1 + a) / (1 + np.exp(-phi[1])) - a
        return np.array([variance * rho, variance * (1 - rho)])


cs = CompoundSymmetry()
