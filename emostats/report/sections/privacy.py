"""Privacy: what this report holds about single children, told from what is in it."""

from __future__ import annotations

from emostats.render import rounding
from emostats.report.context import Context
from emostats.report.language import _, n_children, sentences
from emostats.report.model import Block, Bullets, Section
from emostats.report.parts import text
from emostats.report.recorded import spoken

SMALL = 10
"""Groups of this size or smaller are widely held to be disclosive (the threshold of CMS)."""
COUNTED = ("flow", "visits")
"""Descriptive tables that show groups of children with their size."""


def section(context: Context) -> Section:
    """What is in the report, what is not, and how small its smallest group is."""
    if context.public:
        return _public(context)
    points = [
        text(_courses(context)),
        text(
            _(
                "It is the internal edition. Small groups are shown as they are, so it is for people who "
                "may see the study data, and not for publication as it stands."
            )
        ),
        text(_smallest(context)),
        text(_alone()),
    ]
    blocks: tuple[Block, ...] = (Bullets(tuple(points)),)
    return Section("privacy", _("Privacy"), blocks)


def _public(context: Context) -> Section:
    """What the public edition hides, by which rule, and what it was looked through for."""
    told = [
        _(
            "It is the public edition. The report holds results for groups of children: no row of a single "
            "child, no name, no date of birth, no ID."
        ),
        *map(spoken, context.public["statements"]),
        _("Texts, figures, tables, the explorer and the file itself were looked through for identifiers."),
        _alone(),
    ]
    blocks: tuple[Block, ...] = (Bullets(tuple(text(line) for line in told)),)
    return Section("privacy", _("Privacy"), blocks)


def _alone() -> str:
    return _(
        "It is one file that loads nothing from the network. The script of the explorer is part of it, and "
        "no other may run."
    )


def _courses(context: Context) -> str:
    if context.table("courses") is None:
        return _(
            "The report holds results for groups of children: no row of a single child, no name, no date of "
            "birth, no ID."
        )
    return _(
        "The report draws the course of each child, as the study file asks: without name, date of birth or "
        "ID, but those who know a child may find it. Whoever gets this report must be allowed to see the "
        "data."
    )


def _smallest(context: Context) -> str:
    behind = [row.n for row in context.estimates if row.n is not None and row.n > 0 and not row.error]
    listed = [int(n) for name in COUNTED for n in _counts(context, name) if n > 0]
    told = []
    if behind:
        told.append(_("The smallest group behind an estimate has {size}.", size=n_children(min(behind))))
    if listed:
        told.append(_("The smallest group in a descriptive table has {size}.", size=n_children(min(listed))))
    few = sum(n <= SMALL for n in behind)
    if few == 1:
        told.append(_("1 estimate rests on {least} children or fewer.", least=rounding.count(SMALL)))
    elif few:
        n, least = rounding.count(few), rounding.count(SMALL)
        told.append(_("{n} estimates rest on {least} children or fewer.", n=n, least=least))
    return sentences(*told) or _("This run does not say how many children are behind its numbers.")


def _counts(context: Context, name: str) -> list[float]:
    table = context.table(name)
    return [] if table is None or "n" not in table else list(table["n"].dropna())
