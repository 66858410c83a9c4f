"""Third step: all numbers of a run in one value."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from emostats.estimates import AnalysisResults, estimates_frame
from emostats.pipeline.describe import descriptive_tables
from emostats.pipeline.load import LoadedStudy
from emostats.pipeline.runners import Run


def assemble(study: LoadedStudy, runs: Mapping[str, Run]) -> AnalysisResults:
    """The estimates of all analyses, the descriptive tables and the facts."""
    estimates = estimates_frame(row for run in runs.values() for row in run.estimates)
    tables = {**descriptive_tables(study.spec, study.data), **_joined(runs)}
    return AnalysisResults(estimates, tables, {name: run.facts for name, run in runs.items()})


def _joined(runs: Mapping[str, Run]) -> dict[str, pd.DataFrame]:
    """The tables of the analyses; those of one name one below the other, without any that stay empty."""
    parts: dict[str, list[pd.DataFrame]] = {}
    for run in runs.values():
        for name, table in run.tables.items():
            if not table.empty:
                parts.setdefault(name, []).append(table)
    return {name: pd.concat(found, ignore_index=True) for name, found in parts.items()}
