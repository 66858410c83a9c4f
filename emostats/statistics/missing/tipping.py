"""Tipping point: how far missing outcomes must lie from what is assumed before the conclusion changes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from emostats.errors import UsageError

Analysis = Callable[[float], tuple[float, float]]
"""delta → (estimate, p-value) of the analysis with delta added to the imputed values."""


@dataclass(frozen=True, eq=False)
class TippingPoint:
    """Outcome of a tipping-point search.

    Attributes
    ----------
    delta: shift at which p reaches alpha; None when it does not within the range searched.
    grid: delta, estimate, p_value, significant: the analyses on the grid, in order.
    alpha: significance level. message: the finding in words.
    """

    delta: float | None
    grid: pd.DataFrame
    alpha: float
    message: str


def tipping_point(
    analysis: Analysis,
    deltas: Sequence[float] | npt.ArrayLike,
    *,
    alpha: float = 0.05,
    tolerance: float = 1e-8,
) -> TippingPoint:
    """Where the p-value crosses alpha as the imputed values are shifted.

    The analysis is run at every delta, then the first pair of neighbours on either side of alpha is searched
    by Brent's method to `tolerance` in delta.

    Parameters
    ----------
    analysis: delta → (estimate, p-value); deterministic (the same imputations for every delta).
    deltas: increasing shifts, in points of the outcome, e.g. ``[0, 1, 2, 3, 4]``; two or more.

    Raises
    ------
    UsageError: deltas that do not increase, or alpha out of range.
    """
    from scipy.optimize import brentq

    shifts = np.asarray(deltas, dtype=float)
    if shifts.ndim != 1 or len(shifts) < 2 or not (np.diff(shifts) > 0).all():
        raise UsageError(f"deltas must be two or more increasing shifts; found {shifts.tolist()}.")
    if not 0 < alpha < 1:
        raise UsageError(f"alpha must lie between 0 and 1; found {alpha!r}.")
    results = [analysis(float(delta)) for delta in shifts]
    p = np.array([value for _, value in results])
    grid = pd.DataFrame(
        {
            "delta": shifts,
            "estimate": [estimate for estimate, _ in results],
            "p_value": p,
            "significant": p < alpha,
        }
    )
    crossed = np.flatnonzero(np.diff(p < alpha))
    if not len(crossed):
        state = "stays significant for every" if p[0] < alpha else "is not significant for any"
        text = f"The result {state} shift from {shifts[0]:g} to {shifts[-1]:g}."
        return TippingPoint(None, grid, alpha, text)
    left = int(crossed[0])
    delta = float(
        brentq(lambda d: analysis(float(d))[1] - alpha, shifts[left], shifts[left + 1], xtol=tolerance)
    )
    direction = "no longer" if p[left] < alpha else "first"
    return TippingPoint(
        delta, grid, alpha, f"The result is {direction} significant from a shift of {delta:.4g}."
    )
