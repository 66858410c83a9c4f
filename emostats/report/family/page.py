"""The sections of the family page. Short words, short sentences; an effect is told by size and range."""

from __future__ import annotations

from collections.abc import Callable

from emostats.estimates import Estimate
from emostats.render import rounding
from emostats.report import cells
from emostats.report.context import Context, Outcome
from emostats.report.family.evidence import evidence
from emostats.report.language import _, between_sentences, joined, n_children, sentences, woven
from emostats.report.model import Block, Bullets, Heading, Note, Paragraph, Section, Strong
from emostats.report.parts import last_visit, small, text
from emostats.report.recorded import spoken
from emostats.report.sections import caveats
from emostats.report.sections.changes import overall
from emostats.report.wording import COHEN, capital, rises, settled


def studied(context: Context) -> Section:
    """Who took part, and what was asked."""
    visits = [context.visit_in_text(name) for name in context.spec.visit_names]
    labels = [outcome.label for outcome in _main(context)]
    blocks: list[Block] = []
    if context.simulated:
        words = _("These numbers were made up to test the software. No real child is in them.")
        blocks.append(Note(_("Not a real study"), (text(words),), tone="caution"))
    told = []
    n = _entered(context)
    if n is not None:
        told.append(_("{size} took part in this study.", size=n_children(n)))
    if len(labels) > 1:
        told.append(_("It looked at these things: {outcomes}.", outcomes=joined(labels)))
    elif labels:
        told.append(_("It looked at this: {outcome}.", outcome=labels[0]))
    told.append(_("We looked at these times: {visits}.", visits=joined(visits)))
    blocks.append(text(sentences(*told)))
    return Section("studied", _("What was studied"), tuple(blocks))


def main_results(context: Context) -> list[tuple[str, Paragraph]]:
    """Each main outcome with what was found about it, in plain words."""
    return [(o.label, _told(o, context, _change(context, o))) for o in _main(context)]


def found(context: Context) -> Section:
    """The change of each main outcome, by its size and its range."""
    blocks: list[Block] = []
    for outcome, (label, told) in zip(_main(context), main_results(context), strict=True):
        blocks += [Heading(f"found-{outcome.id}", label), told]
    if not blocks:
        blocks.append(text(_("The study has no main result yet.")))
    blocks += [Heading("found-events", _("Unwanted events")), text(_unwanted(context))]
    return Section("found", _("What was found"), tuple(blocks))


def _unwanted(context: Context) -> str:
    """How many children had an adverse event, as far as the study noted them."""
    table = context.table("events")
    if table is None:
        return _("The study did not tell us if children had any. So we do not know.")
    rows = table[(table["term"].fillna("") == "") & table["level"].fillna("").isin(("", "All"))]
    adverse = rows[rows["category"].astype(str).str.contains("adverse", case=False, regex=False)]
    if adverse.empty:
        return _("None were noted. That does not mean that there were none.")
    children = rounding.known(adverse["n_children"].iloc[0]) if len(adverse) == 1 else None
    if children is None:
        return sentences(_("Some children had one."), _("The study team can tell you more."))
    had = _("{size} had one.", size=n_children(children))
    return sentences(had, _("The study team can tell you more."))


def sure(context: Context) -> Section:
    """The grade of the evidence with its reasons."""
    changes = tuple(row for outcome in _main(context) if (row := _change(context, outcome)) is not None)
    known = tuple(row for row in changes if cells.failed(row) is None)
    graded = evidence(context, known)
    blocks: list[Block] = []
    if graded.grade:
        grade = Strong(capital(spoken(graded.grade)))
        blocks.append(text(*woven("How much we can trust this: {grade}.", grade=grade)))
        blocks.append(text(_("New studies may well change what we think. Here is why:")))
    blocks.append(Bullets(tuple(map(text, graded.reasons))))
    blocks.append(small(_("The computer gave this grade by fixed rules. People should check it.")))
    return Section("sure", _("How sure are we?"), tuple(blocks))


