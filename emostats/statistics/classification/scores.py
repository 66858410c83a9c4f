"""Proper scores of probabilities: row by row, so that they can be averaged over rows or by subject."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from emostats.statistics.classification.arrays import FloatArray, outcomes


def log_losses(y_true: npt.ArrayLike, prob: npt.ArrayLike, *, clip: float = 1e-15) -> FloatArray:
    """(n,) −ln of the probability of the true class, as given, clipped to `clip` … 1 − `clip`."""
    truth, values = outcomes(y_true, prob)
    return np.asarray(-np.log(np.clip(values[np.arange(len(truth)), truth], clip, 1 - clip)))


def brier_terms(y_true: npt.ArrayLike, prob: npt.ArrayLike) -> FloatArray:
    """(n, K) squared distances from 1 (true class) or 0; Brier's (1950) score sums them over classes."""
    truth, values = outcomes(y_true, prob)
    return np.asarray((values - np.eye(values.shape[1])[truth]) ** 2)
