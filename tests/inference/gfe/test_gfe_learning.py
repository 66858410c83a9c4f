"""Training windows, scores and the recipe: what reaches the network, and that it learns across persons."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score

from emostats.errors import UsageError
from emostats.inference.sequences import EYES, Recording, motion_channels
from emostats.inference.sequences.examples import Variation, training_windows
from emostats.inference.sequences.recipe import NETWORK, TRAINING, Channelled, Transfer, learn
from emostats.inference.sequences.scores import frame_scores, smooth
from emostats.inference.training import UNLABELLED

Make = Callable[..., Recording]
SHORT = replace(TRAINING, epochs=3, learning_rate=3e-3)


def numbered(n: int, times: list[float] | None = None) -> tuple[Recording, np.ndarray]:
    """A film whose channels are the numbers of its frames."""
    at = np.array(times) if times is not None else np.arange(n) / 16
    labels = (np.arange(n) % 2).astype(np.int64)
    channels = np.tile(np.arange(n, dtype=np.float32)[:, None, None], (1, 100, 8))
    return Recording("p", "x", at, np.zeros((n, 100, 3)), labels), channels


# --------------------------------------------------------------------------------------------- windows


def test_windows_keep_labels_with_frames_and_never_cross_a_gap() -> None:
    film, channels = numbered(100, [*np.arange(50) / 16, *(20 + np.arange(50) / 16)])
    examples = training_windows([film], [channels], ["x", "y"], copies=3, window=16, seed=1)
    frame = examples.points[:, :, 0, 0]
    shown = examples.mask
    np.testing.assert_array_equal(examples.targets["x"][shown], frame[shown] % 2)
    assert (examples.targets["y"] == UNLABELLED).all()
    assert all(len(set(row[on] // 50)) == 1 for row, on in zip(frame, shown, strict=True))
    assert all((np.diff(row[on]) == 1).all() for row, on in zip(frame, shown, strict=True))
    assert {int(row[0]) for row in frame if row[0] < 16} > {0}


def test_a_stretch_shorter_than_a_window_is_filled_with_frames_that_do_not_count() -> None:
    film, channels = numbered(10)
    examples = training_windows([film], [channels], ["x"], copies=1, window=32)
    assert examples.mask.sum() == 10
    assert examples.points.shape == (1, 32, 100, 8)


def test_variation_is_one_draw_a_window() -> None:
    film, channels = numbered(64)
    plain = training_windows([film], [np.ones_like(channels)], ["x"], copies=2, seed=3)
    varied = training_windows(
        [film], [np.ones_like(channels)], ["x"], copies=2, seed=3, variation=Variation(0.5, 0.1, 0.05)
    )
    assert (plain.points == 1).all()
    assert (varied.points == varied.points[:, :1]).all()
    assert varied.points[:, 0].std(axis=0).min() > 0
    assert np.log(varied.points.mean(axis=2)).std() == pytest.approx(0.5, rel=0.5)
    again = training_windows(
        [film], [np.ones_like(channels)], ["x"], copies=2, seed=3, variation=Variation(0.5, 0.1, 0.05)
    )
    np.testing.assert_array_equal(varied.points, again.points)


@pytest.mark.parametrize(("heads", "copies"), [(["y"], 1), (["x"], 0)])
def test_windows_need_a_head_for_each_film(heads: list[str], copies: int) -> None:
    film, channels = numbered(40)
    with pytest.raises(UsageError, match="Expected at least one recording"):
        training_windows([film], [channels], heads, copies=copies)
    with pytest.raises(UsageError, match="found recordings of nothing"):
        training_windows([], [], ["x"])


# ---------------------------------------------------------------------------------------------- scores


def test_smoothing_is_a_centred_mean_and_leaves_gaps() -> None:
    values = np.array([0.0, 3.0, 6.0, np.nan, 12.0])
    np.testing.assert_allclose(smooth(values, 3), [1.5, 3.0, 4.5, np.nan, 12.0])
    np.testing.assert_array_equal(smooth(values, 1), values)


# ---------------------------------------------------------------------------------------------- recipe


def test_a_network_finds_the_expression_in_another_person(film: Make) -> None:
    seen = Channelled()
    train = [film("p", "brow_raise", seed=1), film("p", "mouth_up", seed=2)]
    test = film("q", "brow_raise", seed=3, size=45)
    net = learn(train, seen, training=SHORT, copies=4)
    scores = frame_scores([net], test, seen(test), "brow_raise")
    assert roc_auc_score(test.labels, scores) > 0.95
    assert sorted(net.sizes) == ["brow_raise", "mouth_up"]
    assert net.config == NETWORK


def test_the_same_seed_gives_the_same_network_and_transfer_freezes(film: Make) -> None:
    seen = Channelled()
    one, two = [film("p", "brow_raise", n_episodes=3)], [film("p", "mouth_up", n_episodes=3)]
    fast = replace(TRAINING, epochs=2)
    first, again, other = (learn(one, seen, seed=s, training=fast, copies=1) for s in (0, 0, 1))
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), again.parameters(), strict=True))
    assert not torch.equal(next(first.parameters()), next(other.parameters()))
    frozen, tuned = (
        learn(two, seen, training=fast, copies=1, transfer=Transfer(first, frozen))
        for frozen in (True, False)
    )
    for part in ("graph", "temporal"):
        pairs = list(zip(first.part(part), frozen.part(part), tuned.part(part), strict=True))
        assert all(torch.equal(a, b) for a, b, _ in pairs)
        assert any(not torch.equal(a, c) for a, _, c in pairs)


def test_scores_do_not_cross_gaps_and_average_networks(film: Make) -> None:
    seen = Channelled()
    one = film("p", "brow_raise", n_episodes=4)
    gap = replace(one, times=one.times + np.where(np.arange(80) >= 40, 30.0, 0.0))
    fast = replace(TRAINING, epochs=1)
    nets = [learn([one], seen, seed=s, training=fast, copies=1) for s in (0, 1)]
    channels = motion_channels(gap, EYES)
    both = frame_scores(nets, gap, channels, "brow_raise")
    alone = [frame_scores([net], gap, channels, "brow_raise") for net in nets]
    np.testing.assert_allclose(both, np.mean(alone, axis=0), atol=1e-5)
    changed = channels.copy()
    changed[40:] = 0.5
    np.testing.assert_array_equal(frame_scores(nets, gap, changed, "brow_raise")[:40], both[:40])
