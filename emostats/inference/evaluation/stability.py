"""Three things that 'stability' can mean, told apart. A paper that prints one number should say which.

- Over training runs: 1 − coefficient of variation of a figure over folds and seeds.
- Over time: how often the label stays from one frame to the next.
- Under perturbation: how often the label stays when the picture is made worse.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from emostats.errors import UsageError
from emostats.statistics import classification as cl
from emostats.statistics.effects.effect import Effect, check_level


@dataclass(frozen=True)
class RunStability:
    """1 − CV of a figure over runs.

    Attributes
    ----------
    estimate: 1 − sd / mean. conf_low, conf_high: Vangel's (1996) interval for the coefficient of variation of
        independent normal values, turned over; runs on folds share training data, so it is a rough guide.
    mean, sd: of the runs (divisor runs − 1). n_runs: how many.
    """

    estimate: float
    conf_low: float
    conf_high: float
    mean: float
    sd: float
    n_runs: int
    conf_level: float


def run_stability(values: npt.ArrayLike, *, conf_level: float = 0.95) -> RunStability:
    """Stability of a figure (accuracy, F1 …) over runs: one value a fold and seed.

    Raises
    ------
    UsageError: fewer than two values, missing ones, or a mean that is not positive.
    """
    runs = np.asarray(values, dtype=float).ravel()
    if len(runs) < 2 or not np.isfinite(runs).all():
        raise UsageError(
            f"Stability over runs needs two values or more, none missing; found {runs.tolist()}."
        )
    mean, sd = float(runs.mean()), float(runs.std(ddof=1))
    if mean <= 0:
        raise UsageError(f"A coefficient of variation needs a positive mean; found {mean:.4g}.")
    low, high = _vangel(sd / mean, len(runs), check_level(conf_level))
    return RunStability(1 - sd / mean, 1 - high, 1 - low, mean, sd, len(runs), conf_level)


def _vangel(cv: float, n: int, level: float) -> tuple[float, float]:
    """Limits of a coefficient of variation (Vangel, 1996, eq. 8); the upper one is infinite when too few."""
    from scipy.special import chdtri

    v = n - 1

    def limit(u: float) -> float:
        square = ((u + 2) / n - 1) * cv**2 + u / v
        return cv / float(np.sqrt(square)) if square > 0 else float("inf")

    tail = (1 - level) / 2
    return limit(float(chdtri(v, tail))), limit(float(chdtri(v, 1 - tail)))


def temporal_consistency(
    label: npt.ArrayLike,
    clip: npt.ArrayLike,
    time: npt.ArrayLike,
    subject: npt.ArrayLike,
    *,
    max_gap: float = 0.5,
    conf_level: float = 0.95,
) -> Effect:
    """Share of neighbouring frames of a clip with the same label.

    Parameters
    ----------
    label, clip, time, subject: (n,) of each scored frame: predicted label, clip, seconds, who is seen; in any
        order. Frames that were not scored are left out by the caller.
    max_gap: seconds; frames further apart are no neighbours. The figure depends on the frame rate: report it.

    Raises
    ------
    UsageError: columns of different lengths; no two neighbouring frames.
    """
    labels, clips, times, who = (np.asarray(column) for column in (label, clip, time, subject))
    if not len(labels) == len(clips) == len(times) == len(who):
        raise UsageError("label, clip, time and subject must have one value a frame each.")
    order = np.lexsort((times, clips))
    labels, clips, times, who = (column[order] for column in (labels, clips, times, who))
    neighbours = (clips[1:] == clips[:-1]) & (np.diff(times.astype(float)) <= max_gap)
    if not neighbours.any():
        raise UsageError(f"No two frames of a clip are within {max_gap} s: there is nothing to compare.")
    same = (labels[1:] == labels[:-1])[neighbours]
    return cl.clustered_proportion(
        same, who[1:][neighbours], conf_level=conf_level, name="temporal_consistency",
        label="Label stays from frame to frame",
    )  # fmt: skip


def perturbation_agreement(
    before: npt.ArrayLike, after: npt.ArrayLike, subject: npt.ArrayLike, *, conf_level: float = 0.95
) -> Effect:
    """Share of pictures that keep their label when perturbed; a picture that is no longer scored (−1 in
    `after`) has lost it.

    Parameters
    ----------
    before, after: (n,) labels of the same pictures. subject: (n,) who is seen.

    Raises
    ------
    UsageError: columns of different lengths.
    """
    first, second, who = np.asarray(before), np.asarray(after), np.asarray(subject)
    if not len(first) == len(second) == len(who) or len(first) == 0:
        raise UsageError("before, after and subject must have one value a picture each.")
    return cl.clustered_proportion(
        first == second, who, conf_level=conf_level, name="perturbation_agreement",
        label="Label stays under perturbation",
    )  # fmt: skip
