"""ar1h: heterogeneous first-order autoregression. θ = (variances, ρ), as SAS's ARH(1)."""

from __future__ import annotations

from emostats.statistics.mmrm.covariance.ar1 import AutoregressiveCorrelation
from emostats.statistics.mmrm.covariance.base import Heterogeneous

ar1h = Heterogeneous("ar1h", AutoregressiveCorrelation())
