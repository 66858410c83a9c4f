"""How much the face moves: points against the same points a fifth of a second ago, head movement taken out.

The two frames are laid over each other by the points that only move with the head (rotation, shift and scale
in space, Umeyama 1991); what is left of the other points' movement is divided by the distance of the outer
corners of the eyes and by the time between the frames. A fixed time, rather than one frame, makes the figure
comparable between cameras of different frame rates.
"""

from __future__ import annotations

from collections import deque

import numpy as np

from emostats.inference.frames import SUBSET, Floats, FrameResult
from emostats.inference.pose import eye_distance

LAG, LONGEST = 0.2, 0.5
"""Seconds back to the frame that is compared, at least and at most."""
RIGID = np.array([5, 6, 8, 9, 10, 33, 127, 133, 151, 168, 195, 197, 234, 263, 356, 362, 454])
"""Forehead, bridge of the nose, corners of the eyes, sides of the face."""
MOVING = np.setdiff1d(SUBSET[SUBSET < 468], RIGID)
"""The points whose movement counts, without the irises: a glance is not an expression."""


class Movement:
    """Movement of each frame, in eye distances a second; holds half a second of points."""

    def __init__(self) -> None:
        self._past: deque[FrameResult] = deque()

    def __call__(self, result: FrameResult) -> float:
        """Mean movement of the points since a fifth of a second ago; NaN where there is no such usable frame.

        Both frames must belong to one track. Call once a frame, in order.
        """
        while self._past and self._past[0].time < result.time - LONGEST:
            self._past.popleft()
        if not result.usable or result.points is None:
            return float("nan")
        earlier = [each for each in self._past if each.time <= result.time - LAG + 1e-3]
        self._past.append(result)
        if not earlier or earlier[-1].track != result.track or earlier[-1].points is None:
            return float("nan")
        then = earlier[-1]
        moved = unexplained(then.points, result.points)  # type: ignore[arg-type]
        return moved / eye_distance(result.points) / (result.time - then.time)


def unexplained(before: Floats, after: Floats) -> float:
    """Mean distance (pixels of `after`) of the moving points once the rigid ones lie over each other."""
    rotation, scale, shift = similarity(before[RIGID], after[RIGID])
    carried = scale * before[MOVING] @ rotation.T + shift
    return float(np.linalg.norm(after[MOVING] - carried, axis=1).mean())


def similarity(source: Floats, target: Floats) -> tuple[np.ndarray, float, np.ndarray]:
    """Rotation (3, 3), scale and shift (3,) of least squared error from `source` to `target`, (n, 3)."""
    p, q = source.mean(axis=0, dtype=float), target.mean(axis=0, dtype=float)
    x, y = source - p, target - q
    u, d, vt = np.linalg.svd(y.T @ x)
    sign = np.array([1.0, 1.0, np.sign(np.linalg.det(u @ vt))])
    rotation = (u * sign) @ vt
    scale = float((d * sign).sum() / max(float((x**2).sum()), 1e-12))
    return rotation, scale, q - scale * rotation @ p
