"""Session scores that were analysed as outcomes: the same parts as for a questionnaire."""

from __future__ import annotations

from emostats.report.context import Context
from emostats.report.language import _
from emostats.report.model import Block, NotDone, Section
from emostats.report.parts import heading, text
from emostats.report.sections.changes import table_of
from emostats.report.sections.means import means_of
from emostats.report.sections.model_card import model_card
from emostats.report.sections.subgroups import subgroups_of


def section(context: Context) -> Section:
    """Means, changes and subgroups of each session score."""
    outcomes = context.session_outcomes
    if not outcomes:
        reason = (
            _("no analysis in the study file covers a session score")
            if context.spec.session_scores is not None
            else _("the study has no session scores")
        )
        card = model_card(context) if context.spec.session_scores is not None else ()
        return Section("sessions", _("Session scores"), (NotDone(_("Session scores"), reason), *card))
    blocks: list[Block] = [
        text(
            _(
                "Scores of single sessions, averaged for each child and visit and analysed like the other "
                "outcomes."
            )
        )
    ]
    for outcome in outcomes:
        blocks += [heading("sessions", outcome), *means_of(context, outcome), table_of(context, outcome)]
        blocks += subgroups_of(context, outcome)
    return Section("sessions", _("Session scores"), (*blocks, *model_card(context)))
