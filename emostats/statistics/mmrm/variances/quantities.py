"""Numbers that the covariance determines, each a smooth function of θ with its first and second derivatives.

Parameters are functions too: θ_h has the gradient e_h. Standard deviations and correlations of visits follow
from Σ(θ) and its derivatives: s = √Σ_aa, r = Σ_ab / √(Σ_aa Σ_bb).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emostats.statistics.mmrm.covariance import Structure
from emostats.statistics.mmrm.likelihood import Problem

Float = NDArray[np.float64]


@dataclass(frozen=True)
class Jet:
    """A function of θ at a point: value, gradient (H,), Hessian (H × H)."""

    value: float
    gradient: Float
    hessian: Float


@dataclass(frozen=True)
class Quantity:
    """A named number of the covariance.

    Attributes
    ----------
    name, group: shown, e.g. ``cor(WEEK4, WEEK12)`` of group ``"TRT"`` (``""`` without groups).
    kind: variance, covariance, correlation, range or sd. unit: factor to the data's units.
    problem: whose θ it is a function of. index: of the parameter, or −1. group_index: its covariance group.
    visits: (a, b) of the standard deviation (a = b) or correlation.
    """

    name: str
    group: str
    kind: str
    unit: float
    problem: Problem
    index: int
    group_index: int
    visits: tuple[int, int] = (0, 0)

    @property
    def label(self) -> str:
        """Name with its group, as `MMRMFit.theta` has it."""
        return f"{self.group}: {self.name}" if self.group else self.name

    @property
    def limits(self) -> tuple[float, float]:
        """The open range of values it can have."""
        if self.kind in ("variance", "range", "sd"):
            return 0.0, np.inf
        return (-1.0, 1.0) if self.kind == "correlation" else (-np.inf, np.inf)

    def on_its_own(self, index: int) -> Quantity:
        """The parameter θ_index, on the scale of a quantity that depends on it alone."""
        kind = self.kind if self.index >= 0 or self.kind == "correlation" else "variance"
        return replace(self, index=index, kind=kind)

    def at(self, theta: Float) -> Jet:
        """Value and derivatives at θ, in the engine's units."""
        if self.index >= 0:
            e = np.zeros(len(theta))
            e[self.index] = 1.0
            return Jet(float(theta[self.index]), e, np.zeros((len(theta),) * 2))
        h = self.problem.n_theta_group
        own = slice(self.group_index * h, (self.group_index + 1) * h)
        local = self._of_sigma(theta[own])
        gradient, hessian = np.zeros(len(theta)), np.zeros((len(theta),) * 2)
        gradient[own], hessian[own, own] = local.gradient, local.hessian
        return Jet(local.value, gradient, hessian)

    def _of_sigma(self, theta: Float) -> Jet:
        structure, T = self.problem.structure, self._positions()
        if not structure.feasible(theta):
            return Jet(np.nan, np.zeros(len(theta)), np.zeros((len(theta),) * 2))
        S, first, second = (
            structure.sigma(theta, T),
            structure.gradient(theta, T),
            structure.hessian(theta, T),
        )
        a, b = self.visits
        if a == b:
            return _root(S[a, a], first[:, a, a], second[:, :, a, a])
        diagonal = [(S[c, c], first[:, c, c], second[:, :, c, c]) for c in (a, b)]
        return _correlation(S[a, b], first[:, a, b], second[:, :, a, b], diagonal)

    def _positions(self) -> Any:
        """T visits, or for a spatial structure one point: only its standard deviation is asked for."""
        return self.problem.stack.n_visits if self.problem.stack.distances is None else np.zeros((1, 1))


def _root(value: float, gradient: Float, hessian: Float) -> Jet:
    s = float(np.sqrt(value))
    return Jet(s, gradient / (2 * s), hessian / (2 * s) - np.outer(gradient, gradient) / (4 * s**3))


