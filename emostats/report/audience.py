"""Who reads a report, and which sections, in which order, answer what they ask. The numbers are the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from emostats.errors import UsageError, did_you_mean
from emostats.report import family
from emostats.report.context import Context
from emostats.report.model import Section
from emostats.report.sections import (
    SECTIONS,
    agreement,
    answer,
    baseline,
    caveats,
    changes,
    details,
    estimands,
    explore,
    flow,
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


@dataclass(frozen=True)
class Edition:
    """A report for one kind of reader.

    kicker: what it calls itself. sections: in reading order. left_out: what it says about the rest.
    """

    kicker: str
    sections: tuple[Builder, ...]
    left_out: str = ""


FULL = Edition("Statistical report", SECTIONS)

AUDIENCES = {
    "clinician": Edition(
        "Report for clinicians",
        (
            answer.section,
            caveats.section,
            flow.section,
            baseline.section,
            changes.section,
            subgroups.section,
            explore.section,
            agreement.section,
            sessions.section,
            provenance.section,
        ),
        "This edition is for clinicians: who the children were, how much changed, in whom, and what that "
        "cannot show. Methods, sensitivity analyses and model details stand in the full report.",
    ),
    "ethics": Edition(
        "Report for the ethics board",
        (
            answer.section,
            estimands.section,
            plan.section,
            caveats.section,
            flow.section,
            baseline.section,
            quality.section,
            changes.section,
            methods.section,
            privacy.section,
            provenance.section,
        ),
        "This edition is for an ethics board: what was planned and what changed, who took part and who left, "
        "what was found, and how the data are protected. It does not cover consent, harms and complaints: "
        "the study team must report them apart. Subgroups and model details stand in the full report.",
    ),
    "statistician": Edition(
        "Report for statisticians",
        (
            answer.section,
            estimands.section,
            plan.section,
            methods.section,
            flow.section,
            baseline.section,
            quality.section,
            means.section,
            changes.section,
            subgroups.section,
            explore.section,
            sensitivity.section,
            agreement.section,
            sessions.section,
            details.section,
            caveats.section,
            privacy.section,
            provenance.section,
        ),
        "This edition is for statisticians: the sections of the full report, with plan and methods first.",
    ),
    "family": Edition("For families", family.SECTIONS),
}


def edition(audience: str) -> Edition:
    """The edition of an audience; ``""`` is the full report.

    Raises
    ------
    UsageError: there is no such audience.
    """
    if not audience:
        return FULL
    if audience not in AUDIENCES:
        raise UsageError(f"the audience '{audience}' is unknown. {did_you_mean(audience, AUDIENCES)}")
    return AUDIENCES[audience]
