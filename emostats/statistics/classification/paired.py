"""Two classifiers on the same rows: which is right more often?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from emostats.errors import UsageError
from emostats.statistics.classification.accuracy import clustered_mean
from emostats.statistics.classification.arrays import labels
from emostats.statistics.effects.effect import Effect, t_quantile, t_two_sided
from emostats.statistics.effects.mcnemar import McNemar, mcnemar, paired_difference, paired_table


@dataclass(frozen=True)
class AccuracyComparison:
    """First minus second classifier.

    Attributes
    ----------
    both_right, only_first, only_second, both_wrong: rows. test: McNemar's in all forms, rows independent.
    difference: of accuracies, with Newcombe's (1998) method 10 limits, rows independent.
    clustered: the same difference with the linearised standard error by subject and t limits.
    """

    both_right: int
    only_first: int
    only_second: int
    both_wrong: int
    test: McNemar
    difference: Effect
    clustered: Effect


def compare_accuracy(
    y_true: npt.ArrayLike,
    first: npt.ArrayLike,
    second: npt.ArrayLike,
    cluster: npt.ArrayLike | None = None,
    *,
    conf_level: float = 0.95,
) -> AccuracyComparison:
    """Compares the labels of two classifiers for the same rows.

    Raises
    ------
    UsageError: columns of different lengths, or no labels.
    """
    truth, a, b = labels(y_true), labels(first, name="first"), labels(second, name="second")
    if not len(truth) == len(a) == len(b):
        raise UsageError(f"Labels of {len(truth)}, {len(a)} and {len(b)} rows cannot be compared row by row.")
    right_a, right_b = a == truth, b == truth
    table = paired_table(right_b, right_a)
    return AccuracyComparison(
        int(table[0, 0]),
        int(table[1, 0]),
        int(table[0, 1]),
        int(table[1, 1]),
        mcnemar(table, conf_level=conf_level),
        paired_difference(table, conf_level=conf_level),
        _clustered(right_a.astype(float) - right_b.astype(float), cluster, conf_level),
    )


def _clustered(differences: npt.NDArray[np.float64], cluster: npt.ArrayLike | None, level: float) -> Effect:
    mean = clustered_mean(differences, cluster)
    df = float(mean.n_clusters - 1)
    nothing = df < 1 or not mean.std_error > 0
    half = float("nan") if nothing else t_quantile(level, df) * mean.std_error
    t = float("nan") if nothing else mean.estimate / mean.std_error
    return Effect(
        "accuracy_difference", "Difference in accuracy", mean.estimate, mean.std_error, df, t,
        float("nan") if nothing else t_two_sided(t, df), mean.estimate - half, mean.estimate + half, level,
        mean.n, f"linearised by subject, t, {mean.n_clusters} subjects",
        "no subject tells the two apart, or there is only one" if nothing else "",
    )  # fmt: skip
