"""Head pose and size, read off the points of the mesh."""

from __future__ import annotations

import math

import numpy as np

from emostats.inference.frames import LEFT_EYE_OUTER, RIGHT_EYE_OUTER, Floats

RIGHT_SIDE, LEFT_SIDE = 234, 454
TOP, CHIN = 10, 152


def eye_distance(points: Floats) -> float:
    """Distance of the outer corners of the eyes in space, pixels: it hardly changes when the head turns."""
    return float(np.linalg.norm(points[LEFT_EYE_OUTER] - points[RIGHT_EYE_OUTER]))


def yaw(points: Floats) -> float:
    """Degrees by which the head is turned sideways: 0 looks into the camera, positive to the child's left.

    The angle between the line from one side of the face to the other and the picture's plane.
    """
    x, y, z = (points[LEFT_SIDE] - points[RIGHT_SIDE]).tolist()
    return math.degrees(math.atan2(z, math.hypot(x, y)) if x >= 0 else math.copysign(math.pi / 2, z))


def roll(points: Floats) -> float:
    """Degrees by which the line through the eyes is turned in the picture, clockwise as seen."""
    x, y = (points[LEFT_EYE_OUTER] - points[RIGHT_EYE_OUTER])[:2].tolist()
    return math.degrees(math.atan2(y, x))
