"""Confusion matrices, rows the truth and columns the prediction, and what follows from their counts.

All functions of counts take (…, K, K), so that a thousand resampled matrices are one call. Precision of a
class never predicted, recall of a class that never occurs and F1 of a class that does neither count as 0.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from emostats.errors import UsageError
from emostats.statistics.classification.arrays import FloatArray, IntArray, clusters, labels, ratio


def confusion_matrix(y_true: npt.ArrayLike, y_pred: npt.ArrayLike, n_classes: int) -> IntArray:
    """(K, K) counts; row i, column j: truth i, predicted j.

    Raises
    ------
    UsageError: see `arrays.labels`; lengths differ.
    """
    truth, predicted = _both(y_true, y_pred, n_classes)
    cells = np.bincount(truth * n_classes + predicted, minlength=n_classes**2)
    return np.asarray(cells.reshape(n_classes, n_classes), dtype=np.int64)


def cluster_confusions(
    y_true: npt.ArrayLike, y_pred: npt.ArrayLike, cluster: npt.ArrayLike | None, n_classes: int
) -> IntArray:
    """(S, K, K) one confusion matrix a cluster; they sum to `confusion_matrix`."""
    truth, predicted = _both(y_true, y_pred, n_classes)
    unit = clusters(cluster, len(truth))
    n_units = int(unit.max()) + 1
    cells = np.bincount((unit * n_classes + truth) * n_classes + predicted, minlength=n_units * n_classes**2)
    return np.asarray(cells.reshape(n_units, n_classes, n_classes), dtype=np.int64)


def _both(y_true: npt.ArrayLike, y_pred: npt.ArrayLike, n_classes: int) -> tuple[IntArray, IntArray]:
    if n_classes < 2:
        raise UsageError(f"A classification needs at least two classes; found {n_classes}.")
    truth, predicted = labels(y_true, n_classes), labels(y_pred, n_classes, "y_pred")
    if len(truth) != len(predicted):
        raise UsageError(
            f"y_true has {len(truth)} rows, y_pred {len(predicted)}; they must be the same rows."
        )
    return truth, predicted


@dataclass(frozen=True, eq=False)
class PerClass:
    """Counts and rates of every class; all (…, K)."""

    support: FloatArray
    predicted: FloatArray
    true_positives: FloatArray
    precision: FloatArray
    recall: FloatArray
    f1: FloatArray
    specificity: FloatArray


def per_class(counts: npt.ArrayLike) -> PerClass:
    """Precision, recall (sensitivity), F1 and specificity of each class against the rest."""
    c = np.asarray(counts, dtype=float)
    hits, rows, columns = np.diagonal(c, axis1=-2, axis2=-1), c.sum(axis=-1), c.sum(axis=-2)
    total = c.sum(axis=(-2, -1))[..., None]
    return PerClass(
        support=rows,
        predicted=columns,
        true_positives=hits,
        precision=ratio(hits, columns, 0.0),
        recall=ratio(hits, rows, 0.0),
        f1=ratio(2 * hits, rows + columns, 0.0),
        specificity=ratio(total - rows - columns + hits, total - rows, np.nan),
    )


@dataclass(frozen=True, eq=False)
class Average:
    """Precision, recall and F1, averaged over classes; all (…)."""

    precision: FloatArray
    recall: FloatArray
    f1: FloatArray


def macro(counts: npt.ArrayLike, *, present_only: bool = False) -> Average:
    """Mean over the classes; over those that occur in the truth with `present_only`."""
    each = per_class(counts)
    weights = (each.support > 0).astype(float) if present_only else np.ones_like(each.support)
    return _weighted(each, weights)


def weighted(counts: npt.ArrayLike) -> Average:
    """Mean over the classes, weighted by how often they occur."""
    each = per_class(counts)
    return _weighted(each, each.support)


def _weighted(each: PerClass, weights: FloatArray) -> Average:
    total = weights.sum(axis=-1)
    means = [
        ratio((weights * value).sum(axis=-1), total, np.nan)
        for value in (each.precision, each.recall, each.f1)
    ]
    return Average(*means)


def accuracy(counts: npt.ArrayLike) -> FloatArray:
    """Share of rows with the right label; also micro-averaged precision, recall and F1."""
    c = np.asarray(counts, dtype=float)
    return ratio(np.trace(c, axis1=-2, axis2=-1), c.sum(axis=(-2, -1)), np.nan)


def balanced_accuracy(counts: npt.ArrayLike) -> FloatArray:
    """Mean recall of the classes that occur."""
    return macro(counts, present_only=True).recall


def macro_f1(counts: npt.ArrayLike, *, present_only: bool = False) -> FloatArray:
    """Mean of the classes' F1."""
    return macro(counts, present_only=present_only).f1


def harmonic_macro_f1(counts: npt.ArrayLike) -> FloatArray:
    """Harmonic mean of macro precision and macro recall: the other number that is called macro F1.

    It is never below `macro_f1` and may exceed it by far (Opitz & Burst, 2019).
    """
    mean = macro(counts)
    return ratio(2 * mean.precision * mean.recall, mean.precision + mean.recall, 0.0)


def mcc(counts: npt.ArrayLike) -> FloatArray:
    """Matthews' correlation for K classes (Gorodkin, 2004); NaN when truth or prediction is one class."""
    c = np.asarray(counts, dtype=float)
    rows, columns, total = c.sum(axis=-1), c.sum(axis=-2), c.sum(axis=(-2, -1))
    cross = np.trace(c, axis1=-2, axis2=-1) * total - (rows * columns).sum(axis=-1)
    spread = (total**2 - (rows**2).sum(axis=-1)) * (total**2 - (columns**2).sum(axis=-1))
    return ratio(cross, np.sqrt(spread), np.nan)


def kappa(counts: npt.ArrayLike, weights: str = "identity") -> FloatArray:
    """Cohen's κ of truth and prediction: ``"identity"``, ``"linear"`` or ``"quadratic"`` weights.

    NaN where chance alone would agree always. For one matrix, `agreement.cohen_kappa_of_counts` adds the
    asymptotic standard error of independent rows.
    """
    from emostats.statistics.agreement.weights import agreement_weights

    c = np.asarray(counts, dtype=float)
    w = agreement_weights(weights, np.arange(1.0, c.shape[-1] + 1.0))
    total = c.sum(axis=(-2, -1))
    observed = ratio((w * c).sum(axis=(-2, -1)), total, np.nan)
    by_chance = np.einsum("...i,ij,...j->...", c.sum(axis=-1), w, c.sum(axis=-2))
    expected = ratio(by_chance, total**2, np.nan)
    slack = np.where(1.0 - expected > 1e-14, 1.0 - expected, 0.0)
    return ratio(observed - expected, slack, np.nan)
