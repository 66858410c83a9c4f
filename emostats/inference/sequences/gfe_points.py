"""The 100 points of the Grammatical Facial Expressions: what they are, their mirror image, their graph."""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

from emostats.inference.graph import Graph, delaunay
from emostats.inference.sequences.motion import Eyes

EYES = Eyes(tuple(range(0, 8)), tuple(range(8, 16)))
"""Corner and lid points of the eye on the left and on the right of the picture."""

REGIONS = {
    "eye, left of the picture": (0, 8),
    "eye, right of the picture": (8, 16),
    "eyebrow, left of the picture": (16, 26),
    "eyebrow, right of the picture": (26, 36),
    "nose": (36, 48),
    "mouth": (48, 68),
    "outline of the face": (68, 87),
    "irises": (87, 89),
    "tip of the nose": (89, 90),
    "above the eyebrow, left of the picture": (90, 95),
    "above the eyebrow, right of the picture": (95, 100),
}
"""Points by region, first and one past the last."""

_SWAPPED = (
    (range(0, 8), range(8, 16)),
    (range(16, 26), range(26, 36)),
    (range(36, 42), range(47, 41, -1)),
    ((48, 49, 50, 58, 59, 60, 61, 67), (54, 53, 52, 56, 55, 64, 63, 65)),
    (range(68, 77), range(86, 77, -1)),
    ((87,), (88,)),
    (range(90, 95), range(95, 100)),
)

# A mean face of this point set, made symmetric: eye centres at (±0.5, 0), y down. It only says which points
# lie next to each other; no recording is compared with it.
_LEFT = {
    0: (-0.30, 0.01), 1: (-0.38, -0.05), 2: (-0.50, -0.07), 3: (-0.62, -0.05), 4: (-0.70, 0.02),
    5: (-0.61, 0.05), 6: (-0.50, 0.06), 7: (-0.39, 0.04), 16: (-0.25, -0.34), 17: (-0.43, -0.39),
    18: (-0.62, -0.39), 19: (-0.76, -0.33), 20: (-0.86, -0.24), 21: (-0.83, -0.18), 22: (-0.72, -0.24),
    23: (-0.60, -0.27), 24: (-0.43, -0.27), 25: (-0.26, -0.24), 36: (-0.13, 0.00), 37: (-0.15, 0.16),
    38: (-0.21, 0.30), 39: (-0.31, 0.43), 40: (-0.27, 0.57), 41: (-0.07, 0.57), 48: (-0.40, 0.96),
    49: (-0.28, 0.85), 50: (-0.13, 0.78), 51: (0.00, 0.80), 57: (0.00, 1.09), 58: (-0.16, 1.08),
    59: (-0.29, 1.03), 60: (-0.32, 0.95), 61: (-0.17, 0.91), 62: (0.00, 0.90), 66: (0.00, 0.95),
    67: (-0.17, 0.95), 68: (-1.05, 0.06), 69: (-1.07, 0.31), 70: (-1.06, 0.55), 71: (-1.02, 0.80),
    72: (-0.96, 1.04), 73: (-0.85, 1.25), 74: (-0.69, 1.42), 75: (-0.50, 1.57), 76: (-0.27, 1.66),
    77: (0.00, 1.70), 87: (-0.50, 0.00), 89: (0.00, 0.47), 90: (-0.22, -0.44), 91: (-0.41, -0.49),
    92: (-0.64, -0.49), 93: (-0.82, -0.41), 94: (-0.93, -0.31),
}  # fmt: skip


def mirror() -> tuple[int, ...]:
    """Partner of each point on the other half of the face; a point of the midline is its own."""
    partner = list(range(100))
    for first, second in _SWAPPED:
        for a, b in zip(first, second, strict=True):
            partner[a], partner[b] = b, a
    return tuple(partner)


def mean_face() -> npt.NDArray[np.float64]:
    """The mean face that the graph is laid over, (100, 2): eye centres at (±0.5, 0), y down."""
    place, partner = np.zeros((100, 2)), mirror()
    for point, (x, y) in _LEFT.items():
        place[point], place[partner[point]] = (x, y), (-x, y)
    return place


@cache
def gfe_graph() -> Graph:
    """The Delaunay graph over the mean face, symmetric (see `Graph`)."""
    return delaunay(mean_face(), mirror=mirror(), name="gfe-100")
