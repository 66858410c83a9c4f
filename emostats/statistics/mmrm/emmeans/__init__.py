"""Estimated marginal means over a reference grid (Searle, Speed & Milliken 1980)."""

from __future__ import annotations

from emostats.statistics.mmrm.emmeans.grid import WEIGHTS, grid_axes
from emostats.statistics.mmrm.emmeans.means import LinearEstimates
from emostats.statistics.mmrm.emmeans.reference import estimable_rows, marginal_means

__all__ = ["WEIGHTS", "LinearEstimates", "estimable_rows", "grid_axes", "marginal_means"]
