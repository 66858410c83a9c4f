"""Finds the chosen face in a picture, and follows it through a video."""

from __future__ import annotations

import numpy as np

from emostats.inference.choice import Choice, pick
from emostats.inference.crops import box_of, crop_of_face, crop_of_points
from emostats.inference.faces import Face, FaceFinder, overlap
from emostats.inference.frames import Floats, Image, VideoFrame
from emostats.inference.mesh import PRESENT, Mesh, MeshModel

COUNT_EVERY = 1.0
"""Seconds of video between two counts of the faces in the picture, and between two searches on tiles."""


class Searcher:
    """Finds the chosen face in a picture: a stage counts only if the mesh model confirms the face."""

    def __init__(self) -> None:
        self._finder, self.mesh = FaceFinder(), MeshModel()

    def search(self, image: Image, choose: Choice, *, tiled: bool = True) -> tuple[Mesh | None, int]:
        """The mesh of the chosen face, None without one, and how many faces there are."""
        n_faces = 0
        for faces in self._finder.stages(image, quick=choose == "largest", tiled=tiled):
            n_faces = max(n_faces, len(faces))
            face = pick(faces, choose, image.shape)
            mesh = None if face is None else self.mesh(image, crop_of_face(face))
            if mesh is not None and mesh.score >= PRESENT:
                return mesh, n_faces
        return None, n_faces

    def count(self, image: Image) -> list[Face]:
        """All faces that the detectors find without tiles."""
        return self._finder.both(image)


class Follower:
    """Follows one face through a video; holds what has to be known between frames."""

    def __init__(self, searcher: Searcher, choose: Choice) -> None:
        self._searcher, self._choose = searcher, choose
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
        mesh = self._searcher.mesh(frame.image, crop_of_points(self._last))
        return mesh if mesh.score >= PRESENT else None

    def _still_meant(self, frame: VideoFrame) -> bool:
        if frame.time - self._counted < COUNT_EVERY:
            return True
        self._counted = frame.time
        faces = self._searcher.count(frame.image)
        self.n_faces = max(1, len(faces))
        face = pick(faces, self._choose, frame.image.shape)
        self._doubts = self._doubts + 1 if face is not None and self._elsewhere(face) else 0
        return self._doubts < 2

    def _elsewhere(self, face: Face) -> bool:
        """Whether a face is not the one that is followed (the boxes of detector and mesh differ a little)."""
        if self._last is None:
            return False
        here = np.array(box_of(self._last), dtype=np.float32)
        return float(overlap(here, np.array([face.box], dtype=np.float32))[0]) < 0.2

    def _searched(self, frame: VideoFrame) -> Mesh | None:
        """The face found anew; its points are read twice, so that the crop is that of the frames to come."""
        tiled = frame.time - self._tiled >= COUNT_EVERY
        mesh, self.n_faces = self._searcher.search(frame.image, self._choose, tiled=tiled)
        if mesh is None:
            self._tiled = frame.time if tiled else self._tiled
            return None
        self._counted, self._doubts = frame.time, 0
        self.track += 1
        settled = self._searcher.mesh(frame.image, crop_of_points(mesh.points))
        return settled if settled.score >= PRESENT else mesh
