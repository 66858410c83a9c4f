"""The answer in brief: what the study found, in plain words, by the size of the effect and its interval."""

from __future__ import annotations

from emostats.estimates import Estimate
from emostats.render import rounding
from emostats.report import cells
from emostats.report.context import Context, Outcome
from emostats.report.language import _, between_sentences, sentences, woven
from emostats.report.model import Answer, Block, Cell, NotDone, Note, Paragraph, Part, Section, Strong
from emostats.report.parts import confidence, last_visit, text, why_missing
from emostats.report.recorded import spoken
from emostats.report.sections import agreement, caveats, estimands, plain
from emostats.report.sections.changes import overall
from emostats.report.wording import agreement as agreement_words
from emostats.report.wording import better, rises, settled, size


def section(context: Context) -> Section:
    """One answer an estimand (an outcome, where the study file has no estimands), then the limits."""
    answers = _answers(context)
    blocks = [
        *answers,
        *_secondary(context),
        *_limits(context),
        *_agreement(context),
        *plain.summary(context),
    ]
    if not blocks:
        blocks.append(NotDone(_("Answer"), _("the study file asks for no mixed model")))
    return Section("answer", _("The answer in brief"), tuple(blocks), brief=True)


def _answers(context: Context) -> list[Block]:
    if not context.spec.estimands:
        asked = _("Change of {outcome} from baseline")
        return [_answer(context, item, asked.format(outcome=item.label)) for item in context.outcomes]
    blocks: list[Block] = []
    for estimand in context.spec.estimands:
        outcome = next((item for item in context.outcomes if item.parameter == estimand.parameter), None)
        if outcome is not None:
            blocks.append(_answer(context, outcome, estimand.summary))
        else:
            label = context.spec.parameter_label(estimand.parameter)
            blocks.append(NotDone(label, _("no analysis in the study file covers this outcome")))
    return blocks


def _secondary(context: Context) -> list[Block]:
    """Outcomes that no estimand asks about, each with its change, in one paragraph; none go unnamed."""
    outcomes = estimands.secondary(context)
    if not outcomes:
        return []
    told: list[Part] = []
    for position, outcome in enumerate(outcomes):
        told += [_("; ") if position else "", *_in_short(context, outcome)]
    after = woven(" (analysed, but no estimand asks about them): {told}.", told=tuple(told))
    return [text(Strong(_("Secondary outcomes")), *after)]


def _in_short(context: Context, outcome: Outcome) -> tuple[Part, ...]:
    row = _last_change(context, outcome)
    if row is None or cells.failed(row) is not None:
        return (_("{outcome}, no estimate of its change", outcome=outcome.label),)
    places = cells.telling_places(row, outcome.brief_places)
    return woven(
        "{outcome}, change to {visit} {change} ({level} {interval})",
        outcome=outcome.label,
        visit=context.visit_in_text(row.visit),
        change=cells.estimate(row, places, sign=True, unit=True),
        level=confidence([row]),
        interval=cells.interval(row, places),
    )


def _last_change(context: Context, outcome: Outcome) -> Estimate | None:
    """The overall change at the last visit."""
    changes = overall(context, "change", outcome)
    visit = last_visit(context, changes)
    return next((row for row in changes if row.visit == visit), None)


def _answer(context: Context, outcome: Outcome, question: str) -> Block:
    row = _last_change(context, outcome)
    if row is None or cells.failed(row) is not None:
        recorded = row.error if row is not None else ""
        return NotDone(outcome.label, spoken(recorded) if recorded else why_missing(context, outcome))
    start = context.visit_in_text(context.spec.baseline.name)
    sentences = [
        _change(context, outcome, row),
        _size(context, outcome, row),
        _between_subgroups(context, outcome, row.visit),
        _bootstrap(context, outcome, row),
    ]
    return Answer(
        title=outcome.label,
        question=question,
        headline=cells.estimate(row, cells.telling_places(row, outcome.brief_places), sign=True, unit=True),
        label=_("from {start} to {visit}", start=start, visit=context.visit_in_text(row.visit)),
        sentences=tuple(sentence for sentence in sentences if sentence is not None),
    )


def _magnitude(row: Estimate, places: int) -> Cell:
    """The size of a change without its sign, for a sentence whose verb says the direction."""
    shown = cells.estimate(row, places, unit=True)
    return Cell(shown.text.removeprefix(rounding.MINUS), shown.value, shown.unit, shown.estimate_id)


def _change(context: Context, outcome: Outcome, row: Estimate) -> Paragraph:
    places = cells.telling_places(row, outcome.brief_places)
    sure = settled(row)
    values = {
        "outcome": outcome.label,
        "change": _magnitude(row, places) if sure else cells.estimate(row, places, sign=True, unit=True),
        "start": context.visit_in_text(context.spec.baseline.name),
        "visit": context.visit_in_text(row.visit),
        "level": confidence([row]),
        "interval": cells.interval(row, places),
        "seen": _seen(row),
    }
    if not sure:
        told = woven(
            "{outcome} changed by {change} from {start} to {visit} ({level} {interval}{seen}).", **values
        )
        open_way = _("The interval reaches from a fall to a rise: the data do not settle the direction.")
        return text(*told, between_sentences() + open_way)
    if rises(row):
        told = woven(
            "{outcome} rose by {change} from {start} to {visit} ({level} {interval}{seen}).", **values
        )
    else:
        told = woven(
            "{outcome} fell by {change} from {start} to {visit} ({level} {interval}{seen}).", **values
        )
    meaning = better(outcome.higher_is_better, row)
    return text(*told, *([between_sentences() + meaning] if meaning else []))


