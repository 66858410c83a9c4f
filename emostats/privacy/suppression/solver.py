"""One door to HiGHS: linear and integer programs over sparse constraints."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from emostats.privacy.suppression.system import Array

UNBOUNDED = 3

ROUNDING = 1e-6
"""How far from a whole number the solver may leave one."""


@dataclass(frozen=True)
class Solution:
    """x: the optimum, None if there is none. value: of the objective, ``-inf`` where it has no limit."""

    x: Array | None
    value: float


def minimise(
    price: Array,
    matrix: Any,
    between: tuple[Array | float, Array | float],
    bounds: tuple[Array, Array],
    *,
    whole: bool = False,
    gap: float = 0.0,
) -> Solution:
    """The x with the smallest price @ x, subject to between[0] ≤ matrix @ x ≤ between[1] and bounds.

    whole: x are whole numbers; `gap` is how far from the best, relatively, the search may stop. Sums of
    groups mostly give whole numbers by themselves, so that is tried first: it is several times as fast.
    """
    plain = _solved(price, matrix, between, bounds, {})
    if not whole or plain.x is None or np.abs(plain.x - np.rint(plain.x)).max() < ROUNDING:
        return Solution(None if plain.x is None else np.rint(plain.x), plain.value) if whole else plain
    found = _solved(price, matrix, between, bounds, {"mip_rel_gap": gap}, whole=True)
    return Solution(None if found.x is None else np.rint(found.x), found.value)


def _solved(
    price: Array,
    matrix: Any,
    between: tuple[Array | float, Array | float],
    bounds: tuple[Array, Array],
    options: Any,
    *,
    whole: bool = False,
) -> Solution:
    from scipy.optimize import Bounds, LinearConstraint, milp

    solved: Any = milp(
        price,
        constraints=LinearConstraint(matrix, *between) if matrix.shape[0] else None,
        bounds=Bounds(*bounds),
        integrality=np.full(len(price), int(whole)),
        options=options,
    )
    if solved.x is None:
        return Solution(None, -np.inf if solved.status == UNBOUNDED else np.nan)
    return Solution(np.asarray(solved.x, dtype=np.float64), float(solved.fun))
