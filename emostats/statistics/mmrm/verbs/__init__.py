"""What a fit can be asked, one topic a file; `fit.MMRMFit` has them all.

A verb calls the part of the engine that answers with the fit's own numbers. What is heavy to load and seldom
asked for is loaded when it is.
"""

from __future__ import annotations

from emostats.statistics.mmrm.verbs.checks import Checks
from emostats.statistics.mmrm.verbs.comparisons import Comparisons
from emostats.statistics.mmrm.verbs.covariance import CovarianceAnswers
from emostats.statistics.mmrm.verbs.effects import Effects
from emostats.statistics.mmrm.verbs.predictions import Predictions
from emostats.statistics.mmrm.verbs.resampling import Resampling

__all__ = ["Checks", "Comparisons", "CovarianceAnswers", "Effects", "Predictions", "Resampling"]
