"""What was asked: each question of the study with its parts (ICH E9(R1)), and what answers it."""

from __future__ import annotations

from emostats.report.context import Context, Outcome
from emostats.report.language import _, joined, listed, with_unit
from emostats.report.model import Block, Definitions, Heading, NotDone, Paragraph, Section
from emostats.report.parts import text
from emostats.study.spec import Estimand, MmrmAnalysis


def section(context: Context) -> Section:
    """One list of definitions an estimand."""
    blocks: list[Block] = []
    for number, estimand in enumerate(context.spec.estimands, 1):
        blocks.append(Heading(f"asked-{number}", context.spec.parameter_label(estimand.parameter)))
        blocks.append(Definitions(_parts(context, estimand)))
    if not blocks:
        reason = _("the study file has no [[estimands]]: what the numbers are to answer was not written down")
        blocks.append(NotDone(_("The questions of the study"), reason))
    blocks += _beside(context)
    return Section("asked", _("What was asked"), tuple(blocks))


def secondary(context: Context) -> tuple[Outcome, ...]:
    """Outcomes that are analysed while the estimands of the study ask about others."""
    asked = {estimand.parameter for estimand in context.spec.estimands}
    return tuple(outcome for outcome in context.outcomes if asked and outcome.parameter not in asked)


def _beside(context: Context) -> list[Block]:
    outcomes = secondary(context)
    if not outcomes:
        return []
    named = joined([_("{outcome} (analysis ‘{name}’)", outcome=o.label, name=o.analysis) for o in outcomes])
    return [
        Heading("asked-secondary", _("Secondary outcomes")),
        text(
            _(
                "Analysed as well, without an estimand in the study file: {named}. Read them as secondary.",
                named=named,
            )
        ),
    ]


def _parts(context: Context, estimand: Estimand) -> tuple[tuple[str, Paragraph], ...]:
    info = context.spec.parameters.get(estimand.parameter)
    unit = _(", in {unit}", unit=info.unit) if info and info.unit else ""
    events = [with_unit(event, strategy) for event, strategy in estimand.intercurrent_events.items()]
    return (
        (_("Population"), text(estimand.population)),
        (_("Treatment"), text(estimand.treatment or _("not stated in the study file"))),
        (_("Outcome"), text(f"{context.spec.parameter_label(estimand.parameter)}{unit}")),
        (_("Intercurrent events"), text(listed(events) or _("none named in the study file"))),
        (_("Summary measure"), text(estimand.summary)),
        (_("Answered by"), text(_answered_by(context, estimand.parameter))),
    )


def _answered_by(context: Context, parameter: str) -> str:
    models = [
        _("analysis ‘{name}’", name=item.name) + _whom(context, item)
        for item in context.spec.analyses
        if isinstance(item, MmrmAnalysis) and parameter in item.parameters
    ]
    return joined(models) or _("no analysis in the study file covers this outcome")


def _whom(context: Context, analysis: MmrmAnalysis) -> str:
    known = {item.name: item.label or item.name for item in context.spec.analysis_sets}
    label = known.get(analysis.analysis_set or "", "")
    return _(", in: {set}", set=label) if label else ""
