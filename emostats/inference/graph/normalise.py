"""Faces in one frame: eyes level, origin between them, their distance as unit; and a person's own face."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from emostats.errors import UsageError
from emostats.inference.frames import N_POINTS, SUBSET

RIGHT_EYE, LEFT_EYE = (33, 133), (362, 263)
"""Corners of the eyes, outer and inner: blinking and looking aside move them least."""


def normalise(points: NDArray[Any]) -> NDArray[np.float32]:
    """The 146 points of the graph in the frame of the face, invariant to place, size and tilt of the face.

    Parameters
    ----------
    points: (…, 478, 3) pixels, x to the right, y down, z in the scale of x, as `FrameResult.points`. Frames
        without a face are NaN.

    Returns
    -------
    (…, 146, 3) float32: the origin lies between the eyes, x runs from the centre of the person's right eye to
    the left one (which appears on the right), y down; the unit is the distance of the centres. NaN stays NaN.

    Raises
    ------
    UsageError: another shape.
    """
    given = np.asarray(points, dtype=float)
    if given.ndim < 2 or given.shape[-2:] != (N_POINTS, 3):
        raise UsageError(f"Expected face points of shape (…, {N_POINTS}, 3), found {given.shape}.")
    right = given[..., RIGHT_EYE, :].mean(axis=-2)
    left = given[..., LEFT_EYE, :].mean(axis=-2)
    return aligned(given[..., SUBSET, :], right, left)


def aligned(points: NDArray[Any], right: NDArray[Any], left: NDArray[Any]) -> NDArray[np.float32]:
    """`points` (…, n, 3) moved, turned in the plane and scaled so that the eyes (…, 3) lie at (∓0.5, 0)."""
    across = (left - right)[..., :2]
    unit = np.linalg.norm(across, axis=-1)[..., None]
    with np.errstate(invalid="ignore", divide="ignore"):
        cosine, sine = np.moveaxis(across / unit, -1, 0)[..., None]
        moved = (points - ((left + right) / 2)[..., None, :]) / unit[..., None]
    x, y, z = np.moveaxis(moved, -1, 0)
    turned = np.stack([cosine * x + sine * y, cosine * y - sine * x, z], axis=-1)
    return turned.astype(np.float32)


def relative_to(
    points: NDArray[np.float32], reference: NDArray[np.float32], mean: NDArray[np.float32]
) -> NDArray[np.float32]:
    """`points` with the person's own `reference` face taken out and the `mean` face put in its place.

    What remains is the person's movement, on the face of nobody in particular; the result is input for the
    same network. All are normalised; `reference` and `mean` (146, 3).
    """
    return np.asarray(points - reference + mean, dtype=np.float32)


def own_reference(points: NDArray[np.float32], mask: NDArray[np.bool_] | None = None) -> NDArray[np.float32]:
    """A person's usual face: the median of each coordinate over the frames with a face, (146, 3).

    A rule that needs no label, for a recording in which most frames are neutral. `points`: (frames, 146, 3).

    Raises
    ------
    UsageError: no frame has a face.
    """
    seen = np.isfinite(points).all(axis=(1, 2)) if mask is None else mask
    if not np.any(seen):
        raise UsageError("A person's own face needs a frame with a face; there is none.")
    return np.asarray(np.median(points[seen], axis=0), dtype=np.float32)
