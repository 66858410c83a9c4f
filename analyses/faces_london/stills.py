"""Reads a folder of stills with its labels.csv: the landmarks of each still, from ten looks at it."""

from __future__ import annotations

import hashlib
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emostats.inference.datasets.frames import read_image
from emostats.inference.evaluation import stills
from emostats.inference.evaluation.stills import chosen_stills
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
    labels: (n,) 0 neutral, 1 smiling. subjects, files: (n,) text.
    without_face: files in which no face was found; they are named in the output.
    """

    views: NDArray[np.float32]
    blendshapes: NDArray[np.float32]
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
    views, blendshapes = _kept(files, cache)
    found = np.isfinite(views).all(axis=(1, 2, 3)) & np.isfinite(blendshapes).all(axis=1)
    return Stills(
        views[found],
        blendshapes[found],
        np.array([CLASSES.index(name) for _, name in rows])[found],
        np.array([still.subject for still, _ in rows])[found],
        tuple(file.name for file, seen in zip(files, found, strict=True) if seen),
        tuple(file.name for file, seen in zip(files, found, strict=True) if not seen),
    )


def _kept(files: list[Path], cache: Path | None) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Landmarks from the cache when the same pictures were read by the same models, else read now."""
    if cache is None:
        return _landmarks(files)
    key = hashlib.sha256(fingerprint().encode())
    for file in files:
        key.update(file.read_bytes())
    path = cache / f"landmarks-{key.hexdigest()[:16]}.npz"
    if path.exists():
        with np.load(path) as stored:
            return stored["views"], stored["blendshapes"]
    views, blendshapes = _landmarks(files)
    cache.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(path, views=views, blendshapes=blendshapes)
    return views, blendshapes


def _landmarks(files: list[Path]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    reader = FaceReader()
    views, blendshapes = [], []
    for number, file in enumerate(files):
        image = read_image(file)
        views.append(_filled(face_views(reader, image)))
        plain = reader.still(image).blendshapes
        blendshapes.append(np.full(52, np.nan, np.float32) if plain is None else plain)
        if sys.stderr.isatty():
            print(f"\rlandmarks {number + 1}/{len(files)}", end="", file=sys.stderr)
    return np.stack(views), np.stack(blendshapes)


def _filled(views: NDArray[np.float32]) -> NDArray[np.float32]:
    """Looks without a face take the mean of the others, so that each still has as many."""
    lost = ~np.isfinite(views).all(axis=(1, 2))
    if lost.any() and not lost.all():
        views = views.copy()
        views[lost] = views[~lost].mean(axis=0)
    return views
