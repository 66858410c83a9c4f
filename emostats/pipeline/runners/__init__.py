"""One runner for each type of analysis in a study file."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from emostats.pipeline.runners.agreement import run_icc
from emostats.pipeline.runners.base import Advance, Run, Runner
from emostats.pipeline.runners.bootstrap import run_bootstrap
from emostats.pipeline.runners.mixed_model import run_mmrm

RUNNERS: Mapping[str, Runner] = MappingProxyType(
    {"mmrm": run_mmrm, "icc": run_icc, "bootstrap": run_bootstrap}
)
"""Type of analysis → what computes it. A bootstrap needs the fits of the model it is of, so it comes last."""

__all__ = ["RUNNERS", "Advance", "Run", "Runner"]
