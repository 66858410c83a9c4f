"""Blendshape distillation: the encoder learns to see in a face what the teacher sees in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from emostats.inference.frames import BLENDSHAPES
from emostats.inference.graph import face_graph
from emostats.inference.network import LandmarkNet, NetworkConfig
from emostats.inference.pretrain.synthetic import Variety, made_faces
from emostats.inference.pretrain.teacher import Teacher, mirrored_order
from emostats.inference.training import Augmentation, Examples, TrainConfig, TrainResult, train

HEAD = "blendshapes"

SETTINGS = TrainConfig(
    epochs=10,
    batch_size=64,
    learning_rate=2e-3,
    validation_share=0.05,
    patience=10,
    losses={HEAD: "binary"},
    augmentation=Augmentation(mirror=0.5, rotate=1.0, jitter=0.002, drop=0.0),
)


def lessons(n_faces: int, seed: int, *, frames: int = 4, variety: Variety | None = None) -> Examples:
    """Made faces with the teacher's answers.

    Windows of `frames` unrelated faces: so the temporal part learns to keep what it is given. Each window
    counts as a subject of its own.
    """
    n_windows = n_faces // frames
    faces = made_faces(n_windows * frames, seed, variety)
    answers = Teacher()(faces)
    return Examples(
        faces.reshape(n_windows, frames, *faces.shape[1:]),
        {HEAD: answers.reshape(n_windows, frames, -1)},
        np.arange(n_windows),
    )


def distil(
    n_faces: int = 24_000,
    seed: int = 0,
    *,
    config: TrainConfig = SETTINGS,
    network: NetworkConfig | None = None,
    folder: Path | None = None,
    progress: Callable[[Mapping[str, float]], None] | None = None,
) -> TrainResult:
    """Make faces, ask the teacher, and train a new encoder on the answers."""
    examples = lessons(n_faces, seed)
    torch.manual_seed(seed)
    net = LandmarkNet(face_graph(), {HEAD: len(BLENDSHAPES)}, config=network)
    net.standardise_by(torch.from_numpy(examples.points))
    return train(
        net, examples, config, mirror_outputs={HEAD: mirrored_order()}, folder=folder, progress=progress
    )


def fidelity(net: LandmarkNet, faces: NDArray[np.float32]) -> dict[str, Any]:
    """How well the encoder knows the teacher's answers on `faces` (n, 146, 3), each a still.

    Returns the mean absolute error, and the median correlation over those blendshapes whose standard
    deviation in the teacher's answers is 0.02 or more (with their number).
    """
    expected = Teacher()(faces)
    with torch.inference_mode():
        points = torch.from_numpy(np.asarray(faces, dtype=np.float32))[:, None]
        logits = net.eval()(points, torch.ones(points.shape[:2], dtype=torch.bool))[HEAD][:, 0]
    found = torch.sigmoid(logits).numpy()
    moving = expected.std(axis=0) >= 0.02
    related = [np.corrcoef(expected[:, k], found[:, k])[0, 1] for k in np.flatnonzero(moving)]
    return {
        "mean_absolute_error": float(np.abs(found - expected).mean()),
        "median_correlation": float(np.median(related)),
        "n_blendshapes_correlated": int(moving.sum()),
        "n_faces": len(faces),
    }
