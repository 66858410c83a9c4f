"""The statistics that can be asked for by name, each vectorised over resamples.

Sign convention: of two columns the first is the earlier one (pre, baseline, denominator), and differences are
second minus first; of two groups likewise. Variances have divisor n - 1. Rows with a missing value do not
contribute.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from emostats.errors import UsageError, did_you_mean
from emostats.statistics.resampling.sums import (
    FloatArray,
    Moments,
    SumStatistic,
    Totals,
    column_contributions,
    column_moments,
    group_contributions,
    group_moments,
    mean_contributions,
    pair_contributions,
    pair_mean_contributions,
    pair_moments,
)
from emostats.statistics.resampling.weights import DominanceStatistic, QuantileStatistic

NamedStatistic = SumStatistic | QuantileStatistic | DominanceStatistic


def _mean(totals: Totals, centre: FloatArray) -> Totals:
    return np.asarray(totals[:, 1] / totals[:, 0] + centre[0])


def _sum(totals: Totals, centre: FloatArray) -> Totals:
    return np.asarray(totals[:, 1] + totals[:, 0] * centre[0])


@dataclass(frozen=True)
class _OfColumn:
    """A function of one column's moments, as a function of its sums."""

    function: Callable[[Moments], Totals]

    def __call__(self, totals: Totals, centre: FloatArray) -> Totals:
        return self.function(column_moments(totals, centre))


@dataclass(frozen=True)
class _OfPair:
    """A function of a pair's moments, as a function of its sums."""

    function: Callable[[Moments], Totals]

    def __call__(self, totals: Totals, centre: FloatArray) -> Totals:
        return self.function(pair_moments(totals, centre))


@dataclass(frozen=True)
class _OfGroups:
    """A function of two groups' moments, as a function of their sums."""

    function: Callable[[Moments, Moments], Totals]

    def __call__(self, totals: Totals, centre: FloatArray) -> Totals:
        return self.function(*group_moments(totals, centre))


def of_column(name: str, function: Callable[[Moments], Totals]) -> SumStatistic:
    """A named statistic of one column's moments. `function` must be a module-level function to run in
    workers."""
    return SumStatistic(name, ("value",), column_contributions, _OfColumn(function))


def of_pair(name: str, function: Callable[[Moments], Totals]) -> SumStatistic:
    """A named statistic of a pair's moments (columns first, second)."""
    return SumStatistic(name, ("first", "second"), pair_contributions, _OfPair(function))


def of_groups(name: str, function: Callable[[Moments, Moments], Totals]) -> SumStatistic:
    """A named statistic of two groups' moments (columns value, group)."""
    return SumStatistic(name, ("value", "group"), group_contributions, _OfGroups(function), grouped=True)


def _variance(m: Moments) -> Totals:
    return m.variance[0]


def _std(m: Moments) -> Totals:
    return np.sqrt(m.variance[0])


def _coefficient_of_variation(m: Moments) -> Totals:
    return np.asarray(np.sqrt(m.variance[0]) / m.mean[0])


def _correlation(m: Moments) -> Totals:
    return np.asarray(m.covariance / np.sqrt(m.variance[0] * m.variance[1]))


def _covariance(m: Moments) -> Totals:
    return m.covariance


def _slope(m: Moments) -> Totals:
    return np.asarray(m.covariance / m.variance[0])


def _difference_in_means(totals: Totals, centre: FloatArray) -> Totals:
    return np.asarray((totals[:, 2] - totals[:, 1]) / totals[:, 0] + (centre[1] - centre[0]))


def _ratio_of_means(totals: Totals, centre: FloatArray) -> Totals:
    first, second = totals[:, 1] / totals[:, 0] + centre[0], totals[:, 2] / totals[:, 0] + centre[1]
    return np.asarray(second / first)


def _percent_change(totals: Totals, centre: FloatArray) -> Totals:
    return 100.0 * (_ratio_of_means(totals, centre) - 1.0)


def variance_of_difference(m: Moments) -> Totals:
    """Variance of second minus first; zero where only rounding is left of it."""
    variance = m.variance[0] + m.variance[1] - 2.0 * m.covariance
    rounding = 1e-13 * np.abs(m.variance[0] + m.variance[1])
    return np.where(np.abs(variance) <= rounding, 0.0 * variance, variance)


def _standardized_mean_change(m: Moments) -> Totals:
    return np.asarray((m.mean[1] - m.mean[0]) / np.sqrt(variance_of_difference(m)))


def _difference_of_group_means(first: Moments, second: Moments) -> Totals:
    return np.asarray(second.mean[0] - first.mean[0])


def _pair_of_means(name: str, value: Callable[[Totals, FloatArray], Totals]) -> SumStatistic:
    return SumStatistic(name, ("first", "second"), pair_mean_contributions, value)


NAMED: dict[str, NamedStatistic] = {
    statistic.name: statistic
    for statistic in (
        SumStatistic("mean", ("value",), mean_contributions, _mean),
        SumStatistic("sum", ("value",), mean_contributions, _sum),
        of_column("var", _variance),
        of_column("std", _std),
        of_column("coefficient_of_variation", _coefficient_of_variation),
        QuantileStatistic("median", 0.5),
        QuantileStatistic("lower_quartile", 0.25),
        QuantileStatistic("upper_quartile", 0.75),
        of_pair("corr", _correlation),
        of_pair("cov", _covariance),
        of_pair("slope", _slope),
        _pair_of_means("mean_difference", _difference_in_means),
        _pair_of_means("ratio_of_means", _ratio_of_means),
        _pair_of_means("percent_change", _percent_change),
        of_pair("standardized_mean_change", _standardized_mean_change),
        of_groups("group_mean_difference", _difference_of_group_means),
        DominanceStatistic(),
    )
}
"""By name. ``slope`` is of the second column on the first; ``percent_change`` is 100 (second/first - 1) of
the means."""


def named_statistic(name: str) -> NamedStatistic:
    """The statistic called `name`.

    Raises
    ------
    UsageError: there is none of this name.
    """
    if name not in NAMED:
        raise UsageError(
            f"There is no statistic called {name!r}. {did_you_mean(name, NAMED)} "
            "Any function of the resampled data can be given instead of a name."
        )
    return NAMED[name]
