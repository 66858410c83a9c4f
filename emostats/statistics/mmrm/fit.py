"""The fit of a mixed model for repeated measures, as a value that answers questions.

Its numbers are those of `fitted.FittedModel`; what it can be asked stands in `verbs`, one topic a file. See
`model.mmrm` for the way here.
"""

from __future__ import annotations

from dataclasses import dataclass

from emostats.statistics.mmrm.verbs import (
    Checks,
    Comparisons,
    CovarianceAnswers,
    Effects,
    Predictions,
    Resampling,
)


@dataclass(frozen=True, repr=False)
class MMRMFit(Effects, Predictions, CovarianceAnswers, Comparisons, Checks, Resampling):
    """A fitted MMRM. Numbers are in the units of the data; see `mmrm` for the options.

    The fields are the engine's parts; users read the properties and call the methods.
    """
