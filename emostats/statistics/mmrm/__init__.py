"""The MMRM engine: cross-products by visit pattern, exact Newton, Satterthwaite and Kenward-Roger.

Reading order is import order: design → covariance → likelihood → optimise → vcov → degrees_of_freedom →
contrasts → emmeans → prediction → fitted. `fitted` has the numbers of a fit; what works with them
(variances, comparison, refit, influence, average, diagnostics) comes next, then `verbs`: what a fit can be
asked; then fit, model and pooling. No module imports one that comes after it.
"""

from __future__ import annotations

from emostats.statistics.mmrm.comparison import compare
from emostats.statistics.mmrm.fit import MMRMFit
from emostats.statistics.mmrm.model import mmrm
from emostats.statistics.mmrm.pooling import pool_emmeans

__all__ = ["MMRMFit", "compare", "mmrm", "pool_emmeans"]
