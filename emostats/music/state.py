"""Valence, arousal and engagement over time from scores of single frames: a Kalman filter with a half-life.

Each of the three follows an Ornstein–Uhlenbeck process about its centre: what is known of a deviation halves
in `half_life` seconds. The filter (Kalman 1960, J Basic Eng 82:35) is exact for irregular times, for
    dt seconds and F = 2^(−dt / half_life):

    predict   m ← c + F (m − c)       P ← F² P + (1 − F²) S²
    update    K = P / (P + R)         m ← m + K (y − m)        P ← (1 − K) P

A frame without a score (NaN) only predicts. In a gap the variance grows towards S², the spread of all states:
after minutes without a face the filter knows nothing and says so. Frames of a video are not independent: one
counts in proportion to its distance from the last score of its axis, dt / `independent_seconds`, so that 30
frames a second tell no more than ten.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from emostats.errors import UsageError

Array = NDArray[np.float64]

AXES = ("valence", "arousal", "engagement")


@dataclass(frozen=True)
class FilterSettings:
    """What the filter assumes. `centre`, `spread` (S) and `frame_error` are in units of the scores.

    half_life: seconds. independent_seconds: two scores this far apart err independently.
    """

    half_life: float = 240.0
    centre: tuple[float, float, float] = (0.0, 0.0, 0.6)
    spread: tuple[float, float, float] = (0.45, 0.45, 0.25)
    frame_error: tuple[float, float, float] = (0.25, 0.25, 0.15)
    independent_seconds: float = 4.0

    def __post_init__(self) -> None:
        positive = (self.half_life, self.independent_seconds, *self.spread, *self.frame_error)
        if not all(np.isfinite(value) and value > 0 for value in positive):
            raise UsageError("Half-life, spread, frame error and independent seconds must be above 0.")


@dataclass(frozen=True)
class State:
    """What is known at `time` (seconds).

    Attributes
    ----------
    mean, variance: shape (…, 3), in the order of `AXES`. n_frames: frames with a usable score so far, shape
    (…). seen: time of the last usable score of each axis, −inf before the first; shape (…, 3).
    """

    time: float
    mean: Array
    variance: Array
    n_frames: NDArray[np.intp]
    seen: Array

    @property
    def sd(self) -> Array:
        """Standard deviations, shape (…, 3)."""
        return np.sqrt(self.variance)


def unknown(settings: FilterSettings, time: float = 0.0, shape: tuple[int, ...] = ()) -> State:
    """The state before anything was seen: centre and spread."""
    mean = np.broadcast_to(np.array(settings.centre), (*shape, 3)).copy()
    variance = np.broadcast_to(np.array(settings.spread) ** 2, (*shape, 3)).copy()
    return State(time, mean, variance, np.zeros(shape, dtype=np.intp), np.full((*shape, 3), -np.inf))


def predict(state: State, time: float, settings: FilterSettings) -> State:
    """What is known at a later `time` without new scores.

    Raises
    ------
    UsageError: `time` is before the state's.
    """
    seconds = time - state.time
    if not seconds >= 0.0:
        raise UsageError(
            f"The clock went backwards: {time:g} s comes after {state.time:g} s. Sort the scores by time, "
            "one session at a time."
        )
    centre, spread = np.array(settings.centre), np.array(settings.spread)
    fade = 2.0 ** (-seconds / settings.half_life)
    mean = centre + fade * (state.mean - centre)
    variance = fade**2 * state.variance + (1.0 - fade**2) * spread**2
    return replace(state, time=time, mean=mean, variance=variance)


def observe(state: State, time: float, scores: ArrayLike, settings: FilterSettings) -> State:
    """What is known after the scores of one frame, shape (…, 3); NaN where there is none.

    Infinite scores count as none. Raises UsageError as `predict`.
    """
    values = np.asarray(scores, dtype=np.float64)
    ahead = predict(state, time, settings)
    usable = np.isfinite(values)
    with np.errstate(invalid="ignore"):
        apart = np.clip((time - state.seen) / settings.independent_seconds, 1e-9, 1.0)
    noise = np.array(settings.frame_error) ** 2 / apart
    gain = np.where(usable, ahead.variance / (ahead.variance + noise), 0.0)
    mean = ahead.mean + gain * (np.where(usable, values, 0.0) - ahead.mean)
    return State(
        time=time,
        mean=mean,
        variance=(1.0 - gain) * ahead.variance,
        n_frames=state.n_frames + usable.any(axis=-1),
        seen=np.where(usable, time, state.seen),
    )
