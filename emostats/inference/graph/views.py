"""Several looks at one still: mirrored, tilted and zoomed. Their mean has less of the mesh model's noise."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from emostats.inference.frames import FrameResult
from emostats.inference.graph.face import face_graph
from emostats.inference.graph.normalise import normalise

TILTS = ((0.0, 1.0), (-6.0, 0.94), (6.0, 1.06), (-3.0, 1.06), (3.0, 0.94))
"""(degrees, zoom) of each look; each is taken twice, as it is and mirrored."""


class StillReader(Protocol):
    """What reads one picture, e.g. `emostats.inference.landmarks.FaceReader`."""

    def still(self, image: NDArray[np.uint8]) -> FrameResult:
        """The face of a picture (height, width, 3)."""
        ...


def looks(image: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
    """The ten pictures of a still (height, width, 3): the tilts, then the tilts of its mirror image."""
    from PIL import Image

    pictures = []
    for source in (image, image[:, ::-1]):
        still = Image.fromarray(np.ascontiguousarray(source))
        pictures += [np.asarray(_tilted(still, degrees, zoom)) for degrees, zoom in TILTS]
    return pictures


def face_views(reader: StillReader, image: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Normalised points of each look at a still, mirrored ones mirrored back.

    Returns (10, 146, 3); NaN for a look in which no face was found.
    """
    views = []
    for number, picture in enumerate(looks(image)):
        found = reader.still(picture).points
        points = np.full((146, 3), np.nan, np.float32) if found is None else normalise(found)
        views.append(mirrored(points) if number >= len(TILTS) else points)
    return np.stack(views)


def mirrored(points: NDArray[np.float32]) -> NDArray[np.float32]:
    """Normalised faces (…, 146, 3) as in a mirror."""
    sign = np.array([-1.0, 1.0, 1.0], dtype=np.float32)
    return np.asarray(points[..., list(face_graph().mirror), :] * sign, dtype=np.float32)


def _tilted(still: Any, degrees: float, zoom: float) -> Any:
    """The picture turned about its middle and enlarged; what lies outside is black."""
    from PIL import Image

    if degrees == 0.0 and zoom == 1.0:
        return still
    width, height = still.size
    angle = np.deg2rad(degrees)
    cosine, sine = np.cos(angle) / zoom, np.sin(angle) / zoom
    x, y = width / 2, height / 2
    matrix = (cosine, -sine, x - cosine * x + sine * y, sine, cosine, y - sine * x - cosine * y)
    return still.transform(still.size, Image.Transform.AFFINE, matrix, resample=Image.Resampling.BICUBIC)
