"""Estimated marginal means over a reference grid (Searle, Speed & Milliken 1980)."""

from __future__ import annotations

from emostats.statistics.mmrm.emmeans.grid import WEIGHTS
from emostats.statistics.mmrm.emmeans.means import LinearEstimates
from emostats.statistics.mmrm.emmeans.reference import marginal_means

__all__ = ["WEIGHTS", "LinearEstimates", "marginal_means"]
