"""us: unstructured. θ = lower triangle of Σ by row, as SAS's UN(i,j); Σ is linear in θ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from emostats.statistics.mmrm.covariance.base import Float


@lru_cache(maxsize=64)
def _basis(n_visits: int) -> Float:
    rows, cols = np.tril_indices(n_visits)
    basis = np.zeros((len(rows), n_visits, n_visits))
    basis[np.arange(len(rows)), rows, cols] = 1.0
    basis[np.arange(len(rows)), cols, rows] = 1.0
    basis.flags.writeable = False
    return basis


@dataclass(frozen=True)
class Unstructured:
    token: str = "us"
    spatial: bool = False

    def n_theta(self, n_visits: int) -> int:
        return n_visits * (n_visits + 1) // 2

    def names(self, visits: Sequence[Any]) -> tuple[str, ...]:
        pairs = [(a, b) for a in range(len(visits)) for b in range(a + 1)]
        return tuple(
            f"cov({visits[b]}, {visits[a]})" if a != b else f"variance({visits[a]})" for a, b in pairs
        )

    def scale_powers(self, n_visits: int) -> Float:
        return np.ones(self.n_theta(n_visits))

    def start(self, S: Float) -> Float:
        return S[np.tril_indices(len(S))].copy()

    def feasible(self, theta: Float) -> bool:
        n_visits = int((np.sqrt(8 * len(theta) + 1) - 1) / 2)
        return bool((theta[[i * (i + 3) // 2 for i in range(n_visits)]] > 0).all())

    def sigma(self, theta: Float, positions: int) -> Float:
        out = np.empty((positions, positions))
        rows, cols = np.tril_indices(positions)
        out[rows, cols] = out[cols, rows] = theta
        return out

    def gradient(self, theta: Float, positions: int) -> Float:
        return _basis(positions)

    def hessian(self, theta: Float, positions: int) -> Float:
        h = self.n_theta(positions)
        return np.zeros((h, h, positions, positions))

    def r_phi(self, theta: Float, n_visits: int) -> Float:
        L = np.linalg.cholesky(self.sigma(theta, n_visits))
        d = np.diagonal(L)
        return np.concatenate([np.log(d), (L / d[:, None])[np.tril_indices(n_visits, -1)]])

    def r_theta(self, phi: Float, n_visits: int) -> Float:
        U = np.eye(n_visits)
        U[np.tril_indices(n_visits, -1)] = phi[n_visits:]
        L = np.exp(phi[:n_visits])[:, None] * U
        return (L @ L.T)[np.tril_indices(n_visits)]


us = Unstructured()
