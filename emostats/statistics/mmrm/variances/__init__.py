"""Estimates and intervals of the covariance: its parameters, standard deviations and correlations."""

from __future__ import annotations

from emostats.statistics.mmrm.variances.profile import Fitted, profile_table
from emostats.statistics.mmrm.variances.quantities import (
    Quantity,
    covariance_parameters,
    derived_quantities,
)
from emostats.statistics.mmrm.variances.tables import choose, interval_table

__all__ = [
    "Fitted", "Quantity", "choose", "covariance_parameters", "derived_quantities", "interval_table",
    "profile_table",
]  # fmt: skip
