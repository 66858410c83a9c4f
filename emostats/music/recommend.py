"""The tracks that come next after recorded scores, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from emostats.errors import UsageError, did_you_mean
from emostats.music.policy import Choice
from emostats.music.scores import Scores
from emostats.music.session import Session, Setup
from emostats.music.state import State
from emostats.music.tracks import Library
from emostats.music.walk import state_after


@dataclass(frozen=True)
class Recommendation:
    """What a policy would choose now.

    state: after the last frame. tracks: the likeliest candidates, likeliest first, a mapping each: track,
    title, probability, expected_progress, valence, arousal, level (dB). reason: of the choice, in words.
    """

    state: State
    tracks: tuple[dict[str, Any], ...]
    reason: str


def recommend(
    scores: Scores, library: Library, setup: Setup, *, last: str | None = None, count: int = 5
) -> Recommendation:
    """The next tracks after the last frame of the scores.

    Parameters
    ----------
    last: the track that was heard last, so that nothing abrupt follows. count: how many to list.

    Raises
    ------
    UsageError: the library has no track `last`.
    """
    now = state_after(scores, library, setup)
    end = float(scores.time[-1])
    if last is not None:
        if last not in library.index:
            raise UsageError(f"The library has no track '{last}'. {did_you_mean(last, library.track)}")
        row = library.index[last]
        now.history.note(row, float(now.fixed.levels[row]), end)
    choice = now.choose(end)
    return Recommendation(now.state, tuple(_likeliest(choice, now, count)), now.reason(choice))


def _likeliest(choice: Choice, now: Session, count: int) -> list[dict[str, Any]]:
    tracks = now.library
    return [
        {
            "track": tracks.track[row],
            "title": tracks.title[row],
            "probability": float(choice.probabilities[place]),
            "expected_progress": float(choice.progress[place]),
            "valence": float(tracks.valence[row]),
            "arousal": float(tracks.arousal[row]),
            "level": float(now.fixed.levels[row]),
        }
        for place in np.argsort(-choice.probabilities, kind="stable")[:count]
        for row in [choice.candidates[place]]
    ]
