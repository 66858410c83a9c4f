"""Refitting a model on reweighted subjects: bootstrap, jackknife, subject deletion."""

from __future__ import annotations

from emostats.statistics.mmrm.refit.bootstrap import bootstrap_fit
from emostats.statistics.mmrm.refit.targets import (
    Linear,
    PercentChange,
    Several,
    Standardized,
    Target,
    as_target,
)

__all__ = ["Linear", "PercentChange", "Several", "Standardized", "Target", "as_target", "bootstrap_fit"]
