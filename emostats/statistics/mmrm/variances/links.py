"""Scales on which a quantity's likelihood is closer to a parabola: logarithm, Fisher's z, or its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Link:
    """x = of(c), c = back(x), dx/dc = slope(c).

    `reach` bounds the search |x − x̂|: absolutely where the scale is free of units, else in first steps.
    """

    of: Callable[[float], float]
    back: Callable[[float], float]
    slope: Callable[[float], float]
    reach: float
    free_of_units: bool = True

    def bounds(self, step: float) -> tuple[float, float]:
        """A first step of sensible length, and the longest |x − x̂|."""
        if not self.free_of_units:
            return step, self.reach * abs(step)
        return float(np.clip(step, -2.0, 2.0)), self.reach


LOG = Link(lambda c: float(np.log(c)), lambda x: float(np.exp(x)), lambda c: 1 / c, 15.0)
FISHER = Link(lambda c: float(np.arctanh(c)), lambda x: float(np.tanh(x)), lambda c: 1 / (1 - c**2), 12.0)
IDENTITY = Link(float, float, lambda c: 1.0, 1e4, free_of_units=False)


def link_of(kind: str) -> Link:
    """The scale for a kind of quantity: variance, sd, range; correlation; covariance."""
    if kind in ("variance", "sd", "range"):
        return LOG
    return FISHER if kind == "correlation" else IDENTITY
