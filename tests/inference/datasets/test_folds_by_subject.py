"""Nobody is on both sides of a split."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emostats.errors import UsageError
from emostats.inference.datasets import (
    Clip,
    Fold,
    LeakageError,
    check_folds,
    hold_out,
    published_folds,
    subject_folds,
)


def clips_of(subjects, labels=("happy", "sad"), folds=None):
    return [
        Clip(Path(f"{i}.mp4"), who, labels[i % len(labels)], None if folds is None else folds[i])
        for i, who in enumerate(subjects)
    ]


@given(st.lists(st.sampled_from("abcdefgh"), min_size=8, max_size=60), st.integers(0, 99))
@settings(max_examples=30)
def test_folds_share_no_subject_and_cover_all(subjects, seed):
    clips = clips_of([*subjects, "x", "y", "z"])
    folds = subject_folds(clips, 3, seed=seed)
    assert sorted(i for fold in folds for i in fold.test) == list(range(len(clips)))
    for fold in folds:
        assert not {clips[i].subject for i in fold.train} & {clips[i].subject for i in fold.test}
        assert sorted((*fold.train, *fold.test)) == list(range(len(clips)))
        train, stop = hold_out(clips, fold.train, 0.25, seed=seed)
        assert not {clips[i].subject for i in train} & {clips[i].subject for i in stop}
        assert train and stop and sorted((*train, *stop)) == sorted(fold.train)


def test_folds_have_alike_shares_of_labels():
    clips = [Clip(Path(f"{i}.mp4"), f"s{i // 4}", "happy" if i // 4 % 2 else "sad") for i in range(80)]
    for fold in subject_folds(clips, 5):
        labels = [clips[i].label for i in fold.test]
        assert labels.count("happy") == labels.count("sad") == 8


def test_seeds():
    clips = clips_of("aabbccddeeffgghh")
    first, again, other = (subject_folds(clips, 4, seed=seed) for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_published_folds():
    clips = clips_of("abcd", folds=[0, 1, 1, 2])
    folds = published_folds(clips)
    assert [fold.test for fold in folds] == [(0,), (1, 2), (3,)]
    with pytest.raises(LeakageError, match="'a'"):
        published_folds(clips_of("aba", folds=[0, 0, 1]))
    with pytest.raises(UsageError, match="no published folds"):
        published_folds(clips_of("ab"))


def test_a_leaky_split_is_refused():
    clips = clips_of("aabb")
    with pytest.raises(LeakageError, match="same subject"):
        check_folds(clips, [Fold(0, (0, 2), (1, 3))])
    same_video = [Clip(Path("one.mp4"), who, "happy") for who in "ab"]
    with pytest.raises(LeakageError, match="same video"):
        check_folds(same_video, [Fold(0, (0,), (1,))])
    with pytest.raises(LeakageError, match="two folds"):
        check_folds(clips, [Fold(0, (0, 1), (2, 3)), Fold(1, (0, 1), (2,))])
    with pytest.raises(UsageError, match="nothing to test"):
        check_folds(clips, [Fold(0, (0, 1), ())])


def test_too_few_subjects():
    with pytest.raises(UsageError, match="2 subjects cannot be split into 3"):
        subject_folds(clips_of("aabb"), 3)
    with pytest.raises(UsageError, match="hold out"):
        hold_out(clips_of("aa"), (0, 1), 0.2)
