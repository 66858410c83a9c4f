"""Where live frames come from, a video file or a camera, and how each becomes a reading. No picture is kept.

Needs ``pip install "emostats[inference]"``, imported when a source is opened.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from time import perf_counter, sleep
from typing import TYPE_CHECKING, Any

import numpy as np

from emostats.errors import UsageError
from emostats.music.live import Reading
from emostats.music.scores import FROWN, SMILE, by_rule

if TYPE_CHECKING:
    from emostats.inference.frames import VideoFrame

CAMERA = "camera:"


def opened(source: str, fps: float, *, fast: bool = False) -> Iterator[VideoFrame]:
    """Frames of a camera or a video file, at most `fps` a second; `fast`: a file as fast as it can be read.

    Raises
    ------
    UsageError: `fps` is no number above 0; no such camera. VideoError: no such video, or it is none.
    """
    from emostats.inference.video import video_info

    if not 0.0 < fps < float("inf"):
        raise UsageError(f"fps must be a number of frames a second above 0; found {fps!r}.")
    if source.startswith(CAMERA):
        return camera(source, fps)
    video_info(Path(source))  # before a session begins
    return video(Path(source), fps, fast=fast)


def video(path: Path, fps: float, *, fast: bool) -> Iterator[VideoFrame]:
    """Frames of a file; in real time unless `fast`, and then late frames are skipped, as a camera would."""
    from emostats.inference.video import read_video

    start = perf_counter()
    for frame in read_video(path, fps=fps):
        if not fast:
            wait = frame.time - (perf_counter() - start)
            if wait > 0:
                sleep(wait)
            elif wait < -0.5:
                continue
        yield frame


def camera(source: str, fps: float) -> Iterator[VideoFrame]:
    """Frames of a camera, through FFmpeg's device input of this system; it is opened at once.

    Raises
    ------
    UsageError: there is no such camera, it cannot be opened, or it is lost on the way.
    """
    import av

    number = source.removeprefix(CAMERA) or "0"
    name, form = {
        "darwin": (f"{number}:none", "avfoundation"),
        "win32": (f"video={number}", "dshow"),
    }.get(sys.platform, (f"/dev/video{number}", "v4l2"))
    try:
        container = av.open(name, format=form)
    except (av.error.FFmpegError, ValueError, OSError) as error:
        raise UsageError(
            f"Camera {number} cannot be opened ({error}). Check that it is connected and that no other "
            "program uses it, or give a video file."
        ) from None
    return _pictures(container, number, fps)


def _pictures(container: Any, number: str, fps: float) -> Iterator[VideoFrame]:
    import av

    from emostats.inference.frames import VideoFrame as Frame

    start, last = perf_counter(), -1.0
    try:
        with container:
            for index, picture in enumerate(container.decode(video=0)):
                now = perf_counter() - start
                if now - last >= 1.0 / fps:
                    last = now
                    yield Frame(index, now, np.asarray(picture.to_ndarray(format="rgb24"), dtype=np.uint8))
    except av.error.FFmpegError as error:
        raise UsageError(
            f"Camera {number} gives no more pictures ({error}). The session is stopped and its log is whole; "
            "check the cable and start a new one."
        ) from None


def readings(frames: Iterable[VideoFrame]) -> Iterator[Reading]:
    """Faces read from the frames, scored by the rules of `emostats.music.scores.by_rule`."""
    from emostats.inference.frames import BLENDSHAPES
    from emostats.inference.landmarks import FaceReader
    from emostats.inference.pose import yaw
    from emostats.inference.scores.movement import Movement

    arrived: list[float] = []

    def stamped() -> Iterator[VideoFrame]:
        for frame in frames:
            arrived.append(perf_counter())
            yield frame

    smile, frown = ([BLENDSHAPES.index(name) for name in names] for names in (SMILE, FROWN))
    movement = Movement()
    for result in FaceReader().video(stamped()):
        moved = movement(result)
        scores = np.full(3, np.nan)
        if result.usable and result.blendshapes is not None and result.points is not None:
            shapes = result.blendshapes
            parts = shapes[smile].mean(), shapes[frown].mean(), moved, yaw(result.points)
            scores = by_rule(*(np.asarray(float(part)) for part in parts))
        yield Reading(result.time, (float(scores[0]), float(scores[1]), float(scores[2])), arrived[-1])
