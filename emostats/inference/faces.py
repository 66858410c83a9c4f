"""Finds faces: MediaPipe's short-range detector, then the full-range one, then tiles for small faces.

A detector looks at a square picture with a grid of anchors (single-shot detection, Liu et al. 2016). For
each anchor it gives a score and, relative to the anchor, a box and six points: right eye, left eye, nose tip,
mouth, right ear, left ear (BlazeFace: Bazarevsky et al. 2019). Overlapping boxes are averaged with their
scores as weights.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emostats.inference.errors import need
from emostats.inference.frames import Box, Floats, Image
from emostats.inference.models import Model

SAME_FACE = 0.3
"""Boxes with a larger intersection over union show the same face."""
TILE = 256
"""Side of the tiles, pixels: the short-range detector sees faces from about a tenth of its picture's side."""


@dataclass(frozen=True)
class Face:
    """A face that was found: box (x0, y0, x1, y1), six points (6, 2), both pixels; score 0–1."""

    box: Box
    keypoints: Floats
    score: float

    @property
    def size(self) -> float:
        """Longer side of the box, pixels."""
        return max(self.box[2] - self.box[0], self.box[3] - self.box[1])

    def moved(self, *, x: float, y: float, scale: float = 1.0) -> Face:
        """The face in other coordinates: scaled, then shifted."""
        shift = np.array([x, y], dtype=np.float32)
        x0, y0, x1, y1 = (value * scale for value in self.box)
        return Face((x0 + x, y0 + y, x1 + x, y1 + y), self.keypoints * np.float32(scale) + shift, self.score)

    @property
    def centre(self) -> tuple[float, float]:
        """Centre of the box, pixels."""
        return (self.box[0] + self.box[2]) / 2, (self.box[1] + self.box[3]) / 2


@dataclass(frozen=True)
class DetectorKind:
    """How a detector is laid out: file, anchors as (stride in pixels, anchors a cell), and least score."""

    file: str
    layers: tuple[tuple[int, int], ...]
    least_score: float


SHORT_RANGE = DetectorKind("face_detector.tflite", ((8, 2), (16, 6)), 0.5)
FULL_RANGE = DetectorKind("face_detector_full_range.tflite", ((4, 1),), 0.6)


