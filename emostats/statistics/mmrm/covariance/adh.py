"""adh: first-order ante-dependence with a variance a visit, SAS's ANTE(1). θ = (variances, ρ_1 … ρ_{T−1})."""

from __future__ import annotations

from emostats.statistics.mmrm.covariance.ad import AnteDependenceCorrelation
from emostats.statistics.mmrm.covariance.base import Heterogeneous

adh = Heterogeneous("adh", AnteDependenceCorrelation())
