"""Areas under the curve for several classes: each against the rest, and pairs of classes."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from emostats.errors import ModelError
from emostats.statistics.classification.arrays import FloatArray, clusters, outcomes
from emostats.statistics.classification.auc import (
    Placements,
    RocArea,
    area,
    placements,
    roc_area,
)


def one_vs_rest(
    y_true: npt.ArrayLike, prob: npt.ArrayLike, cluster: npt.ArrayLike | None = None
) -> tuple[RocArea | None, ...]:
    """(K,) the area of each class's probability against the rest; None for a class without both sides."""
    truth, values = outcomes(y_true, prob)
    return tuple(
        roc_area(truth == k, values[:, k], cluster) if 0 < (truth == k).sum() < len(truth) else None
        for k in range(values.shape[1])
    )


@dataclass(frozen=True)
class AverageAreas:
    """Areas averaged over the classes that occur.

    Attributes
    ----------
    macro, weighted: mean of one-vs-rest areas, plain and by class frequency. micro: all (row, class) cells in
        one curve. hand_till: mean over pairs of classes (Hand & Till, 2001) on rows rescaled to sum 1.
    macro_variance: of `macro`, with the covariances between the classes.
    """

    macro: float
    weighted: float
    micro: float
    hand_till: float
    macro_variance: float


def average_areas(
    y_true: npt.ArrayLike, prob: npt.ArrayLike, cluster: npt.ArrayLike | None = None
) -> AverageAreas:
    """All averages of the area.

    Raises
    ------
    UsageError: bad input. ModelError: only one class occurs.
    """
    truth, values = outcomes(y_true, prob)
    present = np.unique(truth)
    if len(present) < 2:
        raise ModelError("An area under the curve needs rows of two classes; all rows have the same.")
    placed = [placements(truth == k, values[:, k]) for k in present]
    areas = np.array([item.estimate for item in placed])
    frequency = np.array([(truth == k).mean() for k in present])
    hits = np.eye(values.shape[1], dtype=np.int64)[truth]
    return AverageAreas(
        macro=float(areas.mean()),
        weighted=float((frequency * areas).sum() / frequency.sum()),
        micro=area(hits.ravel(), values.ravel()),
        hand_till=hand_till(truth, values),
        macro_variance=_mean_variance(placed, cluster),
    )


def _mean_variance(placed: list[Placements], cluster: npt.ArrayLike | None) -> float:
    """Variance of the mean of areas whose curves share rows, but not who is positive: by rows' influence.

    An area moves with its row by (placement − area) / (rows of that class); the influences of a row on the
    classes add up, and so do those of a subject's rows (DeLong's and Obuchowski's variances are this sum for
    one class, up to their small-sample factors).
    """
    influence = np.mean([_influence(item) for item in placed], axis=0)
    unit = clusters(cluster, len(influence))
    sums = np.bincount(unit, weights=influence)
    return float(len(sums) / (len(sums) - 1) * (sums**2).sum()) if len(sums) > 1 else float("nan")


def _influence(placed: Placements) -> FloatArray:
    influence = np.empty(len(placed.is_positive))
    influence[placed.is_positive] = (placed.positive - placed.estimate) / len(placed.positive)
    influence[~placed.is_positive] = (placed.negative - placed.estimate) / len(placed.negative)
    return influence


def hand_till(y_true: npt.ArrayLike, prob: npt.ArrayLike) -> float:
    """M of Hand & Till (2001): mean over pairs i, j of [A(i|j) + A(j|i)] / 2, among rows of i and j only."""
    truth, values = outcomes(y_true, prob)
    scaled = values / values.sum(axis=1, keepdims=True)
    pairs = []
    for i, j in combinations(np.unique(truth), 2):
        rows = (truth == i) | (truth == j)
        is_i = truth[rows] == i
        pairs.append((area(is_i, scaled[rows, i]) + area(~is_i, scaled[rows, j])) / 2)
    if not pairs:
        raise ModelError("Pairs of classes need rows of two classes; all rows have the same.")
    return float(np.mean(pairs))
