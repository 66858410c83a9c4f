"""The teacher of the pretraining: MediaPipe's blendshape model, 146 points in the plane to 52 activations."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from emostats.inference.frames import BLENDSHAPES
from emostats.inference.models import Model

_PIXELS = 120.0
"""Distance of the eyes in the picture that the teacher is shown; its answer does not depend on it."""


class Teacher:
    """Says the blendshapes of normalised faces."""

    def __init__(self) -> None:
        self._model = Model("face_blendshapes.tflite")

    def __call__(self, faces: NDArray[Any]) -> NDArray[np.float32]:
        """Activations (n, 52), 0 to 1, of normalised faces (n, 146, 2 or 3)."""
        plane = np.ascontiguousarray(faces[:, None, :, :2], dtype=np.float32) * np.float32(_PIXELS)
        answers = [next(iter(self._model(face).values())).copy() for face in plane + np.float32(256)]
        return np.stack(answers) if answers else np.zeros((0, len(BLENDSHAPES)), np.float32)


def mirrored_order() -> tuple[int, ...]:
    """For each blendshape its partner in a mirror: left and right change places."""
    swap = {"Left": "Right", "Right": "Left"}
    partners = []
    for name in BLENDSHAPES:
        side = next((word for word in swap if name.endswith(word)), "")
        partner = name.removesuffix(side) + swap[side] if side else name
        partners.append(BLENDSHAPES.index(partner) if partner in BLENDSHAPES else BLENDSHAPES.index(name))
    return tuple(partners)
