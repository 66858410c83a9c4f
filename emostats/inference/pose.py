"""Head pose and size, read off the points of the mesh."""

from __future__ import annotations

import math

import numpy as np

from emostats.inference.frames import LEFT_EYE_OUTER, RIGHT_EYE_OUTER, Floats

RIGHT_SIDE, LEFT_SIDE = 234, 454
TOP, CHIN = 10, 152
FLATTENED = 0.75
"""Share of a turn of the head that the points of the mesh show: the faces of twelve adults, turned in space
by 15 to 75 degrees and drawn, were read as 0.72 to 0.81 of that (``docs/scripts/turned_heads.py``)."""


def eye_distance(points: Floats) -> float:
    """Distance of the outer corners of the eyes in space, pixels: it hardly changes when the head turns."""
    return float(np.linalg.norm(points[LEFT_EYE_OUTER] - points[RIGHT_EYE_OUTER]))


def yaw(points: Floats) -> float:
    """Degrees (−90 to 90) by which the head is turned sideways: 0 looks into the camera, positive to the
    child's left, however the picture is turned.

    The angle of `plane_angle`, made good for the flattening of the mesh.
    """
    return max(-90.0, min(90.0, plane_angle(points) / FLATTENED))


def plane_angle(points: Floats) -> float:
    """Degrees between the line from one side of the face to the other and the picture's plane; ±90 for a face
    that looks away from the camera."""
    across, down = points[LEFT_SIDE] - points[RIGHT_SIDE], points[CHIN] - points[TOP]
    x, y, z = across.tolist()
    facing = across[0] * down[1] - across[1] * down[0] >= 0
    return math.degrees(math.atan2(z, math.hypot(x, y)) if facing else math.copysign(math.pi / 2, z))


def roll(points: Floats) -> float:
    """Degrees by which the line through the eyes is turned in the picture, clockwise as seen."""
    x, y = (points[LEFT_EYE_OUTER] - points[RIGHT_EYE_OUTER])[:2].tolist()
    return math.degrees(math.atan2(y, x))
