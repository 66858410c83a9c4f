"""Information criteria, and comparison with other fits."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from emostats.statistics.mmrm.comparison import Counts, compare, criteria_table
from emostats.statistics.mmrm.fitted import FittedModel


@dataclass(frozen=True, repr=False)
class Comparisons(FittedModel):
    """How a fit compares with others."""

    def information_criteria(self) -> pd.DataFrame:
        """AIC, AICc and BIC as R mmrm and as SAS PROC MIXED count them.

        Columns: convention, n_parameters, deviance, aic, aicc, bic. SAS counts the coefficients too under ML,
        takes all rows for AICc under ML, and all subjects of the data for BIC.
        """
        in_data = self.data[self.frame.formula.covariance.subject].nunique()
        counts = Counts(
            self.problem.n_theta, len(self.beta), self.n_observations, self.n_subjects, in_data, self.reml
        )
        return criteria_table(self.deviance, counts)

    def compare(self, *others: FittedModel, nested: bool = True) -> pd.DataFrame:
        """Likelihood-ratio tests of this fit and others, each nested in the next larger; see `compare`."""
        return compare(self, *others, nested=nested)
