"""Deletion by full refits: every unit left out once, the model refitted from the cross-products."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from emostats.statistics.mmrm.fitted import FittedModel
from emostats.statistics.mmrm.influence.measures import Base, Deleted, at_deleted_theta
from emostats.statistics.mmrm.refit.source import refitter
from emostats.statistics.mmrm.refit.targets import Linear

Float = NDArray[np.float64]

_BLOCK = 128


def delete_by_refits(
    fit: FittedModel, base: Base, unit_of_subject: NDArray[np.intp], n_units: int
) -> Deleted:
    """Estimates without each unit; NaN for a unit without which means or covariance are not determined."""
    k, H = len(base.at.beta), len(base.at.theta)
    nothing = Linear((), np.zeros((0, k)), np.zeros(0))
    evaluator = refitter(fit, nothing, n_units, unit_of_subject)
    theta, beta = np.full((n_units, H), np.nan), np.full((n_units, k), np.nan)
    log_det, scale = np.full(n_units, np.nan), np.full((n_units, k), np.nan)
    distance = np.full(n_units, np.nan)
    full = 2 * np.linalg.slogdet(base.at.C)[1]
    for start in range(0, n_units, _BLOCK):
        units = np.arange(start, min(start + _BLOCK, n_units))
        refits = evaluator.refit((unit_of_subject[None] != units[:, None]).astype(float))
        for row, unit in enumerate(units):
            if not refits.converged[row] or row in refits.null:
                continue
            theta[unit], beta[unit] = refits.theta[row], refits.beta[row]
            log_det[unit] = np.linalg.slogdet(refits.Phi[row])[1] - full
            distance[unit], scale[unit] = at_deleted_theta(base, theta[unit], beta[unit])
    return Deleted(theta, beta, log_det, scale, distance)
