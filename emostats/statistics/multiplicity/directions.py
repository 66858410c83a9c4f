"""How far the largest component of a multivariate t points: the general correlation matrix.

Write T = R A u, with A A' the correlation matrix of rank r, u a uniform direction in R^r and R the radius,
R² / r ~ F(r, v). The event max |T_j| ≥ c says R h(u) ≥ c with h(u) = max |a_j' u|, and h does not depend on c
or v.

The sphere is cut into the cells in which component j is the largest. Around a_j write u = a_j cos φ + w sin φ
with w a direction perpendicular to a_j. Along each w the cell ends at an angle φ_j(w), known in closed form:

    cot φ_j(w) = max_k  b_kj' w / (1 - r_kj),     b_kj = a_k - r_kj a_j,

(k over all other components, and their opposites in two-sided comparisons). So the tail is one integral over
φ,

    P = sum_j (Γ(r/2) / (√π Γ((r-1)/2))) E_w ∫_0^{φ_j(w)} P(R cos φ ≥ c) sin^{r-2} φ dφ,

with E_w an average over a sphere in r - 1 dimensions: two points for r = 2, a circle for r = 3, and a lattice
beyond. Where no two components exceed c together, nothing but the exact Bonferroni sum is left. Without a
threshold the cells must fill the sphere; by how much they miss that on a lattice corrects the tail (a control
variate).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import numpy.typing as npt
from scipy.special import fdtr, fdtrc, gammaincc, gammaln

from emostats.statistics.multiplicity.lattice import GENERATORS, lattice_points, on_sphere

FloatArray = npt.NDArray[np.float64]

_CELLS = 8192
"""Cells of the grid in φ."""

_CHUNK = 8192
"""Directions handled at a time: small enough for a processor's cache."""

_CIRCLE = 2**17
"""Directions on the circle, for rank 3."""


@dataclass(frozen=True, eq=False)
class CellAngles:
    """The distribution of the angles φ_j(w), over components and directions.

    Attributes
    ----------
    angles: (n,) in radians. weights: (n,) their shares; the sum is the number of cells (components, and
        opposites).
    rank: r of the correlation matrix. widest: the largest angle that can occur, π/2 two-sided, π one-sided.
    """

    angles: FloatArray
    weights: FloatArray
    rank: int
    widest: float

    def tail(self, threshold: float, df: float) -> float:
        """P(max ≥ threshold)."""
        values = self._integrals(threshold, df)
        if self.rank <= 3:
            return float(np.clip(self.weights @ values, 0.0, 1.0))
        everything = self._everything
        centred = everything - np.average(everything, weights=self.weights)
        spread = self.weights @ centred**2
        slope = (self.weights @ (centred * values)) / spread if spread > 1e-20 else 0.0
        missed = self.weights @ everything - 1.0
        return float(np.clip(self.weights @ values - slope * missed, 0.0, 1.0))

    @cached_property
    def _everything(self) -> FloatArray:
        """(n,) the share of the sphere up to each angle; they sum to 1 but for the error of the lattice."""
        return self._integrals(-np.inf if self.widest > 2 else 0.0, np.inf)

    def _integrals(self, threshold: float, df: float) -> FloatArray:
        """(n,) probability of exceeding `threshold` up to each angle."""
        grid = np.linspace(0.0, self.widest, _CELLS + 1)
        integral, slope = _radial_integral(grid, threshold, df, self.rank)
        constant = np.exp(gammaln(self.rank / 2) - gammaln((self.rank - 1) / 2)) / np.sqrt(np.pi)
        return np.asarray(constant * _hermite(self.angles, grid, integral, slope))


def _exceeds(cosine: FloatArray, threshold: float, df: float, rank: int) -> FloatArray:
    """P(R cos φ ≥ threshold)."""
    if np.isneginf(threshold):
        return np.ones_like(cosine)
    if threshold <= 0:
        behind = -np.minimum(cosine, -1e-300)
        return np.asarray(np.where(cosine >= 0, 1.0, _radius_below(-threshold / behind, df, rank)))
    ahead = np.maximum(cosine, 1e-300)
    return np.asarray(np.where(cosine > 1e-12, _radius_above(threshold / ahead, df, rank), 0.0))


