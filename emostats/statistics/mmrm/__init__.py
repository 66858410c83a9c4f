"""The MMRM engine: cross-products by visit pattern, exact Newton, Satterthwaite and Kenward-Roger.

Reading order is import order: design → covariance → likelihood → optimise → vcov → degrees_of_freedom →
contrasts → emmeans → fitted → fit → model. Beside the way to the fit stand what a fit can be asked:
variances, comparison, prediction, refit, influence, average, diagnostics, pooling.
"""

from __future__ import annotations

from emostats.statistics.mmrm.comparison import compare
from emostats.statistics.mmrm.fit import MMRMFit
from emostats.statistics.mmrm.model import mmrm
from emostats.statistics.mmrm.pooling import pool_emmeans

__all__ = ["MMRMFit", "compare", "mmrm", "pool_emmeans"]
