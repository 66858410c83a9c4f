"""How the grammatical-expression networks are made: shape, training, and transfer between them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from emostats.inference.errors import need
from emostats.inference.network import LandmarkNet, NetworkConfig
from emostats.inference.sequences.examples import WINDOW, Channels, Variation, training_windows
from emostats.inference.sequences.gfe_points import EYES, gfe_graph
from emostats.inference.sequences.motion import N_CHANNELS, motion_channels
from emostats.inference.sequences.recording import Recording
from emostats.inference.training import Augmentation, TrainConfig, start_from, train

NETWORK = NetworkConfig(
    channels=N_CHANNELS,
    graph_widths=(16, 32),
    width=48,
    temporal_layers=2,
    temporal_heads=4,
    temporal_hidden=96,
    dropout=0.2,
    floor=0.05,
)
"""About 0.07 million parameters: two persons are little to learn from."""

TRAINING = TrainConfig(
    epochs=8,
    batch_size=16,
    learning_rate=1e-3,
    weight_decay=1e-2,
    validation_share=0.0,
    log="none",
    augmentation=Augmentation(mirror=0.5, rotate=0.0, jitter=0.01, drop=0.0, speed=0.2),
)

VARIATION = Variation()

WINDOWS_AN_EPOCH = 300
"""Least windows in an epoch: a short film is passed more often, each time varied anew."""


@dataclass(frozen=True)
class Transfer:
    """Where a network starts: from `source`, with graph and time layers frozen or at a lower rate."""

    source: LandmarkNet
    frozen: bool


class Channelled:
    """What the network sees of each recording, worked out once."""

    def __init__(self) -> None:
        self._held: dict[Recording, Channels] = {}

    def __call__(self, recording: Recording) -> Channels:
        """Channels of the GFE points (frames, 100, 8); see `motion_channels`."""
        if recording not in self._held:
            self._held[recording] = motion_channels(recording, EYES)
        return self._held[recording]


def learn(
    recordings: Sequence[Recording],
    seen: Channelled,
    *,
    seed: int = 0,
    transfer: Transfer | None = None,
    training: TrainConfig | None = None,
    variation: Variation | None = VARIATION,
    copies: int | None = None,
    folder: Path | None = None,
) -> LandmarkNet:
    """One network with a head for each expression among `recordings`, trained on them and nothing else.

    Parameters
    ----------
    seed: of weights, windows, variation, order and dropout; the same seed gives the same network on a CPU.
    transfer: start from another network; frozen, only the heads learn; else graph and time layers learn at
        a third of the rate, from the second epoch on.
    training: the schedule, `TRAINING` by default.
    variation: see `Variation`; None: films as they are.
    copies: passes over the films an epoch; by default 4, more where that is under `WINDOWS_AN_EPOCH` windows.
    folder: where the run is kept, so that a killed one goes on and a finished one is not done again.
    """
    heads = tuple(sorted({recording.expression for recording in recordings}))
    channels = [seen(recording) for recording in recordings]
    need("torch").manual_seed(seed)
    net = LandmarkNet(gfe_graph(), dict.fromkeys(heads, 2), config=NETWORK)
    _spread(net, channels)
    settings = replace(training or TRAINING, seed=seed, losses=dict.fromkeys(heads, "classes"))
    if transfer is not None:
        start_from(net, transfer.source)
        settings = _transferred(settings, transfer.frozen)
    passes = copies or max(4, math.ceil(WINDOWS_AN_EPOCH * WINDOW / sum(map(len, channels))))
    examples = training_windows(recordings, channels, heads, copies=passes, variation=variation, seed=seed)
    return train(net, examples, settings, folder=folder).net


def _spread(net: LandmarkNet, channels: Sequence[Channels]) -> None:
    """Spread from the training films; the centre stays at zero, which is the own neutral face at rest."""
    net.standardise_by(need("torch").from_numpy(np.concatenate(channels)))
    net.centre.zero_()


def _transferred(settings: TrainConfig, frozen: bool) -> TrainConfig:
    parts = ("graph", "temporal")
    if frozen:
        return replace(settings, freeze=parts, unfreeze_at=None)
    return replace(settings, freeze=parts, unfreeze_at=1, pretrained_rate=0.3)
