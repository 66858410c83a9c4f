"""The area under the ROC curve of one score, with DeLong's and Obuchowski's variance.

Higher scores stand for the positive class. Placement values by ranks: O(n log n), as Sun & Xu (2014).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from emostats.errors import UsageError, did_you_mean
from emostats.statistics.classification.arrays import FloatArray, IntArray, binary, clusters
from emostats.statistics.effects.effect import Effect, check_level, normal_quantile

_SIDES: tuple[Literal["left", "right"], ...] = ("left", "right")
LIMITS = ("logit", "clipped", "unclipped")


@dataclass(frozen=True, eq=False)
class Placements:
    """Where each row stands among the rows of the other class (ties count half).

    Attributes
    ----------
    estimate: the area. positive: (m,) share of negatives below each positive. negative: (n,) share of
        positives above each negative. is_positive: (m + n,) which rows are positive.
    """

    estimate: float
    positive: FloatArray
    negative: FloatArray
    is_positive: npt.NDArray[np.bool_]


def placements(y: npt.ArrayLike, score: npt.ArrayLike) -> Placements:
    """Placement values (DeLong et al., 1988, eq. 4 and 5).

    Raises
    ------
    UsageError, ModelError: see `arrays.binary`.
    """
    truth, values = binary(y, score)
    positives, negatives = values[truth], values[~truth]
    v10 = _midranks(np.sort(negatives), positives) / len(negatives)
    v01 = 1.0 - _midranks(np.sort(positives), negatives) / len(positives)
    return Placements(float(v10.mean()), v10, v01, truth)


def _midranks(ordered: FloatArray, values: FloatArray) -> FloatArray:
    """How many of `ordered` lie below each of `values`, ties counted half."""
    below, up_to = (np.searchsorted(ordered, values, side=side) for side in _SIDES)
    return np.asarray((below + up_to) / 2.0)


def area(y: npt.ArrayLike, score: npt.ArrayLike) -> float:
    """The area alone, which needs no order of the rows and is several times as fast for many of them.

    Raises
    ------
    UsageError, ModelError: see `arrays.binary`.
    """
    truth, values = binary(y, score)
    positives, negatives = np.sort(values[truth]), np.sort(values[~truth])
    return float(_midranks(negatives, positives).sum() / len(positives) / len(negatives))


@dataclass(frozen=True)
class RocArea:
    """An area under the ROC curve.

    Attributes
    ----------
    estimate: 0 to 1. variance: of `method`; NaN where there are too few rows (or subjects).
    n_positive, n_negative: rows. n_clusters: subjects, or rows without subjects.
    """

    estimate: float
    variance: float
    n_positive: int
    n_negative: int
    n_clusters: int
    method: str

    @property
    def std_error(self) -> float:
        return float(np.sqrt(self.variance))

    @property
    def p_value(self) -> float:
        """Two-sided, of the hypothesis that the area is ½."""
        with np.errstate(divide="ignore", invalid="ignore"):
            z = np.float64(self.estimate - 0.5) / np.float64(self.std_error)
        return 2.0 * float(ndtr(-abs(z)))

    def interval(self, limits: str = "logit", conf_level: float = 0.95) -> tuple[float, float]:
        """``"logit"`` (NaN at areas of 0 and 1), ``"unclipped"`` (± z SE) or ``"clipped"`` to 0 … 1."""
        if limits not in LIMITS:
            raise UsageError(f"limits={limits!r} is unknown. {did_you_mean(limits, LIMITS)}")
        z = normal_quantile(check_level(conf_level))
        if limits == "logit":
            return self._logit(z)
        low, high = self.estimate - z * self.std_error, self.estimate + z * self.std_error
        return (max(low, 0.0), min(high, 1.0)) if limits == "clipped" else (low, high)

    def _logit(self, z: float) -> tuple[float, float]:
        a = self.estimate
        if not 0.0 < a < 1.0:
            return float("nan"), float("nan")
        centre, half = np.log(a / (1 - a)), z * self.std_error / (a * (1 - a))
        with np.errstate(over="ignore"):
            return float(1 / (1 + np.exp(half - centre))), float(1 / (1 + np.exp(-half - centre)))

    def effect(self, name: str, label: str, limits: str = "logit", conf_level: float = 0.95) -> Effect:
        """The area as a row of a table of effects; without limits, the reason stands in `error`."""
        low, high = self.interval(limits, conf_level)
        reason = ""
        if np.isnan(low):
            reason = (
                "no interval: the classes are separated completely"
                if self.variance == 0
                else ("no interval: too few subjects of one class")
            )
        return Effect(
            name,
            label,
            self.estimate,
            self.std_error,
            p_value=self.p_value,
            conf_low=low,
            conf_high=high,
            conf_level=conf_level,
            n=self.n_positive + self.n_negative,
            method=f"{self.method}, {limits} limits",
            error=reason,
        )


def roc_area(y: npt.ArrayLike, score: npt.ArrayLike, cluster: npt.ArrayLike | None = None) -> RocArea:
    """The area with DeLong's variance, or Obuchowski's where rows come in clusters.

    Parameters
    ----------
    y: (n,) 1 positive, 0 negative. score: (n,) higher for positives. cluster: (n,) subject of each row, who
        may have rows of both classes.

    Raises
    ------
    UsageError, ModelError: see `arrays.binary`.
    """
    placed = placements(y, score)
    sizes = len(placed.positive), len(placed.negative)
    if cluster is None:
        variance = delong_covariance(placed, placed)
        return RocArea(placed.estimate, variance, *sizes, sum(sizes), "DeLong")
    unit = clusters(cluster, sum(sizes))
    variance = obuchowski_covariance(placed, placed, unit)
    return RocArea(placed.estimate, variance, *sizes, int(unit.max()) + 1, "Obuchowski by subject")


def delong_covariance(first: Placements, second: Placements) -> float:
    """Covariance of two areas of the same rows (DeLong et al., 1988, eq. 6); a variance with itself."""
    total = 0.0
    for a, b in ((first.positive, second.positive), (first.negative, second.negative)):
        if len(a) < 2:
            return float("nan")
        total += float(((a - a.mean()) * (b - b.mean())).sum()) / (len(a) - 1) / len(a)
    return total


def obuchowski_covariance(first: Placements, second: Placements, unit: IntArray) -> float:
    """Covariance of two areas of the same clustered rows (Obuchowski, 1997, eq. 3–5).

    unit: (n,) numbers 0, 1, … of the clusters. NaN with fewer than two clusters with positives, or with
    negatives.
    """
    n_units, truth = int(unit.max()) + 1, first.is_positive
    (p1, q1), (p2, q2) = (_deviations(placed, unit, n_units) for placed in (first, second))
    m, n = int(truth.sum()), int((~truth).sum())
    with_positive = len(np.unique(unit[truth]))
    with_negative = len(np.unique(unit[~truth]))
    if min(with_positive, with_negative) < 2:
        return float("nan")
    s10 = with_positive / (with_positive - 1) * float(p1 @ p2) / m**2
    s01 = with_negative / (with_negative - 1) * float(q1 @ q2) / n**2
    s11 = n_units / (n_units - 1) * float(p1 @ q2 + q1 @ p2) / (m * n)
    return s10 + s01 + s11


def _deviations(placed: Placements, unit: IntArray, n_units: int) -> tuple[FloatArray, FloatArray]:
    """(S,) sums over each cluster of placement − area: of its positives, and of its negatives."""
    truth = placed.is_positive
    up = np.bincount(unit[truth], weights=placed.positive - placed.estimate, minlength=n_units)
    down = np.bincount(unit[~truth], weights=placed.negative - placed.estimate, minlength=n_units)
    return up.astype(float), down.astype(float)


def hanley_mcneil_variance(area: float, n_positive: int, n_negative: int) -> float:
    """Variance from the area alone (Hanley & McNeil, 1982, eq. 2)."""
    q1, q2 = area / (2 - area), 2 * area**2 / (1 + area)
    spread = area * (1 - area) + (n_positive - 1) * (q1 - area**2) + (n_negative - 1) * (q2 - area**2)
    return spread / (n_positive * n_negative)
