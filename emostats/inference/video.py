"""Decodes videos frame by frame (PyAV): true timestamps, upright, RGB; holds one frame at a time.

Only local files of the named containers are opened: a playlist, or an address in place of a path, is refused,
so that scoring never reaches for the network.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from emostats.inference.errors import VideoError, need
from emostats.inference.frames import Image, VideoFrame

CONTAINERS = (
    "mov,mp4,m4a,3gp,3g2,mj2",
    "matroska,webm",
    "avi",
    "flv",
    "mpeg",
    "mpegts",
    "ogg",
    "wav",
    "mp3",
    "flac",
    "aac",
)
"""FFmpeg's readers that may open a file; the last four only so that a sound file is recognised as one."""
MOST_PIXELS = 8192 * 4320
"""Larger pictures are refused: no camera of a session makes them, but a damaged header claims them."""
SHORTEST_SHARE = 0.9
"""A video that ends before this share of the length its header announces is truncated."""


@dataclass(frozen=True)
class VideoInfo:
    """What the header says. `seconds`, `frames` and `fps` are None where it does not say."""

    width: int
    height: int
    seconds: float | None
    frames: int | None
    fps: float | None
    codec: str


def video_info(path: str | Path) -> VideoInfo:
    """The header of a video.

    Raises
    ------
    VideoError: as `read_video`, before any frame.
    """
    with _opened(Path(path)) as (container, stream):
        context = stream.codec_context
        return VideoInfo(
            width=int(context.width),
            height=int(context.height),
            seconds=_announced(container, stream),
            frames=int(stream.frames) or None,
            fps=float(stream.average_rate) if stream.average_rate else None,
            codec=str(context.name),
        )


def read_video(path: str | Path, *, fps: float | None = None) -> Iterator[VideoFrame]:
    """The frames of a video in order of time; `time` counts from its first frame, as recorded.

    A rotation or mirroring in the header is carried out. With `fps`, at most so many frames a second are
    passed on: the first at or after each tick of 1/fps; their times stay the recorded ones.

    Raises
    ------
    VideoError: the file is missing or no video, has no video stream or no frame, its codec is unknown, or it
        breaks off; `reason` is ``"file-missing"``, ``"unreadable"``, ``"no-video-stream"``, ``"no-frames"``,
        ``"unknown-codec"`` or ``"truncated"``. The frames before a break have been passed on by then.
    """
    path = Path(path)
    with _opened(path) as (container, stream):
        yield from _resampled(_decoded(path, container, stream), fps)


def _resampled(frames: Iterator[VideoFrame], fps: float | None) -> Iterator[VideoFrame]:
    """Frames at or after each tick of 1/fps; a millisecond early counts as on time (rounded time bases)."""
    tick = 0.0
    for frame in frames:
        if fps is None:
            yield frame
        elif frame.time >= tick - 1e-3:
            yield frame
            tick = (np.floor((frame.time + 1e-3) * fps) + 1.0) / fps


@contextmanager
def _opened(path: Path) -> Iterator[tuple[Any, Any]]:
    av = need("av")
    if not path.is_file():
        raise VideoError("file-missing", f"{path}: expected a video file, found none. Check the path.")
    options = {"protocol_whitelist": "file", "format_whitelist": ",".join(CONTAINERS)}
    try:
        container = av.open(f"file:{path.resolve()}", container_options=options, metadata_errors="replace")
    except (av.error.FFmpegError, ValueError) as error:
        raise VideoError("unreadable", _unreadable(path, error)) from None
    with container:
        yield container, _stream(path, container)


def _unreadable(path: Path, error: Exception) -> str:
    reason = getattr(error, "strerror", None) or str(error)
    empty = path.stat().st_size == 0
    found = "an empty file" if empty else f"a file that cannot be opened as one ({reason})"
    return (
        f"{path}: expected a video (mp4, mov, webm, avi or mkv), found {found}. "
        "It may be damaged or cut off; copy it again from the camera."
    )


