"""Folds by subject: nobody is on both sides of a split."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from emostats.errors import UsageError
from emostats.inference.datasets.clip import SPLIT, TRAINING, UNKNOWN_SUBJECT, Clip
from emostats.inference.errors import need


class LeakageError(UsageError):
    """A split has the same subject, or the same video, on both sides."""


@dataclass(frozen=True)
class Fold:
    """Positions of clips to train on and to test on. number: of the fold, from 0."""

    number: int
    train: tuple[int, ...]
    test: tuple[int, ...]


def subject_folds(clips: Sequence[Clip], n_folds: int = 5, *, seed: int = 0) -> tuple[Fold, ...]:
    """Folds of whole subjects with label shares as alike as possible (scikit-learn's StratifiedGroupKFold).

    Raises
    ------
    UsageError: fewer subjects than folds, or clips whose subject is unknown.
    """
    _known_subjects(clips)
    subjects = [clip.subject for clip in clips]
    if not 2 <= n_folds <= len(set(subjects)):
        raise UsageError(
            f"{len(set(subjects))} subjects cannot be split into {n_folds} folds; choose 2 to "
            f"{len(set(subjects))}."
        )
    splitter = need("sklearn.model_selection").StratifiedGroupKFold(n_folds, shuffle=True, random_state=seed)
    labels = [clip.label for clip in clips]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a label rarer than the folds: the folds say so themselves
        parts = list(splitter.split(np.zeros(len(clips)), labels, subjects))
    return _checked(clips, [(train.tolist(), test.tolist()) for train, test in parts])


def published_folds(clips: Sequence[Clip]) -> tuple[Fold, ...]:
    """Each fold of the corpus once as test set, all others as training.

    Where the corpus has one published split (`Clip.meta` names its parts), its training part is only trained
    on, and nothing else is.

    Raises
    ------
    UsageError: clips without a fold, or one fold only. LeakageError: a subject in two folds.
    """
    without = [clip for clip in clips if clip.fold is None]
    numbers = sorted({clip.fold for clip in clips if clip.fold is not None})
    if without or len(numbers) < 2:
        raise UsageError(
            f"The clips have no published folds ({len(without)} of {len(clips)} name none); use folds by "
            "subject."
        )
    only_trained = {clip.fold for clip in clips if clip.meta.get(SPLIT) == TRAINING}
    parts = []
    for number in (number for number in numbers if number not in only_trained):
        test = [index for index, clip in enumerate(clips) if clip.fold == number]
        others = only_trained or {other for other in numbers if other != number}
        parts.append(([index for index, clip in enumerate(clips) if clip.fold in others], test))
    return _checked(clips, parts)


def hold_out(
    clips: Sequence[Clip], rows: Sequence[int], share: float, *, seed: int = 0
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """`rows` in two: to train on, and about `share` of their subjects to stop early by.

    Raises
    ------
    UsageError: `share` is not between 0 and 1, or there are fewer than two subjects.
    """
    subjects = sorted({clips[row].subject for row in rows})
    if not 0 < share < 1 or len(subjects) < 2:
        raise UsageError(
            f"To hold out a share of subjects, give 0 < share < 1 and two subjects; found {share} and "
            f"{len(subjects)}."
        )
    n_out = min(max(1, round(share * len(subjects))), len(subjects) - 1)
    out = set(np.random.default_rng(seed).permutation(subjects)[:n_out].tolist())
    return (
        tuple(row for row in rows if clips[row].subject not in out),
        tuple(row for row in rows if clips[row].subject in out),
    )


def check_folds(clips: Sequence[Clip], folds: Sequence[Fold]) -> None:
    """Refuses folds that would flatter.

    Raises
    ------
    LeakageError: a subject or a video is on both sides of a fold; a clip is tested twice or never trained
        or tested with; the message names the first few.
    """
    for fold in folds:
        for what, key in (("subject", _subject), ("video", _video)):
            both = sorted({key(clips[i]) for i in fold.train} & {key(clips[i]) for i in fold.test})
            if both:
                names = ", ".join(f"'{name}'" for name in both[:3])
                raise LeakageError(
                    f"Fold {fold.number + 1} trains and tests on the same {what} ({len(both)}: {names}"
                    f"{' …' if len(both) > 3 else ''}). Figures from such a split are too good."
                )
        if not fold.train or not fold.test:
            raise UsageError(f"Fold {fold.number + 1} has nothing to {'train' if fold.test else 'test'} on.")
    twice = [index for index, n in Counter(i for fold in folds for i in fold.test).items() if n > 1]
    if twice:
        raise LeakageError(f"{len(twice)} clip(s) are tested in two folds, e.g. '{clips[twice[0]].path}'.")


def _subject(clip: Clip) -> str:
    return clip.subject


def _video(clip: Clip) -> str:
    return str(clip.path.resolve())


def _checked(clips: Sequence[Clip], parts: Sequence[tuple[list[int], list[int]]]) -> tuple[Fold, ...]:
    folds = tuple(Fold(number, tuple(train), tuple(test)) for number, (train, test) in enumerate(parts))
    check_folds(clips, folds)
    return folds


def _known_subjects(clips: Sequence[Clip]) -> None:
    unknown = sum(UNKNOWN_SUBJECT in clip.meta for clip in clips)
    if unknown:
        raise UsageError(
            f"{unknown} of {len(clips)} clips do not say who is in them, so folds by subject are impossible. "
            "Add subjects.csv (clip, subject), or use the published split."
        )
