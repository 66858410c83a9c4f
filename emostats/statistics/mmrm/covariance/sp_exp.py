"""sp_exp: spatial exponential, f(d) = exp(−d / r)."""

from __future__ import annotations

import numpy as np

from emostats.statistics.mmrm.covariance.base import Float
from emostats.statistics.mmrm.covariance.spatial import SpatialStructure


class SpatialExponential(SpatialStructure):
    token = "sp_exp"

    def correlation(self, r: float, d: Float) -> tuple[Float, Float, Float]:
        f = np.exp(-d / r)
        return f, f * d / r**2, f * (d**2 / r**4 - 2 * d / r**3)


sp_exp = SpatialExponential()
