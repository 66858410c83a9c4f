"""Rank-1 lattices: fixed, evenly spread points in the unit cube (Sloan & Joe, 1994).

The generating vectors were made with the fast component-by-component construction of Nuyens & Cools (2006)
for the worst-case error with kernel 2π² B2 and product weights 1/j², so the same points come out on every
machine and in every run.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

# fmt: off
GENERATORS: dict[int, tuple[int, ...]] = {
    65_521: (
        1,
        24876,
        5411,
        18560,
        28870,
        29275,
        20204,
        23375,
        21471,
        15373,
        5736,
        24515,
        4281,
        28723,
        26035,
        3726,
        14940,
        7832,
        15485,
        12941,
        24104,
        5659,
        5280,
        23790,
        11229,
        22517,
        20107,
        24026,
        23884,
        23196,
    ),
    262_139: (
        1,
        76811,
        28708,
        103127,
        84061,
        44432,
        125275,
        99058,
        109940,
        50705,
        129740,
        106145,
        32907,
        107610,
        90747,
        115569,
        126579,
        35851,
        99825,
        39315,
        129271,
        21678,
        89655,
        59567,
        121066,
        45531,
        6385,
        56669,
        33073,
        16600,
    ),
    1_048_573: (
        1,
        440602,
        77331,
        313671,
        471608,
        279445,
        13711,
        8298,
        387294,
        515348,
        372611,
        110853,
        100504,
        115236,
        373313,
        354438,
        311185,
        194461,
        127753,
        385681,
        48403,
        498805,
        428576,
        238862,
        85501,
        315586,
        512898,
        62675,
        39537,
        308469,
    ),
}
# fmt: on
"""Number of points (a prime) → generating vector."""

LARGEST_DIMENSION = 30


def lattice_points(size: int, dimension: int, start: int, stop: int) -> FloatArray:
    """Points start … stop - 1 of the lattice of `size` points, (stop - start, dimension), inside the open
    cube."""
    generator = np.array(GENERATORS[size][:dimension], dtype=np.int64)
    multiples = np.arange(start, stop, dtype=np.int64)[:, None] * generator % size
    return np.asarray((multiples + 0.5) / size)


def on_sphere(points: FloatArray, dimension: int) -> FloatArray:
    """Points of the unit cube (N, dimension - 1) spread uniformly over the unit sphere of R^dimension, (N,
    dimension).

    Coordinates are taken in pairs, as complex numbers: their squared lengths share 1 as a flat Dirichlet
        vector, whose
    conditional distributions are powers, and their phases are uniform. An odd coordinate x comes first, with
    density (1 - x²)^((dimension - 3)/2).
    """
    coordinates = np.empty((len(points), dimension))
    remaining = np.ones(len(points))
    used = filled = 0
    if dimension % 2:
        x = _first_coordinate(points[:, 0], dimension)
        coordinates[:, 0] = x
        remaining = 1 - x**2
        used = filled = 1
    n_pairs = dimension // 2
    for pair in range(n_pairs):
        share = np.ones(len(points))
        later = n_pairs - 1 - pair
        if later:
            share = 1 - points[:, used] ** (1 / later)
            used += 1
        radius = np.sqrt(np.maximum(remaining * share, 0))
        remaining = remaining * (1 - share)
        phase = 2 * np.pi * points[:, used]
        used += 1
        coordinates[:, filled] = radius * np.cos(phase)
        coordinates[:, filled + 1] = radius * np.sin(phase)
        filled += 2
    return coordinates


def _first_coordinate(uniform: FloatArray, dimension: int) -> FloatArray:
    """Inverse distribution function of one coordinate of a uniform direction in R^dimension, dimension odd ≥
    3."""
    if dimension == 3:  # Archimedes: uniform
        return 2 * uniform - 1
    from scipy.special import betaincinv

    half = (dimension - 1) / 2
    grid = np.linspace(0.0, 1.0, 4097)
    table = 2 * betaincinv(half, half, grid) - 1
    near_end = (uniform < 0.01) | (uniform > 0.99)
    x = np.interp(uniform, grid, table)
    x[near_end] = 2 * betaincinv(half, half, uniform[near_end]) - 1
    return np.asarray(x)
