"""Reads a folder of stills with its labels.csv: the landmarks of each still, from ten looks at it."""

from __future__ import annotations

import hashlib
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emostats.inference.appearance import N_APPEARANCE
from emostats.inference.datasets.frames import read_image
from emostats.inference.evaluation import stills
from emostats.inference.evaluation.stills import chosen_stills
from emostats.inference.frames import BLENDSHAPES
from emostats.inference.graph.views import face_views
from emostats.inference.landmarks import FaceReader
from emostats.inference.models import fingerprint

CLASSES = ("neutral", "smiling")


@dataclass(frozen=True)
class Stills:
    """The stills of a folder in which a face was found.

    Attributes
    ----------
    views: (n, looks, 146, 3) normalised points of each look.
    blendshapes: (n, 52) of the still as it is, for the comparator.
    appearance: (n, d) of the still as it is (`inference.appearance`).
    labels: (n,) 0 neutral, 1 smiling. subjects, files: (n,) text.
    without_face: files in which no face was found; they are named in the output.
    """

    views: NDArray[np.float32]
    blendshapes: NDArray[np.float32]
    appearance: NDArray[np.float32]
    labels: NDArray[np.int64]
    subjects: NDArray[Any]
    files: tuple[str, ...]
    without_face: tuple[str, ...]


def read_stills(folder: Path, cache: Path | None = None) -> Stills:
    """The neutral and smiling stills of `folder`/labels.csv (columns file, subject, expression).

    `cache` is a folder for the landmarks, which take about a quarter of a second a still.
    """
    rows, _ = chosen_stills(stills.read_stills(folder), CLASSES)
    files = [still.path for still, _ in rows]
    read = _kept(files, cache)
    views, blendshapes = read["views"], read["blendshapes"]
    found = np.isfinite(views).all(axis=(1, 2, 3)) & np.isfinite(blendshapes).all(axis=1)
    return Stills(
        views[found],
        blendshapes[found],
        read["appearance"][found],
        np.array([CLASSES.index(name) for _, name in rows])[found],
        np.array([still.subject for still, _ in rows])[found],
        tuple(file.name for file, seen in zip(files, found, strict=True) if seen),
        tuple(file.name for file, seen in zip(files, found, strict=True) if not seen),
    )


def _kept(files: list[Path], cache: Path | None) -> dict[str, NDArray[np.float32]]:
    """What the pictures show, from the cache when the same ones were read by the same models, else now."""
    if cache is None:
        return _landmarks(files)
    key = hashlib.sha256(fingerprint().encode())
    for file in files:
        key.update(file.read_bytes())
    path = cache / f"faces-{key.hexdigest()[:16]}.npz"
    if path.exists():
        with np.load(path) as stored:
            return dict(stored)
    read = _landmarks(files)
    cache.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(path, allow_pickle=False, **read)
    return read


def _landmarks(files: list[Path]) -> dict[str, NDArray[np.float32]]:
    reader = FaceReader(appearance=True)
    views, blendshapes, appearances = [], [], []
    for number, file in enumerate(files):
        image = read_image(file)
        views.append(_filled(face_views(reader, image)))
        plain = reader.still(image)
        blendshapes.append(_or_nothing(plain.blendshapes, len(BLENDSHAPES)))
        appearances.append(_or_nothing(plain.appearance, N_APPEARANCE))
        if sys.stderr.isatty():
            print(f"\rlandmarks {number + 1}/{len(files)}", end="", file=sys.stderr)
    return {
        "views": np.stack(views),
        "blendshapes": np.stack(blendshapes),
        "appearance": np.stack(appearances),
    }


def _or_nothing(values: NDArray[np.float32] | None, size: int) -> NDArray[np.float32]:
    return np.full(size, np.nan, np.float32) if values is None else values


def _filled(views: NDArray[np.float32]) -> NDArray[np.float32]:
    """Looks without a face take the mean of the others, so that each still has as many."""
    lost = ~np.isfinite(views).all(axis=(1, 2))
    if lost.any() and not lost.all():
        views = views.copy()
        views[lost] = views[~lost].mean(axis=0)
    return views
