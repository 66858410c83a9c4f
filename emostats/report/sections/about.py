"""What the authors say about the study: their own words, and nothing where they gave none."""

from __future__ import annotations

from emostats.report.context import Context
from emostats.report.language import _, listed
from emostats.report.model import Block, Definitions, NotDone, Paragraph, Section
from emostats.report.parts import text
from emostats.study.spec import REPORTING_LABELS
from emostats.study.spec.reporting import given


def section(context: Context) -> Section:
    """The texts of the study file, and the names of those it leaves out."""
    texts = given(context.spec.reporting)
    blocks: list[Block] = []
    if texts:
        blocks.append(text(_("The words of the authors, as they stand in the study file.")))
        items = tuple((_(REPORTING_LABELS[key]), Paragraph((words,))) for key, words in texts.items())
        blocks.append(Definitions(items))
    absent = [_(label) for key, label in REPORTING_LABELS.items() if key not in texts]
    if absent:
        reason = _("the study file says nothing about: {what}", what=listed(absent))
        blocks.append(NotDone(_("Words of the authors"), reason))
    return Section("about", _("About the study"), tuple(blocks))
