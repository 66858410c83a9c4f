"""A video to check the reading with: the points of the face over a picture in which nobody can be recognised.

By default the whole picture is reduced to a few blobs of colour, not only the faces that were found: a face
that was overlooked would otherwise stay sharp.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from emostats.inference.batch import Scored
from emostats.inference.errors import need
from emostats.inference.files import complete
from emostats.inference.frames import FrameResult, Image
from emostats.inference.landmarks import FaceReader
from emostats.inference.timeline.bands import STATUS_WORDS
from emostats.inference.video import read_video

FPS = 8.0
"""Most frames a second of a preview."""
BLOBS = 16
"""The blurred picture keeps so many pixels along its longer side."""
LONGEST = 640
"""Longer side of a preview, pixels."""


def annotate(image: Image, result: FrameResult, *, show_faces: bool = False) -> Image:
    """The picture (height, width, 3) with box, points, time and status of its face; blurred unless asked."""
    pil, draw = need("PIL.Image"), need("PIL.ImageDraw")
    picture = pil.fromarray(image if show_faces else blurred(image))
    pen = draw.Draw(picture)
    colour = (0, 255, 140) if result.usable else (255, 190, 60)
    if result.points is not None:
        for x, y in result.points[:, :2].tolist():
            pen.rectangle((x - 0.5, y - 0.5, x + 0.5, y + 0.5), fill=colour)
    if result.box is not None:
        pen.rectangle(result.box, outline=colour)
    text = f"{result.time:7.2f} s  {STATUS_WORDS[result.status]}  faces: {result.n_faces}"
    pen.rectangle((0, 0, 8 + 6.2 * len(text), 15), fill=(0, 0, 0))
    pen.text((4, 2), text, fill=(255, 255, 255))
    return np.asarray(picture)


def blurred(image: Image) -> Image:
    """The picture with `BLOBS` pixels along its longer side, scaled up: no face can be told from it."""
    pil = need("PIL.Image")
    picture = pil.fromarray(image)
    scale = BLOBS / max(picture.size)
    few = picture.resize([max(1, round(side * scale)) for side in picture.size], pil.Resampling.BOX)
    return np.asarray(few.resize(picture.size, pil.Resampling.BICUBIC))


def write_still(image: Image, path: Path, *, show_faces: bool = False) -> FrameResult:
    """Reads a picture and writes it annotated as PNG; returns what was found."""
    result = FaceReader(blendshapes=False).still(image)
    with complete(path) as unfinished:
        need("PIL.Image").fromarray(annotate(image, result, show_faces=show_faces)).save(unfinished, "PNG")
    return result


def write_preview(scored: Scored, path: Path, *, show_faces: bool = False) -> None:
    """Reads the session's video once more, at `FPS` or slower, and writes it annotated as MP4 without sound.

    Raises
    ------
    VideoError: the video cannot be read. OutputError: the preview cannot be written.
    """
    with complete(path) as unfinished:
        _encode(_annotated(scored, show_faces), unfinished)


def _annotated(scored: Scored, show_faces: bool) -> Iterator[tuple[float, Image]]:
    """Time and annotated picture of each frame; the picture in hand is the one that was just read."""
    now: list[Any] = []

    def watched() -> Iterator[Any]:
        for frame in read_video(scored.session.video, fps=FPS):
            now[:] = [frame]
            yield frame

    reader = FaceReader(blendshapes=False)
    for result in reader.video(watched(), choose=scored.choose):
        yield result.time, annotate(now[0].image, result, show_faces=show_faces)


def _encode(pictures: Iterator[tuple[float, Image]], path: Path) -> None:
    """Writes pictures at their own times; the first one gives the size."""
    av, pil = need("av"), need("PIL.Image")
    with av.open(str(path), "w", format="mp4") as container:
        stream = container.add_stream(
            "libx264" if "libx264" in av.codecs_available else "mpeg4", rate=round(FPS)
        )
        stream.pix_fmt, stream.codec_context.time_base = "yuv420p", Fraction(1, 1000)
        for number, (time, image) in enumerate(pictures):
            small = pil.fromarray(image)
            small.thumbnail((LONGEST, LONGEST))
            if number == 0:
                stream.width, stream.height = (side - side % 2 for side in small.size)
            even = small.crop((0, 0, stream.width, stream.height))
            frame = av.VideoFrame.from_image(even)
            frame.pts, frame.time_base = round(1000 * time), Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
