"""The turned square that the mesh model looks at, and the way back from its coordinates to the picture's."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from emostats.inference.errors import need
from emostats.inference.faces import Face
from emostats.inference.frames import LEFT_EYE_OUTER, RIGHT_EYE_OUTER, Box, Floats, Image

MARGIN = 1.5
"""The crop is this much larger than the face's box (MediaPipe Face Landmarker)."""


@dataclass(frozen=True)
class Crop:
    """A rectangle: centre, width and height in pixels, angle in radians (clockwise as seen)."""

    x: float
    y: float
    width: float
    height: float
    angle: float


def crop_of_face(face: Face) -> Crop:
    """Around the box of a detected face, turned so that the eyes lie level."""
    (x, y), (x0, y0, x1, y1) = face.centre, face.box
    right, left = face.keypoints[0], face.keypoints[1]
    angle = math.atan2(float(left[1] - right[1]), float(left[0] - right[0]))
    return Crop(x, y, MARGIN * (x1 - x0), MARGIN * (y1 - y0), angle)


def crop_of_points(points: Floats) -> Crop:
    """Around the points of the frame before, as a square, turned so that the eyes lie level."""
    x0, y0, x1, y1 = box_of(points)
    x, y = (points[LEFT_EYE_OUTER] - points[RIGHT_EYE_OUTER])[:2].tolist()
    side = MARGIN * max(x1 - x0, y1 - y0)
    return Crop((x0 + x1) / 2, (y0 + y1) / 2, side, side, math.atan2(y, x))


def box_of(points: Floats) -> Box:
    """Upright box (x0, y0, x1, y1) around points."""
    low, high = points[:, :2].min(axis=0), points[:, :2].max(axis=0)
    return float(low[0]), float(low[1]), float(high[0]), float(high[1])


def cut(image: Image, crop: Crop, side: int, *, grey: bool = False) -> Image:
    """The crop as an upright (side, side, 3) picture, bilinear; beyond the picture its edge is repeated.

    `grey`: its luminance instead, (side, side), in half the time.
    """
    pil = need("PIL.Image")
    part, left, top = _neighbourhood(image, crop)
    source = pil.fromarray(part)
    cos, sin = math.cos(crop.angle), math.sin(crop.angle)
    a, b = cos * crop.width / side, -sin * crop.height / side
    d, e = sin * crop.width / side, cos * crop.height / side
    c = crop.x - left - (a + b) * side / 2
    f = crop.y - top - (d + e) * side / 2
    turned = (source.convert("L") if grey else source).transform(
        (side, side), pil.Transform.AFFINE, (a, b, c, d, e, f), pil.Resampling.BILINEAR
    )
    return np.asarray(turned)


def _neighbourhood(image: Image, crop: Crop) -> tuple[Image, int, int]:
    """The part of the picture that the crop touches, with two pixels of margin, and where it begins."""
    height, width = image.shape[:2]
    cos, sin = abs(math.cos(crop.angle)), abs(math.sin(crop.angle))
    half_x = (cos * crop.width + sin * crop.height) / 2 + 2
    half_y = (sin * crop.width + cos * crop.height) / 2 + 2
    x0, x1 = math.floor(crop.x - half_x), math.ceil(crop.x + half_x)
    y0, y1 = math.floor(crop.y - half_y), math.ceil(crop.y + half_y)
    if x0 >= 0 and y0 >= 0 and x1 <= width and y1 <= height:
        return np.ascontiguousarray(image[y0:y1, x0:x1]), x0, y0
    rows, columns = np.clip(np.arange(y0, y1), 0, height - 1), np.clip(np.arange(x0, x1), 0, width - 1)
    return image[rows[:, None], columns[None, :]], x0, y0


def to_picture(points: Floats, crop: Crop, side: int) -> Floats:
    """Points (n, 3) of the crop's pixels in the picture's pixels; z is scaled like x."""
    cos, sin = math.cos(crop.angle), math.sin(crop.angle)
    x = (points[:, 0] / side - 0.5) * crop.width
    y = (points[:, 1] / side - 0.5) * crop.height
    z = points[:, 2] * (crop.width / side)
    turned = np.stack([crop.x + cos * x - sin * y, crop.y + sin * x + cos * y, z], axis=1)
    return np.asarray(turned, dtype=np.float32)
