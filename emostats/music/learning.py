"""What one piece teaches: from the states before and after it to evidence about the child."""

from __future__ import annotations

import numpy as np

from emostats.music.belief import Evidence
from emostats.music.response import engaged, features
from emostats.music.safety import History
from emostats.music.state import State
from emostats.music.tracks import Library


def learn(
    evidence: Evidence,
    library: Library,
    history: History,
    row: int,
    before: State,
    after: State,
    noise: tuple[float, float, float],
) -> Evidence:
    """A child's evidence with one more piece, from the states before and after it. `history` is from before
    the piece; `noise` is that of the prior."""
    one = np.array([row])
    psi = features(library.affect[one], library.traits[one], history.plays[one], before.mean)
    psi = engaged(psi, after.mean[2:])[:, 0]
    moved = np.array([*(after.mean - before.mean)[:2], after.mean[2]])
    measured = after.variance + np.array([1.0, 1.0, 0.0]) * before.variance
    return evidence.with_piece(psi, moved, np.square(noise) + measured)
