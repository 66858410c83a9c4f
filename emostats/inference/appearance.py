"""What the picture shows and points do not: directions of edges in a small upright picture of the face.

Histograms of signed gradient directions over a grid of cells, at three sizes of cell (Dalal & Triggs 2005,
Histograms of oriented gradients for human detection): folds beside the mouth, the line of the lips, teeth.
Brightness and contrast of the picture hardly matter, nor do place, size and tilt of the face in it.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emostats.inference.crops import Crop, cut
from emostats.inference.frames import Floats, Image
from emostats.inference.graph.normalise import LEFT_EYE, RIGHT_EYE

SIDE, UNIT, EYES = 96, 40, 24
"""The small picture: pixels along a side, pixels between the eyes, and the row on which the eyes lie."""
DIRECTIONS = 12
FINEST = 4
"""Pixels along a side of the finest cells, of which the others are made."""
CELLS = (8, 12, 16)
"""Pixels along a side of a cell."""
N_APPEARANCE = sum((SIDE // cell - 1) ** 2 * 4 * DIRECTIONS for cell in CELLS)
"""How many numbers describe a face: each cell with its neighbours, four at a time."""

_ROOTS = np.sqrt(np.arange(256, dtype=np.float32))
_ROWS = np.arange(SIDE) // FINEST
_FIRST = (_ROWS[:, None] * (SIDE // FINEST) + _ROWS) * DIRECTIONS
"""Where the histogram of a pixel's finest cell begins."""
_MIRRORED = (DIRECTIONS // 2 - np.arange(DIRECTIONS)) % DIRECTIONS


def appearance(image: Image, points: Floats) -> Floats:
    """Histograms of a face's edge directions, (`N_APPEARANCE`,), 0 to 1: mean of face and mirror image.

    Parameters
    ----------
    image: (height, width, 3) RGB. points: (478, 3) pixels, as `FrameResult.points`.
    """
    finest = _histograms(small_picture(image, points))
    finest = (finest + finest[:, ::-1, _MIRRORED]) / 2
    return np.concatenate([_blocks(finest, cell // FINEST) for cell in CELLS])


def small_picture(image: Image, points: Floats) -> Image:
    """The face upright in grey, (`SIDE`, `SIDE`): eyes level, `UNIT` pixels apart, on row `EYES`."""
    right, left = (points[list(eye), :2].mean(axis=0) for eye in (RIGHT_EYE, LEFT_EYE))
    x, y = ((left - right) / UNIT).tolist()  # along a row of the small picture
    middle = (left + right) / 2 + (SIDE / 2 - EYES) * np.array([-y, x])
    side = SIDE * math.hypot(x, y)
    crop = Crop(float(middle[0]), float(middle[1]), side, side, math.atan2(y, x))
    return cut(image, crop, SIDE, grey=True)


def _histograms(grey: Image) -> NDArray[np.float64]:
    """Directions of the gradient in each finest cell, weighted by its length, (cells, cells, DIRECTIONS).

    Each pixel counts for the two directions nearest to its own. Grey values are their square roots, which
    makes a shadow's edge matter less, over their spread.
    """
    light = _ROOTS[grey]
    light = light / max(float(light.std()), 1e-3)
    dx, dy = np.zeros_like(light), np.zeros_like(light)
    dx[:, 1:-1] = (light[:, 2:] - light[:, :-2]) / 2
    dy[1:-1] = (light[2:] - light[:-2]) / 2
    length = np.sqrt(dx * dx + dy * dy)
    turn = np.arctan2(dy, dx) * np.float32(DIRECTIONS / (2 * np.pi))
    below = np.floor(turn)
    share = (turn - below) * length
    direction = below.astype(np.int64) % DIRECTIONS
    cells = SIDE // FINEST
    size = cells * cells * DIRECTIONS
    first = np.bincount((_FIRST + direction).ravel(), (length - share).ravel(), size)
    second = np.bincount((_FIRST + (direction + 1) % DIRECTIONS).ravel(), share.ravel(), size)
    return np.asarray(first + second, dtype=float).reshape(cells, cells, DIRECTIONS)


def _blocks(finest: NDArray[Any], times: int) -> Floats:
    """Cells of `times` finest cells along a side; each 2 × 2 of them as square roots of its shares."""
    n = len(finest) // times
    cells = finest.reshape(n, times, n, times, DIRECTIONS).sum(axis=(1, 3))
    blocks = np.concatenate([cells[:-1, :-1], cells[:-1, 1:], cells[1:, :-1], cells[1:, 1:]], axis=-1)
    shares = blocks / (blocks.sum(axis=-1, keepdims=True) + 1e-2)
    return np.asarray(np.sqrt(shares).ravel(), dtype=np.float32)
