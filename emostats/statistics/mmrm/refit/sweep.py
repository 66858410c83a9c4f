"""Gauss-Jordan sweeps over many small symmetric matrices at once.

The batch runs along the last axis, so each step is one NumPy operation on the whole batch instead of one
LAPACK call a matrix. For a symmetric matrix all pivots are positive exactly when it is positive definite.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float64]


def sweep(S: Float, pivots: int) -> tuple[Float, NDArray[np.bool_]]:
    """Sweep the first `pivots` rows of S (T × T × batch…) in place; log-determinant of that block, and
    whether it is positive definite (batch…).

    Sweeping all rows leaves the inverse. Sweeping k of K leaves [A⁻¹, A⁻¹b; −b'A⁻¹, c − b'A⁻¹b].
    """
    log_det = np.zeros(S.shape[2:])
    positive = np.ones(S.shape[2:], dtype=bool)
    diagonal = np.abs(np.stack([S[j, j] for j in range(pivots)]))
    for j in range(pivots):
        pivot = S[j, j].copy()
        good = pivot > 1e-13 * diagonal[j]
        positive &= good
        pivot = np.where(good, pivot, 1.0)
        log_det += np.log(pivot)
        row, column = S[j] / pivot, S[:, j].copy()
        S -= column[:, None] * row[None]
        S[j] = row
        S[:, j] = -column / pivot
        S[j, j] = 1 / pivot
    return log_det, positive


def batch_last(A: Float) -> Float:
    """(batch… × T × T) to (T × T × batch…), as a new contiguous array."""
    return np.array(np.moveaxis(A, (-2, -1), (0, 1)), order="C")


def batch_first(S: Float) -> Float:
    """(T × T × batch…) to (batch… × T × T)."""
    return np.ascontiguousarray(np.moveaxis(S, (0, 1), (-2, -1)))
