"""Standard error of a mean over ratings that are clustered two ways: by target and by rater."""

from __future__ import annotations

from math import sqrt

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def clustered_error(
    residual: Array, rated: NDArray[np.bool_], units: NDArray[np.intp]
) -> tuple[float, float]:
    """Standard error of the mean and its Satterthwaite df (Cameron, Gelbach & Miller 2011, eq. 2.10).

    Parameters
    ----------
    residual: (targets, raters) value − mean, 0 where not rated. rated: which cells are.
    units: (targets,) cluster of each target: itself, or the larger unit that holds it.
    """
    total = float(rated.sum())

    def variance_over(sums: Array) -> float:
        groups = len(sums)
        return float((sums**2).sum()) * groups / (groups - 1) / total**2 if groups > 1 else 0.0

    by_unit = np.bincount(units, weights=residual.sum(axis=1)).astype(np.float64)
    by_rater = residual.sum(axis=0)
    v_unit, v_rater, v_rating = (variance_over(sums) for sums in (by_unit, by_rater, residual[rated]))
    variance = max(v_unit + v_rater - v_rating, v_unit, v_rater)  # the difference may fall below its parts
    spread = v_unit**2 / max(len(by_unit) - 1, 1) + v_rater**2 / max(len(by_rater) - 1, 1)
    return sqrt(variance), variance**2 / spread if spread > 0.0 else float("nan")
