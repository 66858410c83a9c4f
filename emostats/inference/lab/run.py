"""A training run from clips to weights: folds by subject, figures with intervals, a network on all clips.

Each fold leaves its predictions behind when it is done, and its state after every epoch while it is not: a
run that was killed goes on when the same file is trained again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from emostats.errors import UsageError, did_you_mean
from emostats.inference import datasets
from emostats.inference.assessment import Assessment
from emostats.inference.cards import read_card
from emostats.inference.datasets import Clip, Fold
from emostats.inference.datasets.clip import SPLIT, TRAINING, UNKNOWN_SUBJECT
from emostats.inference.errors import need
from emostats.inference.evaluation import (
    Evaluation,
    StabilityReading,
    evaluate,
    predictions,
    stability_readings,
)
from emostats.inference.lab.config import Lab, Windows, settings
from emostats.inference.lab.final import final_weights
from emostats.inference.lab.learn import Epochs, frame_probabilities, train_network
from emostats.inference.lab.sequences import (
    LandmarkSequence,
    Progress,
    Reading,
    read_sequences,
    without_own_face,
)


@dataclass(frozen=True, eq=False)
class LabResult:
    """What a run gives back.

    Attributes
    ----------
    evaluation: of clips that were never trained on, folds of the first seed. stability: three readings.
        weights: path of the final network. left_out: clips that could not be used. table: predictions of all
        seeds and folds.
    """

    evaluation: Evaluation
    stability: tuple[StabilityReading, ...]
    weights: Path
    left_out: tuple[tuple[Clip, str], ...]
    table: pd.DataFrame

    def assessment(self, name: str) -> Assessment:
        """The figures of the folds with the card of the final weights, to be shown or written."""
        card = read_card(self.weights.with_suffix(".json"))
        return Assessment(f"{name}, by folds", self.evaluation, self.table, self.stability, None, name, card)


def train_lab(lab: Lab, progress: Progress | None = None) -> LabResult:
    """Carries out a training file, or goes on with it.

    Raises
    ------
    UsageError: torch or another package is missing; no clips, labels or folds as asked for; the output folder
        holds a run of another file, or cannot be written. LeakageError: a split with a subject on both sides.
    """
    for package in ("torch", "safetensors"):
        need(package)
    try:
        return _train(lab, progress or _nothing)
    except OSError as error:
        reason = error.strerror or str(error)
        raise UsageError(f"The run cannot be written to '{lab.output}': {reason}.") from error


def _train(lab: Lab, say: Progress) -> LabResult:
    clips = _clips(lab)
    data = lab.config.data
    reading = read_sequences(clips, lab.cache, fps=data.fps, least_frames=data.least_frames, progress=say)
    sequences, labels = _prepared(lab, reading)
    folds = _folds(lab, [item.clip for item in sequences])
    _claim(lab, sequences)
    runs = [(seed, fold) for seed in lab.config.folds.seeds for fold in folds]
    tables = []
    for number, (seed, fold) in enumerate(runs):
        epochs = _epochs(say, f"Fold {fold.number + 1}, seed {seed}", number, len(runs) + 1)
        tables.append(_fold(lab, sequences, labels, fold, seed, epochs))
    clip_table, frame_table = (pd.concat(parts, ignore_index=True) for parts in zip(*tables, strict=True))
    first = clip_table[clip_table["seed"] == lab.config.folds.seeds[0]]
    found = evaluate(predictions(pd.concat([first, _unscored(lab, reading, labels)], ignore_index=True)))
    epochs = _epochs(say, "All clips", len(runs), len(runs) + 1)
    weights = final_weights(lab, sequences, labels, found, reading, epochs)
    return LabResult(found, _stability(clip_table, frame_table), weights, reading.left_out, clip_table)


def _epochs(say: Progress, step: str, done: int, total: int) -> Epochs:
    """Progress within one of `total` trainings."""
    say(step, done, total)
    return lambda share: say(step, done + share, total)


def _nothing(step: str, done: float, total: float) -> None:
    """No progress is shown."""


def _clips(lab: Lab) -> tuple[Clip, ...]:
    data = lab.config.data
    clips = datasets.load(data.corpus, lab.clips_path, **data.options)
    if not data.labels:
        return clips
    known = sorted({clip.label for clip in clips})
    for label in data.labels:
        if label not in known:
            raise UsageError(f"No clip is labelled '{label}'. {did_you_mean(label, known)}")
    return tuple(clip for clip in clips if clip.label in data.labels)


def _prepared(lab: Lab, reading: Reading) -> tuple[tuple[LandmarkSequence, ...], tuple[str, ...]]:
    sequences = reading.sequences
    if lab.config.windows.own_face:
        _people_are_known(sequences)
    present = {item.clip.label for item in sequences}
    labels = lab.config.data.labels or tuple(sorted(present))
    missing = [label for label in labels if label not in present]
    if missing or len(labels) < 2:
        raise UsageError(
            f"Training needs usable clips of two labels or more; {', '.join(sorted(present))} "
            f"{'are' if len(present) > 1 else 'is'} there, {', '.join(missing) or 'no other'} missing."
        )
    return (without_own_face(sequences) if lab.config.windows.own_face else sequences), labels


def _people_are_known(sequences: Sequence[LandmarkSequence]) -> None:
    unknown = sum(UNKNOWN_SUBJECT in item.clip.meta for item in sequences)
    if unknown:
        raise UsageError(
            f"[windows] own_face takes out each person's usual face, but {unknown} of {len(sequences)} clips "
            "do not say who is in them: what a clip shows would be taken out with it. Add subjects.csv "
            "(clip, subject), or set own_face = false."
        )


def _folds(lab: Lab, clips: Sequence[Clip]) -> tuple[Fold, ...]:
    wanted = lab.config.folds
    if wanted.kind == "published":
        return datasets.published_folds(clips)
    return datasets.subject_folds(clips, wanted.n, seed=wanted.seeds[0])


def _claim(lab: Lab, sequences: Sequence[LandmarkSequence]) -> None:
    """Marks the output folder with what is trained there; refuses one that belongs to something else."""
    clips = [[item.sha256, item.clip.subject, item.clip.label] for item in sequences]
    content = json.dumps([settings(lab), clips], sort_keys=True)
    mark, place = sha256(content.encode()).hexdigest(), lab.output / "run.json"
    if place.exists() and json.loads(place.read_text(encoding="utf-8")).get("mark") != mark:
        raise UsageError(
            f"'{lab.output}' holds a run with other settings or clips. Choose another output, or remove it."
        )
    lab.output.mkdir(parents=True, exist_ok=True)
    place.write_text(json.dumps({"mark": mark, "settings": settings(lab)}, indent=1), encoding="utf-8")


def _fold(
    lab: Lab,
    sequences: Sequence[LandmarkSequence],
    labels: tuple[str, ...],
    fold: Fold,
    seed: int,
    epochs: Epochs,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Predictions of the fold's test clips, by clip and by frame; read back where the fold is done."""
    place = lab.output / f"seed-{seed}" / f"fold-{fold.number + 1}"
    done = place / "predictions.csv", place / "frames.csv"
    if not done[0].exists():
        net = train_network(lab, [sequences[i] for i in fold.train], labels, seed, place, epochs)
        tables = _predicted(net, [sequences[i] for i in fold.test], labels, lab.config.windows)
        for table, path in zip(tables, reversed(done), strict=True):  # predictions.csv last: it says 'done'
            part = path.with_suffix(".part")
            table.assign(seed=seed, fold=fold.number).to_csv(part, index=False)
            part.replace(path)
        (place / "training-state.safetensors").unlink(missing_ok=True)
    text: Mapping[str, Any] = {"subject": str, "label": str, "clip": str, "sex": str}
    clip_table, frame_table = (pd.read_csv(path, dtype=dict(text), keep_default_na=False) for path in done)
    clip_table["age"] = pd.to_numeric(clip_table["age"], errors="coerce")
    return clip_table, frame_table


