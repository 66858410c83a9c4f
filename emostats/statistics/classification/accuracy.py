"""Accuracy with honest limits: against the most frequent class, among the top k, and by subject."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from emostats.errors import UsageError, did_you_mean
from emostats.statistics.classification.arrays import clusters, labels, outcomes
from emostats.statistics.effects.effect import Effect, check_level, normal_quantile, t_quantile
from emostats.statistics.effects.proportions import proportion, wilson

LIMITS = ("wilson", "t", "normal")


@dataclass(frozen=True)
class NoInformation:
    """The share of the most frequent class, and the exact one-sided test of accuracy above it."""

    rate: float
    p_value: float


def no_information(y_true: npt.ArrayLike, y_pred: npt.ArrayLike) -> NoInformation:
    """What always saying the most frequent class would reach; P(X ≥ right | n, rate), rows independent."""
    from scipy.special import bdtrc

    truth, predicted = labels(y_true), labels(y_pred, name="y_pred")
    right, n = int((truth == predicted).sum()), len(truth)
    rate = float(np.bincount(truth).max() / n)
    return NoInformation(rate, 1.0 if right == 0 else float(bdtrc(right - 1, n, rate)))


def top_k_right(y_true: npt.ArrayLike, prob: npt.ArrayLike, k: int) -> npt.NDArray[np.bool_]:
    """(n,) whether the true class is among the `k` most probable; of equal ones the first come first."""
    truth, values = outcomes(y_true, prob)
    if not 1 <= k <= values.shape[1]:
        raise UsageError(f"k must lie between 1 and the {values.shape[1]} classes; found {k}.")
    own = values[np.arange(len(truth)), truth][:, None]
    before = np.arange(values.shape[1]) < truth[:, None]
    return np.asarray(((values > own) | ((values == own) & before)).sum(axis=1) < k)


@dataclass(frozen=True)
class ClusteredMean:
    """The mean of rows that come in clusters.

    Attributes
    ----------
    estimate: mean over rows. std_error: linearised, by cluster; NaN with one cluster.
    design_effect: variance over that of as many independent rows; NaN where that is 0.
    """

    estimate: float
    std_error: float
    n: int
    n_clusters: int
    design_effect: float


def clustered_mean(values: npt.ArrayLike, cluster: npt.ArrayLike | None = None) -> ClusteredMean:
    """Mean of `values` over rows, with the variance of a ratio of cluster totals.

    m/(m−1) · Σ (yᵢ − p nᵢ)² / n² over the m clusters (Cochran, 1977, § 11.8; Rao & Scott, 1992), yᵢ and nᵢ
    total and rows of a cluster. Without clusters every row is one.
    """
    array = np.asarray(values, dtype=float)
    unit = clusters(cluster, len(array))
    n, m = len(array), int(unit.max()) + 1
    mean = float(array.mean())
    totals = np.bincount(unit, weights=array - mean, minlength=m)
    variance = m / (m - 1) * float((totals**2).sum()) / n**2 if m > 1 else float("nan")
    naive = float(array.var()) / n
    effect = variance / naive if naive > 0 else float("nan")
    return ClusteredMean(mean, float(np.sqrt(variance)), n, m, effect)


def clustered_proportion(
    right: npt.ArrayLike,
    cluster: npt.ArrayLike | None = None,
    *,
    limits: str = "wilson",
    conf_level: float = 0.95,
    name: str = "accuracy",
    label: str = "Accuracy",
) -> Effect:
    """A share of rows with limits that respect the subjects behind them.

    Parameters
    ----------
    right: (n,) true or false. cluster: (n,) subject of each row; None: rows are independent.
    limits: ``"wilson"``: score limits at the effective number of rows, see `effective_size`; 100 % keeps an
        interval. ``"t"``, ``"normal"``: estimate ± quantile · linearised
        standard error, df = subjects − 1; not cut at 0 and 1.
    """
    if limits not in LIMITS:
        raise UsageError(f"limits={limits!r} is unknown. {did_you_mean(limits, LIMITS)}")
    check_level(conf_level)
    mean = clustered_mean(np.asarray(right, dtype=float), cluster)
    low, high, df = _limits(mean, limits, conf_level)
    return Effect(
        name,
        label,
        mean.estimate,
        mean.std_error,
        df,
        conf_low=low,
        conf_high=high,
        conf_level=conf_level,
        n=mean.n,
        method=_METHODS[limits].format(m=mean.n_clusters),
    )


_METHODS = {
    "wilson": "Wilson at the effective sample size, {m} subjects",
    "t": "linearised by subject, t, {m} subjects",
    "normal": "linearised by subject, normal, {m} subjects",
}


def _limits(mean: ClusteredMean, limits: str, conf_level: float) -> tuple[float, float, float]:
    df = float(mean.n_clusters - 1)
    if limits == "wilson":
        size = effective_size(mean, conf_level)
        return (*wilson(mean.estimate * size, size, conf_level), float("nan"))
    if limits == "normal":
        half = normal_quantile(conf_level) * mean.std_error
        return mean.estimate - half, mean.estimate + half, float("inf")
    half = t_quantile(conf_level, df) * mean.std_error if df > 0 else float("nan")
    return mean.estimate - half, mean.estimate + half, df


def effective_size(mean: ClusteredMean, conf_level: float = 0.95) -> float:
    """Independent rows that would tell as much about a share (Korn & Graubard, 1998).

    n / design effect, but at most n, times (z / t)² with clusters − 1 df, since few clusters tell little
    about their own variance. Independent rows count as themselves; where all rows are alike, and the design
    effect is unknown, the clusters count.
    """
    if mean.n_clusters == mean.n:
        return float(mean.n)
    if not np.isfinite(mean.design_effect) or mean.n_clusters < 2:
        return float(mean.n_clusters)
    few = normal_quantile(conf_level) / t_quantile(conf_level, mean.n_clusters - 1)
    return mean.n / max(mean.design_effect, 1.0) * few**2


def accuracy_interval(y_true: npt.ArrayLike, y_pred: npt.ArrayLike, method: str = "wilson") -> Effect:
    """Accuracy of independent rows, with any interval of `effects.proportion`."""
    truth, predicted = labels(y_true), labels(y_pred, name="y_pred")
    return proportion(int((truth == predicted).sum()), len(truth), method=method)  # type: ignore[arg-type]
