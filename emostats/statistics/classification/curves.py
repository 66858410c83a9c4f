"""The ROC curve, its Youden point, and average precision."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from emostats.statistics.classification.arrays import FloatArray, binary


@dataclass(frozen=True, eq=False)
class RocCurve:
    """Corners of the curve, from (0, 0) to (1, 1).

    Attributes
    ----------
    false_positive_rate, sensitivity: (t,). threshold: (t,) a row is called positive at or above it; halfway
        between neighbouring scores, infinite at the ends.
    """

    false_positive_rate: FloatArray
    sensitivity: FloatArray
    threshold: FloatArray


def roc_curve(y: npt.ArrayLike, score: npt.ArrayLike) -> RocCurve:
    """The empirical curve, one corner a distinct score."""
    truth, values = binary(y, score)
    hits, false_alarms, levels = _counts_from_the_top(truth, values)
    between = (levels[:-1] + levels[1:]) / 2
    return RocCurve(
        np.concatenate([[0.0], false_alarms / (~truth).sum()]),
        np.concatenate([[0.0], hits / truth.sum()]),
        np.concatenate([[np.inf], between, [-np.inf]]),
    )


def _counts_from_the_top(
    truth: npt.NDArray[np.bool_], values: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Positives and negatives at or above each distinct score, from the highest score down."""
    order = np.argsort(-values, kind="stable")
    sorted_values, sorted_truth = values[order], truth[order]
    last = np.append(np.flatnonzero(np.diff(sorted_values)), len(values) - 1)
    hits = np.cumsum(sorted_truth)[last].astype(float)
    return hits, last + 1.0 - hits, sorted_values[last]


@dataclass(frozen=True)
class YoudenPoint:
    """A threshold with the largest sensitivity + specificity − 1 (`index`)."""

    threshold: float
    sensitivity: float
    specificity: float
    index: float


def youden(y: npt.ArrayLike, score: npt.ArrayLike) -> tuple[YoudenPoint, ...]:
    """All best points, by threshold from the lowest (Youden, 1950). Best on these rows: flattering."""
    curve = roc_curve(y, score)
    index = curve.sensitivity - curve.false_positive_rate
    best = np.flatnonzero(index >= index.max() - 1e-12)[::-1]
    return tuple(
        YoudenPoint(
            float(curve.threshold[i]),
            float(curve.sensitivity[i]),
            float(1 - curve.false_positive_rate[i]),
            float(index[i]),
        )
        for i in best
    )


def average_precision(y: npt.ArrayLike, score: npt.ArrayLike) -> float:
    """Σ (recall step) · precision, in steps and without interpolation."""
    truth, values = binary(y, score)
    hits, false_alarms, _ = _counts_from_the_top(truth, values)
    steps = np.diff(np.concatenate([[0.0], hits])) / truth.sum()
    return float((steps * hits / (hits + false_alarms)).sum())