def _radius_above(radius: FloatArray, df: float, rank: int) -> FloatArray:
    """P(R ≥ radius), R² / r ~ F(r, df), or chi² for infinite df."""
    square = np.minimum(radius, 1e150) ** 2
    if np.isinf(df):
        return np.asarray(gammaincc(rank / 2, square / 2))
    return np.asarray(fdtrc(rank, df, square / rank))


def _radius_below(radius: FloatArray, df: float, rank: int) -> FloatArray:
    square = np.minimum(radius, 1e150) ** 2
    if np.isinf(df):
        return np.asarray(1 - gammaincc(rank / 2, square / 2), dtype=float)
    return np.asarray(fdtr(rank, df, square / rank))


def _radial_integral(
    grid: FloatArray, threshold: float, df: float, rank: int
) -> tuple[FloatArray, FloatArray]:
    """∫_0^φ P(R cos x ≥ threshold) sin^{r-2} x dx at the grid, and its derivative; Gauss-Legendre cell by
    cell."""
    node, weight = np.polynomial.legendre.leggauss(3)
    width = np.diff(grid)
    x = grid[:-1, None] + width[:, None] * (node + 1) / 2
    inner = _exceeds(np.cos(x), threshold, df, rank) * np.sin(x) ** (rank - 2)
    integral = np.concatenate([[0.0], np.cumsum((inner @ weight) * width / 2)])
    slope = _exceeds(np.cos(grid), threshold, df, rank) * np.sin(grid) ** (rank - 2)
    return integral, np.asarray(slope, dtype=float)


def _hermite(x: FloatArray, grid: FloatArray, value: FloatArray, slope: FloatArray) -> FloatArray:
    """Cubic interpolation from values and derivatives on an even grid."""
    width = grid[1] - grid[0]
    cell = np.clip((x / width).astype(int), 0, len(grid) - 2)
    t = x / width - cell
    return np.asarray(
        value[cell] * (1 + 2 * t) * (1 - t) ** 2
        + value[cell + 1] * t**2 * (3 - 2 * t)
        + width * (slope[cell] * t * (1 - t) ** 2 - slope[cell + 1] * t**2 * (1 - t))
    )


def factor(correlation: FloatArray) -> FloatArray:
    """A (m, r) with A A' the correlation matrix, unit rows, r its numerical rank."""
    values, vectors = np.linalg.eigh(correlation)
    keep = values > 1e-10 * values[-1]
    loadings = vectors[:, keep] * np.sqrt(values[keep])
    return np.asarray(loadings / np.sqrt((loadings**2).sum(axis=1, keepdims=True)))


def distinct(loadings: FloatArray, *, two_sided: bool) -> FloatArray:
    """Without components that equal another one (or, two-sided, its opposite)."""
    kept: list[int] = []
    for j in range(len(loadings)):
        related = loadings[kept] @ loadings[j]
        related = np.abs(related) if two_sided else related
        if not kept or related.max() < 1 - 1e-9:
            kept.append(j)
    return np.asarray(loadings[kept])


def cell_angles(loadings: FloatArray, *, two_sided: bool, tolerance: float) -> CellAngles:
    """The cell angles of components with the given loadings (m, r), r ≥ 2, m ≥ 2.

    Exact for rank 2; for rank 3 within 1e-9 in the tail probability; beyond, lattices are refined until the
    tail changes by less than `tolerance`, or the largest is reached.
    """
    m, rank = loadings.shape
    widest = np.pi / 2 if two_sided else np.pi
    sides = 2.0 if two_sided else 1.0
    if rank == 2:
        return _gather(loadings, np.array([[1.0], [-1.0]]), sides, widest)
    if rank == 3:
        turn = 2 * np.pi * (np.arange(_CIRCLE) + 0.5) / _CIRCLE
        return _gather(loadings, np.column_stack([np.cos(turn), np.sin(turn)]), sides, widest)
    previous: CellAngles | None = None
    for size in sorted(GENERATORS):
        found = _on_lattice(loadings, size, sides, widest)
        if previous is not None and _change(previous, found, m) < tolerance:
            return found
        previous = found
    return found


def _change(one: CellAngles, other: CellAngles, m: int) -> float:
    """Largest change of the tail where it is at most 0.2, 0.05 and 0.01 (normal, Bonferroni thresholds)."""
    from scipy.special import ndtri

    thresholds = -ndtri(np.array([0.1, 0.025, 0.005]) / m)
    return max(abs(one.tail(float(c), np.inf) - other.tail(float(c), np.inf)) for c in thresholds)