def limits(context: Context) -> Section:
    """What the study does not show."""
    points = [
        _("It is about the whole group. It does not say how one child will do."),
        _("A child may do better or worse than the group."),
    ]
    if caveats.single_group(context):
        points = [
            _("It does not show that the programme works. There was no other group to compare with."),
            _("Children grow and learn as time goes by. Some of the change may be just that."),
            _("Families often join when things are hard. Things then often get better by themselves."),
            _("Parents knew that their child took part. Hope can change how we answer."),
            *points,
        ]
    elif caveats.observational(context):
        points = [_("It shows how children changed. It does not show why."), *points]
    close = _("Please talk to your doctor or the study team before you change any care.")
    return Section("limits", _("What it does not show"), (Bullets(tuple(map(text, points))), text(close)))


SECTIONS: tuple[Callable[[Context], Section | None], ...] = (studied, found, sure, limits)


def _main(context: Context) -> tuple[Outcome, ...]:
    """The main outcomes, each once."""
    first: dict[str, Outcome] = {}
    for outcome in context.main_outcomes:
        first.setdefault(outcome.parameter, outcome)
    return tuple(first.values())


def _entered(context: Context) -> float | None:
    flow = context.table("flow")
    if flow is None:
        return None
    rows = flow[(flow["stage"] == "Entered") & flow["level"].fillna("").isin(("", "All"))]
    return float(rows["n"].iloc[0]) if len(rows) else None


def _change(context: Context, outcome: Outcome) -> Estimate | None:
    rows = overall(context, "change", outcome)
    visit = last_visit(context, rows)
    return next((row for row in rows if row.visit == visit), None)


def _told(outcome: Outcome, context: Context, row: Estimate | None) -> Paragraph:
    if row is None or cells.failed(row) is not None:
        return text(_("We could not work this out from the data."))
    start = context.visit_in_text(context.spec.baseline.name)
    when = context.visit_in_text(row.visit)
    places = cells.telling_places(row, outcome.brief_places)
    values = {"start": start, "visit": when, "change": cells.estimate(row, places, sign=True, unit=True)}
    if not settled(row):
        first = woven("From {start} to {visit} we cannot tell if the score went up or down.", **values)
    elif rises(row):
        first = woven("From {start} to {visit} the mean score went up ({change}).", **values)
    else:
        first = woven("From {start} to {visit} the mean score went down ({change}).", **values)
    told = sentences(_meaning(outcome, row), _size(context, outcome, row))
    if cells.bounded(row):
        reach = cells.interval(row, places, unit=True)
        between = woven("Our best range for the true change is {interval}.", interval=reach)
    else:
        between = (_("We cannot say how big the true change may be."),)
    blank = between_sentences()
    return text(*first, *((f"{blank}{told}",) if told else ()), blank, *between)


def _meaning(outcome: Outcome, row: Estimate) -> str:
    if outcome.higher_is_better is None or not settled(row):
        return ""
    if rises(row) == outcome.higher_is_better:
        return _("For this score, that is better.")
    return _("For this score, that is worse.")


def _size(context: Context, outcome: Outcome, row: Estimate) -> str:
    """The size of the change by both ends of the interval of the standardized one."""
    sizes = (item for item in overall(context, "effect_size", outcome) if item.visit == row.visit)
    size = next((item for item in sizes if cells.failed(item) is None), None)
    if size is None or size.conf_low is None or size.conf_high is None:
        return ""
    low, high = size.conf_low, size.conf_high
    if low < 0 < high and _name(low) == _name(high) == _("tiny"):
        return _("If it changed at all, it changed very little.")
    if low < 0 < high:
        return _("It could be a {least} fall or a {most} rise.", least=_name(low), most=_name(high))
    least, most = (_name(value) for value in sorted((low, high), key=abs))
    if least == most:
        return _("That is a {size} change.", size=least)
    return _("That is a {least} to {most} change.", least=least, most=most)


def _name(value: float) -> str:
    sizes = {"negligible": _("tiny"), "small": _("small"), "moderate": _("medium"), "large": _("large")}
    return sizes[next((name for bound, name in COHEN if abs(value) < bound), "large")]
