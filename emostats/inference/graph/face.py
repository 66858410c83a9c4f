"""The graph of the face: the 146 points that the blendshape model reads, their triangulation, the mean face.

`face.json` holds the result of the recipe in `describe`; ``analyses/faces_london/graph.py`` makes it again.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emostats.inference.graph.graph import Graph, delaunay

FILE = Path(__file__).with_name("face.json")


def mirror_partners(mean: NDArray[Any]) -> tuple[int, ...]:
    """Partner of each point: the one nearest to its mirror image, each taken once (assignment problem)."""
    from scipy.optimize import linear_sum_assignment

    mirrored = mean * np.array([-1.0, 1.0, 1.0])
    distance = ((mean[:, None] - mirrored[None]) ** 2).sum(axis=-1)
    partner = linear_sum_assignment(distance + distance.T)[1]
    return tuple(int(i) for i in partner)


def describe(faces: NDArray[Any]) -> dict[str, Any]:
    """The content of `face.json` from normalised neutral faces (n, 146, 3).

    Mean face; mirror partners; the mean made symmetric; the Delaunay triangulation of its x and y, with the
    mirror image of each edge. Coordinates are rounded to 1e-5 of the distance of the eyes.
    """
    mean = np.asarray(faces, dtype=float).mean(axis=0)
    partner = mirror_partners(mean)
    symmetric = (mean + mean[list(partner)] * np.array([-1.0, 1.0, 1.0])) / 2
    graph = delaunay(symmetric, mirror=partner)
    return {
        "recipe": "Delaunay triangulation of the symmetric mean of normalised neutral faces",
        "n_faces": len(faces),
        "mean": [[round(float(value), 5) for value in point] for point in symmetric],
        "mirror": list(partner),
        "edges": [list(edge) for edge in graph.edges],
    }


@cache
def _content() -> dict[str, Any]:
    content: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return content


def face_graph() -> Graph:
    """The graph over the 146 points, in the order of `frames.SUBSET`."""
    content = _content()
    edges = tuple((int(i), int(j)) for i, j in content["edges"])
    return Graph(len(content["mean"]), edges, tuple(content["mirror"]), "face-146")


def mean_face() -> NDArray[np.float32]:
    """The symmetric mean of normalised neutral adult faces, (146, 3); a copy."""
    return np.array(_content()["mean"], dtype=np.float32)
