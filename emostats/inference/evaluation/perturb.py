"""Pictures made worse in known ways, before any face is looked for. All are deterministic."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from emostats.errors import UsageError
from emostats.inference.errors import need
from emostats.inference.frames import Box, Image, VideoFrame


@dataclass(frozen=True)
class Perturbation:
    """A kind of damage and how much of it.

    Attributes
    ----------
    kind: ``"blur"``, ``"brightness"``, ``"compression"``, ``"rotation"`` or ``"occlusion"``.
    level: sd of the blur as a share of the face's width; factor of the light; JPEG quality 1–95; degrees,
        anticlockwise; covered share of the face's height (from below, as by a hand or a mask).
    """

    kind: str
    level: float

    @property
    def label(self) -> str:
        return f"{self.kind} {self.level:g}"


STANDARD = tuple(
    Perturbation(kind, level)
    for kind, levels in {
        "blur": (0.01, 0.02, 0.04),
        "brightness": (0.25, 0.5, 1.5),
        "compression": (50, 20, 10),
        "rotation": (-30, -15, 15, 30),
        "occlusion": (0.2, 0.35, 0.5),
    }.items()
    for level in levels
)
"""The perturbations that are reported."""

FRAME_RATES = (15.0, 10.0, 5.0)
"""Frames a second that videos are thinned to."""


def perturb(image: Image, face: Box, what: Perturbation) -> Image:
    """A perturbed copy.

    Parameters
    ----------
    image: (height, width, 3) RGB. face: (x0, y0, x1, y1) of the face in `image`, pixels: it says how wide a
        blur is and what is covered.

    Raises
    ------
    UsageError: an unknown kind, or a level that makes no sense.
    """
    if what.kind not in _KINDS:
        raise UsageError(f"There is no perturbation '{what.kind}': {', '.join(_KINDS)}.")
    return np.ascontiguousarray(_KINDS[what.kind](image, face, what.level), dtype=np.uint8)


def _picture(image: Image) -> Any:
    return need("PIL.Image").fromarray(image)


def _blur(image: Image, face: Box, level: float) -> Any:
    _check(level >= 0, "blur", "a share of the face's width, 0 or more", level)
    radius = level * (face[2] - face[0])
    return np.asarray(_picture(image).filter(need("PIL.ImageFilter").GaussianBlur(radius)))


def _brightness(image: Image, face: Box, level: float) -> Any:
    _check(level >= 0, "brightness", "a factor, 0 or more", level)
    return np.clip(np.rint(image.astype(float) * level), 0, 255).astype(np.uint8)


def _compression(image: Image, face: Box, level: float) -> Any:
    _check(1 <= level <= 95, "compression", "a JPEG quality from 1 to 95", level)
    memory = io.BytesIO()
    _picture(image).save(memory, format="JPEG", quality=int(level))
    return np.asarray(need("PIL.Image").open(memory).convert("RGB"))


def _rotation(image: Image, face: Box, level: float) -> Any:
    centre = ((face[0] + face[2]) / 2, (face[1] + face[3]) / 2)
    bilinear = need("PIL.Image").Resampling.BILINEAR
    return np.asarray(_picture(image).rotate(level, resample=bilinear, center=centre))


def _occlusion(image: Image, face: Box, level: float) -> Any:
    _check(0 <= level <= 1, "occlusion", "a share of the face's height, 0 to 1", level)
    x0, y0, x1, y1 = (round(value) for value in face)
    covered = image.copy()
    top = round(y1 - level * (y1 - y0))
    covered[max(top, 0) : max(y1, 0), max(x0, 0) : max(x1, 0)] = 127
    return covered


_KINDS: dict[str, Callable[[Image, Box, float], Any]] = {
    "blur": _blur,
    "brightness": _brightness,
    "compression": _compression,
    "rotation": _rotation,
    "occlusion": _occlusion,
}


def _check(fits: bool, kind: str, meaning: str, level: float) -> None:
    if not fits:
        raise UsageError(f"The level of {kind} is {meaning}; found {level}.")


def thinned(frames: Iterable[VideoFrame], fps: float) -> Iterator[VideoFrame]:
    """Frames at `fps` a second at most: the first at or after each tick; times stay as recorded.

    Raises
    ------
    UsageError: fps is not positive.
    """
    if fps <= 0:
        raise UsageError(f"A frame rate must be positive; found {fps}.")
    due = 0.0
    for frame in frames:
        if frame.time >= due - 1e-9:
            yield frame
            due = (np.floor(frame.time * fps + 1e-9) + 1) / fps
