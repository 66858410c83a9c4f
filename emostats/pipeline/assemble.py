"""Third step: all numbers of a run in one value."""

from __future__ import annotations

from collections.abc import Mapping

from emostats.estimates import AnalysisResults, estimates_frame
from emostats.pipeline.describe import descriptive_tables
from emostats.pipeline.load import LoadedStudy
from emostats.pipeline.runners import Run


def assemble(study: LoadedStudy, runs: Mapping[str, Run]) -> AnalysisResults:
    """The estimates of all analyses, the descriptive tables and the facts."""
    estimates = estimates_frame(row for run in runs.values() for row in run.estimates)
    tables = descriptive_tables(study.spec, study.data)
    return AnalysisResults(estimates, tables, {name: run.facts for name, run in runs.items()})
