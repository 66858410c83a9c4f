"""Made faces for pretraining: the mean face with random proportions, movements and poses, nobody real.

A face is the mean face plus smooth random displacements. Wide ones stand for the proportions that differ
between people, narrow ones at facial points for movements; four movements that smooth displacements do badly
(closing eyes, gaze, opening jaw, widening mouth) are made on purpose. They need not be natural: the teacher,
which sees the same points, says what it makes of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emostats.inference.frames import SUBSET
from emostats.inference.graph.face import face_graph, mean_face
from emostats.inference.graph.normalise import aligned

Faces = NDArray[np.float64]


@dataclass(frozen=True)
class Variety:
    """How much made faces differ; lengths in distances of the eyes, angles in degrees (standard deviations).

    Attributes
    ----------
    proportions: size of wide displacements at widths 1.0, 0.5 and 0.25.
    movements: mean number of narrow displacements a face.
    movement_size: size of a narrow displacement.
    symmetric: share of displacements that are alike on both halves of the face.
    turn: yaw and pitch. noise: of each coordinate, as a mesh model has it.
    """

    proportions: tuple[float, float, float] = (0.06, 0.035, 0.018)
    movements: float = 3.0
    movement_size: float = 0.06
    symmetric: float = 0.7
    turn: float = 8.0
    noise: float = 0.003


def made_faces(n: int, seed: int, variety: Variety | None = None) -> NDArray[np.float32]:
    """`n` made faces in the frame of the face, (n, 146, 3) float32; the same seed gives the same faces."""
    settings, rng = variety or Variety(), np.random.default_rng(seed)
    faces = np.repeat(mean_face().astype(float)[None], n, axis=0)
    for width, size in zip((1.0, 0.5, 0.25), settings.proportions, strict=True):
        for _ in range(3):
            faces += _bumps(faces, rng, width, size, settings.symmetric)
    for _ in range(round(2 * settings.movements)):
        moved = _bumps(faces, rng, rng.uniform(0.12, 0.45, n), settings.movement_size, settings.symmetric)
        faces += moved * (rng.random(n) < 0.5)[:, None, None]
    for movement in (_close_eyes, _look, _open_jaw, _widen_mouth):
        faces = movement(faces, rng)
    faces = _posed(faces, rng, settings.turn)
    faces += settings.noise * rng.normal(size=faces.shape)
    return in_frame(faces)


def in_frame(faces: NDArray[Any]) -> NDArray[np.float32]:
    """Points of the graph, (n, 146, 3), brought back to the frame of the face after their eyes have moved."""
    return aligned(faces, faces[:, _at(33, 133)].mean(axis=1), faces[:, _at(362, 263)].mean(axis=1))


def _at(*mesh: int) -> list[int]:
    """Places in the graph of points of the mesh."""
    order = {int(point): place for place, point in enumerate(SUBSET)}
    return [order[point] for point in mesh]


def _bumps(
    faces: Faces, rng: np.random.Generator, width: float | NDArray[Any], size: float, symmetric: float
) -> Faces:
    """A Gaussian displacement around a random point of each face; symmetric ones come with their image."""
    n = len(faces)
    mean, partner = mean_face().astype(float), np.array(face_graph().mirror)
    centre = rng.integers(0, len(mean), n)
    spread = np.broadcast_to(np.asarray(width, dtype=float), n)[:, None]
    shift = size * rng.normal(size=(n, 3)) * [1.0, 1.0, 0.5]
    both = (rng.random(n) < symmetric)[:, None, None]
    one = _bell(mean, centre, spread)[..., None] * shift[:, None]
    other = _bell(mean, partner[centre], spread)[..., None] * (shift * [-1.0, 1.0, 1.0])[:, None]
    return one + np.where(both, other, 0.0)


def _bell(mean: Faces, centre: NDArray[np.int64], width: NDArray[Any]) -> NDArray[np.float64]:
    distance = ((mean[None, :, :2] - mean[centre][:, None, :2]) ** 2).sum(axis=-1)
    bell: Faces = np.exp(-distance / (2 * width**2))
    return bell


_LIDS = (
    ((159, 160, 158, 161, 157, 246), (145, 144, 153, 163, 154, 7)),
    ((386, 387, 385, 388, 384, 466), (374, 373, 380, 390, 381, 249)),
)


def _close_eyes(faces: Faces, rng: np.random.Generator) -> Faces:
    """Upper lids move a share of the way to the lower ones, for a third of the faces; some wink."""
    closed = rng.uniform(0, 1.05, len(faces)) * (rng.random(len(faces)) < 0.35)
    faces = faces.copy()
    for upper, lower in _LIDS:
        share = closed * (rng.random(len(faces)) < 0.85)
        above, below = _at(*upper), _at(*lower)
        faces[:, above] += share[:, None, None] * (faces[:, below] - faces[:, above])
    return faces


def _look(faces: Faces, rng: np.random.Generator) -> Faces:
    """Both irises move together; now and then they squint."""
    gaze = rng.normal(size=(len(faces), 1, 2)) * [0.07, 0.04]
    faces = faces.copy()
    for first in (468, 473):
        apart = 0.015 * rng.normal(size=(len(faces), 1, 2))
        faces[:, _at(*range(first, first + 5)), :2] += gaze + apart
    return faces


def _open_jaw(faces: Faces, rng: np.random.Generator) -> Faces:
    """What lies below the line of the lips goes down, and a little to one side; half of the faces."""
    mean = mean_face().astype(float)
    lips = mean[_at(13, 14), 1].mean()
    below = np.clip((mean[:, 1] - lips) / 0.12, 0.0, 1.0) * np.exp(-((mean[:, 0] / 0.9) ** 4))
    below[_at(14, 87, 317, 178, 402, 88, 318)] = (1.0, 0.9, 0.9, 0.75, 0.75, 0.5, 0.5)
    drop = np.abs(rng.normal(size=len(faces))) * 0.22 * (rng.random(len(faces)) < 0.5)
    aside = 0.05 * rng.normal(size=len(faces)) * (rng.random(len(faces)) < 0.3)
    faces = faces.copy()
    faces[..., 1] += drop[:, None] * below
    faces[..., 0] += aside[:, None] * below
    return faces


def _widen_mouth(faces: Faces, rng: np.random.Generator) -> Faces:
    """Smiling and pouting: the corners of the mouth go out and up, or in, the lips with them."""
    mean = mean_face().astype(float)
    middle = mean[_at(13, 14)].mean(axis=0)
    near = np.exp(-((mean[:, 1] - middle[1]) ** 2) / (2 * 0.18**2) - mean[:, 0] ** 2 / (2 * 0.45**2))
    wide = rng.normal(size=len(faces)) * 0.22
    lifted = (0.6 * wide + 0.12 * rng.normal(size=len(faces)))[:, None] * (mean[:, 0] ** 2 / 0.2)
    lopsided = 0.15 * rng.normal(size=len(faces))[:, None] * np.sign(mean[:, 0])
    faces = faces.copy()
    faces[..., 0] += wide[:, None] * near * mean[:, 0] * (1 + lopsided)
    faces[..., 1] -= 0.6 * near * lifted * (1 + lopsided)
    return faces


def _posed(faces: Faces, rng: np.random.Generator, turn: float) -> Faces:
    """Turned by yaw and pitch, in weak perspective."""
    yaw, pitch = np.deg2rad(turn * rng.normal(size=(2, len(faces))))[..., None]
    x, y, z = np.moveaxis(faces, -1, 0)
    x, z = np.cos(yaw) * x + np.sin(yaw) * z, np.cos(yaw) * z - np.sin(yaw) * x
    y, z = np.cos(pitch) * y - np.sin(pitch) * z, np.cos(pitch) * z + np.sin(pitch) * y
    depth = 1.0 / (1.0 + 0.08 * z * rng.uniform(0, 1, len(faces))[:, None])
    return np.stack([x * depth, y * depth, z], axis=-1)
