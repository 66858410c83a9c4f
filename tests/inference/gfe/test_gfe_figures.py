"""Figures of a film: against scikit-learn, and the limits by episode."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score, roc_auc_score

from emostats.inference.sequences.figures import f1_difference, figures, mean_figures


def example(seed: int, n_episodes: int = 20) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Labels, scores and episodes of 30 frames each; scores share an error within an episode."""
    rng = np.random.default_rng(seed)
    labels = np.tile(np.r_[np.zeros(15), np.ones(10), np.zeros(5)], n_episodes).astype(np.int64)
    episodes = np.repeat(np.arange(n_episodes), 30)
    scores = 2.0 * labels - 1 + rng.normal(0, 1, n_episodes)[episodes] + rng.normal(0, 0.3, len(labels))
    return labels, scores, episodes


def test_estimates_are_those_of_scikit_learn() -> None:
    labels, scores, episodes = example(0)
    found = figures(labels, scores, episodes)
    assert found.f1[0] == pytest.approx(f1_score(labels, scores > 0))
    assert found.accuracy[0] == pytest.approx(accuracy_score(labels, scores > 0))
    assert found.auc[0] == pytest.approx(roc_auc_score(labels, scores))
    assert (found.n_frames, found.n_episodes) == (600, 20)
    for estimate, low, high in (found.f1, found.accuracy, found.auc):
        assert low < estimate < high


def test_limits_by_episode_are_wider_than_limits_by_frame() -> None:
    labels, scores, episodes = example(1)
    by_episode = figures(labels, scores, episodes)
    by_frame = figures(labels, scores, np.arange(len(labels)))
    for name in ("f1", "accuracy"):
        wide, narrow = getattr(by_episode, name), getattr(by_frame, name)
        assert wide[2] - wide[1] > 1.5 * (narrow[2] - narrow[1])


def test_frames_without_a_label_are_left_out_and_without_a_face_count_as_absent() -> None:
    labels, scores, episodes = example(2)
    unlabelled = labels.copy()
    unlabelled[:100] = -1
    part = figures(unlabelled, scores, episodes)
    assert part.f1[0] == pytest.approx(f1_score(labels[100:], scores[100:] > 0))
    blind = scores.copy()
    blind[labels == 1] = np.nan
    missed = figures(labels, blind, episodes)
    assert missed.f1[0] == 0
    assert missed.auc[0] == 0


def test_means_over_films_are_narrower_and_differences_paired() -> None:
    films = [figures(*example(seed), seed=seed) for seed in range(4)]
    mean = mean_figures(films)
    for name in ("f1", "auc", "accuracy"):
        assert getattr(mean, name)[0] == pytest.approx(np.mean([getattr(f, name)[0] for f in films]))
        widths = [getattr(f, name)[2] - getattr(f, name)[1] for f in films]
        assert getattr(mean, name)[2] - getattr(mean, name)[1] < 0.75 * np.mean(widths)
    assert mean.n_frames == 2400
    assert f1_difference(films, films) == (0, 0, 0)
    better = [
        figures(y, s + 0.5 * (2 * y - 1), e, seed=seed) for seed in range(4) for y, s, e in [example(seed)]
    ]
    gap, low, high = f1_difference(better, films)
    assert gap == pytest.approx(mean_figures(better).f1[0] - mean.f1[0])
    assert 0 < low < gap < high
    own = mean.f1[2] - mean.f1[1]
    assert high - low < own  # the same episodes are drawn for both


def test_the_dictionary_is_plain() -> None:
    import json

    found = json.loads(json.dumps(figures(*example(3)).to_dict()))
    assert set(found) == {"f1", "auc", "accuracy", "n_frames", "n_episodes", "positive_share"}
    assert set(found["f1"]) == {"estimate", "conf_low", "conf_high"}
