"""How far scores hold when pictures get worse: accuracy, area under the curve, agreement."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from emostats.errors import EmostatsError
from emostats.inference.datasets.frames import read_image
from emostats.inference.evaluation.perturb import STANDARD, Perturbation, perturb, thinned
from emostats.inference.evaluation.stability import perturbation_agreement
from emostats.inference.evaluation.stills import Progress, Still, StillScorer, chosen_stills
from emostats.inference.frames import Box, Image, VideoFrame
from emostats.statistics import classification as cl
from emostats.statistics.effects.effect import Effect

COLUMNS = (
    "perturbation", "level", "metric", "label", "estimate", "std_error", "conf_low", "conf_high",
    "conf_level", "n", "n_scored", "error",
)  # fmt: skip

FindFace = Callable[[Image], Box | None]
FrameLabels = Callable[[Iterable[VideoFrame]], Iterable[tuple[float, int]]]
"""Scores a stream of frames: (time, label) of each, −1 where a frame is not scored."""


def robustness(
    stills: Sequence[Still],
    scorer: StillScorer,
    find_face: FindFace,
    *,
    perturbations: Sequence[Perturbation] = STANDARD,
    conf_level: float = 0.95,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Scores each still as it is and in every perturbation; pictures are perturbed before a face is sought.

    Returns columns `COLUMNS`: for ``"none"`` and each perturbation the accuracy (a picture that is no longer
    scored counts as wrong), with two classes the area under the curve of the scored ones, and the agreement
    with the unperturbed label. Stills without a face to begin with are left out.

    Raises
    ------
    UsageError: no still shows one of the scorer's classes.
    """
    chosen, _ = chosen_stills(stills, scorer.classes)
    kept = [(still, name, box) for still, name in chosen if (box := find_face(read_image(still.path)))]
    truth = np.array([scorer.classes.index(name) for _, name, _ in kept])
    who = np.array([still.subject for still, _, _ in kept], dtype=str)
    clean = _probabilities(kept, scorer, None, progress)
    rows = [*_rows("none", float("nan"), truth, who, clean, clean, conf_level)]
    for what in perturbations:
        worse = _probabilities(kept, scorer, what, progress)
        rows += _rows(what.kind, what.level, truth, who, clean, worse, conf_level)
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _probabilities(
    kept: Sequence[tuple[Still, str, Box]],
    scorer: StillScorer,
    what: Perturbation | None,
    progress: Progress | None,
) -> npt.NDArray[np.float64]:
    """(n, K) probabilities, NaN where nothing was scored."""
    step = "Scoring as they are" if what is None else f"Scoring with {what.label}"
    found = np.full((len(kept), len(scorer.classes)), np.nan)
    for number, (still, _, box) in enumerate(kept):
        if progress is not None:
            progress(step, number, len(kept))
        image = read_image(still.path)
        prob = scorer(image if what is None else perturb(image, box, what))
        if prob is not None:
            found[number] = prob
    return found


def _rows(
    kind: str,
    level: float,
    truth: npt.NDArray[np.int64],
    who: npt.NDArray[np.str_],
    clean: npt.NDArray[np.float64],
    worse: npt.NDArray[np.float64],
    conf_level: float,
) -> Iterator[tuple[Any, ...]]:
    before, after = labels_of(clean), labels_of(worse)
    scored = after >= 0
    effects = [
        cl.clustered_proportion(after == truth, who, conf_level=conf_level),
        perturbation_agreement(before, after, who, conf_level=conf_level),
    ]
    if clean.shape[1] == 2:
        effects.insert(1, _area(truth[scored], worse[scored], who[scored], conf_level))
    for e in effects:
        yield (kind, level, e.name, e.label, e.estimate, e.std_error, e.conf_low, e.conf_high, e.conf_level,
               e.n, int(scored.sum()), e.error)  # fmt: skip


def labels_of(prob: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """(n,) the most probable class; −1 where there is no probability."""
    known = np.asarray(~np.isnan(prob).any(axis=1))
    return np.where(known, np.argmax(np.where(known[:, None], prob, 0.0), axis=1), -1).astype(np.int64)


def _area(
    truth: npt.NDArray[np.int64], prob: npt.NDArray[np.float64], who: npt.NDArray[np.str_], level: float
) -> Effect:
    try:
        return cl.roc_area(truth, prob[:, 1], who).effect("auc", "AUC", conf_level=level)
    except EmostatsError as error:
        return Effect("auc", "AUC", float("nan"), conf_level=level, n=len(truth), error=str(error))


def frame_rate_agreement(
    videos: Sequence[tuple[str, Callable[[], Iterable[VideoFrame]]]],
    score: FrameLabels,
    fps: float,
    *,
    conf_level: float = 0.95,
) -> Effect:
    """Share of frames that get the same label when their video is thinned to `fps` frames a second.

    Parameters
    ----------
    videos: subject of each, and a function that opens its frames anew.
    score: what labels a stream of frames; a model with a memory sees fewer frames of the same seconds.

    Raises
    ------
    UsageError: no frame.
    """
    before, after, who = [], [], []
    for subject, frames in videos:
        every = dict(score(frames()))
        for time, label in score(thinned(frames(), fps)):
            before.append(every[time])
            after.append(label)
            who.append(subject)
    return perturbation_agreement(before, after, who, conf_level=conf_level)
