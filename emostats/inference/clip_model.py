"""Weights that `emostats train` wrote, applied to a session: the probability of each of their classes.

Frame by frame, in windows as in their training, and at its frame rate.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emostats.errors import UsageError
from emostats.inference.datasets import Clip
from emostats.inference.frames import SUBSET, FrameResult

PREFIX = "P_"
"""Columns of tables begin with it: ``P_HAPPY`` is the probability of ``happy``."""


def columns(classes: tuple[str, ...]) -> list[str]:
    """The names of the columns of the classes."""
    return [PREFIX + re.sub(r"\W+", "_", name).strip("_").upper() for name in classes]


def about(weights: str) -> tuple[str, float]:
    """SHA-256 of the weights, and the frames a second that they read; `weights` as for `ClipScorer`.

    Raises
    ------
    UsageError: no such weights, weights without classes, or torch is missing. ModelFileError: the file is
        not that of its card.
    """
    from emostats.inference.lab.clips import ClipScorer

    scorer = ClipScorer(weights)
    names = columns(scorer.classes)
    if len(set(names)) < len(names):
        raise UsageError(f"The classes of '{scorer.card.name}' give columns of one name: {', '.join(names)}.")
    return str(scorer.card.weights.sha256), scorer.fps


class ClipModel:
    """Takes the frames of a session one by one, keeps their points (two kilobytes each), judges at the end.

    Where the weights were trained without each person's usual face, that of the session is taken out.
    """

    def __init__(self, weights: str) -> None:
        from emostats.inference.lab.clips import ClipScorer

        self._scorer = ClipScorer(weights)
        self._points: list[NDArray[np.float32]] = []
        self._time: list[float] = []

    def add(self, result: FrameResult) -> None:
        """Takes the next frame."""
        from emostats.inference.graph import normalise

        seen = result.points if result.usable else None
        nothing = np.full((len(SUBSET), 3), np.nan, dtype=np.float32)
        self._points.append(nothing if seen is None else normalise(seen))
        self._time.append(result.time)

    def finish(self) -> dict[str, NDArray[np.float64]]:
        """Column → probability of each frame that was added; NaN where it is not usable."""
        from emostats.inference.lab.sequences import LandmarkSequence

        item = LandmarkSequence(Clip(Path(), "", ""), np.stack(self._points), np.array(self._time), "")
        prob = self._scorer.probabilities(item)
        return dict(zip(columns(self._scorer.classes), prob.T, strict=True))
