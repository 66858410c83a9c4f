"""The values that the stages pass on: a frame of a video, and what was found in it.

Pixel coordinates are continuous: x to the right, y down, the centre of the first pixel is (0.5, 0.5).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Floats = NDArray[np.float32]
Box = tuple[float, float, float, float]

N_POINTS = 478
"""Points of the face mesh: 468 of the surface and 5 for each iris."""


class FrameStatus(StrEnum):
    """Whether a frame can be scored, and if not, why. Only ``OK`` frames enter a score."""

    OK = "ok"
    NO_FACE = "no_face"
    TOO_SMALL = "too_small"
    TURNED_AWAY = "turned_away"
    TOO_DARK = "too_dark"


@dataclass(frozen=True)
class VideoFrame:
    """A decoded frame: number in the video, true timestamp in seconds, RGB image (height, width, 3)."""

    index: int
    time: float
    image: Image


@dataclass(frozen=True)
class FrameResult:
    """The face of one frame.

    Attributes
    ----------
    index, time: as in `VideoFrame`.
    status: whether the frame counts. A face that is too small, dark or turned away keeps its points, so that
        the decision can be looked into; scores leave it out.
    points: (478, 3) pixels, z in the scale of x (smaller is nearer to the camera); None without a face.
    blendshapes: 52 activations in 0–1, in the order of `BLENDSHAPES`; None without a face.
    box: upright box (x0, y0, x1, y1) of the points, pixels; None without a face.
    confidence: 0–1, the mesh model's score that a face is present.
    n_faces: faces in the picture when they were last counted (at every search, and once a second).
    track: number of the run of frames in which one face was followed without a break; 0 without a face.
    appearance: what the picture of the face shows beside its points (`inference.appearance`), for a network
        that takes it; None without a face, and where the reader was not asked for it.
    """

    index: int
    time: float
    status: FrameStatus
    points: Floats | None = None
    blendshapes: Floats | None = None
    box: Box | None = None
    confidence: float = 0.0
    n_faces: int = 0
    track: int = 0
    appearance: Floats | None = None

    @property
    def usable(self) -> bool:
        """Whether the frame enters the scores."""
        return self.status is FrameStatus.OK


BLENDSHAPES = (
    "_neutral", "browDownLeft", "browDownRight", "browInnerUp", "browOuterUpLeft", "browOuterUpRight",
    "cheekPuff", "cheekSquintLeft", "cheekSquintRight", "eyeBlinkLeft", "eyeBlinkRight", "eyeLookDownLeft",
    "eyeLookDownRight", "eyeLookInLeft", "eyeLookInRight", "eyeLookOutLeft", "eyeLookOutRight",
    "eyeLookUpLeft", "eyeLookUpRight", "eyeSquintLeft", "eyeSquintRight", "eyeWideLeft", "eyeWideRight",
    "jawForward", "jawLeft", "jawOpen", "jawRight", "mouthClose", "mouthDimpleLeft", "mouthDimpleRight",
    "mouthFrownLeft", "mouthFrownRight", "mouthFunnel", "mouthLeft", "mouthLowerDownLeft",
    "mouthLowerDownRight", "mouthPressLeft", "mouthPressRight", "mouthPucker", "mouthRight",
    "mouthRollLower", "mouthRollUpper", "mouthShrugLower", "mouthShrugUpper", "mouthSmileLeft",
    "mouthSmileRight", "mouthStretchLeft", "mouthStretchRight", "mouthUpperUpLeft", "mouthUpperUpRight",
    "noseSneerLeft", "noseSneerRight",
)  # fmt: skip
"""Names of the 52 blendshapes, in the order of the model's output (MediaPipe Face Landmarker)."""

SUBSET = np.array([
    0, 1, 4, 5, 6, 7, 8, 10, 13, 14, 17, 21, 33, 37, 39, 40, 46, 52, 53, 54, 55, 58, 61, 63, 65, 66, 67, 70,
    78, 80, 81, 82, 84, 87, 88, 91, 93, 95, 103, 105, 107, 109, 127, 132, 133, 136, 144, 145, 146, 148, 149,
    150, 152, 153, 154, 155, 157, 158, 159, 160, 161, 162, 163, 168, 172, 173, 176, 178, 181, 185, 191, 195,
    197, 234, 246, 249, 251, 263, 267, 269, 270, 276, 282, 283, 284, 285, 288, 291, 293, 295, 296, 297, 300,
    308, 310, 311, 312, 314, 317, 318, 321, 323, 324, 332, 334, 336, 338, 356, 361, 362, 365, 373, 374, 375,
    377, 378, 379, 380, 381, 382, 384, 385, 386, 387, 388, 389, 390, 397, 398, 400, 402, 405, 409, 415, 454,
    466, 468, 469, 470, 471, 472, 473, 474, 475, 476, 477,
])  # fmt: skip
"""The 146 points that the blendshape model reads (MediaPipe Face Landmarker)."""
SUBSET.flags.writeable = False

RIGHT_EYE_OUTER, LEFT_EYE_OUTER = 33, 263
"""Outer corners of the child's right and left eye; their distance is the unit of length of a face."""
