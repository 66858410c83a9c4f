"""One runner for each type of analysis in a study file."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from emostats.pipeline.runners.agreement import run_icc
from emostats.pipeline.runners.base import Advance, Run, Runner
from emostats.pipeline.runners.bootstrap import run_bootstrap
from emostats.pipeline.runners.mixed_model import run_mmrm
from emostats.pipeline.runners.subgroups import run_subgroups
from emostats.pipeline.runners.tipping import run_tipping

RUNNERS: Mapping[str, Runner] = MappingProxyType(
    {
        "mmrm": run_mmrm,
        "icc": run_icc,
        "bootstrap": run_bootstrap,
        "subgroups": run_subgroups,
        "tipping": run_tipping,
    }
)
"""Type of analysis → what computes it. What builds on the fits of a mixed model comes after it."""

__all__ = ["RUNNERS", "Advance", "Run", "Runner"]
