"""One door to HiGHS: linear and integer programs over sparse constraints."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from emostats.privacy.suppression.system import Array

UNBOUNDED = 3


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

    whole: x are whole numbers; `gap` is how far from the best, relatively, the search may stop.
    """
    from scipy.optimize import Bounds, LinearConstraint, milp

    options: Any = {"mip_rel_gap": gap} if whole else {}
    solved: Any = milp(
        price,
        constraints=LinearConstraint(matrix, *between) if matrix.shape[0] else None,
        bounds=Bounds(*bounds),
        integrality=np.full(len(price), int(whole)),
        options=options,
    )
    if solved.x is None:
        return Solution(None, -np.inf if solved.status == UNBOUNDED else np.nan)
    x = np.asarray(solved.x, dtype=np.float64)
    return Solution(np.rint(x) if whole else x, float(solved.fun))
