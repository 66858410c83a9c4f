"""Decoding: containers, true times, rotation, odd formats, resampling."""

from __future__ import annotations

import struct
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emostats.inference.frames import VideoFrame
from emostats.inference.video import _resampled, read_video, video_info


def plain(colours, width: int = 64, height: int = 48) -> list[np.ndarray]:  # type: ignore[no-untyped-def]
    return [np.full((height, width, 3), colour, np.uint8) for colour in colours]


def patch_rotation(path: Path, a: int, b: int, c: int, d: int) -> Path:
    """Writes a rotation into the track header of an mp4, as phones do (ISO 14496-12, 8.3.2)."""
    content = bytearray(path.read_bytes())
    at = content.index(b"tkhd") + 4 + 40
    struct.pack_into(">9i", content, at, a << 16, b << 16, 0, c << 16, d << 16, 0, 0, 0, 1 << 30)
    path.write_bytes(bytes(content))
    return path


@pytest.mark.parametrize(
    ("name", "codec", "pix_fmt"),
    [
        ("a.mp4", "mpeg4", "yuv420p"), ("a.mov", "mjpeg", "yuvj420p"), ("a.webm", "libvpx-vp9", "yuv420p"),
        ("a.avi", "mpeg4", "yuv420p"), ("a.mkv", "libx264", "yuv420p"),
    ],
)  # fmt: skip
def test_every_promised_container_is_read(name: str, codec: str, pix_fmt: str, make, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    levels = (20, 90, 160, 230, 120)
    path = make.write_video(tmp_path / name, plain(levels), codec=codec, pix_fmt=pix_fmt, rate=10)
    found = list(read_video(path))
    assert [frame.index for frame in found] == [0, 1, 2, 3, 4]
    assert [frame.time for frame in found] == pytest.approx([0, 0.1, 0.2, 0.3, 0.4], abs=2e-3)
    assert {(frame.image.shape, frame.image.dtype) for frame in found} == {((48, 64, 3), np.dtype(np.uint8))}
    assert [float(frame.image.mean()) for frame in found] == pytest.approx(levels, abs=6)
    info = video_info(path)
    assert (info.width, info.height) == (64, 48) and info.seconds == pytest.approx(0.5, abs=0.11)


def test_times_of_a_variable_frame_rate_are_kept(make, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    times = [0.0, 0.04, 0.1, 0.7, 0.71, 1.5]
    path = make.write_video(tmp_path / "vfr.mkv", plain(range(0, 240, 40)), codec="ffv1", times=times)
    assert [frame.time for frame in read_video(path)] == pytest.approx(times, abs=1.1e-3)


def test_time_counts_from_the_first_frame(make, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    path = make.write_video(tmp_path / "late.mkv", plain((9, 9, 9)), codec="ffv1", times=[5.0, 5.25, 5.5])
    assert [frame.time for frame in read_video(path)] == pytest.approx([0, 0.25, 0.5], abs=1e-3)


@pytest.mark.parametrize(
    ("matrix", "corner", "shape"),
    [
        ((0, 1, -1, 0), (0, -1), (64, 48)),
        ((-1, 0, 0, -1), (-1, -1), (48, 64)),
        ((0, -1, 1, 0), (-1, 0), (64, 48)),
        ((-1, 0, 0, 1), (0, -1), (48, 64)),  # mirrored, as some front cameras do
        ((1, 0, 0, -1), (-1, 0), (48, 64)),
        ((0, 1, 1, 0), (0, 0), (64, 48)),
        ((0, -1, -1, 0), (-1, -1), (64, 48)),
        ((1, 0, 0, 1), (0, 0), (48, 64)),
    ],
)
def test_a_rotation_or_mirroring_in_the_header_is_carried_out(
    matrix, corner, shape, make, tmp_path: Path
) -> None:  # type: ignore[no-untyped-def]
    """The upper left corner is bright; it is carried to another corner."""
    image = np.full((48, 64, 3), 20, np.uint8)
    image[:16, :16] = 230
    path = patch_rotation(make.write_video(tmp_path / "phone.mp4", [image] * 3), *matrix)
    frame = next(iter(read_video(path))).image
    assert frame.shape[:2] == shape and frame.flags["C_CONTIGUOUS"]
    rows, columns = (slice(0, 8) if side == 0 else slice(-8, None) for side in corner)
    assert frame[rows, columns].mean() > 200 and frame.mean() < 60


@pytest.mark.parametrize(
    ("pix_fmt", "width", "height"),
    [("yuv420p10le", 64, 48), ("yuv444p", 65, 49), ("yuv420p", 63, 47), ("gray", 33, 21)],
)
def test_deep_colour_and_odd_sizes_are_read(
    pix_fmt: str, width: int, height: int, make, tmp_path: Path
) -> None:  # type: ignore[no-untyped-def]
    image = np.zeros((height, width, 3), np.uint8)
    image[:, : width // 2] = 200
    path = make.write_video(tmp_path / "odd.mkv", [image] * 2, codec="ffv1", pix_fmt=pix_fmt)
    frame = next(iter(read_video(path))).image
    assert frame.shape == (height, width, 3)
    assert frame[:, : width // 2 - 3].mean() == pytest.approx(200, abs=5)
    assert frame[:, width // 2 + 3 :].mean() < 8


def test_resampling_passes_the_first_frame_at_each_tick(make, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    path = make.write_video(tmp_path / "fast.mkv", plain(range(60)), codec="ffv1", rate=30)
    times = [frame.time for frame in read_video(path, fps=10)]
    assert times == pytest.approx(np.arange(20) / 10, abs=2e-3)
    kept = list(read_video(path, fps=10))
    assert [frame.index for frame in kept] == list(range(0, 60, 3))
    assert len(list(read_video(path, fps=100))) == 60


@given(st.lists(st.floats(0.005, 0.3), min_size=1, max_size=60), st.sampled_from([None, 5.0, 12.5, 15.0]))
def test_resampling_keeps_order_times_and_rate(steps: list[float], fps: float | None) -> None:
    times = np.concatenate([[0.0], np.cumsum(steps)])
    frames = [
        VideoFrame(index, float(time), np.zeros((1, 1, 3), np.uint8)) for index, time in enumerate(times)
    ]
    kept = list(_resampled(iter(frames), fps))
    assert kept[0] is frames[0] and [each.index for each in kept] == sorted({each.index for each in kept})
    if fps is None:
        assert kept == frames
        return
    assert len(kept) <= fps * times[-1] + 2
    for before, after in pairwise(kept):  # nothing is skipped that a tick asked for
        skipped = frames[before.index + 1 : after.index]
        tick = (np.floor((before.time + 1e-3) * fps) + 1) / fps
        assert all(each.time < tick for each in skipped)


def test_frames_are_decoded_one_at_a_time(make, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    path = make.write_video(tmp_path / "long.mkv", plain(range(200)), codec="ffv1")
    frames = read_video(path)
    assert next(frames).index == 0
    frames.close()  # leaves the file without reading on
    path.unlink()
