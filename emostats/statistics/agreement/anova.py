"""Mean squares of a complete targets × raters table, and the ICCs that follow from them.

Notation of McGraw & Wong (1996): MSR rows (targets), MSC columns (raters), MSE error, MSW within rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emostats.statistics.agreement.forms import Form
from emostats.statistics.agreement.sums import ordered_free_sum

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
        """The plain ANOVA formula of a form (McGraw & Wong 1996, Table 4); NaN where it is 0/0 or unbounded."""
        msr, msc, mse, msw, n, k = self.msr, self.msc, self.mse, self.msw, self.n, self.k
        single = {
            "1": (msr - msw, msr + (k - 1) * msw),
            "C": (msr - mse, msr + (k - 1) * mse),
            "A": (msr - mse, msr + (k - 1) * mse + k * (msc - mse) / n),
        }
        average = {"1": (msr - msw, msr), "C": (msr - mse, msr), "A": (msr - mse, msr + (msc - mse) / n)}
        numerator, denominator = (average if form.average else single)[form.key]
        return numerator / denominator if denominator != 0.0 else float("nan")


def mean_squares(values: Array) -> MeanSquares:
    """Mean squares of a complete (n, k) table; the same to the last digit in every order of rows and columns.

    Centring before squaring keeps them right when the ratings carry a large offset. Sums of squares that are rounding
    noise of the input are set to zero.
    """
    n, k = values.shape
    lowest = float(values.min())
    y = values - lowest
    grand = float(ordered_free_sum(y)) / (n * k)
    y -= grand
    row = ordered_free_sum(y, axis=1) / k
    column = ordered_free_sum(y, axis=0) / n
    y -= row[:, None]
    y -= column
    noise = 4.0 * EPS * max(abs(lowest), abs(float(values.max())))
    return MeanSquares(
        n=n,
        k=k,
        grand_mean=grand + lowest,
        ss_r=_without_noise(k * float(ordered_free_sum(row * row)), n * k, noise),
        ss_c=_without_noise(n * float(ordered_free_sum(column * column)), n * k, noise),
        ss_e=_without_noise(float(ordered_free_sum(y * y)), n * k, noise),
    )


def _without_noise(ss: float, count: int, noise: float) -> float:
    return 0.0 if ss <= count * noise * noise else ss
