"""The mesh model: 478 points in a crop of the picture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from emostats.inference.crops import Crop, cut, to_picture
from emostats.inference.frames import N_POINTS, Floats, Image
from emostats.inference.models import Model

PRESENT = 0.5
"""Least score of the mesh model for a face to be there (MediaPipe's default)."""


@dataclass(frozen=True)
class Mesh:
    """What the mesh model sees in a crop: points (478, 3) in the picture's pixels, score, light 0–255."""

    points: Floats
    score: float
    light: float


class MeshModel:
    """MediaPipe's face mesh with attention (Grishchenko et al. 2020), 478 points."""

    def __init__(self) -> None:
        self._model = Model("face_landmarks_detector.tflite")
        self._side = self._model.input_shape[1]

    def __call__(self, image: Image, crop: Crop) -> Mesh:
        """The mesh in a crop of the picture."""
        picture = cut(image, crop, self._side)
        outputs = self._model(picture[None].astype(np.float32) / np.float32(255.0))
        logit = float(outputs[1, 1, 1, 1].ravel()[0])
        points = outputs[1, 1, 1, 3 * N_POINTS].reshape(N_POINTS, 3)
        score = 0.5 + 0.5 * np.tanh(logit / 2)
        middle = slice(self._side // 4, -self._side // 4)
        return Mesh(to_picture(points, crop, self._side), float(score), float(picture[middle, middle].mean()))
