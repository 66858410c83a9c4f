"""The same subjects under several conditions: Friedman's test and Cochran's Q."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import chdtrc

from emostats.errors import ModelError, UsageError
from emostats.statistics.effects.effect import FloatArray


@dataclass(frozen=True)
class ChiSquareTest:
    """A χ² statistic with its degrees of freedom and p-value; `kendall_w` for Friedman's test, else NaN."""

    statistic: float
    df: float
    p_value: float
    n: int
    kendall_w: float = float("nan")


def friedman(data: npt.ArrayLike) -> ChiSquareTest:
    """Friedman's (1937) rank test of subjects (rows) × conditions (columns), corrected for ties.

    Rows with a missing value are left out. Kendall's W is χ² / (n (k - 1)).

    Raises
    ------
    ModelError: fewer than two complete rows or columns, or all rows tied throughout.
    """
    from scipy.stats import rankdata

    matrix = _complete(data)
    n, k = matrix.shape
    ranks = rankdata(matrix, axis=1)
    centre = (k + 1) / 2
    spread = float(((ranks - centre) ** 2).sum()) / (n * (k - 1))
    if not spread > 0:
        raise ModelError("Every subject has the same value in all conditions, so ranks do not differ.")
    statistic = float(n * ((ranks.mean(axis=0) - centre) ** 2).sum() / spread)
    return ChiSquareTest(statistic, k - 1, float(chdtrc(k - 1, statistic)), n, statistic / (n * (k - 1)))


def cochran_q(data: npt.ArrayLike) -> ChiSquareTest:
    """Cochran's (1950) Q of subjects (rows) × conditions (columns) answered 0 or 1.

    Raises
    ------
    UsageError: values other than 0 and 1. ModelError: no subject answers differently between conditions.
    """
    matrix = _complete(data)
    if not np.isin(matrix, (0, 1)).all():
        raise UsageError("Cochran's Q is for answers 0 and 1.")
    n, k = matrix.shape
    columns, rows = matrix.sum(axis=0), matrix.sum(axis=1)
    scale = float((rows * (k - rows)).sum())
    if scale == 0:
        raise ModelError("No subject answers differently between the conditions.")
    statistic = float((k - 1) * (k * (columns**2).sum() - columns.sum() ** 2) / scale)
    return ChiSquareTest(statistic, k - 1, float(chdtrc(k - 1, statistic)), n)


def _complete(data: npt.ArrayLike) -> FloatArray:
    matrix = np.asarray(data, dtype=float)
    if matrix.ndim != 2:
        raise UsageError(f"A table of subjects by conditions is needed; found {matrix.ndim} dimension(s).")
    matrix = matrix[~np.isnan(matrix).any(axis=1)]
    if matrix.shape[0] < 2 or matrix.shape[1] < 2:
        raise ModelError(f"{matrix.shape[0]} complete subjects × {matrix.shape[1]} conditions are too few.")
    return np.asarray(matrix)
