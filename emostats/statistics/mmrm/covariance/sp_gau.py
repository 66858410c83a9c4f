"""sp_gau: spatial Gaussian, f(d) = exp(−d² / r²)."""

from __future__ import annotations

import numpy as np

from emostats.statistics.mmrm.covariance.base import Float
from emostats.statistics.mmrm.covariance.spatial import SpatialStructure


class SpatialGaussian(SpatialStructure):
    token = "sp_gau"

    def correlation(self, r: float, d: Float) -> tuple[Float, Float, Float]:
        f = np.exp(-((d / r) ** 2))
        d2 = d**2
        return f, f * 2 * d2 / r**3, f * (4 * d2**2 / r**6 - 6 * d2 / r**4)


sp_gau = SpatialGaussian()
