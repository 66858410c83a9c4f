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


def feeling(point: Array) -> str:
    """A point of the circumplex in words, e.g. ``"unpleasant, excited (valence −0.42, arousal 0.55)"``."""
    pleasant = _word(float(point[0]), "unpleasant", "pleasant")
    excited = _word(float(point[1]), "calm", "excited")
    named = ", ".join(word for word in (pleasant, excited) if word) or "neutral"
    return f"{named} (valence {_number(point[0])}, arousal {_number(point[1])})"


def reason(choice: Choice, library: Library, state: State, target: Array, settings: PolicySettings) -> str:
    """Why this piece: state, step, choice, and what the rules barred."""
    if choice.row < 0:
        return f"Pause: no track passes the safety rules now ({_barred(choice)})."
    row = choice.row
    where = f"The child seems {feeling(state.mean)}, known to ±{_number(float(np.hypot(*state.sd[:2])))}."
    leads = distance(state.mean, choice.waypoint) > 1e-9
    gap = distance(state.mean, target)
    step = (
        f" {distance(state.mean, choice.waypoint):.2f} of the {gap:.2f} to the target are the next step."
        if leads
        else " First the music meets the child where it is."
    )
    track = f" '{library.title[row]}' is {feeling(library.affect[row])}"
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
