"""Labelled clips scored by weights: clip by clip and frame by frame, as recorded and thinned."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from emostats.errors import UsageError, did_you_mean
from emostats.inference.cards import ModelCard
from emostats.inference.datasets import Clip, table
from emostats.inference.evaluation import FRAME_RATES
from emostats.inference.evaluation.robustness import COLUMNS, labels_of
from emostats.inference.evaluation.scorers import HEAD, trained_on
from emostats.inference.evaluation.stability import perturbation_agreement
from emostats.inference.lab.config import Windows
from emostats.inference.lab.learn import frame_probabilities
from emostats.inference.lab.sequences import LandmarkSequence, Progress, read_sequences, without_own_face
from emostats.statistics import classification as cl

FPS = 12.5
"""Frames a second that are read where the card does not say what the weights were trained on."""


@dataclass(frozen=True, eq=False)
class ScoredClips:
    """clips: predictions, one row a clip, without probabilities where it could not be scored, and why.
    frames: predictions of frames, with clip and time. sha256: of the clips that were read."""

    clips: pd.DataFrame
    frames: pd.DataFrame
    sha256: frozenset[str]


class ClipScorer:
    """Weights that score clips, read as in their training.

    Parameters
    ----------
    model: shipped weights by name, or a ``.safetensors`` file with its card.

    Raises
    ------
    UsageError: no such weights, or they have no head for classes.
    """

    def __init__(self, model: str) -> None:
        self._net, self.card = _weights(model)
        self.classes = tuple(self.card.classes)
        if self._net.sizes.get(HEAD) != len(self.classes):
            raise UsageError(
                f"The weights '{self.card.name}' have no head '{HEAD}' for classes of their card."
            )
        settings: Any = self.card.training
        self._fps = float(settings.get("data", {}).get("fps", FPS))
        self._windows = Windows.model_validate(settings.get("windows", {"length": 1, "stride": 1}))

    @property
    def seen(self) -> frozenset[str]:
        """Hashes of what the weights were trained on."""
        return trained_on(self.card)

    @property
    def fps(self) -> float:
        """Frames a second that the weights were trained on."""
        return self._fps

    def probabilities(self, item: LandmarkSequence) -> npt.NDArray[np.float64]:
        """(frames, K) probabilities of `classes` for one recording; NaN in frames that are not usable."""
        if not item.usable.any():
            return np.full((len(item.points), len(self.classes)), np.nan)
        (item,) = without_own_face([item]) if self._windows.own_face else (item,)
        return self._probabilities(item)

    def score(self, path: Path, progress: Progress | None = None, fps: float | None = None) -> ScoredClips:
        """Scores the clips of a table (see `datasets.table`) whose label is one of the classes.

        Raises
        ------
        UsageError: no clip has such a label, or none can be read.
        """
        clips = tuple(clip for clip in table(path) if clip.label in self.classes)
        if not clips:
            raise UsageError(f"No clip of {path} is labelled with one of {', '.join(self.classes)}.")
        with TemporaryDirectory() as nowhere:  # landmarks are biometric: nothing is kept of a mere evaluation
            reading = read_sequences(
                clips, Path(nowhere), fps=fps or self._fps, least_frames=1, progress=progress
            )
        sequences = without_own_face(reading.sequences) if self._windows.own_face else reading.sequences
        rows = [self._clip_and_frames(item) for item in sequences]
        left = [{**_who(clip), "reason": reason} for clip, reason in reading.left_out]
        return ScoredClips(
            pd.DataFrame([*(row for row, _ in rows), *left]),
            pd.concat([frames for _, frames in rows], ignore_index=True),
            frozenset(item.sha256 for item in sequences),
        )

    def _clip_and_frames(self, item: LandmarkSequence) -> tuple[dict[str, Any], pd.DataFrame]:
        prob = self._probabilities(item)[item.usable]
        columns = [f"p_{name}" for name in self.classes]
        mean = prob.mean(axis=0)
        row = {
            **_who(item.clip),
            **dict(zip(columns, (mean / mean.sum()).tolist(), strict=True)),
            "reason": "",
        }
        frames = pd.DataFrame(prob, columns=columns).assign(**_who(item.clip), time=item.time[item.usable])
        return row, frames

    def _probabilities(self, item: LandmarkSequence) -> npt.NDArray[np.float64]:
        """Frames in windows as in training; each by itself where the card names none: trained on stills."""
        return frame_probabilities(self._net, item.points, self._windows.length, self._windows.stride)

    def thinned(
        self,
        path: Path,
        scored: ScoredClips,
        progress: Progress | None = None,
        *,
        conf_level: float = 0.95,
    ) -> pd.DataFrame:
        """Accuracy and agreement of the clips at fewer frames a second; columns of `robustness.COLUMNS`."""
        before = scored.clips.set_index("clip")
        rows: list[tuple[Any, ...]] = []
        for fps in (None, *(rate for rate in FRAME_RATES if rate < self._fps)):
            after = self.score(path, progress, fps).clips.set_index("clip") if fps else before
            rows += self._compared(before, after.reindex(before.index), fps, conf_level)
        return pd.DataFrame(rows, columns=list(COLUMNS))

    def _compared(
        self, before: pd.DataFrame, after: pd.DataFrame, fps: float | None, level: float
    ) -> list[tuple[Any, ...]]:
        first, second = (self._labels(table) for table in (before, after))
        scored = first >= 0
        truth = np.array([self.classes.index(label) for label in before["label"]])[scored]
        who, first, second = before["subject"].to_numpy(str)[scored], first[scored], second[scored]
        effects = (
            cl.clustered_proportion(second == truth, who, conf_level=level),
            perturbation_agreement(first, second, who, conf_level=level),
        )
        kind, rate = ("none", float("nan")) if fps is None else ("frames a second", fps)
        return [
            (kind, rate, e.name, e.label, e.estimate, e.std_error, e.conf_low, e.conf_high, e.conf_level, e.n,
             int((second >= 0).sum()), e.error)
            for e in effects
        ]  # fmt: skip

    def _labels(self, rows: pd.DataFrame) -> npt.NDArray[np.int64]:
        return labels_of(rows[[f"p_{name}" for name in self.classes]].to_numpy(dtype=float))


def _weights(model: str) -> tuple[Any, ModelCard]:
    from emostats.inference.weights import files, load, names

    if model in names():
        return load(model)
    if Path(model).suffix != ".safetensors":
        raise UsageError(
            f"There are no weights '{model}': name a .safetensors file that `emostats train` wrote. "
            f"{did_you_mean(model, names())}"
        )
    return files.read(model)


def _who(clip: Clip) -> dict[str, str]:
    meta = {"sex": clip.meta.get("sex", ""), "age": clip.meta.get("age", "")}
    return {"clip": str(clip.path), "subject": clip.subject, "label": clip.label, **meta}
