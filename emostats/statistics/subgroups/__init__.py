"""Subgroup effects from one joint model: differences between subgroups first, then what happened in each.

All numbers are linear combinations of the coefficients of one fit with a visit × subgroup interaction, so
that subgroups share one covariance matrix and their differences have a standard error.
"""

from __future__ import annotations

from emostats.statistics.subgroups.adjusting import with_adjusted_p
from emostats.statistics.subgroups.analysis import subgroups
from emostats.statistics.subgroups.cells import Cells, LinearModel, cells_of
from emostats.statistics.subgroups.continuous import (
    Curve,
    continuous_formula,
    curve,
    curve_values,
    failed_curve,
)
from emostats.statistics.subgroups.counts import SMALL_CELL, with_counts
from emostats.statistics.subgroups.credibility import CredibilityItem, Known, credibility, credibility_frame
from emostats.statistics.subgroups.effects import change_lines, subgroup_effects
from emostats.statistics.subgroups.failed import FailedFit
from emostats.statistics.subgroups.lines import Line, Place, evaluate
from emostats.statistics.subgroups.question import SubgroupQuestion
from emostats.statistics.subgroups.result import SubgroupAnalysis
from emostats.statistics.subgroups.separate import separate_changes
from emostats.statistics.subgroups.shrinkage import Shrinkage, shrink
from emostats.statistics.subgroups.shrunken import Shrunken, shrunken_changes

__all__ = [
    "SMALL_CELL",
    "Cells",
    "CredibilityItem",
    "Curve",
    "FailedFit",
    "Known",
    "Line",
    "LinearModel",
    "Place",
    "Shrinkage",
    "Shrunken",
    "SubgroupAnalysis",
    "SubgroupQuestion",
    "cells_of",
    "change_lines",
    "continuous_formula",
    "credibility",
    "credibility_frame",
    "curve",
    "curve_values",
    "evaluate",
    "failed_curve",
    "separate_changes",
    "shrink",
    "shrunken_changes",
    "subgroup_effects",
    "subgroups",
    "with_adjusted_p",
    "with_counts",
]
