"""Between groups of different people: the difference with its interval, not two intervals side by side."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from emostats.errors import EmostatsError
from emostats.inference.evaluation.predictions import Predictions
from emostats.statistics import classification as cl
from emostats.statistics.effects.effect import Effect, failed, t_quantile, t_two_sided


def differences(first: Predictions, second: Predictions, conf_level: float) -> Iterator[Effect]:
    """Accuracy and area under the curve of `first` minus `second`, with t limits by people (Welch)."""
    n = len(first.truth) + len(second.truth)
    means = [cl.clustered_mean(part.predicted == part.truth, part.subject) for part in (first, second)]
    parts = [(mean.estimate, mean.std_error**2, mean.n_clusters) for mean in means]
    yield _difference("accuracy", "Accuracy", parts, n, conf_level)
    try:
        areas = [_area(part) for part in (first, second)]
    except EmostatsError as error:
        yield failed("auc", "AUC", error, conf_level, n)
        return
    yield _difference("auc", "AUC", areas, n, conf_level)


def _area(made: Predictions) -> tuple[float, float, int]:
    """Area, variance and people; the mean over classes with more than two."""
    if len(made.classes) == 2:
        area = cl.roc_area(made.truth, made.prob[:, 1], made.subject)
        return area.estimate, area.variance, made.n_subjects
    mean = cl.average_areas(made.truth, made.prob, made.subject)
    return mean.macro, mean.macro_variance, made.n_subjects


def _difference(name: str, label: str, parts: list[tuple[float, float, int]], n: int, level: float) -> Effect:
    (a, v, m), (b, w, k) = parts
    spread = v**2 / max(m - 1, 1) + w**2 / max(k - 1, 1)
    if not (spread > 0 and np.isfinite(spread)):
        reason = "no interval: a group has too few people, or does not vary"
        return Effect(name, label, a - b, conf_level=level, n=n, error=reason)
    df, error = (v + w) ** 2 / spread, float(np.sqrt(v + w))
    half = t_quantile(level, df) * error
    t = (a - b) / error
    return Effect(
        name, label, a - b, error, df, t, t_two_sided(t, df), a - b - half, a - b + half, level, n,
        f"difference of {m} and {k} people, Welch",
    )  # fmt: skip
