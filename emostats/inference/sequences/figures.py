"""How well scores tell frames with an expression from those without, with limits by episode."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from emostats.statistics.classification import accuracy as share_right
from emostats.statistics.classification import bootstrap_subjects, cluster_confusions, per_class, roc_area

Floats = npt.NDArray[np.float64]
N_RESAMPLES = 2000
_Z = 1.959963984540054


@dataclass(frozen=True, eq=False)
class Figures:
    """F1 of the expression, area under the ROC curve and accuracy of one film, or their means over several.

    Attributes
    ----------
    f1, accuracy: estimate, lower and upper 95 % limit: percentile bootstrap over episodes.
    auc: the same; the area does not depend on the threshold; Obuchowski's variance over episodes.
    auc_variance: the square of its standard error. draws: (R, 2) bootstrap draws of F1 and accuracy.
    n_frames, n_episodes, positive_share: what the film holds.
    """

    f1: tuple[float, float, float]
    auc: tuple[float, float, float]
    accuracy: tuple[float, float, float]
    auc_variance: float
    draws: Floats
    n_frames: int
    n_episodes: int
    positive_share: float

    def to_dict(self) -> dict[str, object]:
        """For JSON: estimate, conf_low and conf_high of each figure, to four digits, and the counts."""
        measures = {"f1": self.f1, "auc": self.auc, "accuracy": self.accuracy}
        keys = ("estimate", "conf_low", "conf_high")
        return {
            **{
                name: {key: _rounded(value) for key, value in zip(keys, values, strict=True)}
                for name, values in measures.items()
            },
            "n_frames": self.n_frames,
            "n_episodes": self.n_episodes,
            "positive_share": _rounded(self.positive_share),
        }


def figures(
    labels: npt.NDArray[np.int64],
    scores: Floats,
    episodes: npt.NDArray[np.int64],
    *,
    threshold: float = 0.0,
    n_resamples: int = N_RESAMPLES,
    seed: int = 0,
) -> Figures:
    """The figures of one film.

    Parameters
    ----------
    labels: (n,) 1, 0, or -1 where there is no label: left out. scores: (n,) log-odds; NaN (no face) counts
        as 'absent' for F1 and accuracy, as the lowest score for the area. episodes: (n,) see `Recording`.
    threshold: a frame shows the expression where its score is above.

    Raises
    ------
    UsageError, ModelError: labels of one kind only.
    """
    known = labels >= 0
    truth, unit = labels[known], episodes[known]
    score = np.where(np.isfinite(scores[known]), scores[known], -1e9)
    said = (score > threshold).astype(np.int64)
    draw = bootstrap_subjects(
        cluster_confusions(truth, said, unit, 2), _f1_and_accuracy, n_resamples=n_resamples, seed=seed
    )
    area = roc_area(truth, score, cluster=unit)
    variance = area.std_error**2
    f1, accuracy = (
        (float(draw.estimate[k]), float(draw.conf_low[k]), float(draw.conf_high[k])) for k in (0, 1)
    )
    return Figures(
        f1,
        _normal(area.estimate, variance),
        accuracy,
        variance,
        draw.replicates,
        len(truth),
        len(np.unique(unit)),
        float(truth.mean()),
    )


def mean_figures(parts: Sequence[Figures]) -> Figures:
    """Means over films, whose episodes are drawn independently; the counts are sums.

    The limits are for these persons and films: how much other episodes of theirs would change the mean.
    """
    draws = np.mean([part.draws for part in parts], axis=0)
    low, high = np.nanquantile(draws, [0.025, 0.975], axis=0)
    variance = sum(part.auc_variance for part in parts) / len(parts) ** 2
    frames = [part.n_frames for part in parts]
    return Figures(
        (float(np.mean([part.f1[0] for part in parts])), float(low[0]), float(high[0])),
        _normal(float(np.mean([part.auc[0] for part in parts])), variance),
        (float(np.mean([part.accuracy[0] for part in parts])), float(low[1]), float(high[1])),
        variance,
        draws,
        sum(frames),
        sum(part.n_episodes for part in parts),
        float(np.average([part.positive_share for part in parts], weights=frames)),
    )


def f1_difference(first: Sequence[Figures], second: Sequence[Figures]) -> tuple[float, float, float]:
    """Mean F1 of `first` minus that of `second` on the same films, with 95 % limits from the same draws."""
    gap = mean_figures(first).draws[:, 0] - mean_figures(second).draws[:, 0]
    low, high = np.nanquantile(gap, [0.025, 0.975])
    estimate = np.mean([a.f1[0] - b.f1[0] for a, b in zip(first, second, strict=True)])
    return float(estimate), float(low), float(high)


def _f1_and_accuracy(counts: Floats) -> Floats:
    return np.stack([per_class(counts).f1[:, 1], share_right(counts)], axis=1)


def _normal(estimate: float, variance: float) -> tuple[float, float, float]:
    half = _Z * float(np.sqrt(variance))
    return float(estimate), max(float(estimate) - half, 0.0), min(float(estimate) + half, 1.0)


def _rounded(value: float) -> float | None:
    return round(value, 4) if np.isfinite(value) else None
