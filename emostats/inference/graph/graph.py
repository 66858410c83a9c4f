"""A graph over facial points: which exist, which are neighbours, which are each other's mirror image."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from emostats.errors import UsageError


@dataclass(frozen=True)
class Graph:
    """A fixed undirected graph over `n_points` landmarks.

    Attributes
    ----------
    n_points: number of points, numbered from 0.
    edges: pairs of neighbours (i < j), each once.
    mirror: for each point the number of its partner on the other half of the face (its own number for points
        on the midline), or empty when the graph has no known symmetry.
    name: what the graph is called in model cards.

    Raises
    ------
    UsageError: an edge or a mirror partner names a point that does not exist.
    """

    n_points: int
    edges: tuple[tuple[int, int], ...]
    mirror: tuple[int, ...] = ()
    name: str = ""

    def __post_init__(self) -> None:
        ordered = sorted({(min(i, j), max(i, j)) for i, j in self.edges if i != j})
        object.__setattr__(self, "edges", tuple((int(i), int(j)) for i, j in ordered))
        object.__setattr__(self, "mirror", tuple(int(i) for i in self.mirror))
        named = [point for edge in self.edges for point in edge] + list(self.mirror)
        outside = sorted({point for point in named if not 0 <= point < self.n_points})
        if outside:
            raise UsageError(
                f"A graph of {self.n_points} points names the points {outside[:5]}; "
                f"points are numbered 0 to {self.n_points - 1}."
            )
        if self.mirror and [self.mirror[i] for i in self.mirror] != list(range(self.n_points)):
            raise UsageError(
                "The mirror of a graph must send each point to one partner and back; "
                "check the list, one number a point."
            )

    def adjacency(self) -> NDArray[np.float32]:
        """Normalised adjacency D^(-1/2) (A + I) D^(-1/2), shape (n_points, n_points).

        Kipf & Welling (2017), Semi-supervised classification with graph convolutional networks, eq. 2.
        """
        adjacent = np.eye(self.n_points)
        if self.edges:
            first, second = np.array(self.edges).T
            adjacent[first, second] = adjacent[second, first] = 1.0
        root = 1.0 / np.sqrt(adjacent.sum(axis=1))
        return np.asarray(root[:, None] * adjacent * root[None, :], dtype=np.float32)


def delaunay(positions: ArrayLike, *, mirror: Iterable[int] = (), name: str = "") -> Graph:
    """The graph whose edges are the Delaunay triangulation of `positions`, made symmetric under `mirror`.

    Parameters
    ----------
    positions: (n_points, 2) or more columns, of which the first two (x, y) count; any unit.
    mirror: partner of each point on the other half of the face; an edge then brings its mirror image along.

    Raises
    ------
    UsageError: fewer than three points, or all on one line.
    """
    from scipy.spatial import Delaunay, QhullError

    plane = np.asarray(positions, dtype=float)[:, :2]
    try:
        corners = Delaunay(plane).simplices
    except (QhullError, ValueError) as error:
        raise UsageError(
            f"No triangulation of {len(plane)} points: expected three or more that are not on one line."
        ) from error
    edges = {
        (int(a), int(b))
        for a, b in np.concatenate([corners[:, [0, 1]], corners[:, [1, 2]], corners[:, [2, 0]]])
    }
    partner = tuple(int(i) for i in mirror)
    if partner:
        edges |= {(partner[a], partner[b]) for a, b in edges}
    return Graph(len(plane), tuple(edges), partner, name)
