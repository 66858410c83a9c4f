"""The effects as functions of sums, for the bootstrap: many times faster than calling a function on each
resample.

Columns are (pre, post), or (value, group) with the reference group first. The functions accept complex sums,
so the bootstrap can differentiate them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from emostats.statistics.resampling.named import NAMED, of_groups, of_pair, variance_of_difference
from emostats.statistics.resampling.sums import (
    FloatArray,
    Moments,
    SumStatistic,
    Totals,
    complete_rows,
)


def _change(m: Moments) -> Totals:
    return np.asarray(m.mean[1] - m.mean[0])


def _d_av(m: Moments) -> Totals:
    return np.asarray(_change(m) / ((np.sqrt(m.variance[0]) + np.sqrt(m.variance[1])) / 2))


def _d_av_rms(m: Moments) -> Totals:
    return np.asarray(_change(m) / np.sqrt((m.variance[0] + m.variance[1]) / 2))


def _d_rm(m: Moments) -> Totals:
    correlation = m.covariance / np.sqrt(m.variance[0] * m.variance[1])
    return np.asarray(_change(m) / np.sqrt(variance_of_difference(m)) * np.sqrt(2 * (1 - correlation)))


def _glass_pre(m: Moments) -> Totals:
    return np.asarray(_change(m) / np.sqrt(m.variance[0]))


def _group_d(first: Moments, second: Moments) -> Totals:
    n = first.n + second.n - 2
    pooled = ((first.n - 1) * first.variance[0] + (second.n - 1) * second.variance[0]) / n
    return np.asarray((second.mean[0] - first.mean[0]) / np.sqrt(pooled))


def _group_glass(first: Moments, second: Moments) -> Totals:
    return np.asarray((second.mean[0] - first.mean[0]) / np.sqrt(first.variance[0]))


def _group_unpooled(first: Moments, second: Moments) -> Totals:
    mean_variance = (first.variance[0] + second.variance[0]) / 2
    return np.asarray((second.mean[0] - first.mean[0]) / np.sqrt(mean_variance))


@dataclass(frozen=True)
class _SignOfChange:
    """1 and the sign of the change, of complete pairs."""

    def __call__(self, columns: FloatArray) -> FloatArray:
        present = complete_rows(columns)
        signs = np.sign(np.where(present, columns[:, 1] - columns[:, 0], 0.0))
        return np.column_stack([present, signs]).astype(float)


@dataclass(frozen=True)
class _Response:
    """1 and whether the change reaches the minimal important change, of complete pairs."""

    mic: float
    higher_is_better: bool

    def __call__(self, columns: FloatArray) -> FloatArray:
        present = complete_rows(columns)
        gain = np.where(present, columns[:, 1] - columns[:, 0], -np.inf)
        gain = gain if self.higher_is_better else np.where(present, -gain, -np.inf)
        return np.column_stack([present, present & (gain >= self.mic - 1e-9 * max(1.0, self.mic))]).astype(
            float
        )


def _share(totals: Totals, centre: FloatArray) -> Totals:
    return np.asarray(totals[:, 1] / totals[:, 0])


PAIRED_STATISTICS: dict[str, SumStatistic] = {
    "d_av": of_pair("d_av", _d_av),
    "d_av_rms": of_pair("d_av_rms", _d_av_rms),
    "d_rm": of_pair("d_rm", _d_rm),
    "glass_pre": of_pair("glass_pre", _glass_pre),
    "cliff_delta": SumStatistic("cliff_delta", ("pre", "post"), _SignOfChange(), _share, centre=False),
}
for _name, _known in (
    ("mean_change", "mean_difference"),
    ("percent_change", "percent_change"),
    ("d_z", "standardized_mean_change"),
):
    _statistic = NAMED[_known]
    if isinstance(_statistic, SumStatistic):
        PAIRED_STATISTICS[_name] = _statistic

GROUP_STATISTICS: dict[str, SumStatistic] = {
    "cohen_d": of_groups("cohen_d", _group_d),
    "glass_delta": of_groups("glass_delta", _group_glass),
    "d_unpooled": of_groups("d_unpooled", _group_unpooled),
}


def response(mic: float, higher_is_better: bool = True) -> SumStatistic:
    """The share of responders as a statistic for the bootstrap."""
    return SumStatistic("responders", ("pre", "post"), _Response(mic, higher_is_better), _share, centre=False)
