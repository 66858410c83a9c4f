"""Profile-likelihood intervals of numbers of the covariance.

The interval of q(θ) holds the values c for which max {ℓ(θ) : q(θ) = c} is within ½ χ²₁ of the maximum. With
REML ℓ is the restricted likelihood. Each constrained maximum is found by Newton steps on the Lagrangian in
the tangent space of q = c, returned to the constraint along V∇q. The limits are roots of r(c) − z, r(c) =
√(2(ℓ̂ − ℓ(c))), whose slope −μ/r the multiplier μ gives (Venzon & Moolgavkar 1988, Applied Statistics
37:87–94).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtri

from emostats.statistics.mmrm.likelihood import Derivatives, Evaluation, derivatives, evaluate
from emostats.statistics.mmrm.variances.links import Link, link_of
from emostats.statistics.mmrm.variances.quantities import Quantity

Float = NDArray[np.float64]

_EXACT = 1e-9
"""Error of r at which a limit is accepted: about as many standard errors."""
_DECREMENT = 1e-13
"""Twice the gain in ℓ still expected at which a constrained maximum is reached."""
_STEPS = 60


@dataclass(frozen=True)
class Fitted:
    """The fit whose neighbourhood is profiled: θ̂ (H,), ℓ̂, and the covariance V (H × H) of θ̂."""

    theta: Float
    loglik: float
    V: Float


@dataclass(frozen=True)
class Point:
    """A constrained maximum: link value x of the quantity, θ, r(c), and the slope dr/dx."""

    x: float
    theta: Float
    r: float
    slope: float


@dataclass(frozen=True)
class End:
    """One end of an interval, in the engine's units, with a note where it is open."""

    value: float
    note: str


def profile_table(quantities: list[Quantity], fitted: Fitted, conf_level: float, reml: bool) -> pd.DataFrame:
    """parameter, estimate, conf_low, conf_high, method, note: one row a quantity, in the data's units."""
    z = float(ndtri(0.5 + 0.5 * conf_level))
    method = "profile restricted likelihood" if reml else "profile likelihood"
    known: dict[int, tuple[End, End]] = {}
    rows = []
    for quantity in quantities:
        low, high = _ends(quantity, fitted, z, known)
        estimate = quantity.at(fitted.theta).value
        notes = [f"{word} end: {end.note}" for word, end in (("lower", low), ("upper", high)) if end.note]
        values = [estimate * quantity.unit, low.value * quantity.unit, high.value * quantity.unit]
        rows.append((quantity.label, *values, method, "; ".join(notes)))
    return pd.DataFrame(rows, columns=["parameter", "estimate", "conf_low", "conf_high", "method", "note"])


def _ends(quantity: Quantity, fitted: Fitted, z: float, known: dict[int, tuple[End, End]]) -> tuple[End, End]:
    """Both ends; those of a function of one parameter are the function's values at the parameter's ends."""
    alone = np.flatnonzero(quantity.at(fitted.theta).gradient)
    parameter = quantity.on_its_own(int(alone[0])) if len(alone) == 1 else None
    if parameter is None:
        low, high = (_Search(quantity, fitted, z, side).end() for side in (-1, 1))
        return low, high
    if parameter.index not in known:
        low, high = (_Search(parameter, fitted, z, side).end() for side in (-1, 1))
        known[parameter.index] = (low, high)
    low, high = known[parameter.index]
    return (low, high) if quantity.index >= 0 else _mapped(quantity, parameter.index, fitted.theta, low, high)


def _mapped(quantity: Quantity, index: int, theta: Float, low: End, high: End) -> tuple[End, End]:
    """The range of a function of θ_index between its ends, which for an even power may lie between them."""
    if not np.isfinite([low.value, high.value]).all():
        return End(np.nan, low.note or high.note), End(np.nan, high.note or low.note)
    places = [low.value, high.value, *([0.0] if low.value < 0 < high.value else [])]
    values = []
    for place in places:
        moved = theta.copy()
        moved[index] = place
        values.append(quantity.at(moved).value)
    return End(min(values), low.note), End(max(values), high.note)


