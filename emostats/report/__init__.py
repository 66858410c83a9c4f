"""The report: estimates become a `ReportModel`, ready for any renderer. Nothing here computes a statistic."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from emostats.report.model import ReportModel

if TYPE_CHECKING:
    from emostats.estimates import AnalysisResults
    from emostats.study.spec import StudySpec

__all__ = ["ReportModel", "build_report"]


def build_report(
    spec: StudySpec,
    results: AnalysisResults,
    manifest: Mapping[str, Any],
    audience: str = "",
    language: str = "",
) -> ReportModel:
    """The report of a run.

    Parameters
    ----------
    spec: the study file. results: everything the run computed.
    manifest: run_id, created, versions, seed, inputs, plan, status; what it lacks is shown as not recorded.
    audience: ``"clinician"``, ``"ethics"``, ``"statistician"`` or ``"family"``; ``""`` is the full report.
    language: one of `emostats.report.language.languages`; ``""`` is the one of the study file.

    Returns
    -------
    The same model for the same inputs: all times come from the manifest.

    Raises
    ------
    UsageError: there is no such audience or language.
    """
    from emostats.report.assemble import assemble

    return assemble(spec, results, manifest, audience, language)
