"""What is no video, or only half of one: one clear message each."""

from __future__ import annotations

import builtins
import importlib
import socket
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from emostats.errors import UsageError
from emostats.inference.errors import VideoError, need
from emostats.inference.video import read_video, video_info


@pytest.fixture
def long_clip(make, tmp_path: Path):  # type: ignore[no-untyped-def]
    rng = np.random.default_rng(0)
    images = [rng.integers(0, 255, (48, 64, 3)).astype(np.uint8) for _ in range(60)]
    return lambda name, codec, **more: make.write_video(tmp_path / name, images, codec=codec, **more)


def failure(path: Path) -> VideoError:
    with pytest.raises(VideoError) as caught:
        list(read_video(path))
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)
    return caught.value


def test_missing_file_and_folder(tmp_path: Path) -> None:
    assert failure(tmp_path / "no.mp4").reason == "file-missing"
    assert failure(tmp_path).reason == "file-missing"


@pytest.mark.parametrize("content", [b"", b"this is text, not a video\n" * 50, bytes(range(256)) * 20])
def test_a_file_that_is_no_video(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "x.mp4"
    path.write_bytes(content)
    error = failure(path)
    assert error.reason == "unreadable" and "expected a video" in str(error)
    assert ("an empty file" in str(error)) == (content == b"")


def test_a_video_without_its_index_is_unreadable(long_clip) -> None:  # type: ignore[no-untyped-def]
    path = long_clip("cut.mp4", "mpeg4")
    path.write_bytes(path.read_bytes()[:2000])
    assert failure(path).reason == "unreadable"


@pytest.mark.parametrize(
    ("name", "codec", "options"),
    [("cut.webm", "libvpx", {}), ("cut.mp4", "mpeg4", {"movflags": "faststart"}), ("cut.avi", "mjpeg", {})],
)
def test_a_truncated_video_is_noticed_at_its_end(name: str, codec: str, options, long_clip) -> None:  # type: ignore[no-untyped-def]
    pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
    path = long_clip(name, codec, options=options, pix_fmt=pix_fmt)
    whole = len(list(read_video(path)))
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    seen: list[int] = []
    with pytest.raises(VideoError, match=r"breaks off after [\d.]+ s .*[Cc]opy it again") as caught:
        _collect(path, seen)
    assert caught.value.reason == "truncated" and 0 < len(seen) < whole


def _collect(path: Path, into: list[int]) -> None:
    for frame in read_video(path):
        into.append(frame.index)


def test_sound_without_pictures(tmp_path: Path) -> None:
    path = tmp_path / "sound.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=16000)
        samples = np.zeros((1, 16000), np.float32)
        frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout="mono")
        frame.sample_rate = 16000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    error = failure(path)
    assert error.reason == "no-video-stream" and "found only audio" in str(error)


def test_a_stream_without_a_frame(tmp_path: Path) -> None:
    path = tmp_path / "empty.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        container.start_encoding()
    assert failure(path).reason in ("no-frames", "unreadable")


def test_an_unknown_codec_is_named(long_clip) -> None:  # type: ignore[no-untyped-def]
    path = long_clip("odd.webm", "libvpx")
    content = path.read_bytes()
    path.write_bytes(content.replace(b"V_VP8", b"V_QQ8"))
    error = failure(path)
    assert error.reason == "unknown-codec" and "cannot be decoded here" in str(error)
    with pytest.raises(VideoError, match="cannot be decoded"):
        video_info(path)


def test_pictures_beyond_any_camera_are_refused(long_clip, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    path = long_clip("large.mp4", "mpeg4")
    monkeypatch.setattr("emostats.inference.video.MOST_PIXELS", 64 * 48 - 1)
    error = failure(path)
    assert error.reason == "unreadable" and "expected at most 3,071 pixels, found 64 × 48" in str(error)


def test_neither_addresses_nor_playlists_are_opened(long_clip, tmp_path: Path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(socket, "socket", lambda *a, **k: pytest.fail("reached for the network"))
    with pytest.raises(VideoError, match="found none"):
        list(read_video("http://127.0.0.1:9/video.mp4"))
    long_clip("part.ts", "mpeg4")
    playlist = tmp_path / "list.m3u8"
    playlist.write_text("#EXTM3U\n#EXT-X-TARGETDURATION:3\n#EXTINF:2.4,\npart.ts\n#EXT-X-ENDLIST\n")
    assert failure(playlist).reason == "unreadable"
    renamed = playlist.rename(tmp_path / "list.mp4")
    assert failure(renamed).reason == "unreadable"


def test_a_frame_without_a_time_gets_its_regular_one(long_clip, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    path = long_clip("regular.avi", "mjpeg", pix_fmt="yuvj420p")
    times = [frame.time for frame in read_video(path)]
    assert times == pytest.approx(np.arange(60) / 25, abs=1e-6)


def test_a_missing_extra_is_one_message(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without_av(name: str, *rest: Any) -> Any:
        if name == "av" or name.startswith("av."):
            raise ModuleNotFoundError("No module named 'av'")
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without_av)
    monkeypatch.setattr(importlib, "import_module", lambda name: without_av(name))
    monkeypatch.setattr("emostats.inference.errors.import_module", lambda name: without_av(name))
    with pytest.raises(UsageError, match=r'pip install "emostats\[inference\]"'):
        need("av")


def test_truncation_needs_a_length_in_the_header(long_clip) -> None:  # type: ignore[no-untyped-def]
    path = long_clip("whole.webm", "libvpx")
    assert len(list(read_video(path))) == 60
    assert video_info(path).seconds == pytest.approx(2.4, abs=0.1)


@given(damage=st.lists(st.tuples(st.floats(0, 0.999), st.integers(0, 255)), min_size=1, max_size=20))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.parametrize(("name", "codec"), [("x.webm", "libvpx"), ("x.mp4", "mpeg4"), ("x.avi", "mpeg4")])
def test_damage_anywhere_gives_frames_or_one_message(
    name: str, codec: str, damage, tmp_path: Path, whole
) -> None:  # type: ignore[no-untyped-def]
    content = bytearray(whole(name, codec))
    for share, value in damage:
        content[int(share * len(content))] = value
    path = tmp_path / name
    path.write_bytes(content)
    try:
        frames = list(read_video(path))
    except VideoError as error:
        assert str(path) in str(error)
    else:
        assert all(frame.image.ndim == 3 for frame in frames)


@pytest.fixture(scope="module")
def whole(make, tmp_path_factory):  # type: ignore[no-untyped-def]
    """The bytes of a short clip of each kind, made once."""
    folder, made = tmp_path_factory.mktemp("whole"), {}

    def content(name: str, codec: str) -> bytes:
        if name not in made:
            images = [np.full((48, 64, 3), 20 * index, np.uint8) for index in range(8)]
            made[name] = make.write_video(folder / name, images, codec=codec).read_bytes()
        return made[name]

    return content
