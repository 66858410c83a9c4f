"""Privacy: what this report holds about single children, told from what is in it."""

from __future__ import annotations

from emostats.render import rounding
from emostats.report.context import Context
from emostats.report.model import Block, Bullets, Section
from emostats.report.parts import text
from emostats.report.wording import plural

SMALL = 10
"""Groups of this size or smaller are widely held to be disclosive (the threshold of CMS)."""


def section(context: Context) -> Section:
    """What is in the report, what is not, and how small its smallest group is."""
    points = [
        text(
            "The report holds results for groups of children: no row of a single child, no name, no date "
            "of birth, no ID."
        ),
        text(
            "It is the internal edition. Small groups are shown as they are, so it is for people who may "
            "see the "
            "study data, and not for publication as it stands."
        ),
        text(_smallest(context)),
        text("It is one file that loads nothing from the network and runs no script."),
    ]
    blocks: tuple[Block, ...] = (Bullets(tuple(points)),)
    return Section("privacy", "Privacy", blocks)


def _smallest(context: Context) -> str:
    sizes = [row.n for row in context.estimates if row.n is not None and row.n > 0 and not row.error]
    if not sizes:
        return "No estimate of this run says how many children are behind it."
    least = min(sizes)
    few = len([n for n in sizes if n <= SMALL])
    told = f"The smallest group behind an estimate has {rounding.count(least)} "
    told += f"{plural(least, 'child', 'children')}."
    if few:
        told += (
            f" {rounding.count(few)} {plural(few, 'estimate')} {'rests' if few == 1 else 'rest'} on "
            f"{SMALL} children or fewer."
        )
    return told
