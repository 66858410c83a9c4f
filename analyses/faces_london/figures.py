"""Accuracy and AUC over repeated folds, with limits by subject."""

from __future__ import annotations

from typing import Any

import numpy as np
from folds import folds
from numpy.typing import NDArray

from emostats.statistics.classification import roc_area

Scores = NDArray[np.float64]
NAMES = ("auc", "accuracy")


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
    each = np.array([_weighted(row[None], labels, np.ones((1, len(labels))))[0] for row in scores])
    found = _with_limits(_weighted(scores, labels, _draws(subjects, n_resamples, seed)))
    return {
        name: {**found[name], "by_repeat": [round(float(value), 4) for value in each[:, k]]}
        for k, name in enumerate(NAMES)
    }


def difference(
    one: Scores,
    other: Scores,
    labels: NDArray[np.int64],
    subjects: NDArray[Any],
    *,
    n_resamples: int = 1000,
    seed: int = 0,
) -> dict[str, Any]:
    """Figures of `one` minus those of `other` on the same folds, with the paired bootstrap of subjects."""
    draws = _draws(subjects, n_resamples, seed)
    return _with_limits(_weighted(one, labels, draws) - _weighted(other, labels, draws))


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


def _draws(subjects: NDArray[Any], n_resamples: int, seed: int) -> Scores:
    """How often each row counts: once for all (first row), then in each draw of subjects."""
    names, row_of = np.unique(subjects, return_inverse=True)
    drawn = np.random.default_rng(seed).integers(0, len(names), (n_resamples, len(names)))
    times = np.stack([np.bincount(draw, minlength=len(names)) for draw in drawn])
    return np.concatenate([np.ones((1, len(subjects))), times[:, row_of]])


def _weighted(scores: Scores, labels: NDArray[np.int64], weights: Scores) -> Scores:
    """(draws, 2) AUC and accuracy, means over repeats, of rows that count `weights` times; NaN: one class."""
    positive = labels == 1
    above = scores[:, positive, None] - scores[:, None, ~positive]
    won = ((above > 0) + 0.5 * (above == 0)).mean(axis=0)
    ahead, behind = weights[:, positive], weights[:, ~positive]
    pairs = ahead.sum(axis=1) * behind.sum(axis=1)
    right = ((scores > 0) == positive).mean(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        area = np.einsum("di,ij,dj->d", ahead, won, behind, optimize=True) / pairs
    return np.stack([area, weights @ right / weights.sum(axis=1)], axis=1)


def _with_limits(values: Scores) -> dict[str, dict[str, float]]:
    low, high = np.nanpercentile(values[1:], [2.5, 97.5], axis=0)
    return {
        name: {
            "estimate": round(float(values[0, k]), 4),
            "conf_low": round(float(low[k]), 4),
            "conf_high": round(float(high[k]), 4),
        }
        for k, name in enumerate(NAMES)
    }
