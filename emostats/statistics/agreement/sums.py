"""Sums that do not depend on the order of their terms.

Floating-point addition rounds after every step, so shuffling rows changes last digits. Cutting each term to
a grid coarse enough that no partial sum rounds makes the total exact, hence the same in any order and in
any blocks (Demmel & Nguyen 2013, "Fast reproducible floating-point summation": their pre-rounding, with two
or three grids).
"""

from __future__ import annotations

from math import frexp, ldexp

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def onto_grids(x: Array, bound: float, terms: int, levels: int = 2) -> list[Array]:
    """x as a sum of `levels` arrays, coarse to fine, for each of which sums of up to `terms` entries are
    exact.

    `bound` ≥ max |x|. Each level keeps 52 − log₂(terms) bits; what is finer than the last is dropped. x is
    used up.
    """
    if bound == 0.0:
        return [np.zeros_like(x) for _ in range(levels)]
    room = frexp(terms)[1] + 1
    top = frexp(bound)[1] + room
    parts = []
    for level in range(levels):
        shift = 1.5 * ldexp(1.0, top - level * (52 - room))
        part = x + shift
        part -= shift
        parts.append(part)
        if level + 1 < levels:
            x -= part
    return parts


def order_free_sum(x: Array, axis: int | None = None) -> Array:
    """Sum of finite numbers along `axis` (None: all), identical for every order of the terms."""
    terms = x.size if axis is None else x.shape[axis]
    parts = onto_grids(np.array(x), float(np.abs(x).max(initial=0.0)), terms)
    return np.asarray(sum(part.sum(axis=axis) for part in parts), dtype=np.float64)
