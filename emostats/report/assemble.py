"""Puts the report together: head, sections in order, numbers, marks of simulated data."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from emostats.estimates import AnalysisResults
from emostats.render import rounding
from emostats.report.audience import edition
from emostats.report.audience import sections as sections_of
from emostats.report.context import Context
from emostats.report.drawings import SIMULATED
from emostats.report.language import _, speaking
from emostats.report.model import Note, Paragraph, ReportModel
from emostats.report.numbering import numbered
from emostats.report.page_words import page_words
from emostats.report.parts import text
from emostats.report.recorded import spoken
from emostats.report.sections import plan
from emostats.study.spec import StudySpec

_ENDING = re.compile(r"[\s,;:(\[–—-]+simulated(?: data)?[)\]]*$", re.IGNORECASE)


def assemble(
    spec: StudySpec,
    results: AnalysisResults,
    manifest: Mapping[str, Any],
    audience: str = "",
    language: str = "",
) -> ReportModel:
    """See `emostats.report.build_report`."""
    spoken = language or spec.outputs.language
    with speaking(spoken), rounding.given_in_steps(bool(manifest.get("public"))):
        return replace(_assembled(spec, results, manifest, audience), language=spoken)


def _assembled(
    spec: StudySpec, results: AnalysisResults, manifest: Mapping[str, Any], audience: str
) -> ReportModel:
    chosen = edition(audience)
    context = Context.of(spec, results, manifest)
    built = sections_of(context, audience)
    if chosen.left_out:
        about = Note(_("About this edition"), (text(chosen.left_out),))
        built[0] = replace(built[0], blocks=(about, *built[0].blocks))
    if told := public_note(manifest):
        built[0] = replace(built[0], blocks=(told, *built[0].blocks))
    if audience == "family":
        built = [replace(section, brief=True) for section in built]
    sections = numbered(built, simulated=context.simulated)
    return ReportModel(
        title=_title(context),
        subtitle="" if audience == "family" else spec.study.description,
        study=spec.study.id,
        simulated=context.simulated,
        summary=_summary(context, short=audience == "family"),
        kicker=chosen.kicker,
        words=page_words(),
        sections=sections,
        footer=_("Made by emostats {version}", version=manifest.get("emostats") or "").strip(),
    )


def _title(context: Context) -> str:
    """The title of the study, which says once that data are simulated."""
    title = context.spec.study.title
    if not context.simulated:
        return title
    kept = _ENDING.sub("", title) or title
    return kept if "simulated" in kept.casefold() else f"{kept} [{_(SIMULATED).lower()}]"


def public_note(manifest: Mapping[str, Any]) -> Note | None:
    """What a reader of the public edition must know first; None in the internal edition."""
    public = manifest.get("public")
    if not public:
        return None
    said = _(
        "This edition may be published. By the rule ‘{rule}’ {words}, with every number from which they "
        "could be computed. A dash stands where something is hidden.",
        rule=public["rule"],
        words=spoken(public["words"]),
    )
    return Note(_("Public edition"), (text(said),))


def _summary(context: Context, *, short: bool) -> tuple[tuple[str, Paragraph], ...]:
    manifest, study = context.manifest, context.spec.study
    unknown = _("not recorded")
    created = rounding.moment(str(manifest["created"])) if manifest.get("created") else unknown
    data = _("simulated: no real child is in them") if context.simulated else _("as collected")
    items = [
        ("study", _("Study"), study.id),
        ("design", _("Design"), study.design or _("not stated")),
        ("data", _("Data"), data),
        ("run", _("Run"), str(manifest.get("run_id") or unknown)),
        ("created", _("Created"), created),
        ("status", _("Status"), spoken(str(manifest.get("status") or "")) or unknown),
        ("plan", _("Plan"), plan.status(context)),
    ]
    if public := manifest.get("public"):
        words = _("public, rule ‘{rule}’: {words}", rule=public["rule"], words=spoken(public["words"]))
        items.append(("edition", _("Edition"), words))
    shown = [item for item in items if not short or item[0] in ("data", "created", "edition")]
    return tuple((name, text(value)) for _key, name, value in shown)
