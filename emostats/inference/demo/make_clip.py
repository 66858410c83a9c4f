"""Makes the demo clip from stills of the Face Research Lab London Set (DeBruine & Jones 2017, CC BY 4.0).

    python -m emostats.inference.demo.make_clip FOLDER_OF_STILLS session.mp4

The folder holds ``002_neutral.jpg``, ``002_smiling.jpg`` and so on. Between the two stills of a person the
picture is warped along the points of the face mesh and blended; the head sways a little. Nobody ever moved
like this.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emostats.inference.errors import need
from emostats.inference.frames import Image
from emostats.inference.landmarks import FaceReader

FPS, SECONDS = 15, 20.0
WIDTH, HEIGHT = 640, 360
CHILD, OTHER = "118", "004"
"""Who plays the child, and who looks in towards the end."""
SMILES = ((4.1, 7.0), (13.4, 15.6))
EMPTY = (8.5, 10.5)
DARK = (10.5, 11.5)
VISITOR = (16.0, 20.0)
CAPTION = "Made from stills of adults. Face Research Lab London Set (DeBruine & Jones 2017), CC BY 4.0"

Points = NDArray[np.float64]


class Person:
    """Two stills of one person, and everything between them."""

    def __init__(self, folder: Path, subject: str) -> None:
        pil = need("PIL.Image")
        files = [folder / f"{subject}_{expression}.jpg" for expression in ("neutral", "smiling")]
        self._stills = [np.asarray(pil.open(file).convert("RGB")) for file in files]
        reader = FaceReader(blendshapes=False)
        self._points = [_with_border(reader.still(still)) for still in self._stills]

    @cache  # noqa: B019 - lives as long as the script
    def at(self, share: float) -> Image:
        """The face with `share` (0–1) of the smile."""
        between = (1 - share) * self._points[0] + share * self._points[1]
        warped = [
            _warp(still, points, between) for still, points in zip(self._stills, self._points, strict=True)
        ]
        return ((1 - share) * warped[0] + share * warped[1]).round().astype(np.uint8)


def _with_border(result) -> Points:  # type: ignore[no-untyped-def]
    """Points (x, y) of the mesh and of the picture's border, which stays where it is."""
    steps = np.linspace(0, 399, 9)
    border = [(x, y) for x in steps for y in (0, 399)] + [(x, y) for y in steps[1:-1] for x in (0, 399)]
    return np.concatenate([result.points[:468, :2], np.array(border)]).astype(float)


def _warp(still: Image, points: Points, target: Points) -> Points:
    """The still with `points` moved to `target`, linear within triangles."""
    from scipy.interpolate import LinearNDInterpolator
    from scipy.ndimage import map_coordinates

    y, x = np.mgrid[0 : still.shape[0], 0 : still.shape[1]]
    shift = LinearNDInterpolator(target, points - target, fill_value=0.0)(x, y)
    where = [y + shift[..., 1], x + shift[..., 0]]
    return np.stack(
        [map_coordinates(still[..., c].astype(float), where, order=1, mode="nearest") for c in range(3)],
        axis=-1,
    )


def smile_at(time: float) -> float:
    """Share of the smile: rises in half a second, falls in one."""
    level = 0.0
    for begin, end in SMILES:
        level = max(level, min((time - begin) / 0.5, (end - time) / 1.0, 1.0))
    return round(max(level, 0.0), 2)


def frames(folder: Path) -> Iterator[Image]:
    """The pictures of the clip."""
    child, other = Person(folder, CHILD), Person(folder, OTHER)
    background = child.at(0.0)[:40].mean(axis=(0, 1))
    for index in range(round(FPS * SECONDS)):
        time = index / FPS
        picture = np.full((HEIGHT, WIDTH, 3), background, dtype=np.uint8)
        if not EMPTY[0] <= time < EMPTY[1]:
            _paste(picture, child.at(smile_at(time)), 350, 200 + 12 * math.sin(0.9 * time), HEIGHT - 350)
        if VISITOR[0] <= time < VISITOR[1]:
            _paste(picture, other.at(0.0), 190, 560, 150)
        dark = DARK[0] <= time < DARK[1]
        yield _captioned((picture * (0.08 if dark else 1.0)).astype(np.uint8))


def _paste(picture: Image, face: Image, side: int, centre: float, top: int) -> None:
    pil = need("PIL.Image")
    left = round(centre - side / 2)
    part = np.asarray(pil.fromarray(face).resize((side, side)))
    x0, x1 = max(left, 0), min(left + side, WIDTH)
    y1 = min(top + side, HEIGHT)
    picture[top:y1, x0:x1] = part[: y1 - top, x0 - left : x1 - left]


def _captioned(picture: Image) -> Image:
    pil, draw = need("PIL.Image"), need("PIL.ImageDraw")
    image = pil.fromarray(picture)
    pen = draw.Draw(image)
    pen.rectangle((0, HEIGHT - 16, WIDTH, HEIGHT), fill=(255, 255, 255))
    pen.text((6, HEIGHT - 14), CAPTION, fill=(29, 39, 48))
    return np.asarray(image)


def write_clip(folder: Path, target: Path) -> None:
    """Writes the clip as H.264."""
    av = need("av")
    with av.open(str(target), "w") as container:
        stream = container.add_stream("libx264", rate=FPS, options={"crf": "27", "preset": "veryslow"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for image in frames(folder):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode())


if __name__ == "__main__":
    write_clip(Path(sys.argv[1]), Path(sys.argv[2]))
