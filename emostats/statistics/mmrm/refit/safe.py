"""The safer path: one resample refitted by itself, where the batch did not converge.

A resample may lack a factor level, so that some coefficients are not determined. The refit then works in the
directions that are, and says which ones are not, so that quantities that do not need them keep their value.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from emostats.statistics.mmrm.choice import missing_information
from emostats.statistics.mmrm.design import Stack
from emostats.statistics.mmrm.likelihood import Problem
from emostats.statistics.mmrm.optimise import maximise

Float = NDArray[np.float64]

_RANK = 1e-11
"""Relative eigenvalue of Q'Q below which a direction of β counts as not determined."""


@dataclass(frozen=True)
class SingleRefit:
    """θ (H,), β* (k,), Φ* (k × k), and a basis (k × r) of the directions of β that are not determined."""

    theta: Float
    beta: Float
    Phi: Float
    null: Float


def refit_alone(problem: Problem, stack: Stack, starts: Sequence[Float | None]) -> SingleRefit | None:
    """Refit the model on a reweighted stack, from each start in turn (None: its own moments).

    Returns None where the data do not determine the covariance or no start converges.
    """
    if stack.n_observations <= stack.k or set(range(stack.n_groups)) - set(stack.group):
        return None
    kept, null = _directions(stack)
    reduced = stack if not null.size else replace(stack, Z=_in_basis(stack.Z, kept))
    again = Problem(reduced, problem.structure, problem.reml)
    if stack.n_observations <= reduced.k or missing_information(
        again, range(stack.n_visits), range(stack.n_groups) if stack.n_groups > 1 else ()
    ):
        return None
    for start in starts:
        optimum = maximise(again, start)
        if optimum.convergence.converged and optimum.at is not None:
            C = kept @ optimum.at.C
            return SingleRefit(optimum.at.theta, kept @ optimum.at.beta, C @ C.T, null)
    return None


def _directions(stack: Stack) -> tuple[Float, Float]:
    """Orthonormal bases of the directions of β that the rows determine, and of the others."""
    k = stack.k
    Q = stack.Z[:, :, :k].reshape(-1, k)
    values, vectors = np.linalg.eigh(Q.T @ Q)
    determined = values > _RANK * values[-1]
    if determined.all():
        return np.eye(k), np.zeros((k, 0))
    return vectors[:, determined], vectors[:, ~determined]


def _in_basis(Z: Float, basis: Float) -> Float:
    return np.concatenate([Z[:, :, :-1] @ basis, Z[:, :, -1:]], axis=2)
