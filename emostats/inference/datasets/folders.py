"""AFEW-layout folders: one folder an expression, inside folders for training and validation or not."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path

from emostats.errors import UsageError
from emostats.inference.datasets.clip import (
    SPLIT,
    TRAINING,
    UNKNOWN_SUBJECT,
    Clip,
    files,
    frozen,
    nothing_found,
)

LAYOUT = "Train_AFEW/Happy/000046280.avi, or Happy/000046280.avi"
EMOTIONS = {
    "anger": "angry", "fearful": "fear", "happiness": "happy", "sadness": "sad", "surprised": "surprise",
    "disgusted": "disgust",
}  # fmt: skip
SPLITS = {
    "train": (0, TRAINING), "val": (1, "validation"), "valid": (1, "validation"),
    "validation": (1, "validation"), "test": (2, "test"),
}  # fmt: skip
"""Fold and part of the published split by the first word of the folder above."""


def afew(folder: str | Path) -> tuple[Clip, ...]:
    """Videos in folders named after what they show (Dhall et al., 2012).

    Who is in a clip stands in ``subjects.csv`` (columns ``clip``, the file's name with or without ending, and
    ``subject``) in `folder`. Without it every clip gets a subject of its own (its path) that is marked as
    unknown: such clips can be split as published, but not into new folds (see `folds.subject_folds`).

    Raises
    ------
    UsageError: no video lies in such folders; ``subjects.csv`` lacks a column or a clip.
    """
    root = Path(folder)
    subjects = _subjects(root / "subjects.csv")
    clips = [_clip(path, root, subjects) for path in files(root) if path.parent != root]
    nothing_found(clips, root, "an AFEW-layout corpus", LAYOUT, files(root))
    return tuple(clips)


def _clip(path: Path, root: Path, subjects: Mapping[str, str] | None) -> Clip:
    shown = path.parent.name.lower()
    above = path.parent.parent
    outside = (None, "")
    fold, part = SPLITS.get(above.name.lower().split("_")[0], outside) if above != root else outside
    label, meta = EMOTIONS.get(shown, shown), {SPLIT: part}
    if subjects is None:
        own = path.relative_to(root).as_posix()  # two folders may use a number twice
        return Clip(path, own, label, fold, frozen({**meta, UNKNOWN_SUBJECT: "yes"}))
    subject = subjects.get(path.name) or subjects.get(path.stem)
    if not subject:
        raise UsageError(f"{root / 'subjects.csv'} names no subject for the clip '{path.name}'.")
    return Clip(path, subject, label, fold, frozen(meta))


def _subjects(path: Path) -> Mapping[str, str] | None:
    if not path.exists():
        return None
    with path.open(encoding="utf-8-sig", newline="") as handle:
        reader = csv.DictReader(handle)
        if not {"clip", "subject"} <= set(reader.fieldnames or ()):
            raise UsageError(f"{path} needs the columns clip and subject; found {reader.fieldnames}.")
        return {row["clip"].strip(): row["subject"].strip() for row in reader}
