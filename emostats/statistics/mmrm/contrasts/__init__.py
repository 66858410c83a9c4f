"""Contrasts: families over levels, hypothesis matrices of terms, and multiplicity adjustment."""

from __future__ import annotations

from emostats.statistics.mmrm.contrasts.adjust import ADJUSTMENTS, adjust_family, check_adjustment
from emostats.statistics.mmrm.contrasts.families import Family, contrast_family
from emostats.statistics.mmrm.contrasts.hypotheses import type_three, type_two

__all__ = [
    "ADJUSTMENTS",
    "Family",
    "adjust_family",
    "check_adjustment",
    "contrast_family",
    "type_three",
    "type_two",
]
