"""What a covariance structure supplies: Σ(θ), Σ_h = ∂Σ/∂θ_h, Σ_hj = ∂²Σ/∂θ_h∂θ_j, and starting values.

θ are the natural parameters of SAS PROC MIXED (variances, covariances, correlations, ranges): Kenward-Roger's
second-derivative term depends on them. `r_theta` and `r_phi` translate to and from the unconstrained
parameters of the R package mmrm, needed only for its own Kenward-Roger variant.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float64]


@runtime_checkable
class Structure(Protocol):
    """A covariance structure over T ordered visits (or, when `spatial`, over distances in place of T).

    `positions` is T for lattice structures; for spatial ones an array of distances (…, t, t).
    """

    @property
    def token(self) -> str:
        """Name in formulas."""

    @property
    def spatial(self) -> bool:
        """Whether it is defined over distances."""

    def n_theta(self, n_visits: int) -> int:
        """Number of parameters."""

    def names(self, visits: Sequence[Any]) -> tuple[str, ...]:
        """Names of the parameters."""

    def scale_powers(self, n_visits: int) -> Float:
        """Power of the outcome's variance unit in each parameter: 1 for (co)variances, 0 for correlations."""

    def start(self, S: Float) -> Float:
        """Starting θ from a positive definite moment matrix S (T × T)."""

    def feasible(self, theta: Float) -> bool:
        """Whether θ lies in the open parameter space (positive definiteness is checked by factorisation)."""

    def sigma(self, theta: Float, positions: Any) -> Float:
        """Σ (T × T)."""

    def gradient(self, theta: Float, positions: Any) -> Float:
        """Σ_h (H × T × T)."""

    def hessian(self, theta: Float, positions: Any) -> Float:
        """Σ_hj (H × H × T × T)."""

    def r_phi(self, theta: Float, n_visits: int) -> Float:
        """θ in R mmrm's unconstrained parameters."""

    def r_theta(self, phi: Float, n_visits: int) -> Float:
        """Natural θ from R mmrm's unconstrained parameters."""


class Correlation(Protocol):
    """A correlation pattern R(ρ) with derivatives, and R mmrm's map of its parameters."""

    def n_rho(self, n_visits: int) -> int: ...
    def names(self, n_visits: int) -> tuple[str, ...]: ...
    def matrix(self, rho: Float, n_visits: int) -> Float: ...
    def gradient(self, rho: Float, n_visits: int) -> Float: ...
    def hessian(self, rho: Float, n_visits: int) -> Float: ...
    def start(self, R: Float) -> Float: ...
    def to_r(self, rho: Float, n_visits: int) -> Float: ...
    def from_r(self, phi: Float, n_visits: int) -> Float: ...


def lag_means(R: Float) -> Float:
    """Mean correlation at each lag 1 … T−1."""
    return np.array([np.diagonal(R, lag).mean() for lag in range(1, len(R))])


def shrunk_until_positive(rho: Float, correlation: Correlation, n_visits: int) -> Float:
    """Scale ρ towards 0 until R(ρ) is safely positive definite."""
    for _ in range(60):
        if n_visits == 1 or np.linalg.eigvalsh(correlation.matrix(rho, n_visits))[0] > 0.02:
            return rho
        rho = 0.8 * rho
    return np.zeros_like(rho)


def _moment_correlation(S: Float) -> Float:
    sd = np.sqrt(np.diagonal(S))
    return np.asarray(S / np.outer(sd, sd))


@dataclass(frozen=True)
class Homogeneous:
    """Σ = σ² R(ρ); θ = (σ², ρ)."""

    token: str
    correlation: Correlation
    spatial: bool = False

    def n_theta(self, n_visits: int) -> int:
        return 1 + self.correlation.n_rho(n_visits)

    def names(self, visits: Sequence[Any]) -> tuple[str, ...]:
        return ("variance", *self.correlation.names(len(visits)))

    def scale_powers(self, n_visits: int) -> Float:
        return np.array([1.0] + [0.0] * self.correlation.n_rho(n_visits))

    def start(self, S: Float) -> Float:
        rho = self.correlation.start(_moment_correlation(S))
        rho = shrunk_until_positive(rho, self.correlation, len(S))
        return np.concatenate([[np.diagonal(S).mean()], rho])

    def feasible(self, theta: Float) -> bool:
        return bool(theta[0] > 0 and (np.abs(theta[1:]) < 1).all())

    def sigma(self, theta: Float, positions: int) -> Float:
        return np.asarray(theta[0] * self.correlation.matrix(theta[1:], positions))

    def gradient(self, theta: Float, positions: int) -> Float:
        R = self.correlation.matrix(theta[1:], positions)
        return np.concatenate([R[None], theta[0] * self.correlation.gradient(theta[1:], positions)])

    def hessian(self, theta: Float, positions: int) -> Float:
        h = self.n_theta(positions)
        out = np.zeros((h, h, positions, positions))
        out[0, 1:] = out[1:, 0] = self.correlation.gradient(theta[1:], positions)
        out[1:, 1:] = theta[0] * self.correlation.hessian(theta[1:], positions)
        return out

    def r_phi(self, theta: Float, n_visits: int) -> Float:
        return np.concatenate([[0.5 * np.log(theta[0])], self.correlation.to_r(theta[1:], n_visits)])

    def r_theta(self, phi: Float, n_visits: int) -> Float:
        return np.concatenate([[np.exp(2 * phi[0])], self.correlation.from_r(phi[1:], n_visits)])


