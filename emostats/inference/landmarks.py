"""478 points and 52 blendshapes of a face, in stills and, following the face, in videos."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from emostats.inference.choice import Choice, pick
from emostats.inference.crops import Crop, box_of, crop_of_face, crop_of_points, cut, to_picture
from emostats.inference.faces import Face, FaceFinder, overlap
from emostats.inference.frames import (
    N_POINTS,
    SUBSET,
    Floats,
    FrameResult,
    FrameStatus,
    Image,
    VideoFrame,
)
from emostats.inference.models import Model
from emostats.inference.pose import eye_distance, yaw

PRESENT = 0.5
"""Least score of the mesh model for a face to be there (MediaPipe's default)."""
COUNT_EVERY = 1.0
"""Seconds of video between two counts of the faces in the picture, and between two searches on tiles."""


@dataclass(frozen=True)
class Limits:
    """When a face is left out.

    Attributes
    ----------
    eyes: least distance of the outer corners of the eyes, pixels.
    yaw: most degrees that the head may be turned sideways.
    light: least mean brightness of the face, 0–255.
    """

    eyes: float = 24.0
    yaw: float = 45.0
    light: float = 20.0


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


class FaceReader:
    """Reads the face of stills and videos. Not shared between threads; one a process.

    Parameters
    ----------
    limits: when a face is left out.
    blendshapes: False leaves them out, which saves a twentieth of the time.
    """

    def __init__(self, *, limits: Limits | None = None, blendshapes: bool = True) -> None:
        self._limits = limits or Limits()
        self._finder = FaceFinder()
        self._mesh = MeshModel()
        self._blendshapes = Model("face_blendshapes.tflite") if blendshapes else None

    def still(self, image: Image, *, choose: Choice = "largest") -> FrameResult:
        """The face of one RGB picture (height, width, 3), uint8."""
        faces = self._finder.search(image)
        face = pick(faces, choose, image.shape)
        blank = FrameResult(0, 0.0, FrameStatus.NO_FACE, n_faces=len(faces))
        return blank if face is None else self._result(blank, self._mesh(image, crop_of_face(face)), image)

    def video(self, frames: Iterable[VideoFrame], *, choose: Choice = "largest") -> Iterator[FrameResult]:
        """One result a frame, in order; holds no frame longer than its turn.

        A face is followed from frame to frame by its own points. It is searched for anew when the mesh model
        no longer sees it, and the faces are counted once a second: if the rule picks another face in two
        counts in a row, that one is followed from then on, with a new track number.
        """
        follower = _Follower(self._finder, self._mesh, choose)
        for frame in frames:
            mesh = follower.follow(frame)
            blank = FrameResult(
                frame.index, frame.time, FrameStatus.NO_FACE, n_faces=follower.n_faces, track=follower.track
            )
            yield replace(blank, track=0) if mesh is None else self._result(blank, mesh, frame.image)

    def _result(self, blank: FrameResult, mesh: Mesh, image: Image) -> FrameResult:
        if mesh.score < PRESENT:
            return replace(blank, confidence=mesh.score)
        return replace(
            blank,
            status=self._status(mesh),
            points=_frozen(mesh.points),
            blendshapes=None if self._blendshapes is None else _frozen(self._activations(mesh.points)),
            box=box_of(mesh.points),
            confidence=mesh.score,
            n_faces=max(1, blank.n_faces),
        )

    def _status(self, mesh: Mesh) -> FrameStatus:
        if eye_distance(mesh.points) < self._limits.eyes:
            return FrameStatus.TOO_SMALL
        if abs(yaw(mesh.points)) > self._limits.yaw:
            return FrameStatus.TURNED_AWAY
        return FrameStatus.TOO_DARK if mesh.light < self._limits.light else FrameStatus.OK

    def _activations(self, points: Floats) -> Floats:
        if self._blendshapes is None:
            raise ValueError("this reader was made without blendshapes")
        (values,) = self._blendshapes(np.ascontiguousarray(points[None, SUBSET, :2])).values()
        return values.copy()


class _Follower:
    """Follows one face through a video: state between frames."""

    def __init__(self, finder: FaceFinder, mesh: MeshModel, choose: Choice) -> None:
        self._finder, self._mesh, self._choose = finder, mesh, choose
        self._last: Floats | None = None
        self._counted = self._tiled = float("-inf")
        self._doubts = 0
        self.n_faces = 0
        self.track = 0

    def follow(self, frame: VideoFrame) -> Mesh | None:
        """The mesh of the chosen face; None if there is none."""
        mesh = self._next(frame) or self._searched(frame)
        self._last = None if mesh is None else mesh.points
        return mesh

    def _next(self, frame: VideoFrame) -> Mesh | None:
        """The face where it was in the frame before, unless it is gone or another one is meant."""
        if self._last is None or not self._still_meant(frame):
            return None
        mesh = self._mesh(frame.image, crop_of_points(self._last))
        return mesh if mesh.score >= PRESENT else None

    def _still_meant(self, frame: VideoFrame) -> bool:
        if frame.time - self._counted < COUNT_EVERY:
            return True
        self._counted = frame.time
        faces = self._finder.quick(frame.image)
        self.n_faces = max(1, len(faces))
        face = pick(faces, self._choose, frame.image.shape) if len(faces) > 1 else None
        self._doubts = self._doubts + 1 if face is not None and self._another(face) else 0
        return self._doubts < 2

    def _another(self, face: Face) -> bool:
        if self._last is None:
            return False
        here = np.array(box_of(self._last), dtype=np.float32)
        return float(overlap(here, np.array([face.box], dtype=np.float32))[0]) < 0.2

    def _searched(self, frame: VideoFrame) -> Mesh | None:
        tiled = frame.time - self._tiled >= COUNT_EVERY
        faces = self._finder.search(frame.image, tiled=tiled)
        if tiled and not faces:
            self._tiled = frame.time
        self.n_faces, self._counted, self._doubts = len(faces), frame.time, 0
        face = pick(faces, self._choose, frame.image.shape)
        mesh = None if face is None else self._mesh(frame.image, crop_of_face(face))
        if mesh is None or mesh.score < PRESENT:
            return None
        self.track += 1
        return mesh


def _frozen(values: Floats) -> Floats:
    values.flags.writeable = False
    return values
