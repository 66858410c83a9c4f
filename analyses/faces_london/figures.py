"""Accuracy and AUC over repeated folds, with limits by subject."""

from __future__ import annotations

from typing import Any

import numpy as np
from folds import folds
from numpy.typing import NDArray

from emostats.statistics.classification import roc_area

Scores = NDArray[np.float64]


def figures(
    scores: Scores,
    labels: NDArray[np.int64],
    subjects: NDArray[Any],
    *,
    n_resamples: int = 1000,
    seed: int = 0,
) -> dict[str, Any]:
    """Mean over repeats of AUC and accuracy of log-odds `scores` (repeats, n), each with a 95 % interval.

    The interval is the percentile one of a bootstrap of subjects with the fitted models as they are: a drawn
    person brings all stills and all repeats. `by_repeat` shows how much the partition matters.
    """
    rows_of = [np.flatnonzero(subjects == name) for name in np.unique(subjects)]
    rng = np.random.default_rng(seed)
    drawn = []
    for _ in range(n_resamples):
        rows = np.concatenate([rows_of[i] for i in rng.integers(0, len(rows_of), len(rows_of))])
        if 0 < labels[rows].sum() < len(rows):
            drawn.append(_mean(scores[:, rows], labels[rows]))
    low, high = np.percentile(drawn, [2.5, 97.5], axis=0)
    estimate = _mean(scores, labels)
    each = np.array([_mean(row[None], labels) for row in scores])
    return {
        name: {
            "estimate": round(float(estimate[k]), 4),
            "conf_low": round(float(low[k]), 4),
            "conf_high": round(float(high[k]), 4),
            "by_repeat": [round(float(value), 4) for value in each[:, k]],
        }
        for k, name in enumerate(("auc", "accuracy"))
    }


def difference(
    one: Scores, other: Scores, labels: NDArray[np.int64], subjects: NDArray[Any], *, n_resamples: int = 1000
) -> dict[str, Any]:
    """Figures of `one` minus those of `other` on the same folds, with the paired bootstrap of subjects."""
    rows_of = [np.flatnonzero(subjects == name) for name in np.unique(subjects)]
    rng = np.random.default_rng(0)
    drawn = []
    for _ in range(n_resamples):
        rows = np.concatenate([rows_of[i] for i in rng.integers(0, len(rows_of), len(rows_of))])
        if 0 < labels[rows].sum() < len(rows):
            drawn.append(_mean(one[:, rows], labels[rows]) - _mean(other[:, rows], labels[rows]))
    low, high = np.percentile(drawn, [2.5, 97.5], axis=0)
    estimate = _mean(one, labels) - _mean(other, labels)
    return {
        name: {
            "estimate": round(float(estimate[k]), 4),
            "conf_low": round(float(low[k]), 4),
            "conf_high": round(float(high[k]), 4),
        }
        for k, name in enumerate(("auc", "accuracy"))
    }


def within_folds(
    scores: Scores, labels: NDArray[np.int64], subjects: NDArray[Any], n_folds: int
) -> float | None:
    """AUC in each test fold, averaged over folds and repeats: the way it is often reported.

    It asks less than the AUC over all folds, which also needs scores of different folds to be comparable.
    None where a fold has one class only.
    """
    areas = []
    for repeat, row in enumerate(scores):
        for _, out in folds(subjects, n_folds, seed=repeat):
            if not 0 < labels[out].sum() < len(out):
                return None
            areas.append(roc_area(labels[out], row[out]).estimate)
    return round(float(np.mean(areas)), 4)


def _mean(scores: Scores, labels: NDArray[np.int64]) -> NDArray[np.float64]:
    areas = [roc_area(labels, row).estimate for row in scores]
    right = [np.mean((row > 0) == (labels == 1)) for row in scores]
    return np.array([np.mean(areas), np.mean(right)])
