"""Standard errors of functions of a confusion matrix by their derivative: rows, or subjects, independent."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from emostats.statistics.classification.arrays import FloatArray, ratio
from emostats.statistics.classification.confusion import accuracy, macro_f1, per_class
from emostats.statistics.effects.effect import Effect, normal_quantile

Gradient = Callable[[FloatArray], FloatArray]


def macro_f1_gradient(counts: FloatArray) -> FloatArray:
    """(K, K) derivative of macro F1 by the share of each cell.

    F1ₖ = 2 tₖ / (rₖ + cₖ): a cell in row or column k moves it by −F1ₖ / (rₖ + cₖ), and the diagonal one by
    2 / (rₖ + cₖ) more.
    """
    p = counts / counts.sum()
    each = per_class(p)
    size = each.support + each.predicted
    pull = ratio(each.f1, size, 0.0)
    gradient = -(pull[:, None] + pull[None, :])
    gradient[np.diag_indices_from(gradient)] += ratio(2.0, size, 0.0)
    return gradient / len(size)


def accuracy_gradient(counts: FloatArray) -> FloatArray:
    """(K, K) derivative of accuracy (micro F1) by the share of each cell: the identity."""
    return np.eye(len(counts))


def multinomial_std_error(counts: npt.ArrayLike, gradient: Gradient) -> float:
    """√[(Σ p g² − (Σ p g)²) / n] with independent rows."""
    c = np.asarray(counts, dtype=float)
    p, g = c / c.sum(), gradient(c)
    return float(np.sqrt(max((p * g**2).sum() - (p * g).sum() ** 2, 0.0) / c.sum()))


def clustered_std_error(confusions: npt.ArrayLike, gradient: Gradient) -> float:
    """Linearised standard error from (S, K, K) matrices of subjects: √[m/(m−1) Σ (Σ g − ḡ nᵢ)²] / n."""
    each = np.asarray(confusions, dtype=float)
    total = each.sum(axis=0)
    m, n, g = len(each), total.sum(), gradient(total)
    if m < 2:
        return float("nan")
    centred = g - (total * g).sum() / n
    sums = (each * centred).sum(axis=(1, 2))
    return float(np.sqrt(m / (m - 1) * (sums**2).sum()) / n)


def f1_effect(counts: npt.ArrayLike, kind: str = "macro", conf_level: float = 0.95) -> Effect:
    """Macro or micro F1 of independent rows with its delta-method interval, not cut at 0 and 1."""
    c = np.asarray(counts, dtype=float)
    value, gradient = {"macro": (macro_f1, macro_f1_gradient), "micro": (accuracy, accuracy_gradient)}[kind]
    estimate, error = float(value(c)), multinomial_std_error(c, gradient)
    half = normal_quantile(conf_level) * error
    return Effect(
        f"{kind}_f1", f"{kind.capitalize()} F1", estimate, error, conf_low=estimate - half,
        conf_high=estimate + half, conf_level=conf_level, n=int(c.sum()),
        method="delta method, independent rows",
    )  # fmt: skip
