"""`evaluate`: from predictions to every figure, overall and by sex and age."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from emostats.errors import UsageError
from emostats.inference.evaluation.differences import differences
from emostats.inference.evaluation.metrics import N_BINS, all_metrics, class_metrics
from emostats.inference.evaluation.predictions import Predictions
from emostats.statistics import classification as cl
from emostats.statistics.effects.effect import Effect, check_level

COLUMNS = (
    "group", "level", "metric", "label", "estimate", "std_error", "conf_low", "conf_high", "conf_level", "n",
    "n_subjects", "method", "error",
)  # fmt: skip
AGE_EDGES = (0, 7, 13, 18, 30, 45, 60)
"""Lower ends of the age bands, years; the last is open."""
SEXES = {"F": "Female", "M": "Male"}


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Figures of a set of predictions.

    Attributes
    ----------
    predictions: what was evaluated. metrics: columns `COLUMNS`; overall (group ``""``), by sex, by
        age, and the difference of the sexes.
    classes: the same for each class (group ``"class"``). counts: (K, K) confusion matrix, rows the truth.
    calibration: reliability of the top label. curves: (K,) ROC of each class, None where it has none; with
        two classes only that of the second. no_information: the most frequent class.
    notes: what a reader must know, in words.
    """

    predictions: Predictions
    metrics: pd.DataFrame
    classes: pd.DataFrame
    counts: npt.NDArray[np.int64]
    calibration: cl.Reliability
    curves: tuple[cl.RocCurve | None, ...]
    no_information: cl.NoInformation
    notes: tuple[str, ...]
    conf_level: float
    n_resamples: int
    seed: int

    def value(self, metric: str, group: str = "", level: str = "") -> float:
        """One estimate; NaN where there is none."""
        table = self.metrics
        rows = table[(table["metric"] == metric) & (table["group"] == group) & (table["level"] == level)]
        return float(rows["estimate"].iloc[0]) if len(rows) else float("nan")

    def figures(self) -> dict[str, dict[str, float]]:
        """Estimate, standard error and limits of each overall metric by its name."""
        overall = self.metrics[self.metrics["group"] == ""].set_index("metric")
        columns = ["estimate", "std_error", "conf_low", "conf_high"]
        return {
            str(name): dict(zip(columns, row, strict=True)) for name, *row in overall[columns].itertuples()
        }

    def summary(self) -> dict[str, Any]:
        """Everything but the rows, as plain values for JSON."""
        made = self.predictions
        return {
            "classes": list(made.classes),
            "n": len(made.truth),
            "n_subjects": made.n_subjects,
            "n_unscored": len(made.unscored),
            "no_information_rate": self.no_information.rate,
            "conf_level": self.conf_level,
            "n_resamples": self.n_resamples,
            "seed": self.seed,
            "figures": self.figures(),
            "metrics": self.metrics.to_dict("records"),
            "per_class": self.classes.to_dict("records"),
            "confusion_matrix_rows_true": self.counts.tolist(),
            "reliability": _reliability_rows(self.calibration),
            "notes": list(self.notes),
        }


def evaluate(
    made: Predictions,
    *,
    n_resamples: int = 2000,
    conf_level: float = 0.95,
    seed: int = 0,
    age_edges: Sequence[float] = AGE_EDGES,
) -> Evaluation:
    """All figures of `made`, with intervals that take subjects as the units.

    Parameters
    ----------
    n_resamples, seed: of the bootstrap over subjects. age_edges: lower ends of the age bands, increasing.

    Raises
    ------
    UsageError: options that make no sense.
    """
    check_level(conf_level)
    if n_resamples < 200:
        raise UsageError(f"n_resamples must be at least 200 for limits worth printing; found {n_resamples}.")
    options: dict[str, Any] = {"n_resamples": n_resamples, "conf_level": conf_level, "seed": seed}
    parts = [("", "", made), *_groups(made, age_edges)]
    metrics = [
        row for group, level, part in parts for row in _rows(group, level, part, all_metrics(part, **options))
    ]
    metrics += _sex_difference(made, conf_level)
    each = class_metrics(made, **options)
    classes = [row for k, name in enumerate(made.classes) for row in _rows("class", name, made, each[k])]
    return Evaluation(
        made,
        pd.DataFrame(metrics, columns=list(COLUMNS)),
        pd.DataFrame(classes, columns=list(COLUMNS)),
        cl.confusion_matrix(made.truth, made.predicted, len(made.classes)),
        cl.top_label_reliability(made.truth, made.prob, n_bins=N_BINS),
        _curves(made),
        cl.no_information(made.truth, made.predicted),
        tuple(_notes(made, parts)),
        conf_level,
        n_resamples,
        seed,
    )


