"""Subgroup effects from one joint model: differences between subgroups first, then what happened in each.

All numbers are linear combinations of the coefficients of one fit with a visit × subgroup interaction, so
that subgroups share one covariance matrix and their differences have a standard error.
"""

from __future__ import annotations

from emostats.statistics.subgroups.cells import Cells, LinearModel, cells_of
from emostats.statistics.subgroups.counts import SMALL_CELL, with_counts
from emostats.statistics.subgroups.effects import change_lines, subgroup_effects
from emostats.statistics.subgroups.failed import FailedFit
from emostats.statistics.subgroups.lines import Line, Place, evaluate
from emostats.statistics.subgroups.question import SubgroupQuestion

__all__ = [
    "SMALL_CELL",
    "Cells",
    "FailedFit",
    "Line",
    "LinearModel",
    "Place",
    "SubgroupQuestion",
    "cells_of",
    "change_lines",
    "evaluate",
    "subgroup_effects",
    "with_counts",
]