@dataclass(frozen=True)
class _Search:
    """The search for one end (side −1 lower, +1 upper) of a quantity's interval."""

    quantity: Quantity
    fitted: Fitted
    z: float
    side: int

    def end(self) -> End:
        link = link_of(self.quantity.kind)
        jet = self.quantity.at(self.fitted.theta)
        start = Point(link.of(jet.value), self.fitted.theta, 0.0, 0.0)
        variance = float(jet.gradient @ self.fitted.V @ jet.gradient)
        step = self.side * self.z * np.sqrt(max(variance, 0.0)) * link.slope(jet.value)
        if not np.isfinite(step) or step == 0.0:
            return End(np.nan, "the likelihood does not depend on it here")
        near, far, note = self._bracket(link, start, step)
        if far is None:
            return End(self._limit(note), note)
        return End(link.back(self._root(link, near, far).x), "")

    def _limit(self, note: str) -> float:
        """Where an open end lies: at the edge of the possible values, or unknown if the refits failed."""
        return np.nan if note.startswith("refits") else self.quantity.limits[0 if self.side < 0 else 1]

    def _bracket(self, link: Link, start: Point, step: float) -> tuple[Point, Point | None, str]:
        """A point within the interval and one beyond it; or the last within, and why there is none beyond."""
        step, reach = link.bounds(step)
        near, first = start, step
        for _ in range(_STEPS):
            if abs(near.x + step - start.x) > reach:
                return near, None, f"open: r rises to {near.r:.2f} of the {self.z:.2f} needed, up to the edge"
            trial = self._refit(link, near, near.x + step)
            if trial is None:
                step *= 0.5
                if abs(step) < 1e-7 * abs(first):
                    return near, None, self._stopped(link, near)
                continue
            if trial.r >= self.z:
                return near, trial, ""
            rate = (trial.r - near.r) / (trial.x - near.x) * self.side
            wanted = 1.1 * (self.z - trial.r) / rate if rate > 0 else np.inf
            near = trial
            step = self.side * float(np.clip(wanted, 0.2 * abs(step), 2 * abs(step)))
        return near, None, "refits: the end was not reached"

    def _stopped(self, link: Link, near: Point) -> str:
        value = link.back(near.x) * self.quantity.unit
        return f"refits: the constrained fits end at {value:.4g}, where a covariance becomes singular"

    def _root(self, link: Link, near: Point, far: Point) -> Point:
        """The point between `near` (r < z) and `far` (r ≥ z) with r = z: Newton steps within the bracket."""
        best = far
        for _ in range(_STEPS):
            if abs(best.r - self.z) < _EXACT or abs(far.x - near.x) < 1e-13 * max(1.0, abs(far.x)):
                break
            x = best.x - (best.r - self.z) / best.slope if best.slope else np.nan
            low, high = min(near.x, far.x), max(near.x, far.x)
            if not low < x < high:
                x = 0.5 * (low + high)
            trial = self._refit(link, best, x) or self._refit(link, near, x)
            if trial is None:
                break
            near, far = (trial, far) if trial.r < self.z else (near, trial)
            best = trial
        return best

    def _refit(self, link: Link, source: Point, x: float) -> Point | None:
        """The constrained maximum at link value x, from a neighbour's."""
        c = link.back(x)
        found = constrained_maximum(self.quantity, c, source.theta, self.fitted.V)
        if found is None:
            return None
        theta, loglik, mu = found
        r = float(np.sqrt(max(2 * (self.fitted.loglik - loglik), 0.0)))
        slope = -mu / r / link.slope(c) if r > 0 else 0.0
        return Point(x, theta, r, slope)


def constrained_maximum(
    quantity: Quantity, c: float, start: Float, V: Float
) -> tuple[Float, float, float] | None:
    """θ, ℓ and the multiplier of max {ℓ(θ) : q(θ) = c}, from a θ nearby; None where it is not found."""
    theta = _onto(quantity, c, start, V)
    at = None if theta is None else evaluate(quantity.problem, theta)
    for _ in range(_STEPS):
        if at is None:
            return None
        slope, jet = derivatives(quantity.problem, at), quantity.at(at.theta)
        d = 1 / np.sqrt(np.maximum(np.diagonal(slope.expected), 1e-300))
        mu = float((d * jet.gradient) @ (d * slope.gradient) / ((d * jet.gradient) @ (d * jet.gradient)))
        step, decrement = _tangent_step(slope, mu * jet.hessian, jet.gradient, d)
        if decrement < _DECREMENT:
            return at.theta, at.loglik, mu
        moved = _climb(quantity, c, at, step, decrement, V)
        if moved is None and decrement < 1e-8:
            return at.theta, at.loglik, mu
        at = moved
    return None


def _tangent_step(slope: Derivatives, curvature: Float, normal: Float, d: Float) -> tuple[Float, float]:
    """Newton step for ℓ within the tangent space of the constraint, and twice the gain it promises.

    `curvature` (H × H) is μ∇²q; `d` (H,) scales θ to unit information.
    """
    basis = np.linalg.qr((d * normal)[:, None], mode="complete")[0][:, 1:] * d[:, None]
    gradient = basis.T @ slope.gradient
    for information in (slope.information + curvature, slope.expected):
        try:
            L = np.linalg.cholesky(basis.T @ information @ basis)
        except np.linalg.LinAlgError:
            continue
        half = np.linalg.solve(L, gradient)
        return basis @ np.linalg.solve(L.T, half), float(half @ half)
    return basis @ gradient, float(gradient @ gradient)


def _climb(
    quantity: Quantity, c: float, at: Evaluation, step: Float, decrement: float, V: Float
) -> Evaluation | None:
    """The first of full step, half, quarter, … that stays on the constraint and raises ℓ enough."""
    size, tolerance = 1.0, 1e-12 * max(1.0, abs(at.loglik))
    for _ in range(30):
        theta = _onto(quantity, c, at.theta + size * step, V)
        trial = None if theta is None else evaluate(quantity.problem, theta)
        if trial is not None and trial.loglik >= at.loglik + 1e-4 * size * decrement - tolerance:
            return trial
        size *= 0.5
    return None


def _onto(quantity: Quantity, c: float, theta: Float, V: Float) -> Float | None:
    """The point θ + t V∇q with q = c nearest to θ, or None where there is none nearby."""
    jet = quantity.at(theta)
    direction, t = V @ jet.gradient, 0.0
    for _ in range(40):
        gap = c - jet.value
        if not np.isfinite(gap):
            return None
        if abs(gap) <= 1e-14 * max(1.0, abs(c)):
            return theta + t * direction
        rate = float(jet.gradient @ direction)
        if rate <= 0:
            return None
        t += gap / rate
        jet = quantity.at(theta + t * direction)
    return theta + t * direction if abs(c - jet.value) <= 1e-11 * max(1.0, abs(c)) else None
