"""Editions for single readers: chosen sections, the same numbers; the family page reads easily."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from emostats.errors import UsageError
from emostats.estimates import AnalysisResults, estimates_frame
from emostats.report import build_report
from emostats.report.audience import AUDIENCES, edition
from emostats.report.family import grade
from emostats.report.family.readability import syllables
from emostats.report.model import Bullets, Cell, Heading, Note, Paragraph, Strong


def said(report) -> str:
    """The running text of a report, one line a paragraph."""
    return "\n".join(line for block in report.blocks() for line in lines(block))


def lines(block) -> list[str]:
    if isinstance(block, Paragraph):
        parts = (part if isinstance(part, str) else part.text for part in block.parts)
        return ["".join(parts).replace("\xa0", " ")]
    if isinstance(block, Bullets):
        return [line for item in block.items for line in lines(item)]
    if isinstance(block, Note):
        return [line for inner in block.blocks for line in lines(inner)]
    return [f"{block.text}."] if isinstance(block, Heading) else []


def built(handmade, audience, rows=None, **study):
    spec = handmade.spec()
    spec = spec.model_copy(update={"study": spec.study.model_copy(update=study)})
    results = handmade.results()
    if rows is not None:
        results = AnalysisResults(estimates_frame(rows), results.tables, results.facts)
    return build_report(spec, results, handmade.manifest(), audience)


@pytest.fixture(scope="module")
def family(handmade):
    return built(handmade, "family")


@pytest.mark.parametrize("audience", [name for name in AUDIENCES if name != "family"])
def test_every_edition_has_the_answer_its_limits_and_the_provenance(handmade, audience):
    full, own = (
        build_report(handmade.spec(), handmade.results(), handmade.manifest()),
        built(handmade, audience),
    )
    ids = [section.id for section in own.sections]
    assert ids[0] == "answer"
    assert {"caveats", "provenance"} <= set(ids) <= {section.id for section in full.sections}
    assert own.kicker == edition(audience).kicker != full.kicker
    assert own.sections[0].blocks[0].title == "About this edition"
    shown = {section.id: section for section in full.sections}
    assert own.sections[0].blocks[1:] == shown["answer"].blocks
    numbers = [section.number for section in own.sections if not section.screen]
    assert numbers == list(range(len(numbers)))


def test_the_statistician_misses_nothing(handmade):
    full = build_report(handmade.spec(), handmade.results(), handmade.manifest())
    own = built(handmade, "statistician")
    assert {section.id for section in own.sections} == {section.id for section in full.sections}


def test_an_unknown_audience_is_told_with_the_nearest(handmade):
    with pytest.raises(UsageError, match="Did you mean 'family'"):
        built(handmade, "familly")


def test_the_family_page_reads_easily(family):
    assert grade(said(family)) <= 8
    assert max(grade(line) for line in said(family).split("\n") if len(line.split()) > 12) <= 9


@pytest.mark.parametrize("design", ["observational cohort", "single-group pre/post", ""])
def test_the_family_page_reads_easily_for_every_design(handmade, design):
    assert grade(said(built(handmade, "family", design=design))) <= 8


def test_the_family_page_has_no_p_value_and_no_jargon(family):
    text = said(family).lower()
    for word in ("p =", "p <", "p-value", "interval", "confidence", "standard", "ls mean", "cohen", "mmrm"):
        assert word not in text


def test_the_family_page_tells_the_size_the_range_and_where_the_number_is_from(family, handmade):
    text = said(family)
    assert "From baseline to week 12 the mean score went up (+1.17 points). " in text
    assert "That is a large change. Our best range for the true change is 1.0" in text
    numbers = [p for b in family.blocks() if isinstance(b, Paragraph) for p in b.parts if isinstance(p, Cell)]
    assert "primary/SOCINT/change/WEEK12/overall" in {cell.estimate_id for cell in numbers}
    assert {s.id for s in family.sections} == {"studied", "found", "sure", "limits"}
    assert "It does not show that the programme works." in text


def trust(report) -> str:
    strong = [
        p.text for b in report.blocks() if isinstance(b, Paragraph) for p in b.parts if isinstance(p, Strong)
    ]
    return strong[0] if strong else ""


def test_a_change_of_unsettled_direction_lowers_the_grade_and_is_said(handmade, family):
    rows = [
        replace(row, conf_low=-0.5, conf_high=0.9)
        if row.kind in ("change", "effect_size") and row.parameter == "SOCINT" and not row.subgroup
        else row
        for row in handmade.estimates()
    ]
    unsure = built(handmade, "family", rows)
    assert "we cannot tell if the score went up or down" in said(unsure)
    assert "It could be a medium fall or a large rise." in said(unsure)
    assert (trust(family), trust(unsure)) == ("Low", "Very low")


SCENARIOS = {
    "harm": ((-0.9, -1.2, -0.6), (-1.1, -1.4, -0.8), "went down", "For this score, that is worse."),
    "no effect": ((0.01, -0.03, 0.05), (0.02, -0.06, 0.1), "cannot tell", "it changed very little"),
    "uncertain": ((0.3, -0.5, 1.1), (0.4, -0.6, 1.4), "cannot tell", "a medium fall or a large rise"),
    "large effect": ((1.4, 1.2, 1.6), (1.9, 1.6, 2.2), "went up", "That is a large change."),
}
"""Change and standardized change with their limits, and what has to be said."""


@pytest.mark.parametrize("scenario", list(SCENARIOS))
@pytest.mark.parametrize("design", ["single-group pre/post", "observational cohort"])
def test_every_kind_of_result_reads_easily_and_is_told_by_its_interval(handmade, scenario, design):
    change, size, *words = SCENARIOS[scenario]
    numbers = {"change": change, "effect_size": size}
    rows = [
        replace(row, **dict(zip(("estimate", "conf_low", "conf_high"), numbers[row.kind], strict=True)))
        if row.kind in numbers and row.parameter == "SOCINT" and not row.subgroup
        else row
        for row in handmade.estimates()
    ]
    report = built(handmade, "family", rows, design=design)
    text = said(report)
    assert grade(text) <= 8
    assert max(grade(line) for line in text.split("\n") if len(line.split()) > 12) <= 9
    assert all(word in text for word in words), text
    assert "p-value" not in text and "significant" not in text
    limits = next(section for section in report.sections if section.id == "limits")
    assert limits.blocks and "How much we can trust this" in text


@pytest.mark.parametrize(
    ("children", "told"),
    [
        (None, "So we do not know"),
        (0, "None were noted"),
        (1, "1 child had one"),
        (5, "5 children had one"),
    ],
)
def test_unwanted_events_are_told_or_said_to_be_unknown(handmade, children, told):
    results = handmade.results()
    if children is not None:
        category = "Adverse event" if children else "Withdrawal"
        row = {"category": category, "term": "", "level": "", "n_children": children, "n_events": 9, "n": 182}
        tables = {**results.tables, "events": pd.DataFrame([row])}
        results = AnalysisResults(results.estimates, tables, results.facts)
    text = said(build_report(handmade.spec(), results, handmade.manifest(), "family"))
    assert told in text and grade(text) <= 8


def test_a_design_that_is_not_known_gets_no_grade(handmade):
    report = built(handmade, "family", design="")
    assert trust(report) == ""
    assert "does not say enough to grade" in said(report)


def test_a_result_that_failed_is_said(handmade):
    rows = [row for row in handmade.estimates() if row.kind != "change"]
    assert "We could not work this out from the data." in said(built(handmade, "family", rows))


@pytest.mark.parametrize(
    ("word", "n"),
    [
        ("children", 2),
        ("change", 1),
        ("programme", 2),
        ("the", 1),
        ("emotional", 4),
        ("looked", 1),
        ("started", 2),
    ],
)
def test_syllables(word, n):
    assert syllables(word) == n


def test_the_grade_of_known_texts():
    assert grade("The cat sat on the mat.") == pytest.approx(0.39 * 6 + 11.8 - 15.59)
    hard = (
        "Heterogeneity of intervention effectiveness necessitates considerable methodological sophistication."
    )
    assert grade(hard) > 20
    assert grade("12 34.") == 0
