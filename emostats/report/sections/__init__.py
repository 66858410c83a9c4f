"""The sections of the report, one file each, in reading order.

A section is a function of the `Context`. It returns a `Section`, or None where the study has no use for it; a
part whose numbers are missing is shown as 'not done' with the reason, never left out in silence. The
checklists come last in the making, since they look at the others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from emostats.report.context import Context
from emostats.report.model import Section
from emostats.report.sections import (
    about,
    agreement,
    answer,
    baseline,
    caveats,
    changes,
    details,
    estimands,
    explore,
    flow,
    harms,
    means,
    methods,
    plan,
    privacy,
    provenance,
    quality,
    sensitivity,
    sessions,
    subgroups,
)

Builder = Callable[[Context], Section | None]
CHECKLISTS = "checklists"

SECTIONS: Mapping[str, Builder | None] = MappingProxyType(
    {
        "answer": answer.section,
        "estimands": estimands.section,
        "plan": plan.section,
        "about": about.section,
        "methods": methods.section,
        "flow": flow.section,
        "baseline": baseline.section,
        "quality": quality.section,
        "means": means.section,
        "changes": changes.section,
        "sensitivity": sensitivity.section,
        "subgroups": subgroups.section,
        "explore": explore.section,
        "agreement": agreement.section,
        "sessions": sessions.section,
        "harms": harms.section,
        "caveats": caveats.section,
        "privacy": privacy.section,
        CHECKLISTS: None,
        "details": details.section,
        "provenance": provenance.section,
    }
)
"""Name → what builds it, in the order of the full report; the checklists are built from the others."""
