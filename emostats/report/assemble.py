"""Puts the report together: head, sections in order, numbers, marks of simulated data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from emostats.estimates import AnalysisResults
from emostats.render import rounding
from emostats.report.context import Context
from emostats.report.drawings import SIMULATED
from emostats.report.model import Paragraph, ReportModel
from emostats.report.numbering import numbered
from emostats.report.parts import text
from emostats.report.sections import SECTIONS, plan
from emostats.study.spec import StudySpec


def assemble(spec: StudySpec, results: AnalysisResults, manifest: Mapping[str, Any]) -> ReportModel:
    """See `emostats.report.build_report`."""
    context = Context.of(spec, results, manifest)
    built = (build(context) for build in SECTIONS)
    sections = numbered((section for section in built if section is not None), simulated=context.simulated)
    title = f"{spec.study.title} [{SIMULATED.lower()}]" if context.simulated else spec.study.title
    return ReportModel(
        title=title,
        subtitle=spec.study.description,
        study=spec.study.id,
        simulated=context.simulated,
        summary=_summary(context),
        sections=sections,
        footer=f"Made by emostats {manifest.get('emostats') or ''}".strip(),
    )


def _summary(context: Context) -> tuple[tuple[str, Paragraph], ...]:
    manifest, study = context.manifest, context.spec.study
    created = rounding.moment(str(manifest.get("created") or "not recorded"))
    items = [
        ("Study", study.id),
        ("Design", study.design or "not stated"),
        ("Data", "simulated: no real child is in them" if context.simulated else "as collected"),
        ("Run", str(manifest.get("run_id") or "not recorded")),
        ("Created", created),
        ("Status", str(manifest.get("status") or "not recorded")),
        ("Plan", plan.status(context)),
    ]
    return tuple((name, text(value)) for name, value in items)
