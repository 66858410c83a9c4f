"""From points to what moves: each point against the person's own neutral face, and its velocity."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from emostats.errors import UsageError
from emostats.inference.sequences.recording import MAX_GAP, Recording

N_CHANNELS = 8
LIMIT = 1.0
"""Largest displacement that counts, in distances between the eyes: a lost track must not shout."""
VELOCITY_TIME = 0.3
"""Velocities are displacements in this time, seconds, so that they are about as large as displacements."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Eyes:
    """The points of either eye: their means are the ends of the unit of length."""

    left: tuple[int, ...]
    right: tuple[int, ...]


def motion_channels(recording: Recording, eyes: Eyes, *, max_gap: float = MAX_GAP) -> npt.NDArray[np.float32]:
    """What the network sees of a recording, shape (frames, n_points, 8): four plane vectors a point.

    1. the point in the frame of the face: origin between the eyes, x along the eyes, unit their distance, all
       three of this very frame, so that only expression and turning out of the plane are left;
    2. the point in the frame of the recording: the same with the median of origin, direction and distance, so
       that nodding, leaning and tilting are seen as well;
    3, 4. the velocities of both.

    From 1 and 2 the recording's own median face is subtracted (own neutral): no label is used, but all frames
    of the recording are. Only x and y are used: the depth of this kind of recording is one range reading
    a pixel, with holes at the outline. Values are clipped to ±1; frames without a face are NaN.

    Raises
    ------
    UsageError: no frame in which the eyes are apart.
    """
    plane = recording.points[..., :2]
    left, right = plane[:, eyes.left].mean(axis=1), plane[:, eyes.right].mean(axis=1)
    middle, across = (left + right) / 2, right - left
    distance = np.hypot(*across.T)
    if not np.nanmax(np.where(np.isfinite(distance), distance, 0.0)) > 0:
        raise UsageError(f"{recording.name}: no frame shows two eyes apart, so the face has no size.")
    own = _aligned(plane, middle, across)
    steady = _aligned(plane, np.nanmedian(middle, axis=0), np.nanmedian(across, axis=0))
    still = np.concatenate([_from_neutral(own), _from_neutral(steady)], axis=-1)
    moving = np.zeros_like(still)
    for stretch in recording.stretches(max_gap):
        moving[stretch] = _velocity(still[stretch], recording.times[stretch])
    channels = np.clip(np.concatenate([still, moving], axis=-1), -LIMIT, LIMIT)
    return np.asarray(channels, dtype=np.float32)


def _aligned(plane: Floats, origin: Floats, across: Floats) -> Floats:
    """Points with `origin` at zero and `across` as the unit along x: one of each, or one a frame."""
    x = across / np.maximum(np.square(across).sum(axis=-1, keepdims=True), 1e-12)
    y = np.stack([-x[..., 1], x[..., 0]], axis=-1)
    centred = plane - origin[..., None, :]
    return np.stack([(centred * axis[..., None, :]).sum(axis=-1) for axis in (x, y)], axis=-1)


def _from_neutral(vectors: Floats) -> Floats:
    return np.asarray(vectors - np.nanmedian(vectors, axis=0))


def _velocity(values: Floats, times: Floats) -> Floats:
    """Change in `VELOCITY_TIME`, from central differences of the mean of three frames."""
    if len(values) < 3:
        return np.zeros_like(values)
    padded = np.concatenate([values[:1], values, values[-1:]])
    smooth = (padded[:-2] + padded[1:-1] + padded[2:]) / 3
    interval = max(float(np.median(np.diff(times))), 1e-3)
    return np.asarray(np.gradient(smooth, axis=0) * (VELOCITY_TIME / interval), dtype=np.float64)
