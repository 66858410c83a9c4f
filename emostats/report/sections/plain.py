"""The plain-language summary: what the family page says about each main outcome, in one box."""

from __future__ import annotations

from emostats.report.context import Context
from emostats.report.language import _, told_of
from emostats.report.model import Block, Heading, Note, Paragraph, Strong


def summary(context: Context) -> list[Block]:
    """A heading and a box, in the words of the family page; nothing where there is no main outcome."""
    from emostats.report.family.page import main_results

    found = main_results(context)
    if not found:
        return []
    blocks = tuple(Paragraph((Strong(told_of(label, "")), *told.parts)) for label, told in found)
    return [Heading("plain", _("In plain words")), Note(_("For readers without statistics"), blocks)]
