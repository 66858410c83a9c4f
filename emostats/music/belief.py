"""What is believed about a child's response: Bayesian linear regression with partial pooling over children.

    Δ = ψᵀ θ_c + ε,  ε ~ N(0, σ² + v)        θ_c ~ N(μ, T)        μ ~ N(μ₀, S₀)

v is the variance of the measured displacement (the filter knows it: a hidden face teaches little). With A_c =
Σ ψψᵀ/(σ² + v) and b_c = Σ ψΔ/(σ² + v) of child c, all is Gaussian in closed form (Lindley & Smith 1972, J R
Stat Soc B 34:1):

    from the other children   Λ = S₀⁻¹ + Σ (I + A_j T)⁻¹ A_j      m = Λ⁻¹ (S₀⁻¹ μ₀ + Σ (I + A_j T)⁻¹ b_j)
    a new child               θ_c ~ N(m, Λ⁻¹ + T)
    with its own data         V = ((Λ⁻¹ + T)⁻¹ + A_c)⁻¹           E θ_c = V ((Λ⁻¹ + T)⁻¹ m + b_c)

This is exact: a child's own data enter once. A child without data gets what the others taught, and a child
with much data hardly looks at the others.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from emostats.music.response import N_AXES, TERMS

Array = NDArray[np.float64]


def _read_only(values: Array) -> Array:
    copy = np.array(values, dtype=np.float64)
    copy.setflags(write=False)
    return copy


Rows3 = tuple[tuple[float, ...], tuple[float, ...], tuple[float, ...]]


@dataclass(frozen=True)
class Prior:
    """Before any child was seen: a row an axis (valence, arousal, engagement), terms as `response.TERMS`.

    mean: μ₀. population_sd: root of the diagonal of S₀. child_sd: root of the diagonal of T. noise: σ of each
    axis. The means say what the iso principle expects of any child; everything about traits starts at 0.
    """

    mean: Rows3 = (
        (0.0, -0.10, 0.30, -0.15, 0.0, 0.0, 0.0, 0.0, 0.45),
        (0.0, -0.10, 0.30, -0.15, 0.0, 0.0, 0.0, 0.0, 0.45),
        (0.65, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, -0.1),
    )
    population_sd: Rows3 = (
        (0.03, 0.05, 0.12, 0.10, 0.02, 0.02, 0.02, 0.02, 0.15),
        (0.03, 0.05, 0.12, 0.10, 0.02, 0.02, 0.02, 0.02, 0.15),
        (0.10, 0.01, 0.01, 0.01, 0.03, 0.03, 0.03, 0.03, 0.10),
    )
    child_sd: Rows3 = (
        (0.05, 0.05, 0.15, 0.08, 0.05, 0.05, 0.05, 0.05, 0.10),
        (0.05, 0.05, 0.15, 0.08, 0.05, 0.05, 0.05, 0.05, 0.10),
        (0.10, 0.01, 0.01, 0.01, 0.10, 0.10, 0.10, 0.10, 0.05),
    )
    noise: tuple[float, float, float] = (0.10, 0.10, 0.15)


@dataclass(frozen=True)
class Evidence:
    """Sums over a child's pieces: `precision` A (3, d, d), `information` b (3, d), number of pieces."""

    precision: Array = field(default_factory=lambda: np.zeros((N_AXES, len(TERMS), len(TERMS))))
    information: Array = field(default_factory=lambda: np.zeros((N_AXES, len(TERMS))))
    n: int = 0

    def with_piece(self, psi: Array, moved: Array, variance: Array) -> Evidence:
        """With one more piece: ψ (3, d), what was measured (3,), its variance σ² + v (3,)."""
        weighted = psi / variance[:, None]
        return Evidence(
            self.precision + weighted[:, :, None] * psi[:, None, :],
            self.information + weighted * moved[:, None],
            self.n + 1,
        )


@dataclass(frozen=True)
class Belief:
    """A normal distribution of θ for each axis: `mean` (3, d), `covariance` (3, d, d)."""

    mean: Array
    covariance: Array

    def __post_init__(self) -> None:
        object.__setattr__(self, "mean", _read_only(self.mean))
        object.__setattr__(self, "covariance", _read_only(self.covariance))

    @cached_property
    def root(self) -> Array:
        """Cholesky factor of the covariance, (3, d, d)."""
        return np.asarray(np.linalg.cholesky(self.covariance + 1e-12 * np.eye(self.mean.shape[1])))

    @cached_property
    def precision(self) -> Array:
        """Inverse of the covariance, (3, d, d)."""
        return np.asarray(np.linalg.inv(self.covariance))


def contribution(prior: Prior, evidence: Evidence) -> tuple[Array, Array]:
    """What one child says about μ: precision (3, d, d) and information (3, d)."""
    between = np.square(prior.child_sd)
    weight = np.linalg.inv(np.eye(between.shape[1]) + evidence.precision * between[:, None, :])
    return weight @ evidence.precision, (weight @ evidence.information[..., None])[..., 0]


def from_contributions(prior: Prior, precision: Array, information: Array) -> Belief:
    """Belief about a new child, from the summed contributions of others."""
    start = 1.0 / np.square(prior.population_sd)
    covariance = np.asarray(np.linalg.inv(precision + _diagonal(start)))
    mean = (covariance @ (information + start * np.array(prior.mean))[..., None])[..., 0]
    return Belief(mean, _symmetric(covariance) + _diagonal(np.square(prior.child_sd)))


def new_child(prior: Prior, others: Iterable[Evidence] = ()) -> Belief:
    """Belief about a child before its own data, from the data of the others."""
    nothing = Evidence()
    precision, information = nothing.precision, nothing.information
    for evidence in others:
        its_precision, its_information = contribution(prior, evidence)
        precision, information = precision + its_precision, information + its_information
    return from_contributions(prior, precision, information)


def updated(belief: Belief, evidence: Evidence) -> Belief:
    """Belief after a child's own data, none of which may be in `belief` already."""
    if evidence.n == 0:
        return belief
    covariance = _symmetric(np.asarray(np.linalg.inv(belief.precision + evidence.precision)))
    start = (belief.precision @ belief.mean[..., None])[..., 0]
    return Belief((covariance @ (start + evidence.information)[..., None])[..., 0], covariance)


def _diagonal(rows: Array) -> Array:
    """Diagonal matrices with these rows, (axes, d, d)."""
    return np.asarray(rows[:, :, None] * np.eye(rows.shape[1]))


def _symmetric(matrices: Array) -> Array:
    return np.asarray((matrices + np.swapaxes(matrices, -1, -2)) / 2.0)
