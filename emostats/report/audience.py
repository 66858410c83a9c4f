"""Who reads a report, and which sections, in which order, answer what they ask. The numbers are the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from emostats.errors import UsageError, did_you_mean
from emostats.report import family
from emostats.report.context import Context
from emostats.report.language import _
from emostats.report.model import Section
from emostats.report.sections import CHECKLISTS, SECTIONS, checklists

FULL = ""
FAMILY = "family"

AUDIENCES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "clinician": (
            *("answer", "caveats", "about", "flow", "baseline", "changes", "subgroups", "explore"),
            *("agreement", "sessions", "harms", "provenance"),
        ),
        "ethics": (
            *("answer", "estimands", "plan", "about", "caveats", "flow", "baseline", "quality", "changes"),
            *("harms", "methods", "privacy", "checklists", "provenance"),
        ),
        "statistician": (
            *("answer", "estimands", "plan", "methods", "flow", "baseline", "quality", "means", "changes"),
            *("subgroups", "explore", "sensitivity", "agreement", "sessions", "harms", "details", "caveats"),
            *("about", "privacy", "checklists", "provenance"),
        ),
        FAMILY: (),
    }
)
"""Sections of each edition, by name; families have sections of their own."""


@dataclass(frozen=True)
class Edition:
    """What an edition calls itself (`kicker`), and what it says about what it leaves out."""

    kicker: str
    left_out: str = ""


def edition(audience: str) -> Edition:
    """The edition of an audience; ``""`` is the full report.

    Raises
    ------
    UsageError: there is no such audience.
    """
    known = {
        FULL: Edition(_("Statistical report")),
        "clinician": Edition(
            _("Report for clinicians"),
            _(
                "This edition is for clinicians: who the children were, how much changed, in whom, and what "
                "that cannot show. Methods, sensitivity analyses and model details stand in the full report."
            ),
        ),
        "ethics": Edition(
            _("Report for the ethics board"),
            _(
                "This edition is for an ethics board: what was planned and what changed, who took part and "
                "who left, what was found, harms and burden as far as they were recorded, and how the data "
                "are protected. Consent and complaints are told in the words of the authors, or not at all. "
                "Subgroups and model details stand in the full report."
            ),
        ),
        "statistician": Edition(
            _("Report for statisticians"),
            _(
                "This edition is for statisticians: the sections of the full report, with plan and methods "
                "first."
            ),
        ),
        FAMILY: Edition(_("For families")),
    }
    if audience not in known:
        raise UsageError(f"the audience '{audience}' is unknown. {did_you_mean(audience, AUDIENCES)}")
    return known[audience]


def sections(context: Context, audience: str) -> list[Section]:
    """The sections of an edition, in its reading order."""
    if audience == FAMILY:
        return [section for build in family.SECTIONS if (section := build(context)) is not None]
    names: Sequence[str] = AUDIENCES[audience] if audience else tuple(SECTIONS)
    built: dict[str, Section] = {}
    for name in names:
        build = SECTIONS[name]
        section = build(context) if build is not None else None
        if section is not None:
            built[name] = section
    if CHECKLISTS in names:
        built[CHECKLISTS] = checklists.section(context, tuple(built.values()))
    return [built[name] for name in names if name in built]