@dataclass(frozen=True)
class Heterogeneous:
    """Σ = D^½ R(ρ) D^½ with D = diag(σ²_1 … σ²_T); θ = (σ²_1 … σ²_T, ρ)."""

    token: str
    correlation: Correlation
    spatial: bool = False

    def n_theta(self, n_visits: int) -> int:
        return n_visits + self.correlation.n_rho(n_visits)

    def names(self, visits: Sequence[Any]) -> tuple[str, ...]:
        return (*(f"variance({visit})" for visit in visits), *self.correlation.names(len(visits)))

    def scale_powers(self, n_visits: int) -> Float:
        return np.array([1.0] * n_visits + [0.0] * self.correlation.n_rho(n_visits))

    def start(self, S: Float) -> Float:
        rho = self.correlation.start(_moment_correlation(S))
        return np.concatenate([np.diagonal(S), shrunk_until_positive(rho, self.correlation, len(S))])

    def feasible(self, theta: Float) -> bool:
        T = self._n_visits(len(theta))
        return bool((theta[:T] > 0).all() and (np.abs(theta[T:]) < 1).all())

    def _n_visits(self, length: int) -> int:
        n_visits = 1
        while self.n_theta(n_visits) < length:
            n_visits += 1
        return n_visits

    def _pieces(self, theta: Float, T: int) -> tuple[Float, Float, Float]:
        sd = np.sqrt(theta[:T])
        return sd, np.outer(sd, sd), theta[T:]

    def sigma(self, theta: Float, positions: int) -> Float:
        _, scale, rho = self._pieces(theta, positions)
        return scale * self.correlation.matrix(rho, positions)

    def gradient(self, theta: Float, positions: int) -> Float:
        _, scale, rho = self._pieces(theta, positions)
        sigma = scale * self.correlation.matrix(rho, positions)
        out = np.zeros((self.n_theta(positions), positions, positions))
        for a in range(positions):
            out[a, a, :] = out[a, :, a] = 0.5 * sigma[a] / theta[a]
            out[a, a, a] = 1.0
        out[positions:] = scale * self.correlation.gradient(rho, positions)
        return out

    def hessian(self, theta: Float, positions: int) -> Float:
        T = positions
        _, scale, rho = self._pieces(theta, T)
        sigma, v = scale * self.correlation.matrix(rho, T), theta[:T]
        d_rho = scale * self.correlation.gradient(rho, T)
        h = self.n_theta(T)
        out = np.zeros((h, h, T, T))
        for a in range(T):
            out[a, a, a, :] = out[a, a, :, a] = -0.25 * sigma[a] / v[a] ** 2
            out[a, a, a, a] = 0.0
            out[a, T:, a, :] = 0.5 * d_rho[:, a, :] / v[a]
            out[a, T:, :, a] = 0.5 * d_rho[:, :, a] / v[a]
            out[a, T:, a, a] = 0.0
            out[T:, a] = out[a, T:]
            for b in range(T):
                if a != b:
                    out[a, b, a, b] = out[a, b, b, a] = 0.25 * sigma[a, b] / (v[a] * v[b])
        out[T:, T:] = scale * self.correlation.hessian(rho, T)
        return out

    def r_phi(self, theta: Float, n_visits: int) -> Float:
        rho = self.correlation.to_r(theta[n_visits:], n_visits)
        return np.concatenate([0.5 * np.log(theta[:n_visits]), rho])

    def r_theta(self, phi: Float, n_visits: int) -> Float:
        return np.concatenate([np.exp(2 * phi[:n_visits]), self.correlation.from_r(phi[n_visits:], n_visits)])


def odd_to_r(rho: Float) -> Float:
    """R mmrm's map of a correlation: ρ / √(1 − ρ²)."""
    return rho / np.sqrt(1 - rho**2)


def odd_from_r(phi: Float) -> Float:
    """Inverse of `odd_to_r`."""
    return phi / np.sqrt(1 + phi**2)
