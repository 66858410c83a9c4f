"""How much a leaky split flatters: the same rows, features and classifier, split by row and by subject."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from emostats.errors import UsageError
from emostats.inference.errors import need
from emostats.statistics import classification as cl
from emostats.statistics.effects.effect import Effect


@dataclass(frozen=True)
class LeakDemonstration:
    """Accuracy of one classifier under two splits of the same rows.

    Attributes
    ----------
    by_row: folds drawn by row, so that pictures of a subject are on both sides. by_subject: folds of whole
        subjects. inflation: the first minus the second, row by row. All with limits by subject.
    """

    by_row: Effect
    by_subject: Effect
    inflation: Effect


def leaky_versus_subject(
    features: npt.ArrayLike,
    label: npt.ArrayLike,
    subject: npt.ArrayLike,
    *,
    n_folds: int = 10,
    seed: int = 0,
    classifier: Any = None,
    conf_level: float = 0.95,
) -> LeakDemonstration:
    """Cross-validates a classifier twice.

    Parameters
    ----------
    features: (n, p). label, subject: (n,). classifier: a scikit-learn classifier, copied for each fold;
        by default standardised logistic regression.

    Raises
    ------
    UsageError: columns of different lengths, fewer subjects than folds.
    """
    x, y, who = np.asarray(features, dtype=float), np.asarray(label), np.asarray(subject).astype(str)
    if x.ndim != 2 or not len(x) == len(y) == len(who):
        raise UsageError("features must be rows by columns, with one label and one subject a row.")
    if len(set(who.tolist())) < n_folds:
        raise UsageError(f"{len(set(who.tolist()))} subjects cannot be split into {n_folds} folds.")
    selection = need("sklearn.model_selection")
    model = _logistic() if classifier is None else classifier
    options = {"n_splits": n_folds, "shuffle": True, "random_state": seed}
    rows = selection.StratifiedKFold(**options).split(x, y)
    subjects = selection.StratifiedGroupKFold(**options).split(x, y, who)
    said = [selection.cross_val_predict(model, x, y, cv=list(split)) for split in (rows, subjects)]
    truth, first, second = np.unique(np.concatenate([y, *said]), return_inverse=True)[1].reshape(3, -1)
    return LeakDemonstration(
        _accuracy(truth == first, who, "by_row", "Split by row", conf_level),
        _accuracy(truth == second, who, "by_subject", "Split by subject", conf_level),
        cl.compare_accuracy(truth, first, second, who, conf_level=conf_level).clustered,
    )


def _accuracy(
    right: npt.NDArray[np.bool_], who: npt.NDArray[np.str_], name: str, label: str, level: float
) -> Effect:
    return cl.clustered_proportion(right, who, conf_level=level, name=name, label=label)


def _logistic() -> Any:
    pipeline, preprocessing = need("sklearn.pipeline"), need("sklearn.preprocessing")
    regression = need("sklearn.linear_model").LogisticRegression(max_iter=2000)
    return pipeline.make_pipeline(preprocessing.StandardScaler(), regression)


def simulated_frames(
    n_subjects: int = 40, frames: int = 10, n_features: int = 60, *, seed: int = 0
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Features, labels and subjects of simulated videos: two clips a subject, one of each label.

    A frame is its subject's face + a weak sign of the label + what is peculiar to the clip + a little noise,
    so that frames of a clip are nearly copies of each other. That is all a leaky split needs.

    Returns arrays (2 · n_subjects · frames, n_features), and labels and subjects of the same length.
    """
    rng = np.random.default_rng(seed)
    face = rng.normal(size=(n_subjects, 1, 1, n_features))
    sign = 0.15 * np.array([-1.0, 1.0])[None, :, None, None] * rng.choice([-1.0, 1.0], size=n_features)
    clip = rng.normal(scale=0.7, size=(n_subjects, 2, 1, n_features))
    noise = rng.normal(scale=0.2, size=(n_subjects, 2, frames, n_features))
    features = (face + sign + clip + noise).reshape(-1, n_features)
    label = np.broadcast_to(np.arange(2)[None, :, None], (n_subjects, 2, frames)).ravel()
    subject = np.repeat(np.arange(n_subjects), 2 * frames)
    return features, label.astype(np.int64), subject
