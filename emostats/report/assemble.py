"""Puts the report together: head, sections in order, numbers, marks of simulated data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from emostats.estimates import AnalysisResults
from emostats.render import rounding
from emostats.report.audience import edition
from emostats.report.context import Context
from emostats.report.drawings import SIMULATED
from emostats.report.model import Note, Paragraph, ReportModel
from emostats.report.numbering import numbered
from emostats.report.parts import text
from emostats.report.sections import plan
from emostats.study.spec import StudySpec


def assemble(
    spec: StudySpec, results: AnalysisResults, manifest: Mapping[str, Any], audience: str = ""
) -> ReportModel:
    """See `emostats.report.build_report`."""
    chosen = edition(audience)
    context = Context.of(spec, results, manifest)
    built = [section for build in chosen.sections if (section := build(context)) is not None]
    if chosen.left_out:
        about = Note("About this edition", (text(chosen.left_out),))
        built[0] = replace(built[0], blocks=(about, *built[0].blocks))
    if told := public_note(manifest):
        built[0] = replace(built[0], blocks=(told, *built[0].blocks))
    if audience == "family":
        built = [replace(section, brief=True) for section in built]
    sections = numbered(built, simulated=context.simulated)
    title = f"{spec.study.title} [{SIMULATED.lower()}]" if context.simulated else spec.study.title
    return ReportModel(
        title=title,
        subtitle="" if audience == "family" else spec.study.description,
        study=spec.study.id,
        simulated=context.simulated,
        summary=_summary(context, short=audience == "family"),
        kicker=chosen.kicker,
        sections=sections,
        footer=f"Made by emostats {manifest.get('emostats') or ''}".strip(),
    )


def public_note(manifest: Mapping[str, Any]) -> Note | None:
    """What a reader of the public edition must know first; None in the internal edition."""
    public = manifest.get("public")
    if not public:
        return None
    said = (
        f"This edition may be published. By the rule ‘{public['rule']}’ {public['words']}, with every number "
        "from which they could be computed. A dash stands where something is hidden."
    )
    return Note("Public edition", (text(said),))


def _summary(context: Context, *, short: bool) -> tuple[tuple[str, Paragraph], ...]:
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
    if public := manifest.get("public"):
        items.append(("Edition", f"public, rule ‘{public['rule']}’: {public['words']}"))
    shown = [item for item in items if not short or item[0] in ("Data", "Created", "Edition")]
    return tuple((name, text(value)) for name, value in shown)
