"""Intervals of covariance parameters, standard deviations and correlations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from emostats.errors import check_level
from emostats.statistics.mmrm.fitted import FittedModel
from emostats.statistics.mmrm.variances import (
    Fitted,
    Quantity,
    choose,
    covariance_parameters,
    derived_quantities,
    interval_table,
    profile_table,
)


@dataclass(frozen=True, repr=False)
class CovarianceAnswers(FittedModel):
    """What a fit says about variances and correlations."""

    def covariance_parameters(
        self, interval: str = "wald", *, conf_level: float | None = None
    ) -> pd.DataFrame:
        """The covariance parameters (SAS's natural ones) with standard errors and intervals.

        Columns: parameter, group, kind (variance, covariance, correlation, range), estimate, std_error,
        conf_low, conf_high, method, note. ``"wald"`` intervals are SAS's (Satterthwaite's χ² for parameters
        that are positive), ``"profile"`` those of `profile`.

        Raises
        ------
        UsageError: an unknown interval.
        """
        return self._intervals(self._parameters, interval, conf_level)

    def variance_components(self, interval: str = "wald", *, conf_level: float | None = None) -> pd.DataFrame:
        """Standard deviations and correlations of the visits, with standard errors and intervals.

        Columns as in `covariance_parameters`; kind is sd or correlation. What the structure makes equal
        stands once. ``"wald"`` intervals are taken on the log scale (sd) and by Fisher's z (correlation).

        Raises
        ------
        UsageError: an unknown interval.
        """
        return self._intervals(self._derived, interval, conf_level)

    def profile(
        self, parameters: str | Sequence[str] | None = None, conf_level: float | None = None
    ) -> pd.DataFrame:
        """Profile-likelihood intervals of covariance parameters, standard deviations and correlations.

        Parameters
        ----------
        parameters: names as in `theta` or in `variance_components` (a name without its group stands for all
            groups); by default all of both.
        conf_level: of the intervals; by default that of the fit.

        Returns
        -------
        DataFrame: parameter, estimate, conf_low, conf_high, method, note. An end that the likelihood leaves
        open lies on the edge of the possible values; `note` says so, or why an end is missing.

        Raises
        ------
        UsageError: an unknown parameter, or a level outside (0, 1).
        """
        chosen = choose([*self._parameters, *self._derived], parameters)
        level = check_level(self.settings.conf_level if conf_level is None else conf_level)
        return profile_table(chosen, self._point, level, self.reml)

    @property
    def _point(self) -> Fitted:
        return Fitted(self._at.theta, self._at.loglik, self._theta_covariance)

    @property
    def _parameters(self) -> list[Quantity]:
        return covariance_parameters(self.problem, self.frame.visits, self.frame.groups, self.scaling.s)

    @property
    def _derived(self) -> list[Quantity]:
        return derived_quantities(self.problem, self.frame.visits, self.frame.groups, self.scaling.s)

    def _intervals(self, quantities: list[Quantity], interval: str, conf_level: float | None) -> pd.DataFrame:
        level = check_level(self.settings.conf_level if conf_level is None else conf_level)
        return interval_table(quantities, self._point, interval, level, self.reml)
