"""Statistics that are functions of the ordered values and a weight for each: quantiles and dominance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from emostats.statistics.resampling.sums import FloatArray


@dataclass(frozen=True)
class QuantileStatistic:
    """A sample quantile.

    With whole-number weights (a resample) it is type 2 of Hyndman & Fan (1996): the usual median, with the
    mean of the two middle values in an even sample. With Dirichlet weights it is the smallest value at which
    the cumulative weight reaches `probability` (0 to 1).
    """

    name: str
    probability: float
    columns: tuple[str, ...] = ("value",)
    grouped: bool = False

    def evaluate(self, ordered: FloatArray, weights: FloatArray) -> FloatArray:
        """(B,) quantiles of rows `ordered` (n, 1) under `weights` (B, n); NaN where all weights are zero."""
        values = ordered[:, 0]
        cumulative = np.cumsum(weights, axis=1)
        total = cumulative[:, -1:]
        target = self.probability * total
        slack = 1e-9 * np.maximum(total, 1e-300)
        low = np.argmax(cumulative >= target - slack, axis=1)
        high = np.argmax(cumulative > target + slack, axis=1)
        middle = (values[low] + values[high]) / 2
        return np.asarray(np.where(total[:, 0] > 0, middle, np.nan), dtype=float)


@dataclass(frozen=True)
class DominanceStatistic:
    """Cliff's δ of the second group over the first: P(second > first) - P(second < first)."""

    name: str = "cliff_delta"
    columns: tuple[str, ...] = ("value", "group")
    grouped: bool = True

    def evaluate(self, ordered: FloatArray, weights: FloatArray) -> FloatArray:
        """(B,) δ of rows `ordered` (n, 2), sorted by value, under `weights` (B, n); NaN where a group is
        empty."""
        values, second = ordered[:, 0], ordered[:, 1] == 1
        starts = np.flatnonzero(np.concatenate([[True], values[1:] > values[:-1]]))
        of_first = np.add.reduceat(np.where(second, 0.0, weights), starts, axis=1)
        of_second = np.add.reduceat(np.where(second, weights, 0.0), starts, axis=1)
        up_to = np.cumsum(of_first, axis=1)
        total = up_to[:, -1:]
        below_minus_above = 2 * up_to - of_first - total
        with np.errstate(all="ignore"):
            wins = (of_second * below_minus_above).sum(axis=1)
            return np.asarray(wins / (total[:, 0] * of_second.sum(axis=1)), dtype=float)


WeightStatistic = QuantileStatistic | DominanceStatistic
