"""Comparing fits: information criteria as R and SAS count them, and likelihood-ratio tests of nested fits."""

from __future__ import annotations

from emostats.statistics.mmrm.comparison.criteria import Counts, criteria_table
from emostats.statistics.mmrm.comparison.likelihood_ratio import compare
from emostats.statistics.mmrm.comparison.nesting import covariance_contains

__all__ = ["Counts", "compare", "covariance_contains", "criteria_table"]
