"""Refitting a model on reweighted subjects: bootstrap, jackknife, permutation, subject deletion."""

from __future__ import annotations

from emostats.statistics.mmrm.refit.bootstrap import bootstrap_fit, jackknife_fit
from emostats.statistics.mmrm.refit.permutation import PermutationResult, permutation_fit
from emostats.statistics.mmrm.refit.source import refitter
from emostats.statistics.mmrm.refit.targets import (
    Linear,
    PercentChange,
    Several,
    Standardized,
    Target,
    as_target,
)

__all__ = [
    "Linear",
    "PercentChange",
    "PermutationResult",
    "Several",
    "Standardized",
    "Target",
    "as_target",
    "bootstrap_fit",
    "jackknife_fit",
    "permutation_fit",
    "refitter",
]
