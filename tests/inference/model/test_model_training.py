"""The training loop: it learns, stops, thaws, goes on after a kill, and repeats itself exactly."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from emostats.errors import UsageError
from emostats.inference.graph import Graph
from emostats.inference.network import LandmarkNet, NetworkConfig
from emostats.inference.training import (
    NO_AUGMENTATION,
    Augmentation,
    Examples,
    TrainConfig,
    cut,
    joined,
    one_label_a_window,
    start_from,
    train,
)
from emostats.inference.training.augment import augment
from emostats.inference.training.losses import Losses, class_weights

GRID = Graph(8, tuple((i, i + 1) for i in range(7)), tuple(7 - i for i in range(8)))
SMALL = NetworkConfig(graph_widths=(8, 8), width=8, temporal_layers=1, temporal_heads=2, temporal_hidden=16)
QUICK = TrainConfig(epochs=4, batch_size=8, learning_rate=3e-3, validation_share=0.25, patience=50)


def _net(seed: int = 0, **heads: int) -> LandmarkNet:
    torch.manual_seed(seed)
    return LandmarkNet(GRID, heads or {"expression": 2}, config=SMALL)


def _examples(n: int = 24, frames: int = 3) -> Examples:
    """The class is whether point 2 is high; two windows a subject."""
    points = np.random.default_rng(5).normal(size=(n, frames, 8, 3)).astype(np.float32)
    labels = (np.arange(n) % 3 == 0).astype(int)
    points[:, :, 2, 1] += 4 * labels[:, None]
    return Examples(points, {"expression": one_label_a_window(labels, frames)}, np.arange(n) // 2)


def _answers(net: LandmarkNet, examples: Examples) -> np.ndarray[Any, Any]:
    with torch.inference_mode():
        outputs = net.eval()(torch.from_numpy(examples.points), torch.from_numpy(examples.mask))
    return outputs["expression"].numpy()


def test_a_tiny_set_is_learned_by_heart() -> None:
    examples = _examples()
    config = replace(QUICK, epochs=40, validation_share=0, augmentation=NO_AUGMENTATION)
    result = train(_net(), examples, config)
    assert (_answers(result.net, examples).argmax(-1) == examples.targets["expression"]).all()
    assert result.history[-1]["train_loss"] < 0.1 < result.history[0]["train_loss"]
    assert (result.best_epoch, result.stopped) == (39, "epochs")
    assert not result.net.training


def test_the_same_seed_gives_the_same_digits_and_another_seed_others() -> None:
    def run(seed: int) -> np.ndarray[Any, Any]:
        return _answers(train(_net(), _examples(), replace(QUICK, seed=seed)).net, _examples())

    assert np.array_equal(run(1), run(1))
    assert not np.array_equal(run(1), run(2))


def test_training_leaves_the_random_state_and_threads_of_torch_alone() -> None:
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    net, threads = _net(), torch.get_num_threads()
    torch.manual_seed(3)
    train(net, _examples(), replace(QUICK, epochs=1))
    assert torch.equal(torch.rand(1), expected)
    assert torch.get_num_threads() == threads


class _KillError(Exception):
    pass


def test_a_run_that_was_killed_ends_like_one_that_was_not(tmp_path: Path) -> None:
    def kill(row: Any) -> None:
        if row["epoch"] == 1:
            raise _KillError

    straight = train(_net(), _examples(), QUICK, folder=tmp_path / "straight")
    with pytest.raises(_KillError):
        train(_net(), _examples(), QUICK, folder=tmp_path / "killed", progress=kill)
    resumed: list[float] = []
    result = train(
        _net(),
        _examples(),
        QUICK,
        folder=tmp_path / "killed",
        progress=lambda row: resumed.append(row["epoch"]),
    )
    assert resumed == [2, 3]
    assert np.array_equal(_answers(result.net, _examples()), _answers(straight.net, _examples()))
    for mine, theirs in zip(result.history, straight.history, strict=True):
        assert {**mine, "seconds": 0} == {**theirs, "seconds": 0}
    with (tmp_path / "killed" / "history.csv").open() as stream:
        assert [row["epoch"] for row in csv.DictReader(stream)] == ["0", "1", "2", "3"]


def test_a_finished_run_is_not_trained_again(tmp_path: Path) -> None:
    first = train(_net(), _examples(), QUICK, folder=tmp_path)
    rows: list[Any] = []
    second = train(_net(), _examples(), QUICK, folder=tmp_path, progress=rows.append)
    assert rows == []
    assert np.array_equal(_answers(first.net, _examples()), _answers(second.net, _examples()))


def test_a_folder_of_another_run_is_refused(tmp_path: Path) -> None:
    train(_net(), _examples(), replace(QUICK, epochs=1), folder=tmp_path)
    with pytest.raises(UsageError, match="other settings or data"):
        train(_net(), _examples(), replace(QUICK, epochs=1, seed=9), folder=tmp_path)


def test_early_stopping_keeps_the_best_network() -> None:
    examples = _examples()
    noise = Examples(  # nothing to learn: validation gets worse
        np.random.default_rng(1).normal(size=examples.points.shape).astype(np.float32),
        {"expression": one_label_a_window(np.random.default_rng(2).integers(0, 2, len(examples)), 3)},
        examples.groups,
    )
    result = train(
        _net(), examples, replace(QUICK, epochs=30, patience=2, learning_rate=0.01), validation=noise
    )
    best = min(range(len(result.history)), key=lambda epoch: result.history[epoch]["validation_loss"])
    assert result.stopped == "patience"
    assert result.best_epoch == best == len(result.history) - 3


def test_frozen_parts_stay_until_they_thaw() -> None:
    frozen = replace(QUICK, freeze=("graph", "temporal"), validation_share=0)
    before = _net()
    after = train(_net(), _examples(), frozen).net
    for part, moved in (("graph", False), ("temporal", False), ("heads", True)):
        pairs = zip(before.part(part), after.part(part), strict=True)
        assert any(not torch.equal(one, other) for one, other in pairs) == moved
    thawed = train(_net(), _examples(), replace(frozen, unfreeze_at=2)).net
    assert not torch.equal(before.lift.weight, thawed.lift.weight)
    assert all(parameter.requires_grad for parameter in after.parameters())


def test_a_pretrained_part_can_learn_more_slowly() -> None:
    def moved(rate: float) -> float:
        config = replace(QUICK, validation_share=0, pretrained_rate=rate)
        after = train(_net(), _examples(), config).net
        return float((after.lift.weight - _net().lift.weight).detach().abs().max())

    assert moved(0.01) < 0.05 * moved(1.0)


def test_transfer_copies_the_encoder_and_leaves_the_heads() -> None:
    source, net = _net(1, blendshapes=5, expression=2), _net(2)
    source.standardise_by(torch.randn(20, 8, 3))
    own_head = net.heads["expression"].weight.detach().clone()
    start_from(net, source)
    assert torch.equal(net.lift.weight, source.lift.weight) and torch.equal(net.centre, source.centre)
    assert torch.equal(net.heads["expression"].weight, own_head)
    start_from(net, source, ("heads",))
    assert torch.equal(net.heads["expression"].weight, source.heads["expression"].weight)
    other = LandmarkNet(Graph(9, ()), {"expression": 2}, config=SMALL)
    with pytest.raises(UsageError, match=r"another shape than this one: .*same graph"):
        start_from(other, source)


def test_balanced_class_weights_give_each_class_the_same_total() -> None:
    labels = torch.tensor([[0, 0, 0], [1, -1, 2]])
    weights = class_weights(labels, 4, "balanced")
    assert weights.tolist() == pytest.approx([5 / 9, 5 / 3, 5 / 3, 0.0])
    assert class_weights(labels, 4, "none").tolist() == [1.0] * 4


def test_frames_without_label_or_face_count_for_nothing() -> None:
    examples = _examples(n=8)
    examples.targets["expression"][0, 1] = -1
    losses = Losses(examples, {"expression": 2}, replace(QUICK, class_weights="none"))
    outputs = {"expression": torch.randn(8, 3, 2)}
    targets = {"expression": torch.from_numpy(examples.targets["expression"])}
    mask = torch.ones(8, 3, dtype=torch.bool)
    mask[1] = False
    known = mask & (targets["expression"] >= 0)
    expected = torch.nn.functional.cross_entropy(outputs["expression"][known], targets["expression"][known])
    assert float(losses(outputs, targets, mask)) == pytest.approx(float(expected), rel=1e-6)
    assert int(known.sum()) == 20
    nobody = torch.zeros_like(mask)
    assert float(losses(outputs, targets, nobody)) == 0.0


def test_values_and_shares_are_learned_where_they_are_known() -> None:
    target = np.full((4, 1, 2), 0.5, dtype=np.float32)
    target[0] = np.nan
    points = np.zeros((4, 1, 8, 3), np.float32)
    examples = Examples(points, {"valence": target, "blendshapes": target}, np.arange(4))
    config = replace(QUICK, losses={"valence": "squared", "blendshapes": "binary"})
    losses = Losses(examples, {"valence": 2, "blendshapes": 2}, config)
    output = {"valence": torch.ones(4, 1, 2), "blendshapes": torch.zeros(4, 1, 2)}
    targets = {name: torch.from_numpy(value) for name, value in examples.targets.items()}
    found = losses(output, targets, torch.ones(4, 1, dtype=torch.bool))
    assert float(found) == pytest.approx(0.25 + np.log(2), rel=1e-6)


def test_mirroring_a_face_twice_gives_it_back() -> None:
    points, mask = torch.randn(2, 3, 8, 6), torch.ones(2, 3, dtype=torch.bool)
    targets = {"blendshapes": torch.rand(2, 3, 3)}
    always = replace(NO_AUGMENTATION, mirror=1.0)

    def once(values: torch.Tensor, wanted: dict[str, torch.Tensor]) -> Any:
        generator = torch.Generator().manual_seed(0)
        return augment(
            values,
            mask,
            wanted,
            always,
            generator,
            mirror=GRID.mirror,
            mirror_outputs={"blendshapes": (1, 0, 2)},
        )

    mirrored, _, swapped = once(points, targets)
    assert torch.equal(mirrored[:, :, 0, 0], -points[:, :, 7, 0])
    assert torch.equal(mirrored[:, :, 0, 3], -points[:, :, 7, 3])  # velocities: the second vector
    assert torch.equal(mirrored[:, :, 0, [1, 2, 4, 5]], points[:, :, 7][..., [1, 2, 4, 5]])
    assert torch.equal(swapped["blendshapes"], targets["blendshapes"][..., [1, 0, 2]])
    again, _, back = once(mirrored, swapped)
    assert torch.equal(again, points) and torch.equal(back["blendshapes"], targets["blendshapes"])


@pytest.mark.parametrize("dimensions", [2, 3])
def test_turning_keeps_distances(dimensions: int) -> None:
    points, mask = torch.randn(4, 2, 8, dimensions), torch.ones(4, 2, dtype=torch.bool)
    settings = replace(NO_AUGMENTATION, rotate=20.0, turn=20.0 if dimensions == 3 else 0.0)
    turned, _, _ = augment(
        points, mask, {}, settings, torch.Generator().manual_seed(1), dimensions=dimensions
    )
    assert not torch.allclose(turned, points, atol=0.01)
    assert torch.allclose(torch.cdist(turned, turned), torch.cdist(points, points), atol=1e-3)


def test_jitter_and_dropped_points_have_the_stated_size() -> None:
    points, mask = torch.zeros(64, 1, 8, 3), torch.ones(64, 1, dtype=torch.bool)
    jittered, _, _ = augment(
        points, mask, {}, replace(NO_AUGMENTATION, jitter=0.1), torch.Generator().manual_seed(1)
    )
    assert float(jittered.std()) == pytest.approx(0.1, rel=0.1)
    dropped, _, _ = augment(
        points + 5, mask, {}, replace(NO_AUGMENTATION, drop=0.3), torch.Generator().manual_seed(1)
    )
    assert float((dropped == 0).float().mean()) == pytest.approx(0.3, abs=0.06)
    assert ((dropped == 0).all(-1) == (dropped == 0).any(-1)).all()


def test_speed_moves_labels_along_and_masks_what_was_not_filmed() -> None:
    frames = torch.arange(9.0)
    points = frames[None, :, None, None].expand(32, 9, 8, 3).clone()
    labels = {"expression": frames.long()[None].expand(32, 9).clone()}
    played, mask, targets = augment(
        points,
        torch.ones(32, 9, dtype=torch.bool),
        labels,
        replace(NO_AUGMENTATION, speed=0.5),
        torch.Generator().manual_seed(2),
    )
    assert torch.equal(played[:, :, 0, 0].long(), targets["expression"])
    assert (played[:, 4, 0, 0] == 4).all()
    slow = (targets["expression"][:, 0] > 0) & (targets["expression"][:, -1] < 8)
    assert slow.any() and mask[slow].all()  # played slower: all of it was filmed
    assert (~mask).any() and set(targets["expression"][~mask].tolist()) <= {0, 8}  # faster: beyond either end
    assert torch.equal(points[0, :, 0, 0], frames)


def test_windows_of_a_sequence() -> None:
    sequence = np.arange(20, dtype=np.float32)[:, None, None] * np.ones((1, 8, 3), np.float32)
    windows = cut(sequence, {"expression": np.arange(20)}, "a", window=8, stride=4)
    assert windows.targets["expression"][:, 0].tolist() == [0, 4, 8, 12]
    assert windows.mask.all() and set(windows.groups) == {"a"}
    short = cut(sequence[:5], {"expression": np.arange(5)}, "b", window=8, stride=4)
    assert short.mask.tolist() == [[True] * 5 + [False] * 3]
    both = joined([windows, short])
    assert len(both) == 5 and both.groups.tolist() == ["a"] * 4 + ["b"]


def test_a_split_never_shares_a_subject() -> None:
    one, other = _examples().split(0.3, seed=1)
    assert not set(one.groups) & set(other.groups)
    assert len(one) + len(other) == 24 and len(np.unique(other.groups)) == 4
    with pytest.raises(UsageError, match="two subjects or more"):
        _examples().subset([0, 1]).split(0.5, 0)


def test_examples_that_do_not_fit_are_named() -> None:
    points = np.zeros((4, 2, 8, 3), np.float32)
    with pytest.raises(UsageError, match=r"found \{'expression': \(4, 3\)\}"):
        Examples(points, {"expression": np.zeros((4, 3), int)}, np.arange(4))
    with pytest.raises(UsageError, match=r"shape \(windows, frames, points, channels\)"):
        Examples(points[0], {}, np.arange(2))
    examples = Examples(points, {"expression": np.full((4, 2), 2)}, np.arange(4))
    with pytest.raises(UsageError, match="2 classes, numbered 0 to 1"):
        train(_net(), examples, replace(QUICK, validation_share=0))
    with pytest.raises(UsageError, match="names the head 'smile', but the network has"):
        train(_net(), examples, replace(QUICK, losses={"smile": "classes"}, validation_share=0))


def test_settings_survive_a_file_and_say_what_is_wrong() -> None:
    config = replace(QUICK, freeze=("graph",), augmentation=Augmentation(jitter=0.01))
    assert TrainConfig.from_dict(config.to_dict()) == config
    for bad, message in (
        ({"epoch": 3}, r"\[training\] has no setting 'epoch'. Did you mean 'epochs'"),
        ({"augmentation": {"rotation": 3}}, r"\[training.augmentation\] has no setting 'rotation'"),
        ({"class_weights": "equal"}, "class_weights cannot be 'equal'"),
        ({"epochs": 0}, "found .'epochs'"),
        ({"augmentation": {"drop": 1.0}}, "drop and speed are below 1"),
    ):
        with pytest.raises(UsageError, match=message):
            TrainConfig.from_dict(bad)