def _correlation(c: float, c_h: Float, c_hj: Float, diagonal: Sequence[tuple[float, Float, Float]]) -> Jet:
    """r = c (ab)^(−½), by the logarithmic derivatives u_h of ab."""
    (a, a_h, a_hj), (b, b_h, b_hj) = diagonal
    scale = 1 / np.sqrt(a * b)
    u = a_h / a + b_h / b
    u_hj = a_hj / a - np.outer(a_h, a_h) / a**2 + b_hj / b - np.outer(b_h, b_h) / b**2
    r = c * scale
    r_h = c_h * scale - 0.5 * r * u
    mixed = 0.5 * scale * np.outer(c_h, u)
    return Jet(float(r), r_h, c_hj * scale - mixed - 0.5 * np.outer(u, r_h) - 0.5 * r * u_hj)


def covariance_parameters(
    problem: Problem, visits: Sequence[Any], groups: Sequence[Any], s: float
) -> list[Quantity]:
    """The covariance parameters, in the order of θ; `s` is the unit of the outcome."""
    names, units = problem.structure.names(visits), problem.theta_units(s)
    h = problem.n_theta_group
    return [
        Quantity(name, str(group), _kind(name), float(units[g * h + i]), problem, g * h + i, g)
        for g, group in enumerate(groups or ("",))
        for i, name in enumerate(names)
    ]


def _kind(name: str) -> str:
    if name.startswith(("variance", "residual")):
        return "variance"
    if name.startswith("rho"):
        return "correlation"
    return "range" if name == "range" else "covariance"


def derived_quantities(
    problem: Problem, visits: Sequence[Any], groups: Sequence[Any], s: float
) -> list[Quantity]:
    """Standard deviations and correlations of the visits, by group; what a structure makes equal once."""
    sds, correlations = _distinct(problem, visits)
    return [
        Quantity(name, str(group), kind, unit, problem, -1, g, pair)
        for g, group in enumerate(groups or ("",))
        for kind, unit, named in (("sd", s, sds), ("correlation", 1.0, correlations))
        for name, pair in named
    ]


def _distinct(problem: Problem, visits: Sequence[Any]) -> tuple[list[Any], list[Any]]:
    if problem.stack.distances is not None:
        return [("sd", (0, 0))], []
    T = problem.stack.n_visits
    sigma = _generic_sigma(problem.structure, T)
    sd = np.sqrt(np.diagonal(sigma))
    R = sigma / np.outer(sd, sd)
    one = [("sd", (0, 0))]
    sds = one if np.allclose(sd, sd[0]) else [(f"sd({visits[a]})", (a, a)) for a in range(T)]
    return sds, _distinct_correlations(R, visits)


def _distinct_correlations(R: Float, visits: Sequence[Any]) -> list[tuple[str, tuple[int, int]]]:
    T = len(R)
    pairs = [(a, b) for a in range(T) for b in range(a + 1, T)]
    values = np.array([R[pair] for pair in pairs])
    if not len(values) or np.allclose(values, 0.0):
        return []
    if np.allclose(values, values[0]):
        return [("cor", (0, 1))]
    if all(np.allclose(np.diagonal(R, lag), R[0, lag]) for lag in range(1, T)):
        return [(f"cor(lag {lag})", (0, lag)) for lag in range(1, T)]
    return [(f"cor({visits[a]}, {visits[b]})", (a, b)) for a, b in pairs]


def _generic_sigma(structure: Structure, T: int) -> Float:
    """Σ at parameters without coincidences: what is equal here is equal always."""
    place = np.arange(T) + 0.3 * np.sin(np.arange(T))
    sd = 1.0 + 0.1 * np.sqrt(np.arange(T))
    R = 0.2 + 0.5 * np.exp(-np.abs(np.subtract.outer(place, place)))
    np.fill_diagonal(R, 1.0)
    return structure.sigma(structure.start(R * np.outer(sd, sd)), T)
