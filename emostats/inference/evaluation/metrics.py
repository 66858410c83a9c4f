"""All metrics of one group of rows, with limits by subject; a metric that cannot be had keeps its reason."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from emostats.errors import EmostatsError
from emostats.inference.evaluation.predictions import Predictions
from emostats.statistics import classification as cl
from emostats.statistics.classification.calibration import assign_bins, bin_sums, ece_of_sums
from emostats.statistics.classification.multiclass_auc import AverageAreas
from emostats.statistics.effects.effect import Effect, failed, t_quantile

N_BINS = 10

COUNTS: tuple[tuple[str, str, Callable[..., npt.NDArray[np.float64]]], ...] = (
    ("balanced_accuracy", "Balanced accuracy", cl.balanced_accuracy),
    ("macro_f1", "Macro F1", cl.macro_f1),
    ("micro_f1", "Micro F1", cl.accuracy),
    ("weighted_f1", "Weighted F1", lambda counts: cl.weighted(counts).f1),
    ("harmonic_macro_f1", "F1 of macro precision and recall", cl.harmonic_macro_f1),
    ("mcc", "Matthews' correlation", cl.mcc),
    ("kappa", "Cohen's κ", cl.kappa),
)
"""Metrics of the confusion matrix: name, label, function of (…, K, K) counts."""


def all_metrics(made: Predictions, *, n_resamples: int, conf_level: float, seed: int) -> tuple[Effect, ...]:
    """Accuracy, the metrics of counts, areas under the curve, proper scores and calibration errors."""
    right = made.predicted == made.truth
    accuracy = cl.clustered_proportion(right, made.subject, conf_level=conf_level)
    return (
        accuracy,
        *count_metrics(made, n_resamples, conf_level, seed),
        *_areas(made, conf_level),
        *_scores(made, conf_level),
        *_calibration(made, n_resamples, conf_level, seed),
    )


def count_metrics(made: Predictions, n_resamples: int, level: float, seed: int) -> Iterator[Effect]:
    """`COUNTS` with percentile limits of a bootstrap over subjects."""
    each = cl.cluster_confusions(made.truth, made.predicted, made.subject, len(made.classes))
    found = cl.bootstrap_subjects(
        each,
        lambda sums: np.stack([function(sums) for _, _, function in COUNTS], axis=1),
        n_resamples=n_resamples,
        conf_level=level,
        seed=seed,
    )
    for index, (name, label, _) in enumerate(COUNTS):
        yield resampled(found, index, name, label, len(made.truth))


def resampled(found: cl.SubjectBootstrap, index: int, name: str, label: str, n: int) -> Effect:
    """One statistic of a bootstrap as an effect."""
    undefined = bool(np.isnan(found.estimate[index]))
    reason = "undefined for these rows" if undefined else "" if found.n_subjects > 1 else _ONE_SUBJECT
    return Effect(
        name, label, float(found.estimate[index]), float(found.std_error[index]),
        conf_low=float(found.conf_low[index]), conf_high=float(found.conf_high[index]),
        conf_level=found.conf_level, n=n,
        method=f"bootstrap of {found.n_subjects} subjects, percentile, {found.n_resamples} resamples",
        error=reason,
    )  # fmt: skip


_ONE_SUBJECT = "no interval: there is one subject only"


def _areas(made: Predictions, level: float) -> Iterator[Effect]:
    """With two classes one area; with more, the mean over classes and the mean over pairs."""
    name, label = "auc", "AUC" if len(made.classes) == 2 else "AUC, one class against the rest, mean"
    try:
        if len(made.classes) == 2:
            yield cl.roc_area(made.truth, made.prob[:, 1], made.subject).effect(name, label, conf_level=level)
            return
        mean = cl.average_areas(made.truth, made.prob, made.subject)
    except EmostatsError as error:
        yield failed(name, label, error, level, len(made.truth))
        return
    yield _mean_area(made, mean, name, label, level)
    pairs = Effect(
        "auc_hand_till", "AUC of pairs of classes (Hand & Till)", mean.hand_till, n=len(made.truth)
    )
    yield replace(pairs, conf_level=level, method="no interval")


def _mean_area(made: Predictions, mean: AverageAreas, name: str, label: str, level: float) -> Effect:
    area = cl.RocArea(
        mean.macro, mean.macro_variance, len(made.truth), 0, made.n_subjects, "influence by subject"
    )
    return replace(area.effect(name, label, conf_level=level), p_value=float("nan"))


def _scores(made: Predictions, level: float) -> Iterator[Effect]:
    yield mean_effect(cl.log_losses(made.truth, made.prob), made, "log_loss", "Log loss", level)
    brier = cl.brier_terms(made.truth, made.prob)
    terms = brier[:, 1] if len(made.classes) == 2 else brier.sum(axis=1)
    label = "Brier score" if len(made.classes) == 2 else "Brier score, sum over classes"
    yield mean_effect(terms, made, "brier", label, level)


def mean_effect(
    values: npt.NDArray[np.float64], made: Predictions, name: str, label: str, level: float
) -> Effect:
    """A mean over rows with its linearised standard error by subject and t limits."""
    mean = cl.clustered_mean(values, made.subject)
    df = float(mean.n_clusters - 1)
    half = t_quantile(level, df) * mean.std_error if df > 0 else float("nan")
    return Effect(
        name, label, mean.estimate, mean.std_error, df, conf_low=mean.estimate - half,
        conf_high=mean.estimate + half, conf_level=level, n=mean.n,
        method=f"linearised by subject, t, {mean.n_clusters} subjects",
        error="" if df > 0 else _ONE_SUBJECT,
    )  # fmt: skip


def _calibration(made: Predictions, n_resamples: int, level: float, seed: int) -> Iterator[Effect]:
    """Expected calibration error of the top label; resampled errors are too large by nature, so its limits
    are those of the basic bootstrap, cut at 0."""
    said, right = made.prob.max(axis=1), (made.predicted == made.truth).astype(float)
    which, _, _ = assign_bins(said, N_BINS, "right_closed")
    subjects, unit = np.unique(made.subject, return_inverse=True)
    sums = bin_sums(said, right, unit * N_BINS + which, len(subjects) * N_BINS)
    shares = sums.reshape(3, len(subjects), N_BINS).swapaxes(0, 1)
    found = cl.bootstrap_subjects(
        shares, lambda s: ece_of_sums(s)[:, None], n_resamples=n_resamples, conf_level=level, seed=seed
    )
    effect = resampled(found, 0, "ece", f"Calibration error of the top label, {N_BINS} bins", len(said))
    low, high = (2 * effect.estimate - end for end in (effect.conf_high, effect.conf_low))
    method = effect.method.replace("percentile", "basic, cut at 0")
    yield replace(effect, conf_low=max(low, 0.0), conf_high=max(high, 0.0), method=method)


def class_metrics(made: Predictions, *, n_resamples: int, conf_level: float, seed: int) -> list[list[Effect]]:
    """For every class: recall, precision, F1, specificity, area under the curve, average precision."""
    each = cl.cluster_confusions(made.truth, made.predicted, made.subject, len(made.classes))
    f1 = cl.bootstrap_subjects(
        each, lambda sums: cl.per_class(sums).f1, n_resamples=n_resamples, conf_level=conf_level, seed=seed
    )
    areas = cl.one_vs_rest(made.truth, made.prob, made.subject)
    rows = []
    for k in range(len(made.classes)):
        is_k, said_k = made.truth == k, made.predicted == k
        rows.append(
            [
                _share(said_k, is_k, made, "recall", "Recall", conf_level),
                _share(is_k, said_k, made, "precision", "Precision", conf_level),
                resampled(f1, k, "f1", "F1", len(made.truth)),
                _share(~said_k, ~is_k, made, "specificity", "Specificity", conf_level),
                _class_area(areas[k], conf_level, len(made.truth)),
                _average_precision(is_k, made.prob[:, k], conf_level),
            ]
        )
    return rows


def _share(
    hit: npt.NDArray[np.bool_], among: npt.NDArray[np.bool_], made: Predictions, name: str, label: str,
    level: float,
) -> Effect:  # fmt: skip
    if not among.any():
        return Effect(name, label, float("nan"), conf_level=level, error="no such rows")
    return cl.clustered_proportion(hit[among], made.subject[among], conf_level=level, name=name, label=label)


def _class_area(area: cl.RocArea | None, level: float, n: int) -> Effect:
    if area is None:
        return Effect(
            "auc", "AUC", float("nan"), conf_level=level, n=n, error="the class does not occur alone"
        )
    return area.effect("auc", "AUC", conf_level=level)


def _average_precision(is_k: npt.NDArray[np.bool_], score: npt.NDArray[np.float64], level: float) -> Effect:
    name, label = "average_precision", "Average precision"
    if is_k.all() or not is_k.any():
        return Effect(
            name, label, float("nan"), conf_level=level, n=len(is_k), error="no positives or negatives"
        )
    value = cl.average_precision(is_k, score)
    return Effect(name, label, value, conf_level=level, n=len(is_k), method="in steps, no interval")
