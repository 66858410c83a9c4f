"""Short clips made from the open stills (Face Research Lab London Set, CC BY 4.0), and one reader for all."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from fractions import Fraction
from pathlib import Path
from types import ModuleType
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image as Pictures

from emostats.inference.landmarks import FaceReader

Image = NDArray[np.uint8]
STILLS = Path(__file__).resolve().parents[2] / "analyses" / "faces_london" / "data"


def picture(name: str) -> Image:
    """A still by subject and expression, e.g. ``"002_neutral"``: 400 × 400."""
    return np.asarray(Pictures.open(STILLS / f"{name}.jpg").convert("RGB"))


def scaled(image: Image, width: int, height: int) -> Image:
    return np.asarray(Pictures.fromarray(image).resize((width, height), Pictures.Resampling.LANCZOS))


def on_canvas(
    face: Image, side: int, at: tuple[int, int], size: tuple[int, int] = (640, 360), grey: int = 190
) -> Image:
    """A face of `side` pixels with its corner at `at` (x, y) on a plain picture of `size` (width, height)."""
    canvas = np.full((size[1], size[0], 3), grey, dtype=np.uint8)
    x, y = at
    part = scaled(face, side, side)[: size[1] - y, : size[0] - x]
    canvas[y : y + part.shape[0], x : x + part.shape[1]] = part
    return canvas


def write_video(
    path: Path,
    images: Iterable[Image],
    *,
    codec: str = "mpeg4",
    pix_fmt: str = "yuv420p",
    rate: int = 25,
    times: Iterable[float] | None = None,
    options: dict[str, str] | None = None,
) -> Path:
    """Encodes pictures; `times` (s) give each its own timestamp."""
    stamps = None if times is None else iter(times)
    with av.open(str(path), "w", options=options or {}) as container:
        stream: Any = None
        for image in images:
            if stream is None:
                stream = container.add_stream(codec, rate=rate)
                stream.height, stream.width, stream.pix_fmt = image.shape[0], image.shape[1], pix_fmt
                if stamps is not None:
                    stream.codec_context.time_base = Fraction(1, 1000)
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            if stamps is not None:
                frame.pts, frame.time_base = round(1000 * next(stamps)), Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def smile(subject: str = "118", frames: int = 50, side: int = 360) -> list[Image]:
    """A face that fades from neutral to smiling and back."""
    neutral, smiling = (scaled(picture(f"{subject}_{name}"), side, side) for name in ("neutral", "smiling"))
    shares = (1 - np.cos(np.linspace(0, 2 * np.pi, frames))) / 2
    return [((1 - share) * neutral + share * smiling).astype(np.uint8) for share in shares]


@contextmanager
def scripts_of(folder: Path, *names: str) -> Iterator[dict[str, ModuleType]]:
    """Modules of an analysis, imported as its scripts import them.

    Every analysis has an `analysis.py`, so whatever is known under a name of this folder is put aside first
    and put back afterwards: what one test imports, another never meets.
    """
    here = {path.stem for path in folder.glob("*.py")}
    aside = {name: sys.modules.pop(name) for name in here & sys.modules.keys()}
    sys.path.insert(0, str(folder))
    try:
        yield {name: importlib.import_module(name) for name in names}
    finally:
        sys.path.remove(str(folder))
        for name in here:
            sys.modules.pop(name, None)
        sys.modules.update(aside)


@pytest.fixture(scope="session")
def import_scripts() -> Callable[..., AbstractContextManager[dict[str, ModuleType]]]:
    return scripts_of


@pytest.fixture(scope="session")
def reader() -> FaceReader:
    return FaceReader()


@pytest.fixture(scope="session")
def make() -> Any:
    """The helpers of this file, for tests in other folders."""

    class Helpers:
        picture = staticmethod(picture)
        scaled = staticmethod(scaled)
        on_canvas = staticmethod(on_canvas)
        write_video = staticmethod(write_video)
        smile = staticmethod(smile)
        stills = STILLS

    return Helpers


@pytest.fixture(scope="session")
def smiling_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds at 25 frames a second, 640 × 360, one adult who smiles once."""
    images = [on_canvas(face, 360, (140, 0)) for face in smile()]
    return write_video(tmp_path_factory.mktemp("clips") / "smile.mp4", images)