def _seen(row: Estimate) -> tuple[Part, ...]:
    if row.n is None:
        return ()
    if row.n == 1:
        return woven("; {n} child seen at that visit", n=cells.count(row))
    return woven("; {n} children seen at that visit", n=cells.count(row))


def _size(context: Context, outcome: Outcome, row: Estimate) -> Paragraph | None:
    size_row, percent = (_beside(context, outcome, row, kind) for kind in ("effect_size", "percent_change"))
    parts: list[Part] = []
    if size_row is not None:
        places = rounding.shared_decimals([size_row.std_error], [size_row.estimate], significant=1)
        parts += woven(
            "Set against how much children differed at the start, that is {change} standard deviations "
            "({interval}): by Cohen’s convention {size}.",
            change=cells.estimate(size_row, places, sign=True),
            interval=cells.interval(size_row, places),
            size=size(size_row),
        )
    if percent is not None:
        parts += [between_sentences()] if parts else []
        parts += woven(
            "In percent of the mean at the start it is {change} ({interval}).",
            change=cells.estimate(percent, 0, sign=True),
            interval=cells.interval(percent, 0),
        )
    return text(*parts) if parts else None


def _beside(context: Context, outcome: Outcome, row: Estimate, kind: str) -> Estimate | None:
    """The overall row of another kind at the same visit, if it has a number."""
    rows = (other for other in overall(context, kind, outcome) if other.visit == row.visit)
    return next((other for other in rows if cells.failed(other) is None), None)


def _between_subgroups(context: Context, outcome: Outcome, visit: str) -> Paragraph | None:
    rows = [row for row in context.rows("difference_of_changes", outcome) if row.visit == visit]
    known = [row for row in rows if not row.error]
    if not known:
        return None
    apart = [row for row in known if settled(row)]
    total = rounding.count(len(known))
    if apart:
        told = _(
            "Subgroups: in {n} of {total} comparisons the interval for the difference in change lies on one "
            "side of zero (not adjusted for the number of comparisons).",
            n=rounding.count(len(apart)),
            total=total,
        )
    else:
        told = _(
            "Subgroups: in none of {total} comparisons does the interval for the difference in change lie on "
            "one side of zero. That does not show that subgroups are alike.",
            total=total,
        )
    failed = len(rows) - len(known)
    more = _("{n} could not be estimated.", n=rounding.count(failed)) if failed else ""
    return text(sentences(told, more))


def _bootstrap(context: Context, outcome: Outcome, row: Estimate) -> Paragraph | None:
    names = {analysis.name for analysis in context.bootstraps if analysis.of == outcome.analysis}
    found = next(
        (
            other
            for other in context.of_kind("change")
            if other.analysis in names
            and other.parameter == outcome.parameter
            and other.visit == row.visit
            and not other.subgroup
            and not other.error
        ),
        None,
    )
    if found is None:
        return None
    return text(
        *woven(
            "The bootstrap, which resamples children instead of trusting the model’s assumptions, gives "
            "{interval} for the same change.",
            interval=cells.interval(found, cells.telling_places(found, outcome.brief_places)),
        )
    )


def _agreement(context: Context) -> list[Block]:
    """One sentence for each agreement analysis, over its domains."""
    blocks: list[Block] = []
    for analysis in context.agreements:
        told: list[Part] = []
        for row in context.of_kind("icc"):
            if row.analysis == analysis.name and not row.subgroup and cells.failed(row) is None:
                told += [_("; ")] if told else []
                told += woven(
                    "{domain} {icc} ({interval}), {words}",
                    domain=agreement.domain(context, row.parameter),
                    icc=cells.estimate(row, agreement.PLACES),
                    interval=cells.interval(row, agreement.PLACES),
                    words=agreement_words(row),
                )
        if told:
            form, told_of = analysis.form, tuple(told)
            blocks.append(
                text(*woven("The experts’ ratings agreed, by {form}: {told}.", form=form, told=told_of))
            )
    return blocks


def _limits(context: Context) -> list[Block]:
    if caveats.single_group(context):
        words = _(
            "There was no comparison group. The change is what happened while the programme ran, not "
            "what the programme did: children also develop by themselves, and low scores tend to be "
            "followed by higher ones."
        )
        return [Note(_("What this does not show"), (text(words),), tone="caution")]
    if caveats.observational(context):
        words = _("Nothing was assigned: the numbers describe how children changed, not why.")
        return [Note(_("What this does not show"), (text(words),), tone="caution")]
    return []
