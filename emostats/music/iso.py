"""The iso principle: meet the child where it is, then lead in small steps (Altshuler 1948, in Schullian &
Schoen, Music and Medicine, 266–281)."""

from __future__ import annotations

from math import hypot

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

UNKNOWN_SD = 0.45
"""Standard deviation at which nothing is known of a state, and the step is 0."""


def distance(state: Array, target: Array) -> float:
    """Distance of two points on the circumplex."""
    return hypot(float(target[0] - state[0]), float(target[1] - state[1]))


def step_size(sd: Array, *, step: float, matching: bool) -> float:
    """Length of the next step: 0 while matching, and shorter the less is known of the state.

    Parameters
    ----------
    sd: standard deviations of valence and arousal. step: the longest step, in units of affect.
    """
    if matching:
        return 0.0
    known = 1.0 - min(1.0, float(np.hypot(sd[0], sd[1])) / (UNKNOWN_SD * np.sqrt(2.0)))
    return float(step * min(1.0, 1.5 * known))


def waypoint(state: Array, target: Array, length: float) -> Array:
    """The point `length` from `state` on the way to `target`, or the target when it is nearer."""
    gap = distance(state, target)
    if gap <= length or gap == 0.0:
        return np.array([target[0], target[1]], dtype=np.float64)
    share = length / gap
    return np.array([state[0] + share * (target[0] - state[0]), state[1] + share * (target[1] - state[1])])