def _stream(path: Path, container: Any) -> Any:
    av = need("av")
    streams = [each for each in container.streams.video if not _is_cover(each)]
    if not streams:
        kinds = sorted({str(each.type) for each in container.streams}) or ["nothing"]
        raise VideoError(
            "no-video-stream",
            f"{path}: expected a video stream, found only {', '.join(kinds)}. Is it a sound file?",
        )
    stream = streams[0]
    try:
        stream.codec_context.thread_count = 1
        stream.codec_context.open(strict=False)
    except (av.error.FFmpegError, AttributeError, ValueError, RuntimeError):
        raise VideoError("unknown-codec", _unknown_codec(path, stream)) from None
    return stream


def _is_cover(stream: Any) -> bool:
    """Whether a 'video' stream is the cover picture of a sound file."""
    return bool(int(getattr(stream, "disposition", 0)) & 0x400)


def _unknown_codec(path: Path, stream: Any) -> str:
    name = getattr(getattr(stream, "codec_context", None), "name", None) or "an unknown codec"
    return f"{path}: its pictures are stored in {name}, which cannot be decoded here. Convert it to H.264."


def _decoded(path: Path, container: Any, stream: Any) -> Iterator[VideoFrame]:
    av = need("av")
    reformatter = av.video.reformatter.VideoReformatter()
    index, start, time, stamp = 0, None, 0.0, 0.0
    try:
        for frame in container.decode(stream):
            stamp = float(frame.time) if frame.time is not None else _regular(index, stream)
            start = stamp if start is None else start
            time = max(time, stamp - start)
            _refuse_large(path, frame)
            yield VideoFrame(index, time, _upright(reformatter.reformat(frame, format="rgb24"), frame))
            index += 1
    except (av.error.FFmpegError, OSError) as error:
        raise VideoError(
            "truncated", _broken(path, time, getattr(error, "strerror", None) or str(error))
        ) from None
    if index == 0:
        raise VideoError("no-frames", f"{path}: expected pictures, found a video stream without any frame.")
    announced = _announced(container, stream)
    if announced is not None and announced > 1.0 and stamp + _step(stream) < SHORTEST_SHARE * announced:
        raise VideoError("truncated", _broken(path, time, f"its header announces {announced:.1f} s"))


def _refuse_large(path: Path, frame: Any) -> None:
    if frame.width * frame.height > MOST_PIXELS:
        found = f"expected at most {MOST_PIXELS:,} pixels, found {frame.width} × {frame.height}"
        raise VideoError("unreadable", f"{path}: {found}. Its header may be damaged; copy the video again.")


def _broken(path: Path, time: float, reason: str) -> str:
    return f"{path}: the video breaks off after {time:.1f} s ({reason}). Copy it again from the camera."


def _regular(index: int, stream: Any) -> float:
    """Time of a frame without a timestamp."""
    return index * _step(stream)


def _step(stream: Any) -> float:
    return 1.0 / float(stream.average_rate) if stream.average_rate else 0.04


def _announced(container: Any, stream: Any) -> float | None:
    """Seconds that the stream's header announces, or the container's."""
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    return container.duration / 1e6 if container.duration else None


def _upright(picture: Any, frame: Any) -> Image:
    """The picture as an array, turned (multiples of 90°) and mirrored as the header asks."""
    image: Image = picture.to_ndarray()
    matrix = _display_matrix(frame)
    if matrix is None:
        return image
    right, down = ((round(x / _ONE), round(y / _ONE)) for x, y in matrix)
    if right[0] == 0 == down[1] and right[1] and down[0]:
        image, right, down = image.swapaxes(0, 1), down, right
    return np.ascontiguousarray(image[:: -1 if down[1] < 0 else 1, :: -1 if right[0] < 0 else 1])


_ONE = 1 << 16


def _display_matrix(frame: Any) -> tuple[tuple[int, int], tuple[int, int]] | None:
    """Where the header sends a step to the right and a step down, (x, y) in 1/65536 (ISO 14496-12, 8.3.2)."""
    stored = frame.side_data.get("DISPLAYMATRIX")
    if stored is None:
        return None
    a, b, _, c, d = struct.unpack_from("=5i", bytes(stored))
    return (a, b), (c, d)
