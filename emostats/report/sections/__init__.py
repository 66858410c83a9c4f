"""The sections of the report, one file each, in reading order.

A section is a function of the `Context`. It returns a `Section`, or None where the study has no use for it; a
part whose numbers are missing is shown as 'not done' with the reason, never left out in silence.
"""

from __future__ import annotations

from collections.abc import Callable

from emostats.report.context import Context
from emostats.report.model import Section
from emostats.report.sections import (
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

SECTIONS: tuple[Builder, ...] = (
    answer.section,
    estimands.section,
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
    caveats.section,
    methods.section,
    plan.section,
    privacy.section,
    details.section,
    provenance.section,
)