def _unscored(lab: Lab, reading: Reading, labels: tuple[str, ...]) -> pd.DataFrame:
    """Rows without probabilities for clips that were left out of the tests, so that they are counted."""
    published = lab.config.folds.kind == "published"
    clips = [
        clip
        for clip, _ in reading.left_out
        if clip.label in labels and not (published and clip.meta.get(SPLIT) == TRAINING)
    ]
    columns = {"clip": [str(clip.path) for clip in clips], "subject": [clip.subject for clip in clips]}
    return pd.DataFrame({**columns, "label": [clip.label for clip in clips]}, dtype=object)


def _predicted(
    net: Any, sequences: Sequence[LandmarkSequence], labels: tuple[str, ...], windows: Windows
) -> Iterator[pd.DataFrame]:
    """First the table of frames, then that of clips."""
    clip_rows, frame_rows = [], []
    for item in sequences:
        prob = frame_probabilities(net, item.points, windows.length, windows.stride)
        known = ~np.isnan(prob).any(axis=1)
        clip, mean = item.clip, prob[known].mean(axis=0)
        shown = {f"p_{label}": float(value) for label, value in zip(labels, mean / mean.sum(), strict=True)}
        who = {"clip": str(clip.path), "subject": clip.subject, "label": clip.label}
        more = {"sex": clip.meta.get("sex", ""), "age": clip.meta.get("age", "")}
        clip_rows.append({**who, **shown, **more})
        columns = [f"p_{label}" for label in labels]
        frames = pd.DataFrame(prob[known].astype(np.float32), columns=columns)
        frame_rows.append(frames.assign(**who, time=item.time[known]))
    yield pd.concat(frame_rows, ignore_index=True)
    yield pd.DataFrame(clip_rows)


def _stability(clips: pd.DataFrame, frames: pd.DataFrame) -> tuple[StabilityReading, ...]:
    """Over runs from clips, over time from frames."""
    over_runs, _, perturbed = stability_readings(clips)
    _, over_time, _ = stability_readings(frames)
    return over_runs, over_time, perturbed