def anchors(side: int, layers: tuple[tuple[int, int], ...]) -> Floats:
    """Centres (x, y) of the anchors as a share of the picture's side, in the order of the model's output."""
    centres = []
    for stride, each_cell in layers:
        cells = (np.arange(side // stride, dtype=np.float32) + np.float32(0.5)) * np.float32(stride / side)
        y, x = np.meshgrid(cells, cells, indexing="ij")
        centres.append(np.repeat(np.stack([x.ravel(), y.ravel()], axis=1), each_cell, axis=0))
    return np.concatenate(centres)


class Detector:
    """One detector. Call it with an RGB picture; it returns the faces, best score first."""

    def __init__(self, kind: DetectorKind) -> None:
        self._model = Model(kind.file)
        self._side = self._model.input_shape[1]
        self._anchors = anchors(self._side, kind.layers)
        self._least = kind.least_score

    def __call__(self, image: Image) -> list[Face]:
        """Faces in `image`, whose coordinates they have."""
        picture, scale, left, top = letterbox(image, self._side)
        outputs = self._model(picture[None])
        n = len(self._anchors)
        raw, logits = outputs[1, n, 16][0], outputs[1, n, 1][0, :, 0]
        faces = merge(*decode(raw, logits, self._anchors, self._side, self._least))
        return [face.moved(scale=1 / scale, x=-left / scale, y=-top / scale) for face in faces]


def letterbox(image: Image, side: int) -> tuple[Floats, float, float, float]:
    """The picture scaled into a black square with values −1 to 1; with it its scale, left and top edge."""
    pil = need("PIL.Image")
    height, width = image.shape[:2]
    scale = side / max(height, width)
    w, h = max(1, round(width * scale)), max(1, round(height * scale))
    left, top = (side - w) // 2, (side - h) // 2
    square = np.full((side, side, 3), -1.0, dtype=np.float32)
    small = pil.fromarray(image).resize((w, h), pil.Resampling.BILINEAR, reducing_gap=1.0)
    square[top : top + h, left : left + w] = np.asarray(small, dtype=np.float32) / 127.5 - 1.0
    return square, scale, float(left), float(top)


def decode(
    raw: Floats, logits: Floats, centres: Floats, side: int, least: float
) -> tuple[Floats, Floats, Floats]:
    """Boxes (n, 4), points (n, 6, 2) in pixels of the square, and scores (n,), of anchors above `least`."""
    scores = 0.5 + 0.5 * np.tanh(logits / 2)  # the logistic function, without overflow
    kept = scores >= least
    values = raw[kept].reshape(-1, 8, 2)
    middle = centres[kept] * side
    centre, size = values[:, 0] + middle, values[:, 1]
    boxes = np.concatenate([centre - size / 2, centre + size / 2], axis=1)
    return boxes, values[:, 2:] + middle[:, None], scores[kept].astype(np.float32)


def overlap(one: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float32]:
    """Intersection over union of a box (4,) with boxes (n, 4)."""
    low, high = np.maximum(one[:2], others[:, :2]), np.minimum(one[2:], others[:, 2:])
    shared = np.prod(np.clip(high - low, 0.0, None), axis=1)
    areas = np.prod(others[:, 2:] - others[:, :2], axis=1) + np.prod(one[2:] - one[:2])
    return np.asarray(shared / np.maximum(areas - shared, 1e-9), dtype=np.float32)


def merge(boxes: Floats, keypoints: Floats, scores: Floats) -> list[Face]:
    """Non-maximum suppression that averages what overlaps with the scores as weights; best score first."""
    left = np.argsort(-scores, kind="stable")
    faces = []
    while left.size:
        same = overlap(boxes[left[0]], boxes[left]) > SAME_FACE
        same[0] = True
        cluster = left[same]
        weights = scores[cluster] / scores[cluster].sum()
        x0, y0, x1, y1 = (weights @ boxes[cluster]).tolist()
        points = np.tensordot(weights, keypoints[cluster], axes=1).astype(np.float32)
        faces.append(Face((x0, y0, x1, y1), points, float(scores[left[0]])))
        left = left[~same]
    return faces


def tiles(height: int, width: int, side: int = TILE) -> Iterator[tuple[int, int]]:
    """Left upper corners (x, y) of tiles that cover a picture and overlap by at least a quarter."""
    for y in _starts(height, side):
        for x in _starts(width, side):
            yield x, y


def _starts(length: int, side: int) -> list[int]:
    if length <= side:
        return [0]
    count = 1 + int(np.ceil((length - side) / (0.75 * side)))
    return [round(value) for value in np.linspace(0, length - side, count)]


class FaceFinder:
    """Looks for faces with more and more effort."""

    def __init__(self) -> None:
        self._short = Detector(SHORT_RANGE)
        self._full: Detector | None = None

    def quick(self, image: Image) -> list[Face]:
        """Short-range detector only (about 1 ms); misses faces below a tenth of the picture's longer side."""
        return self._short(image)

    def both(self, image: Image) -> list[Face]:
        """What the short-range and the full-range detector find (about 5 ms)."""
        if self._full is None:
            self._full = Detector(FULL_RANGE)
        return joined([*self._full(image), *self._short(image)])

    def tiled(self, image: Image) -> list[Face]:
        """Short-range detector on overlapping tiles (about 1 ms each); finds faces of about 28 pixels."""
        found: list[Face] = []
        for x, y in tiles(*image.shape[:2]):
            part = np.ascontiguousarray(image[y : y + TILE, x : x + TILE])
            found += [face.moved(x=x, y=y) for face in self._short(part)]
        return joined(found)

    def stages(self, image: Image, *, quick: bool = True, tiled: bool = True) -> Iterator[list[Face]]:
        """Faces of one stage after the other, each only looked for when it is asked for."""
        if quick:
            yield self.quick(image)
        yield self.both(image)
        if tiled and max(image.shape[:2]) > TILE:
            yield self.tiled(image)


def joined(faces: list[Face]) -> list[Face]:
    """Faces of several looks at one picture, each face once."""
    if len(faces) < 2:
        return faces
    boxes = np.array([face.box for face in faces], dtype=np.float32)
    scores = np.array([face.score for face in faces], dtype=np.float32)
    return merge(boxes, np.stack([face.keypoints for face in faces]), scores)