def _gather(loadings: FloatArray, directions: FloatArray, sides: float, widest: float) -> CellAngles:
    """All angles, one a component and direction."""
    angles = np.concatenate([_angles(loadings, j, directions, widest) for j in range(len(loadings))])
    weights = np.full(len(angles), sides / len(directions))
    if len(angles) <= 4 * _CELLS:
        return CellAngles(angles, weights, loadings.shape[1], widest)
    sums = _binned(angles, widest)
    return _from_bins(sums, sides / len(directions), loadings.shape[1], widest)


def _on_lattice(loadings: FloatArray, size: int, sides: float, widest: float) -> CellAngles:
    m, rank = loadings.shape
    sums = np.zeros((3, _CELLS))
    for start in range(0, size, _CHUNK):
        stop = min(start + _CHUNK, size)
        directions = on_sphere(lattice_points(size, rank - 2, start, stop), rank - 1)
        for j in range(m):
            sums += _binned(_angles(loadings, j, directions, widest), widest)
    return _from_bins(sums, sides / size, rank, widest)


def _angles(loadings: FloatArray, j: int, directions: FloatArray, widest: float) -> FloatArray:
    """φ_j(w) for each direction w (n, r - 1), given in a basis perpendicular to a_j."""
    others = np.delete(loadings, j, axis=0)
    correlation = others @ loadings[j]
    across = others @ _complement(loadings[j])
    bounds = across / (1 - correlation)[:, None]
    if widest < np.pi:
        bounds = np.vstack([bounds, -across / (1 + correlation)[:, None]])
    cotangent = (bounds @ directions.T).max(axis=0)
    return np.asarray(np.minimum(np.arctan2(1.0, cotangent), widest))


def _complement(direction: FloatArray) -> FloatArray:
    """(r, r - 1) orthonormal basis of what is perpendicular to a unit vector, by a Householder reflection."""
    reflected = direction.copy()
    sign = 1.0 if direction[0] >= 0 else -1.0
    reflected[0] += sign
    matrix = np.eye(len(direction)) - 2 * np.outer(reflected, reflected) / (reflected @ reflected)
    return np.asarray(matrix[:, 1:])


def _binned(angles: FloatArray, widest: float) -> FloatArray:
    """(3, cells) count, sum and sum of squares of the angles in each cell, relative to the cell's left
    edge."""
    scaled = angles * (_CELLS / widest)
    cell = np.minimum(scaled.astype(np.int64), _CELLS - 1)
    inside = scaled - cell
    return np.stack(
        [
            np.bincount(cell, minlength=_CELLS).astype(float),
            np.bincount(cell, weights=inside, minlength=_CELLS),
            np.bincount(cell, weights=inside * inside, minlength=_CELLS),
        ]
    )


def _from_bins(sums: FloatArray, share: float, rank: int, widest: float) -> CellAngles:
    """Two angles a cell, at mean ± SD, which keep its count, mean and variance."""
    count = sums[0]
    filled = np.flatnonzero(count)
    mean = sums[1, filled] / count[filled]
    sd = np.sqrt(np.maximum(sums[2, filled] / count[filled] - mean**2, 0.0))
    width = widest / _CELLS
    angles = np.concatenate([(filled + mean - sd) * width, (filled + mean + sd) * width])
    weights = np.concatenate([count[filled], count[filled]]) * (share / 2)
    return CellAngles(np.clip(angles, 0.0, widest), weights, rank, widest)


@lru_cache(maxsize=32)
def cached_cell_angles(correlation: bytes, m: int, two_sided: bool, tolerance: float) -> CellAngles:
    """`cell_angles` of a correlation matrix given by its bytes, remembered: p-values and critical value share
    it."""
    matrix = np.frombuffer(correlation, dtype=float).reshape(m, m)
    loadings = distinct(factor(matrix), two_sided=two_sided)
    if len(loadings) == 1 or loadings.shape[1] == 1:
        return CellAngles(np.zeros(0), np.zeros(0), 1, np.pi / 2)
    return cell_angles(loadings, two_sided=two_sided, tolerance=tolerance)
