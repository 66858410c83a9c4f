"""The frames of a clip: of a video, or of a folder of images."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from emostats.inference.datasets.clip import IMAGES
from emostats.inference.errors import VideoError, need
from emostats.inference.frames import Image, VideoFrame
from emostats.inference.video import read_video

SEQUENCE_FPS = 12.5
"""Frames a second that a folder of images stands for where nothing else is known (CK+ had 30, Oulu-CASIA 25,
from neutral to apex in about a second)."""


def clip_frames(path: Path, *, fps: float | None = None) -> Iterator[VideoFrame]:
    """Frames in order; those of a folder of images get the times of `fps` (or `SEQUENCE_FPS`).

    Raises
    ------
    VideoError: as `video.read_video`; a folder without images, or with one that cannot be read.
    """
    if not path.is_dir():
        yield from read_video(path, fps=fps)
        return
    pictures = frame_files(path)
    for index, picture in enumerate(pictures):
        yield VideoFrame(index, index / (fps or SEQUENCE_FPS), read_image(picture))


def frame_files(folder: Path) -> list[Path]:
    """The images of a folder in order of their names.

    Raises
    ------
    VideoError: there are none.
    """
    pictures = sorted(path for path in folder.iterdir() if path.suffix.lower() in IMAGES)
    if not pictures:
        raise VideoError("no-frames", f"{folder} is a folder without images; expected the frames of a clip.")
    return pictures


def read_image(path: Path) -> Image:
    """(height, width, 3) RGB, upright as the camera recorded it.

    Raises
    ------
    VideoError: the file is missing or no image.
    """
    pillow: Any = need("PIL.Image")
    turned: Any = need("PIL.ImageOps")
    try:
        with pillow.open(path) as picture:
            return np.array(turned.exif_transpose(picture).convert("RGB"), dtype=np.uint8)
    except (OSError, ValueError, SyntaxError) as error:
        raise VideoError("unreadable", f"{path} cannot be read as an image: {error}") from None


def clip_hash(path: Path) -> str:
    """sha256 of a video, or of the names and contents of a folder's images."""
    digest = sha256()
    for file in frame_files(path) if path.is_dir() else [path]:
        if path.is_dir():
            digest.update(file.name.encode() + b"\0")
        with file.open("rb") as handle:
            while block := handle.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()