def _rows(group: str, level: str, made: Predictions, effects: Sequence[Effect]) -> Iterator[tuple[Any, ...]]:
    n_subjects = made.n_subjects
    for e in effects:
        yield (group, level, e.name, e.label, e.estimate, e.std_error, e.conf_low, e.conf_high, e.conf_level,
               e.n, n_subjects, e.method, e.error)  # fmt: skip


def _sex_difference(made: Predictions, conf_level: float) -> list[tuple[Any, ...]]:
    girls, boys = (made.where(made.sex == code) for code in SEXES)
    if not len(girls.truth) or not len(boys.truth):
        return []
    both = made.where(made.sex != "")
    return [*_rows("difference", "Female − male", both, tuple(differences(girls, boys, conf_level)))]


def _groups(made: Predictions, age_edges: Sequence[float]) -> Iterator[tuple[str, str, Predictions]]:
    for code, name in SEXES.items():
        if (made.sex == code).any():
            yield "sex", name, made.where(made.sex == code)
    edges = np.asarray(age_edges, dtype=float)
    if len(edges) == 0 or (np.diff(edges) <= 0).any():
        raise UsageError(f"age_edges must be increasing years; found {list(age_edges)}.")
    for index, low in enumerate(edges):
        high = edges[index + 1] if index + 1 < len(edges) else np.inf
        rows = (made.age >= low) & (made.age < high)
        if rows.any():
            yield "age", _band(low, high), made.where(rows)


def _band(low: float, high: float) -> str:
    return f"{low:g} and over" if np.isinf(high) else f"{low:g}–{high - 1:g}"


def _curves(made: Predictions) -> tuple[cl.RocCurve | None, ...]:
    wanted = [1] if len(made.classes) == 2 else range(len(made.classes))
    return tuple(
        cl.roc_curve(made.truth == k, made.prob[:, k])
        if 0 < (made.truth == k).sum() < len(made.truth)
        else None
        for k in wanted
    )


def _notes(made: Predictions, parts: Sequence[tuple[str, str, Predictions]]) -> Iterator[str]:
    if len(made.unscored):
        total = len(made.truth) + len(made.unscored)
        yield (
            f"{len(made.unscored)} of {total} rows were not scored; they are in no figure here. Counted as "
            f"wrong, accuracy is {(made.predicted == made.truth).sum() / total:.3f}."
        )
    absent = [name for k, name in enumerate(made.classes) if not (made.truth == k).any()]
    if absent:
        yield f"No row is labelled {', '.join(absent)}: macro F1 counts F1 of such a class as 0."
    small = [f"{level} ({part.n_subjects})" for group, level, part in parts if group and part.n_subjects < 20]
    if small:
        yield f"Groups with fewer than 20 subjects, whose intervals are rough: {', '.join(small)}."


def _reliability_rows(found: cl.Reliability) -> list[dict[str, float]]:
    columns = zip(found.low, found.high, found.n, found.said, found.came_true, strict=True)
    return [
        {"low": float(low), "high": float(high), "n": int(n), "said": float(said), "came_true": float(true)}
        for low, high, n, said, true in columns
    ]
