"""Multiplicity: adjusted p-values, simultaneous intervals, and graphical procedures."""

from emostats.statistics.multiplicity.multivariate_t import (
    mvt_adjust,
    mvt_critical_value,
    studentized_range_critical_value,
)
from emostats.statistics.multiplicity.product_correlation import studentized_range_tail

__all__ = ["mvt_adjust", "mvt_critical_value", "studentized_range_critical_value", "studentized_range_tail"]
