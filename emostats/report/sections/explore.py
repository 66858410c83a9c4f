"""The explorer: the reader chooses the children, the outcome, the visit and the scale."""

from __future__ import annotations

from emostats.report.context import Context
from emostats.report.explorer import explorer
from emostats.report.language import _
from emostats.report.model import Section
from emostats.report.parts import text


def section(context: Context) -> Section | None:
    """For a screen alone, and only where there are subgroups: its numbers stand in the other sections too."""
    made = explorer(context)
    if made is None:
        return None
    return Section(
        "explore",
        _("Explore the subgroups"),
        (
            text(
                _(
                    "Choose what to see. Every number is one of the run’s estimates, and the tables below "
                    "the drawings hold them all. Looking at many groups finds differences by chance: what "
                    "stands out here is a question for the next study, unless it was planned."
                )
            ),
            made,
        ),
        screen=True,
    )
