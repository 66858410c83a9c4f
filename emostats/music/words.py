"""A choice in words, for the therapist and for the log."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from emostats.music.iso import distance
from emostats.music.policy import Choice, PolicySettings
from emostats.music.safety import RULES
from emostats.music.state import State
from emostats.music.tracks import Library

Array = NDArray[np.float64]

Z95 = 1.96
VAGUE = 0.45
"""Standard deviation of the state (both axes together) above which it is not put into words: of the 0.64 that
stand for knowing nothing, nearly two minutes without a face bring it there."""


CHOOSING = {
    "thompson": "by what earlier pieces taught, and by chance: the likelier a piece is the best one, the "
    "likelier it is chosen (Thompson sampling)",
    "linucb": "the piece that may help most, by what earlier pieces taught (LinUCB); others now and then",
    "iso": "the nearest to the next step towards the target (iso principle); nothing is learned",
    "random": "any that the rules allow, by chance",
    "popularity": "the most played of those that the rules allow",
}
"""How each policy chooses, for a reader."""


def feeling(point: Array) -> str:
    """A point in words, e.g. ``"unpleasant and excited"``; near the middle ``"neutral"``."""
    pleasant = _word(float(point[0]), "unpleasant", "pleasant")
    excited = _word(float(point[1]), "calm", "excited")
    return " and ".join(word for word in (pleasant, excited) if word) or "neutral"


def reading(state: State) -> str:
    """What the scores say of the face, and how surely: an estimate described, not a child judged."""
    if state.n_frames == 0:
        return "No frame has been scored yet, so the state is unknown."
    valence, arousal = (
        f"{_number(state.mean[axis])} ± {_number(Z95 * float(state.sd[axis]))}" for axis in (0, 1)
    )
    where = f"valence {valence}, arousal {arousal}; 95 % bounds"
    if float(np.hypot(*state.sd[:2])) > VAGUE:
        return f"Little is known of the state now ({where})."
    return f"The face reads as {feeling(state.mean)} ({where})."


def reason(choice: Choice, library: Library, state: State, target: Array, settings: PolicySettings) -> str:
    """Why this piece: state, step, choice, and what the rules barred."""
    if choice.row < 0:
        return f"Pause: no track passes the safety rules now ({_barred(choice)})."
    row = choice.row
    where = reading(state)
    leads = distance(state.mean, choice.waypoint) > 1e-9
    gap = distance(state.mean, target)
    step = (
        f" The next step goes {distance(state.mean, choice.waypoint):.2f} of the {gap:.2f} to the target."
        if leads
        else " The music matches, and does not lead yet."
    )
    affect = library.affect[row]
    track = (
        f" '{library.title[row]}' is listed as {feeling(affect)} "
        f"(valence {_number(affect[0])}, arousal {_number(affect[1])})"
    )
    among = f"among {len(choice.candidates)} candidates"
    how = {
        "thompson": f"chosen {among} with probability {choice.propensity:.2f}",
        "linucb": f"chosen {among} by its optimistic score, with probability {choice.propensity:.2f}",
        "iso": "the nearest to the step",
        "random": f"drawn from the {choice.n_allowed} allowed tracks",
        "popularity": "the most played of the allowed tracks",
    }[settings.method]
    expected = float(choice.progress[np.flatnonzero(choice.candidates == row)[0]])
    barred = _barred(choice)
    tail = f" Barred: {barred}." if barred else ""
    return f"{where}{step}{track}: {how}; expected progress {_number(expected)}.{tail}"


def _barred(choice: Choice) -> str:
    counts = [f"{n} {RULES[rule]}" for rule, n in choice.barred.items() if n]
    return "; ".join(counts)


def _word(value: float, low: str, high: str) -> str:
    if abs(value) < 0.15:
        return ""
    return ("slightly " if abs(value) < 0.35 else "") + (high if value > 0 else low)


def _number(value: float) -> str:
    return f"{float(value):.2f}".replace("-", "−")
