"""Walks through recorded scores with a policy: what it would have chosen, piece after piece.

The recorded child did not hear these pieces, so this shows the policy at work and is no evidence of an
effect; the log says so, and is neither learned from nor used to judge a policy.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from emostats.errors import UsageError
from emostats.music.scores import Scores
from emostats.music.session import Session, Setup, Sink
from emostats.music.tracks import Library

PIECE_SECONDS = 60.0
"""A piece plays so long before the next choice; shorter ones are looped."""
LOOK_SECONDS = 10.0
"""The first choice comes after so many seconds of looking."""


def check_length(piece_seconds: float) -> None:
    """Raises UsageError where a piece would have no length."""
    if not 1.0 <= piece_seconds < float("inf"):
        raise UsageError(
            f"A piece plays for at least 1 second before the next choice; found {piece_seconds!r}."
        )


def walk(
    scores: Scores,
    library: Library,
    setup: Setup,
    sink: Sink | None = None,
    *,
    piece_seconds: float = PIECE_SECONDS,
    vetoes: Mapping[float, str] = MappingProxyType({}),
) -> Session:
    """A session over recorded scores; it is stopped at the last frame.

    Parameters
    ----------
    vetoes: seconds at which a therapist rejects what is playing, and why.

    Raises
    ------
    UsageError: `piece_seconds` is below 1 or no number.
    """
    check_length(piece_seconds)
    session = Session(library, replace(setup, heard=False), sink)
    due = min(LOOK_SECONDS, float(scores.time[-1]))
    waiting = sorted(vetoes.items())
    for time, values in zip(scores.time, scores.values, strict=True):
        while due <= time:
            session.choose(max(due, session.state.time))
            due += piece_seconds
        while waiting and waiting[0][0] <= time:
            session.veto(max(waiting[0][0], session.state.time), why=waiting.pop(0)[1])
            due = session.state.time + piece_seconds
        session.observe(float(time), [float(value) for value in values])
    session.stop(float(scores.time[-1]), why="end of the recording")
    return session


def state_after(scores: Scores, library: Library, setup: Setup) -> Session:
    """A session that has seen all scores and chosen nothing yet."""
    session = Session(library, setup)
    for time, values in zip(scores.time, scores.values, strict=True):
        session.observe(float(time), [float(value) for value in values])
    return session
