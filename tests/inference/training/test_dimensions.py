"""How many coordinates a vector has is said, not guessed from the number of channels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from emostats.errors import UsageError
from emostats.inference.graph import Graph
from emostats.inference.network import LandmarkNet, NetworkConfig
from emostats.inference.sequences.examples import training_windows
from emostats.inference.sequences.recording import Recording
from emostats.inference.training import NO_AUGMENTATION, Examples, TrainConfig, cut, joined, loop, train
from emostats.inference.training.augment import augment

PAIR = Graph(2, ((0, 1),), (1, 0))
ALWAYS = replace(NO_AUGMENTATION, mirror=1.0)


def plane(n: int = 4, channels: int = 6, dimensions: int = 2) -> Examples:
    points = np.arange(1, n * 3 * 2 * channels + 1, dtype=np.float32).reshape(n, 3, 2, channels)
    targets = {"expression": np.tile(np.arange(n)[:, None] % 2, (1, 3))}
    return Examples(points, targets, np.arange(n), dimensions=dimensions)


@pytest.mark.parametrize(("dimensions", "turned"), [(2, (0, 2, 4)), (3, (0, 3))])
def test_six_channels_are_three_plane_vectors_or_two_in_space(dimensions: int, turned) -> None:  # type: ignore[no-untyped-def]
    points = torch.from_numpy(plane().points)
    seen = torch.ones(points.shape[:2], dtype=torch.bool)
    chance = torch.Generator().manual_seed(0)
    mirrored, _, _ = augment(points, seen, {}, ALWAYS, chance, dimensions=dimensions, mirror=PAIR.mirror)
    signs = mirrored[:, :, 0] / points[:, :, 1]
    assert torch.equal(signs < 0, torch.tensor([k in turned for k in range(6)]).expand(signs.shape))


def test_training_tells_augmentation_what_the_examples_say(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def watched(*values, dimensions, **more):  # type: ignore[no-untyped-def]
        asked.append(dimensions)
        return augment(*values, dimensions=dimensions, **more)

    monkeypatch.setattr(loop, "augment", watched)
    shape = NetworkConfig(
        channels=6, graph_widths=(4,), width=8, temporal_layers=1, temporal_heads=2, temporal_hidden=8
    )
    settings = TrainConfig(epochs=1, validation_share=0.25, augmentation=ALWAYS)
    train(LandmarkNet(PAIR, {"expression": 2}, config=shape), plane(), settings)
    assert asked == [2]


def test_windows_parts_and_joints_keep_it() -> None:
    examples = plane()
    assert examples.subset([0, 1]).dimensions == 2
    assert joined([examples, examples]).dimensions == 2
    assert all(part.dimensions == 2 for part in examples.split(0.25, 0))
    film = np.zeros((9, 2, 6), np.float32)
    assert cut(film, {"expression": np.zeros(9, int)}, "a", window=4, dimensions=2).dimensions == 2


def test_films_of_signers_are_plane() -> None:
    n, eyes = 40, np.zeros((40, 100, 3))
    film = Recording("a", "topics", np.arange(n) / 10, eyes, np.arange(n) % 2)
    windows = training_windows([film], [np.zeros((n, 100, 6), np.float32)], ["topics"])
    assert windows.dimensions == 2


def test_channels_that_are_no_whole_vectors_are_refused() -> None:
    with pytest.raises(UsageError, match="8 channels a point are no whole vectors of 3 coordinates"):
        plane(channels=8, dimensions=3)
    with pytest.raises(UsageError, match="of 4 coordinates; expected dimensions=2"):
        plane(channels=8, dimensions=4)
