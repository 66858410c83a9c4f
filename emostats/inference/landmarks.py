"""478 points and 52 blendshapes of a face, in stills and, following the face, in videos."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from emostats.inference.appearance import appearance
from emostats.inference.choice import Choice
from emostats.inference.crops import box_of
from emostats.inference.frames import SUBSET, Floats, FrameResult, FrameStatus, Image, VideoFrame
from emostats.inference.mesh import Mesh
from emostats.inference.models import Model
from emostats.inference.pose import eye_distance, yaw
from emostats.inference.search import Follower, Searcher


@dataclass(frozen=True)
class Limits:
    """When a face is left out.

    Attributes
    ----------
    eyes: least distance of the outer corners of the eyes, pixels.
    yaw: most degrees that the head may be turned sideways.
    light: least mean brightness of the face, 0–255.
    """

    eyes: float = 20.0
    yaw: float = 45.0
    light: float = 15.0


class FaceReader:
    """Reads the face of stills and videos. Not shared between threads; one a process.

    Parameters
    ----------
    limits: when a face is left out.
    blendshapes: False leaves them out, which saves a twentieth of the time.
    appearance: True describes the picture as well (`FrameResult.appearance`), a fifteenth more time.
    """

    def __init__(
        self, *, limits: Limits | None = None, blendshapes: bool = True, appearance: bool = False
    ) -> None:
        self._limits, self._appearance = limits or Limits(), appearance
        self._searcher = Searcher()
        self._blendshapes = Model("face_blendshapes.tflite") if blendshapes else None

    def still(self, image: Image, *, choose: Choice = "largest") -> FrameResult:
        """The face of one RGB picture (height, width, 3), uint8."""
        mesh, n_faces = self._searcher.search(image, choose)
        blank = FrameResult(0, 0.0, FrameStatus.NO_FACE, n_faces=n_faces)
        return blank if mesh is None else self._result(replace(blank, track=1), mesh, image)

    def video(self, frames: Iterable[VideoFrame], *, choose: Choice = "largest") -> Iterator[FrameResult]:
        """One result a frame, in order; holds no frame longer than its turn.

        A face is followed from frame to frame by its own points. It is searched for anew when the mesh model
        no longer sees it, and the faces are counted once a second: if the rule picks another face in two
        counts in a row, that one is followed from then on, with a new track number.
        """
        follower = Follower(self._searcher, choose)
        for frame in frames:
            mesh = follower.follow(frame)
            blank = FrameResult(frame.index, frame.time, FrameStatus.NO_FACE, n_faces=follower.n_faces)
            if mesh is None:
                yield blank
            else:
                yield self._result(replace(blank, track=follower.track), mesh, frame.image)

    def _result(self, blank: FrameResult, mesh: Mesh, image: Image) -> FrameResult:
        return replace(
            blank,
            status=self._status(mesh),
            points=_frozen(mesh.points),
            blendshapes=None if self._blendshapes is None else _frozen(self._activations(mesh.points)),
            box=box_of(mesh.points),
            confidence=mesh.score,
            n_faces=max(1, blank.n_faces),
            appearance=_frozen(appearance(image, mesh.points)) if self._appearance else None,
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


def _frozen(values: Floats) -> Floats:
    values.flags.writeable = False
    return values
