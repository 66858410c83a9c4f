"""Tipping point: how far missing outcomes must lie from what is assumed before the conclusion changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from emostats.errors import UsageError
from emostats.statistics.missing.analysed import Analysed, analyse
from emostats.statistics.missing.analysis import Analysis as AnalysisOfData
from emostats.statistics.missing.analysis import Ancova
from emostats.statistics.missing.completed import Completed
from emostats.statistics.missing.delta import Delta, Shift

Float = npt.NDArray[np.float64]

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

    def plot(
        self,
        *,
        label: str = "Shift of the imputed values",
        title: str = "Tipping point",
        id: str = "tipping-point",
        note: str = "",
        width: float = 720.0,
    ) -> str:
        """The p-value against the shift, as SVG text. `label` names the axis, with its unit."""
        from emostats.figures import Frame
        from emostats.figures.missing_data import TippingCurve, tipping_point_plot
        from emostats.render import rounding

        curve = TippingCurve(
            tuple(zip(self.grid["delta"], self.grid["p_value"], strict=True)), self.alpha, self.delta
        )
        frame = Frame(id, title, self.message, note, width)
        return tipping_point_plot(curve, label, frame, rounding.fixed)


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


def search(
    imputation: Completed,
    analysis: AnalysisOfData,
    *,
    delta: Delta,
    of: Mapping[str, Any] | int,
    alpha: float = 0.05,
    steps: Sequence[float] | None = None,
    tolerance: float = 1e-8,
) -> TippingPoint:
    """How many times `delta` must be added to the imputed values before a p-value crosses alpha.

    With conditional means and `Ancova`, estimate and leave-one-out estimates are linear in the shift, so
    the crossing is a root of a quadratic and exact. Else the same imputations are analysed at every shift,
    and the crossing is found by Brent's method.

    Parameters
    ----------
    delta: one step of the shift, as in `impute`: ``{"TRT": 1.0}`` makes the result a number of points.
    of: the row of the analysis, by its naming columns, e.g. ``{"kind": "contrast", "AVISIT": "Week 12"}``, or
        its number.
    steps: increasing multiples of `delta` at which the analysis is shown (and, but for the exact case,
        searched); by default 13 from 0 to one and a half times the tipping point, or else from 0 to four
        standard deviations of the outcome.

    Raises
    ------
    UsageError: no such row, a delta that changes no imputed value, or steps that do not increase.
    """
    unit = imputation.with_delta(delta).delta
    if not np.any(unit):
        raise UsageError("delta shifts no imputed value: no outcome is missing after an event in these arms.")
    start = analyse(imputation, analysis)
    row = start.row(of)

    def at(step: float) -> Analysed:
        return analyse(imputation.with_delta(_times(delta, step)), analysis)

    exact = imputation.left_out is not None and isinstance(analysis, Ancova)
    if not exact:

        def curve(step: float) -> tuple[float, float]:
            found = at(step).table().iloc[row]
            return float(found["estimate"]), float(found["p_value"])

        return tipping_point(curve, _steps(imputation, unit, None, steps), alpha=alpha, tolerance=tolerance)
    line = _Line.through(start if not np.any(imputation.delta) else at(0.0), at(1.0), row)
    tipping = line.crossing(alpha)
    shifts = _steps(imputation, unit, tipping, steps)
    shown = tipping_point(line, shifts, alpha=alpha)
    if tipping is None or not shifts[0] <= tipping <= shifts[-1]:
        return shown
    change = "no longer" if line(0.0)[1] < alpha else "first"
    text = f"The result is {change} significant from a shift of {tipping:.4g}."
    return TippingPoint(tipping, shown.grid, alpha, text)


@dataclass(frozen=True, eq=False)
class _Line:
    """Estimate a + bδ and leave-one-out estimates (n,) c + dδ: everything the jackknife needs."""

    a: float
    b: float
    c: Float
    d: Float

    @classmethod
    def through(cls, zero: Analysed, one: Analysed, row: int) -> _Line:
        """From the analyses at shifts 0 and 1."""
        if zero.left_out is None or one.left_out is None:
            raise ValueError("the exact tipping point needs the jackknife")
        a, b = float(zero.estimates[0, row]), float(one.estimates[0, row] - zero.estimates[0, row])
        return cls(a, b, zero.left_out[:, row], one.left_out[:, row] - zero.left_out[:, row])

    def __call__(self, delta: float) -> tuple[float, float]:
        """Estimate and p-value at a shift."""
        from scipy.special import ndtr

        estimate = self.a + self.b * delta
        q0, q1, q2 = self._variance()
        error = np.sqrt(q0 + 2 * q1 * delta + q2 * delta**2)
        return estimate, float(2 * ndtr(-abs(estimate) / error))

    def _variance(self) -> tuple[float, float, float]:
        """Coefficients of the jackknife variance q0 + 2 q1 δ + q2 δ²."""
        n = len(self.c)
        c, d = self.c - self.c.mean(), self.d - self.d.mean()
        return tuple((n - 1) / n * float(x @ y) for x, y in ((c, c), (c, d), (d, d)))  # type: ignore[return-value]

    def crossing(self, alpha: float) -> float | None:
        """The smallest shift ≥ 0 with p = alpha: (a + bδ)² = z² (q0 + 2 q1 δ + q2 δ²)."""
        from scipy.special import ndtri

        z2 = float(ndtri(alpha / 2)) ** 2
        q0, q1, q2 = self._variance()
        roots = np.roots([self.b**2 - z2 * q2, 2 * (self.a * self.b - z2 * q1), self.a**2 - z2 * q0])
        real = [float(root.real) for root in roots if abs(root.imag) < 1e-12 * max(1.0, abs(root))]
        return min((root for root in real if root >= 0), default=None)


def _times(delta: Delta, step: float) -> Delta:
    """`delta`, multiplied."""
    if isinstance(delta, Mapping):
        return {key: _scaled(value, step) for key, value in delta.items()}
    return _scaled(delta, step)


def _scaled(shift: Shift, step: float) -> Shift:
    if isinstance(shift, Mapping):
        return {key: value * step for key, value in shift.items()}
    return list(np.asarray(shift, dtype=float) * step) if np.ndim(shift) else float(np.asarray(shift)) * step


def _steps(imputation: Completed, unit: Float, tipping: float | None, steps: Sequence[float] | None) -> Float:
    if steps is not None:
        return np.asarray(steps, dtype=float)
    reach = 4 * float(np.nanstd(imputation.layout.Y, axis=0).max()) / float(np.abs(unit).max())
    return np.linspace(0.0, 1.5 * tipping if tipping else reach, 13)
