"""Estimated marginal means over a reference grid (Searle, Speed & Milliken 1980)."""

from __future__ import annotations

from emostats.statistics.mmrm.emmeans.grid import WEIGHTS, cell_weights, grid_axes, grid_matrix
from emostats.statistics.mmrm.emmeans.means import LinearEstimates, parse_spec

__all__ = ["WEIGHTS", "LinearEstimates", "cell_weights", "grid_axes", "grid_matrix", "parse_spec"]
