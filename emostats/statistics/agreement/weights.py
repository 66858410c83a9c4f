"""Agreement weights between categories: 1 on the diagonal, less the further apart two categories are."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from emostats.errors import UsageError, did_you_mean

Array = NDArray[np.float64]

WEIGHTS: tuple[str, ...] = ("identity", "linear", "quadratic", "ordinal", "radical", "ratio")


def agreement_weights(weights: str | Array, scores: Array) -> Array:
    """(q, q) weights by name or as given.

    Parameters
    ----------
    weights: ``"identity"`` (exact agreement only), ``"linear"``, ``"quadratic"``, ``"radical"`` (1 −
        distance to the power 1, 2, ½ over the largest), ``"ordinal"`` (Gwet's, by pairs of ranks between),
        ``"ratio"``; or a symmetric matrix with ones on its diagonal.
    scores: (q,) numbers of the categories in order.

    Raises
    ------
    UsageError: an unknown name; a matrix that is not of this kind.
    """
    if not isinstance(weights, str):
        return _given(np.asarray(weights, dtype=np.float64), len(scores))
    if weights not in WEIGHTS:
        raise UsageError(f"There are no weights '{weights}'. {did_you_mean(weights, WEIGHTS)}")
    distance = np.abs(scores[:, None] - scores)
    if weights == "identity":
        return np.eye(len(scores))
    if weights == "ordinal":
        rank = np.arange(len(scores))
        between = np.abs(rank[:, None] - rank) + 1.0
        pairs = between * (between - 1.0) / 2.0
        return np.asarray(1.0 - pairs / pairs.max())
    if weights == "ratio":
        total = np.abs(scores[:, None] + scores)
        part = np.divide(distance, total, out=np.zeros_like(distance), where=total > 0) ** 2
        return np.asarray(1.0 - part / part.max())
    power = {"linear": 1.0, "quadratic": 2.0, "radical": 0.5}[weights]
    return np.asarray(1.0 - (distance / distance.max()) ** power)


def _given(matrix: Array, q: int) -> Array:
    if matrix.shape != (q, q):
        raise UsageError(
            f"weights must be {q} × {q} for {q} categories; found {' × '.join(map(str, matrix.shape))}."
        )
    if not (np.allclose(matrix, matrix.T) and np.allclose(np.diag(matrix), 1.0)):
        raise UsageError("weights must be symmetric with ones on the diagonal.")
    return matrix
