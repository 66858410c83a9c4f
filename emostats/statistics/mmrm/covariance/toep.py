"""toep: Toeplitz. θ = (variance, covariance at lag 1, …, lag T−1), as SAS's TOEP(k); Σ is linear in θ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from emostats.statistics.mmrm.covariance.base import (
    Float,
    lag_means,
    odd_from_r,
    odd_to_r,
    shrunk_until_positive,
)
from emostats.statistics.mmrm.covariance.toeph import ToeplitzCorrelation


@lru_cache(maxsize=64)
def _bands(n_visits: int) -> Float:
    lag = np.abs(np.subtract.outer(np.arange(n_visits), np.arange(n_visits)))
    bands = (lag[None] == np.arange(n_visits)[:, None, None]).astype(float)
    bands.flags.writeable = False
    return np.asarray(bands)


@dataclass(frozen=True)
class Toeplitz:
    token: str = "toep"
    spatial: bool = False

    def n_theta(self, n_visits: int) -> int:
        return n_visits

    def names(self, visits: Sequence[Any]) -> tuple[str, ...]:
        return ("variance", *(f"cov(lag {lag})" for lag in range(1, len(visits))))

    def scale_powers(self, n_visits: int) -> Float:
        return np.ones(n_visits)

    def start(self, S: Float) -> Float:
        variance = np.diagonal(S).mean()
        sd = np.sqrt(np.diagonal(S))
        rho = shrunk_until_positive(lag_means(S / np.outer(sd, sd)), ToeplitzCorrelation(), len(S))
        return np.asarray(variance * np.concatenate([[1.0], rho]))

    def feasible(self, theta: Float) -> bool:
        return bool(theta[0] > 0 and (np.abs(theta[1:]) < theta[0]).all())

    def sigma(self, theta: Float, positions: int) -> Float:
        return np.tensordot(theta, _bands(positions), 1)

    def gradient(self, theta: Float, positions: int) -> Float:
        return _bands(positions)

    def hessian(self, theta: Float, positions: int) -> Float:
        return np.zeros((positions, positions, positions, positions))

    def r_phi(self, theta: Float, n_visits: int) -> Float:
        return np.concatenate([[0.5 * np.log(theta[0])], odd_to_r(theta[1:] / theta[0])])

    def r_theta(self, phi: Float, n_visits: int) -> Float:
        return np.asarray(np.exp(2 * phi[0]) * np.concatenate([[1.0], odd_from_r(phi[1:])]))


toep = Toeplitz()
