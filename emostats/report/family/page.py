"""The sections of the family page. Short words, short sentences; an effect is told by size and range."""

from __future__ import annotations

from collections.abc import Callable

from emostats.estimates import Estimate
from emostats.render import rounding
from emostats.report import cells
from emostats.report.context import Context, Outcome
from emostats.report.family.evidence import evidence
from emostats.report.model import Block, Bullets, Heading, Note, Paragraph, Section, Strong
from emostats.report.parts import last_visit, text
from emostats.report.sections import caveats
from emostats.report.sections.changes import overall
from emostats.report.wording import COHEN, capital, joined, settled

_SIZES = {"negligible": "tiny", "small": "small", "moderate": "medium", "large": "large"}


def studied(context: Context) -> Section:
    """Who took part, and what was asked."""
    visits = [context.visit_in_text(name) for name in context.spec.visit_names]
    labels = [outcome.label for outcome in _main(context)]
    blocks: list[Block] = []
    if context.simulated:
        words = "These numbers were made up to test the software. No real child is in them."
        blocks.append(Note("Not a real study", (text(words),), tone="caution"))
    told = []
    n = _entered(context)
    if n is not None:
        told.append(f"{rounding.count(n)} children took part in this study.")
    if labels:
        told.append(f"It looked at {'these things' if len(labels) > 1 else 'this'}: {joined(labels)}.")
    told.append(f"We looked at these times: {joined(visits)}.")
    blocks.append(text(" ".join(told)))
    return Section("studied", "What was studied", tuple(blocks))


def main_results(context: Context) -> list[tuple[str, Paragraph]]:
    """Each main outcome with what was found about it, in plain words."""
    return [(o.label, _told(o, context, _change(context, o))) for o in _main(context)]


def found(context: Context) -> Section:
    """The change of each main outcome, by its size and its range."""
    blocks: list[Block] = []
    for outcome, (label, told) in zip(_main(context), main_results(context), strict=True):
        blocks += [Heading(f"found-{outcome.id}", label), told]
    if not blocks:
        blocks.append(text("The study has no main result yet."))
    blocks += [Heading("found-events", "Unwanted events"), text(_unwanted(context))]
    return Section("found", "What was found", tuple(blocks))


def _unwanted(context: Context) -> str:
    """How many children had an adverse event, as far as the study noted them."""
    table = context.table("events")
    if table is None:
        return "The study did not tell us if children had any. So we do not know."
    rows = table[(table["term"].fillna("") == "") & table["level"].fillna("").isin(("", "All"))]
    adverse = rows[rows["category"].astype(str).str.contains("adverse", case=False, regex=False)]
    if adverse.empty:
        return "None were noted. That does not mean that there were none."
    children = rounding.known(adverse["n_children"].iloc[0]) if len(adverse) == 1 else None
    if children is None:
        return "Some children had one. The study team can tell you more."
    had = "1 child had one" if children == 1 else f"{rounding.count(children)} children had one"
    return f"{had}. The study team can tell you more."


def sure(context: Context) -> Section:
    """The grade of the evidence with its reasons."""
    changes = tuple(row for outcome in _main(context) if (row := _change(context, outcome)) is not None)
    known = tuple(row for row in changes if cells.failed(row) is None)
    graded = evidence(context, known)
    blocks: list[Block] = []
    if graded.grade:
        blocks.append(Paragraph(("How much we can trust this: ", Strong(capital(graded.grade)), ".")))
        blocks.append(text("New studies may well change what we think. Here is why:"))
    blocks.append(Bullets(tuple(map(text, graded.reasons))))
    note = "The computer gave this grade by fixed rules. People should check it."
    blocks.append(Paragraph((note,), "small"))
    return Section("sure", "How sure are we?", tuple(blocks))


def limits(context: Context) -> Section:
    """What the study does not show."""
    points = [
        "It is about the whole group. It does not say how one child will do.",
        "A child may do better or worse than the group.",
    ]
    if caveats.single_group(context):
        points = [
            "It does not show that the programme works. There was no other group to compare with.",
            "Children grow and learn as time goes by. Some of the change may be just that.",
            "Families often join when things are hard. Things then often get better by themselves.",
            "Parents knew that their child took part. Hope can change how we answer.",
            *points,
        ]
    elif caveats.observational(context):
        points = ["It shows how children changed. It does not show why.", *points]
    close = "Please talk to your doctor or the study team before you change any care."
    return Section("limits", "What it does not show", (Bullets(tuple(map(text, points))), text(close)))


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
        return text("We could not work this out from the data.")
    start = context.visit_in_text(context.spec.baseline.name)
    when = context.visit_in_text(row.visit)
    places = outcome.brief_places
    between = (" Our best range for the true change is ", cells.interval(row, places, unit=True), ".")
    if not settled(row):
        first = f"From {start} to {when} we cannot tell if the score went up or down."
        return text(first, *_size(context, outcome, row), *between)
    way = "up" if (row.estimate or 0.0) > 0 else "down"
    shown = cells.estimate(row, places, sign=True, unit=True)
    first = f"From {start} to {when} the mean score went {way} ("
    return text(first, shown, ").", *_meaning(outcome, way), *_size(context, outcome, row), *between)


def _meaning(outcome: Outcome, way: str) -> tuple[str, ...]:
    if outcome.higher_is_better is None:
        return ()
    better = (way == "up") == outcome.higher_is_better
    return (f" For this score, that is {'better' if better else 'worse'}.",)


def _size(context: Context, outcome: Outcome, row: Estimate) -> tuple[str, ...]:
    """The size of the change by both ends of the interval of the standardized one."""
    sizes = (item for item in overall(context, "effect_size", outcome) if item.visit == row.visit)
    size = next((item for item in sizes if cells.failed(item) is None), None)
    if size is None or size.conf_low is None or size.conf_high is None:
        return ()
    low, high = size.conf_low, size.conf_high
    if low < 0 < high and _name(low) == _name(high) == _SIZES["negligible"]:
        return (" If it changed at all, it changed very little.",)
    if low < 0 < high:
        return (f" It could be a {_name(low)} fall or a {_name(high)} rise.",)
    small, large = (_name(value) for value in sorted((low, high), key=abs))
    return (f" That is a {small if small == large else f'{small} to {large}'} change.",)


def _name(value: float) -> str:
    return _SIZES[next(name for bound, name in COHEN if abs(value) < bound)]
