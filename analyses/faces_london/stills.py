"""Reads a folder of stills with its labels.csv: the landmarks of each still, from ten looks at it."""

from __future__ import annotations

import csv
import hashlib
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

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
    """All stills of `folder`/labels.csv (columns file, subject, expression: neutral or smiling).

    `cache` is a folder for the landmarks, which take about a quarter of a second a still.
    """
    with (folder / "labels.csv").open(newline="", encoding="utf-8-sig") as stream:
        rows = [row for row in csv.DictReader(stream) if row["expression"] in CLASSES]
    if not rows:
        raise SystemExit(
            f"{folder / 'labels.csv'}: expected rows whose expression is neutral or smiling, found none"
        )
    key = hashlib.sha256(fingerprint().encode())
    for row in rows:
        key.update((folder / row["file"]).read_bytes())
    kept = cache / f"landmarks-{key.hexdigest()[:16]}.npz" if cache else None
    if kept is not None and kept.exists():
        with np.load(kept) as stored:
            views, blendshapes = stored["views"], stored["blendshapes"]
    else:
        views, blendshapes = _landmarks(folder, [row["file"] for row in rows])
        if kept is not None:
            kept.parent.mkdir(parents=True, exist_ok=True)
            np.savez_compressed(kept, views=views, blendshapes=blendshapes)
    found = np.isfinite(views).all(axis=(1, 2, 3)) & np.isfinite(blendshapes).all(axis=1)
    chosen = [row for row, seen in zip(rows, found, strict=True) if seen]
    return Stills(
        views[found],
        blendshapes[found],
        np.array([CLASSES.index(row["expression"]) for row in chosen]),
        np.array([row["subject"] for row in chosen]),
        tuple(row["file"] for row in chosen),
        tuple(row["file"] for row, seen in zip(rows, found, strict=True) if not seen),
    )


def _landmarks(folder: Path, files: list[str]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    reader = FaceReader()
    views, blendshapes = [], []
    for number, file in enumerate(files):
        with Image.open(folder / file) as picture:
            image = np.asarray(picture.convert("RGB"))
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
