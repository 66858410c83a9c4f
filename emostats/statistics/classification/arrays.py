"""Checks what every metric is given: labels as whole numbers, probabilities in rows, subjects as clusters."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from emostats.errors import ModelError, UsageError

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


def labels(values: npt.ArrayLike, n_classes: int | None = None, name: str = "y_true") -> IntArray:
    """(n,) labels as whole numbers from 0 to `n_classes` − 1.

    Raises
    ------
    UsageError: another shape, no rows, missing or fractional values, a label beyond the classes.
    """
    array = np.asarray(values)
    if array.ndim != 1 or len(array) == 0:
        raise UsageError(f"{name} must be one column with at least one row; found shape {array.shape}.")
    try:
        codes = array.astype(np.int64)
        whole = bool((codes == array.astype(float)).all())
    except (TypeError, ValueError, RuntimeWarning):
        whole = False
    if not whole:
        raise UsageError(f"{name} must hold class numbers 0, 1, …, without missing values.")
    top = int(codes.max()) if n_classes is None else n_classes - 1
    if (codes < 0).any() or (codes > top).any():
        raise UsageError(f"{name} must lie between 0 and {top}; found {codes.min()} to {codes.max()}.")
    return codes


ROUNDING = 0.005
"""Printed probabilities are rounded: each may be off by half of the second decimal."""


def probabilities(values: npt.ArrayLike) -> FloatArray:
    """(n, K) probabilities; rows sum to 1 within K times `ROUNDING`.

    Raises
    ------
    UsageError: another shape, values outside 0 to 1, missing values, rows that do not sum to 1.
    """
    array = np.asarray(values, dtype=float)
    if array.ndim != 2 or array.shape[1] < 2 or len(array) == 0:
        raise UsageError(f"Probabilities need a row and two columns or more; found shape {array.shape}.")
    if not (np.isfinite(array).all() and (array >= 0).all() and (array <= 1).all()):
        row = int(np.flatnonzero(~((array >= 0) & (array <= 1)).all(axis=1))[0])
        raise UsageError(
            f"Probabilities must lie between 0 and 1; row {row + 1} holds {array[row].tolist()}."
        )
    off = np.abs(array.sum(axis=1) - 1.0)
    if (off > ROUNDING * array.shape[1] + 1e-9).any():
        row = int(off.argmax())
        raise UsageError(
            f"The probabilities of a row must sum to 1; those of row {row + 1} sum to "
            f"{array[row].sum():.4g}. Give one column a class, and all classes."
        )
    return array


def outcomes(y_true: npt.ArrayLike, prob: npt.ArrayLike) -> tuple[IntArray, FloatArray]:
    """(n,) labels and (n, K) probabilities of the same rows.

    Raises
    ------
    UsageError: see `labels` and `probabilities`; lengths differ.
    """
    values = probabilities(prob)
    truth = labels(y_true, values.shape[1])
    if len(truth) != len(values):
        raise UsageError(f"Not the same rows: {len(truth)} labels, {len(values)} rows of probabilities.")
    return truth, values


def binary(y: npt.ArrayLike, score: npt.ArrayLike) -> tuple[npt.NDArray[np.bool_], FloatArray]:
    """(n,) whether a row is positive, and its score.

    Raises
    ------
    UsageError: lengths differ, y is not 0/1, a score is missing. ModelError: only one class is there.
    """
    truth, values = labels(y, 2, "y"), np.asarray(score, dtype=float)
    if values.shape != truth.shape or not np.isfinite(values).all():
        raise UsageError(f"score must be {len(truth)} numbers without missing values; found {values.shape}.")
    if truth.min() == truth.max():
        raise ModelError("An area under the curve needs positives and negatives; only one of them is there.")
    return truth.astype(bool), values


def clusters(values: Any, n: int) -> IntArray:
    """(n,) clusters numbered 0, 1, … in order of their sorted names; every row its own for None.

    Raises
    ------
    UsageError: another length, or a missing name.
    """
    if values is None:
        return np.arange(n, dtype=np.int64)
    array = np.asarray(values)
    if array.shape != (n,):
        raise UsageError(f"The subjects must be one column of {n} rows; found shape {array.shape}.")
    if array.dtype.kind in "fO" and any(value is None or value != value for value in array.tolist()):
        raise UsageError("Some rows name no subject; without it rows of one child count as independent.")
    return np.asarray(np.unique(array.astype(str), return_inverse=True)[1], dtype=np.int64)


def top_label(prob: npt.ArrayLike) -> IntArray:
    """(n,) class of the largest probability; of equal ones the first."""
    return np.asarray(np.argmax(np.asarray(prob, dtype=float), axis=1), dtype=np.int64)


def ratio(numerator: Any, denominator: Any, otherwise: float) -> FloatArray:
    """numerator / denominator, and `otherwise` where the denominator is 0."""
    top, bottom = np.broadcast_arrays(np.asarray(numerator, float), np.asarray(denominator, float))
    return np.asarray(np.divide(top, bottom, out=np.full(top.shape, otherwise), where=bottom != 0))
