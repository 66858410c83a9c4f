"""Contrasts: families over levels, hypothesis matrices of terms, and multiplicity adjustment."""

from __future__ import annotations

from emostats.statistics.mmrm.contrasts.adjust import ADJUSTMENTS, adjust_family, check_adjustment
from emostats.statistics.mmrm.contrasts.families import Family, contrast_family
from emostats.statistics.mmrm.contrasts.hypotheses import type_three, type_two
from emostats.statistics.mmrm.contrasts.tables import (
    anova_table,
    coefficient_table,
    contrast_matrix,
    contrast_table,
    joint_test,
)

__all__ = [
    "ADJUSTMENTS",
    "Family",
    "adjust_family",
    "anova_table",
    "check_adjustment",
    "coefficient_table",
    "contrast_family",
    "contrast_matrix",
    "contrast_table",
    "joint_test",
    "type_three",
    "type_two",
]
