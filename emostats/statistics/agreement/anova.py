"""Mean squares of a complete targets × raters table, and the ICCs that follow from them.

Notation of McGraw & Wong (1996): MSR rows (targets), MSC columns (raters), MSE error, MSW within rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emostats.statistics.agreement.forms import Form
from emostats.statistics.agreement.sums import onto_grids, order_free_sum

Array = NDArray[np.float64]

EPS = float(np.finfo(np.float64).eps)


@dataclass(frozen=True)
class MeanSquares:
    """Two-way analysis of variance without replication.

    Attributes
    ----------
    n, k: targets and raters. grand_mean: of all ratings.
    ss_r, ss_c, ss_e: sums of squares of rows, columns, error.
    """

    n: int
    k: int
    grand_mean: float
    ss_r: float
    ss_c: float
    ss_e: float

    @property
    def df_r(self) -> int:
        return self.n - 1

    @property
    def df_c(self) -> int:
        return self.k - 1

    @property
    def df_e(self) -> int:
        return (self.n - 1) * (self.k - 1)

    @property
    def df_w(self) -> int:
        return self.n * (self.k - 1)

    @property
    def msr(self) -> float:
        return self.ss_r / self.df_r if self.df_r else float("nan")

    @property
    def msc(self) -> float:
        return self.ss_c / self.df_c

    @property
    def mse(self) -> float:
        return self.ss_e / self.df_e if self.df_e else float("nan")

    @property
    def msw(self) -> float:
        return (self.ss_c + self.ss_e) / self.df_w

    @property
    def var_target(self) -> float:
        """(MSR − MSE)/k; may be negative."""
        return (self.msr - self.mse) / self.k

    @property
    def var_rater(self) -> float:
        """(MSC − MSE)/n; may be negative."""
        return (self.msc - self.mse) / self.n

    def icc(self, form: Form) -> float:
        """The plain ANOVA formula (McGraw & Wong 1996, Table 4); NaN where it is 0/0 or unbounded."""
        msr, msc, mse, msw, n, k = self.msr, self.msc, self.mse, self.msw, self.n, self.k
        single = {
            "1": (msr - msw, msr + (k - 1) * msw),
            "C": (msr - mse, msr + (k - 1) * mse),
            "A": (msr - mse, msr + (k - 1) * mse + k * (msc - mse) / n),
        }
        average = {"1": (msr - msw, msr), "C": (msr - mse, msr), "A": (msr - mse, msr + (msc - mse) / n)}
        numerator, denominator = (average if form.average else single)[form.key]
        return numerator / denominator if denominator != 0.0 else float("nan")


_BLOCK = 15_000  # ratings worked on at a time: they stay in the processor's cache


def mean_squares(values: Array) -> MeanSquares:
    """Mean squares of a complete (n, k) table; the same to the last digit in every order of rows and columns.

    Ratings on a scale with steps of 1, ½ … ⅛ are summed as whole numbers, without any rounding; others on
    grids, after the lowest rating is taken off, so that they stay right when the ratings carry a large
    offset.
    """
    lowest, highest = float(values.min()), float(values.max())
    on_steps = _whole_number_sums(values, lowest, highest - lowest)
    if on_steps is not None:
        return on_steps
    n, k = values.shape
    row, column = _marginal_means(values, lowest, highest - lowest)
    grand = float(order_free_sum(column)) / k
    row -= grand
    ss_e = _interaction_ss(values, lowest, highest - lowest, row, column)
    column -= grand
    noise = n * k * (4.0 * EPS * max(abs(lowest), abs(highest))) ** 2
    ss_r, ss_c = k * float(order_free_sum(row * row)), n * float(order_free_sum(column * column))
    ss_r, ss_c, ss_e = (0.0 if ss <= noise else ss for ss in (ss_r, ss_c, ss_e))
    return MeanSquares(n=n, k=k, grand_mean=grand + lowest, ss_r=ss_r, ss_c=ss_c, ss_e=ss_e)


_STEPS = 8  # ratings that are multiples of 1/8, counted from the lowest, are whole numbers of steps


def _whole_number_sums(values: Array, lowest: float, spread: float) -> MeanSquares | None:
    """Mean squares from exact sums, or None if the ratings are not on steps or too many or large to sum
    exactly.

    With q the ratings in steps, R and C the totals of targets and raters, G the grand total: n k SSE = n k
        Σq² − n ΣR² −
    k ΣC² + G², in integers of any size.
    """
    n, k = values.shape
    if n * (k * spread * _STEPS) ** 2 >= 2.0**53 or n * spread * _STEPS >= 2.0**53:
        return None
    squares = totals_squared = 0.0
    column = np.zeros(k)
    for start in range(0, n, max(1, _BLOCK // k)):
        q = values[start : start + max(1, _BLOCK // k)] - lowest
        q *= _STEPS
        if not np.array_equal(q, np.rint(q)):
            return None
        row = q @ np.ones(k)
        column += np.ones(len(q)) @ q
        squares += float(np.vdot(q, q))
        totals_squared += float(np.vdot(row, row))
    C = [int(total) for total in column.tolist()]
    G, Q, R2, C2 = sum(C), int(squares), int(totals_squared), sum(total * total for total in C)
    unit = n * k * _STEPS**2
    return MeanSquares(
        n=n,
        k=k,
        grand_mean=lowest + G / (n * k * _STEPS),
        ss_r=(n * R2 - G * G) / unit,
        ss_c=(k * C2 - G * G) / unit,
        ss_e=(n * k * Q - n * R2 - k * C2 + G * G) / unit,
    )


def _blocks(values: Array, lowest: float) -> Iterator[tuple[slice, Array]]:
    """Blocks of targets, as raters × targets less `lowest`, so that sums run along memory."""
    n, k = values.shape
    step = max(1, _BLOCK // k)
    for start in range(0, n, step):
        rows = slice(start, start + step)
        yield rows, np.subtract(values[rows].T, lowest, order="C")


def _marginal_means(values: Array, lowest: float, spread: float) -> tuple[Array, Array]:
    """Means of the targets (n,) and of the raters (k,), both less `lowest`."""
    n, k = values.shape
    row, column = np.empty(n), np.zeros((2, k))
    for rows, y in _blocks(values, lowest):
        parts = onto_grids(y, spread, n * k)
        row[rows] = parts[0].sum(axis=0) + parts[1].sum(axis=0)
        for total, part in zip(column, parts, strict=True):
            total += part.sum(axis=1)
    return row / k, column.sum(axis=0) / n


def _interaction_ss(values: Array, lowest: float, spread: float, row: Array, column: Array) -> float:
    """Σ(y − target effect − rater mean)², where `row` holds deviations from the grand mean.

    Two grids are enough unless the residuals are tiny beside the spread; then a third is added.
    """
    n, k = values.shape
    bound = 4.0 * spread * spread
    total = 0.0
    for levels in (2, 3):
        totals = [0.0] * levels
        for rows, y in _blocks(values, lowest):
            y -= row[rows]
            y -= column[:, None]
            y *= y
            parts = onto_grids(y, bound, n * k, levels=levels)
            totals = [total + float(part.sum()) for total, part in zip(totals, parts, strict=True)]
        total = sum(totals)
        if total > 1e-6 * bound * n * k:
            break
    return total
