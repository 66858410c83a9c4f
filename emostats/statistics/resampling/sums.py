"""Statistics that are functions of sums over units: the fast path of the bootstrap.

A mean, a variance, a correlation or a ratio of means needs of the data only a few sums. Each unit's share of
these sums is computed once; a resample then is a row of counts, and its totals one product of counts and
shares. Leaving a unit out is a subtraction, and the linearised standard error is one more set of sums.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

FloatArray = npt.NDArray[np.float64]
Totals = npt.NDArray[Any]
"""Real, or complex for derivatives."""


@dataclass(frozen=True)
class SumStatistic:
    """A statistic by the sums it needs.

    Attributes
    ----------
    name: shown in results.
    columns: what each input column is, in order, e.g. ``("pre", "post")``; its length is how many are needed.
    contributions: (N, c) columns → (N, k) contributions of each row to the sums; rows that are incomplete
        contribute zeros. Numeric columns arrive centred (see `centre`).
    value: (B, k) totals, (c,) centre → (B,) the statistic. It must accept complex totals (for derivatives)
        and give NaN or infinity where the statistic is undefined.
    centre: whether columns have their overall mean subtracted first, which keeps sums of squares accurate.
    grouped: whether the last column names one of two groups; it arrives as 0 and 1.
    """

    name: str
    columns: tuple[str, ...]
    contributions: Callable[[FloatArray], FloatArray]
    value: Callable[[Totals, FloatArray], Totals]
    centre: bool = True
    grouped: bool = False

    def evaluate(self, totals: FloatArray, centre: FloatArray) -> FloatArray:
        """`value` at real totals; undefined values come as NaN or infinity without a NumPy warning."""
        with np.errstate(all="ignore"):
            return np.asarray(self.value(totals, centre), dtype=float)

    def gradient(self, totals: FloatArray, centre: FloatArray) -> FloatArray:
        """(B, k) derivatives of `value` by complex step (Squire & Trapp, 1998): exact to rounding."""
        step = 1e-30
        columns = []
        with np.errstate(all="ignore"):
            for j in range(totals.shape[1]):
                moved = totals.astype(complex)
                moved[:, j] += 1j * step
                columns.append(np.imag(self.value(moved, centre)) / step)
        return np.column_stack(columns)


@dataclass(frozen=True, eq=False)
class Moments:
    """Moments of one column or a pair: means, and variances and covariance with divisor n - 1. All (B,)."""

    n: Totals
    mean: tuple[Totals, ...]
    variance: tuple[Totals, ...]
    covariance: Totals


def complete_rows(columns: FloatArray) -> npt.NDArray[np.bool_]:
    """(N,) whether all columns of a row are finite."""
    return np.asarray(np.isfinite(columns).all(axis=1))


def mean_contributions(columns: FloatArray) -> FloatArray:
    """1, x."""
    present = np.isfinite(columns[:, 0])
    return np.column_stack([present, np.where(present, columns[:, 0], 0.0)])


def column_contributions(columns: FloatArray) -> FloatArray:
    """1, x, x²."""
    present = np.isfinite(columns[:, 0])
    x = np.where(present, columns[:, 0], 0.0)
    return np.column_stack([present, x, x * x])


def pair_mean_contributions(columns: FloatArray) -> FloatArray:
    """1, x, y of complete pairs."""
    present = complete_rows(columns)
    x, y = np.where(present[:, None], columns, 0.0).T
    return np.column_stack([present, x, y])


def pair_contributions(columns: FloatArray) -> FloatArray:
    """1, x, y, x², y², xy of complete pairs."""
    present = complete_rows(columns)
    x, y = np.where(present[:, None], columns, 0.0).T
    return np.column_stack([present, x, y, x * x, y * y, x * y])


def group_contributions(columns: FloatArray) -> FloatArray:
    """1, x, x² in group 0, then in group 1; columns are the value and the group."""
    present = complete_rows(columns)
    parts = []
    for group in (0, 1):
        here = present & (columns[:, 1] == group)
        x = np.where(here, columns[:, 0], 0.0)
        parts += [here, x, x * x]
    return np.column_stack(parts).astype(float)


def _spread(n: Totals, sum_x: Totals, sum_y: Totals, sum_xy: Totals) -> Totals:
    """(sum xy - sum x sum y / n) / (n - 1); exactly zero where only rounding is left of it."""
    cross = sum_xy - sum_x * sum_y / n
    rounding = 1e-13 * np.abs(sum_xy)
    return np.asarray(np.where(np.abs(cross) <= rounding, 0.0 * cross, cross) / (n - 1))


def column_moments(totals: Totals, centre: FloatArray) -> Moments:
    """Moments of one column from the sums 1, x, x²."""
    n, x, xx = totals.T
    variance = _spread(n, x, x, xx)
    return Moments(n, (x / n + centre[0],), (variance,), variance)


def pair_moments(totals: Totals, centre: FloatArray) -> Moments:
    """Moments of a pair from the sums 1, x, y, x², y², xy."""
    n, x, y, xx, yy, xy = totals.T
    cross = (xy - x * y / n) / (n - 1)
    mean = (x / n + centre[0], y / n + centre[1])
    return Moments(n, mean, (_spread(n, x, x, xx), _spread(n, y, y, yy)), cross)


def group_moments(totals: Totals, centre: FloatArray) -> tuple[Moments, Moments]:
    """Moments of the value in group 0 and in group 1."""
    return column_moments(totals[:, :3], centre), column_moments(totals[:, 3:], centre)


def group_codes(column: pd.Series) -> tuple[FloatArray, tuple[object, ...]]:
    """0, 1, … by level in order (categories, else sorted), NaN for missing; and the levels that occur."""
    categorical = column.astype("category").cat.remove_unused_categories()
    codes = categorical.cat.codes.to_numpy(dtype=float)
    return np.where(codes < 0, np.nan, codes), tuple(categorical.cat.categories)
