"""Sums that do not depend on the order of their terms.

Floating-point addition rounds after every step, so shuffling rows changes last digits. Cutting each term to a
grid coarse enough that no partial sum rounds makes the total exact, hence the same in any order
(Demmel & Nguyen 2013, "Fast reproducible floating-point summation", two levels of their Algorithm 5).
"""

from __future__ import annotations

from math import frexp, ldexp

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def ordered_free_sum(x: Array, axis: int | None = None) -> Array:
    """Sum of finite numbers along `axis` (None: all), identical for every order of the terms.

    Two grids keep about 70 bits below the largest term, so the error is that of one rounding.
    """
    terms = x.size if axis is None else x.shape[axis]
    largest = float(np.abs(x).max(initial=0.0))
    total = np.zeros(()) if axis is None else np.zeros(np.delete(x.shape, axis))
    rest = x
    for _ in range(2):
        if largest == 0.0 or terms == 0:
            break
        exponent = frexp(largest)[1] + frexp(terms)[1] + 1
        shift = 1.5 * ldexp(1.0, exponent)
        on_grid = (rest + shift) - shift
        rest = rest - on_grid
        total = total + on_grid.sum(axis=axis)
        largest = ldexp(1.0, exponent - 52)
    return np.asarray(total, dtype=np.float64)
