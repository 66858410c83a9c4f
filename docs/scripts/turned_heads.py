"""How well is a turn of the head read off the mesh, and when does a turned face stop being usable?

    python docs/scripts/turned_heads.py

There are no open pictures of the same adults in profile, so heads are turned in space instead: the 468
surface points of a still (with their depth) carry its picture, are turned about the vertical, and drawn on
grey. What is drawn is a mask without ears, hair and neck, with the depth that the mesh model saw. Each drawing
is read like any picture; the angle it was turned by is known. Prints one line an angle.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pictures

from emostats.inference.frames import BLENDSHAPES, FrameStatus, Image
from emostats.inference.landmarks import FaceReader
from emostats.inference.pose import LEFT_SIDE, RIGHT_SIDE, plane_angle, yaw

STILLS = Path(__file__).resolve().parents[2] / "analyses" / "faces_london" / "data"
PEOPLE = ("002", "005", "009", "017", "027", "034", "045", "063", "083", "094", "104", "118")
ANGLES = (0, 15, 30, 40, 50, 60, 75)
SURFACE, GREY = 468, 150
SMILES = [BLENDSHAPES.index(name) for name in ("mouthSmileLeft", "mouthSmileRight")]


def turned(image: Image, points: NDArray[Any], degrees: float) -> Image:
    """The face of a square picture, its points (478, 3) turned by `degrees` about the vertical, on grey."""
    from scipy.spatial import Delaunay

    surface = np.asarray(points[:SURFACE], dtype=float)
    centre = surface[[RIGHT_SIDE, LEFT_SIDE]].mean(axis=0)
    x, y, z = (surface - centre).T
    t, middle = math.radians(degrees), image.shape[0] / 2
    place = np.stack([x * math.cos(t) - z * math.sin(t) + middle, y + middle], axis=1)
    depth = x * math.sin(t) + z * math.cos(t)
    drawn, nearest = np.full_like(image, GREY), np.full(image.shape[:2], np.inf)
    for corners in Delaunay(surface[:, :2]).simplices:
        _draw(drawn, nearest, image, place[corners], depth[corners], surface[corners, :2])
    return drawn


def _draw(
    drawn: Image,
    nearest: NDArray[Any],
    image: Image,
    place: NDArray[Any],
    depth: NDArray[Any],
    source: NDArray[Any],
) -> None:
    """One triangle: its pixels where nothing nearer was drawn, coloured from `source` in the picture."""
    side = len(image) - 1
    low = np.clip(np.floor(place.min(axis=0)).astype(int), 0, side)
    high = np.clip(np.ceil(place.max(axis=0)).astype(int), 0, side)
    rows, columns = np.mgrid[low[1] : high[1] + 1, low[0] : high[0] + 1]
    matrix = np.vstack([place.T, np.ones(3)])
    if abs(np.linalg.det(matrix)) < 1e-9:
        return
    pixels = np.stack([columns.ravel() + 0.5, rows.ravel() + 0.5, np.ones(rows.size)])
    share = np.linalg.solve(matrix, pixels)
    row, column, far = rows.ravel(), columns.ravel(), depth @ share
    seen = (share >= -1e-6).all(axis=0) & (far < nearest[row, column])
    row, column = row[seen], column[seen]
    x, y = np.clip((source.T @ share[:, seen]).astype(int), 0, side)
    nearest[row, column], drawn[row, column] = far[seen], image[y, x]


def main() -> None:
    """Turns everyone by every angle to both sides, and prints what was read."""
    reader, rows = FaceReader(), []
    for person in PEOPLE:
        image = np.asarray(Pictures.open(STILLS / f"{person}_smiling.jpg").convert("RGB"))
        points = np.array(reader.still(image).points)
        start = plane_angle(points)
        straight = reader.still(turned(image, points, -start)).blendshapes
        for angle in {side * angle for angle in ANGLES for side in (-1, 1)}:
            found = reader.still(turned(image, points, angle - start))
            if found.points is None or found.blendshapes is None or straight is None:
                rows.append((abs(angle), np.nan, np.nan, np.nan, 1))
                continue
            sign = -1 if angle < 0 else 1
            change = abs(float((found.blendshapes - straight)[SMILES].mean()))
            away = found.status is FrameStatus.TURNED_AWAY
            rows.append(
                (abs(angle), sign * yaw(found.points), sign * plane_angle(found.points), change, away)
            )
    table = np.array(rows, dtype=float)
    print(
        "turned by | read: median (quartiles) | uncorrected | turned away or no face | no face | smile moves"
    )
    for angle in ANGLES:
        here = table[table[:, 0] == angle]
        low, read, high = np.nanquantile(here[:, 1], [0.25, 0.5, 0.75])
        print(
            f"{angle:3d}° | {read:.0f}° ({low:.0f}° to {high:.0f}°) | {np.nanmedian(here[:, 2]):.0f}° | "
            f"{here[:, 4].mean():.0%} | {np.isnan(here[:, 1]).mean():.0%} | {np.nanmean(here[:, 3]):.2f}"
        )


if __name__ == "__main__":
    main()
