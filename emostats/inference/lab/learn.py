"""One network on landmark sequences, and its probabilities frame by frame."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from emostats.inference.graph import face_graph
from emostats.inference.lab.config import Lab
from emostats.inference.lab.sequences import LandmarkSequence

HEAD = "expression"


Epochs = Callable[[float], None]
"""Takes the share of the epochs that is done."""


def train_network(
    lab: Lab,
    sequences: Sequence[LandmarkSequence],
    labels: tuple[str, ...],
    seed: int,
    place: Path,
    epochs: Epochs | None = None,
) -> Any:
    """One network on these sequences; its state and log go to `place`."""
    import torch

    from emostats.inference.network import LandmarkNet
    from emostats.inference.training import cut, joined, start_from, train
    from emostats.inference.weights import files, load, names

    windows, start = lab.config.windows, lab.config.start
    parts = [
        cut(
            item.points,
            {HEAD: np.full(len(item.points), labels.index(item.clip.label), dtype=np.int64)},
            item.clip.subject,
            window=windows.length,
            stride=windows.stride,
        )
        for item in sequences
    ]
    examples = joined(parts)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        net = LandmarkNet(face_graph(), {HEAD: len(labels)}, config=lab.network())
    net.standardise_by(torch.from_numpy(examples.points))
    if start is not None:
        named = start.weights in names()
        pretrained, _ = load(start.weights) if named else files.read(lab.home / start.weights)
        start_from(net, pretrained, start.parts)
    settings = lab.training(seed)

    def after_an_epoch(row: Mapping[str, float]) -> None:
        if epochs is not None:
            epochs((row["epoch"] + 1) / settings.epochs)

    return train(net, examples, settings, folder=place, progress=after_an_epoch).net


def frame_probabilities(
    net: Any, points: npt.NDArray[np.float32], window: int, stride: int
) -> npt.NDArray[np.float64]:
    """(frames, K) probabilities of the labels; NaN where a frame is not usable.

    window, stride: frames, as in training. A network that was trained on stills has a window of 1: it must
    not see frames beside each other.
    """
    from emostats.inference.network import predict

    logits = predict(net, points, window=window, stride=stride)[HEAD].astype(np.float64)
    with np.errstate(invalid="ignore"):
        grown = np.exp(logits - logits.max(axis=1, keepdims=True))
        return np.asarray(grown / grown.sum(axis=1, keepdims=True))
