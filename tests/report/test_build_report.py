"""What the report says, and that it says it of every run: complete, failed, empty, simulated or not."""

from __future__ import annotations

import re
from dataclasses import replace

import pandas as pd
import pytest

from emostats.estimates import AnalysisResults, estimates_frame
from emostats.render import rounding
from emostats.report import build_report, sections
from emostats.report.context import Context
from emostats.report.model import (
    Answer,
    Bullets,
    Cell,
    Code,
    Definitions,
    Figure,
    NotDone,
    Note,
    Paragraph,
    Strong,
    Table,
)
from emostats.report.numbering import numbered


@pytest.fixture(scope="session")
def report(handmade):
    return build_report(handmade.spec(), handmade.results(), handmade.manifest())


def section(report, id):
    return next(section for section in report.sections if section.id == id)


def words(block) -> str:
    """All words of a block, as a reader would read them."""
    if isinstance(block, str | Strong):
        return block if isinstance(block, str) else block.text
    if isinstance(block, Cell):
        return f"{block.text} {block.detail} {block.reason}".replace("\xa0", " ")
    if isinstance(block, Paragraph):
        return "".join(
            words(part).strip(" ") if isinstance(part, Cell) else words(part) for part in block.parts
        )
    if isinstance(block, Bullets):
        return " ".join(map(words, block.items))
    if isinstance(block, Definitions):
        return " ".join(f"{name}: {words(value)}" for name, value in block.items)
    if isinstance(block, Note):
        return " ".join([block.title, *map(words, block.blocks)])
    if isinstance(block, NotDone):
        return f"Not done: {block.what}. {block.reason}"
    if isinstance(block, Code):
        return f"{block.label} {block.text}"
    if isinstance(block, Table):
        rows = [" ".join([row.header, row.reason, *map(words, row.cells)]) for row in block.rows]
        heads = [column.label for column in block.columns]
        return " ".join([block.caption, *heads, *rows, *(note.text for note in block.footnotes)])
    if isinstance(block, Figure):
        return f"{block.caption} {block.description}"
    if isinstance(block, Answer):
        return " ".join([block.title, words(block.headline), block.label, *map(words, block.sentences)])
    return block.text


def only(id, spec, results, manifest):
    """One section of the report, without the time of building the others."""
    name = {"asked": "estimands"}.get(id, id)
    return numbered([getattr(sections, name).section(Context.of(spec, results, manifest))], simulated=False)[
        0
    ]


def said(section) -> str:
    return " ".join(map(words, section.blocks))


def cells(report):
    for block in report.blocks():
        if isinstance(block, Table):
            yield from (cell for row in block.rows for cell in row.cells)
        elif isinstance(block, Answer):
            yield block.headline
            yield from (p for sentence in block.sentences for p in sentence.parts if isinstance(p, Cell))
        elif isinstance(block, Paragraph):
            yield from (part for part in block.parts if isinstance(part, Cell))


def without(results, *kinds):
    keep = results.estimates[~results.estimates["kind"].isin(kinds)]
    return AnalysisResults(keep, results.tables, results.facts)


ORDER = (
    *("answer", "asked", "plan", "about", "methods", "flow", "baseline", "quality", "means", "changes"),
    *("sensitivity", "subgroups", "explore", "agreement", "sessions", "harms", "caveats", "privacy"),
    *("checklists", "details", "provenance"),
)
NOT_ASKED = {
    "Words of the authors",
    "Tipping point",
    "Shrunken changes, change over age, credibility: Social interest",
    "Shrunken changes, change over age, credibility: Emotional response",
    "Model card",
    "Events",
    "Burden",
}
"""Parts that the hand-made study file does not ask for, or whose tables the hand-made run lacks."""


def test_the_sections_stand_in_order_and_are_numbered(report):
    assert tuple(item.id for item in report.sections) == ORDER
    numbers = [item.number for item in report.sections if not item.screen]
    assert numbers == list(range(len(numbers)))
    assert [item.id for item in report.sections if item.screen and not item.number] == ["explore"]
    assert [table.number for table in report.tables()] == list(range(1, len(report.tables()) + 1))
    assert [figure.number for figure in report.figures()] == list(range(1, len(report.figures()) + 1))


def test_ids_are_unique(report):
    ids = [block.id for block in report.blocks() if hasattr(block, "id")] + list(ORDER)
    assert len(ids) == len(set(ids))


def test_the_same_inputs_give_the_same_report(report, handmade):
    assert build_report(handmade.spec(), handmade.results(), handmade.manifest()) == report


def test_a_complete_run_has_every_part(report):
    missing = [block.what for block in report.blocks() if isinstance(block, NotDone)]
    assert set(missing) == NOT_ASKED
    assert len(report.figures()) == 16


def test_every_number_of_an_estimate_can_be_traced(report, handmade):
    rows = {row.estimate_id: row for row in handmade.estimates()}
    shown = [cell for cell in cells(report) if cell.estimate_id and cell.value is not None]
    assert len(shown) > 300
    for cell in shown:
        row = rows[cell.estimate_id]
        limits = f"{rounding.full(row.conf_low)} to {rounding.full(row.conf_high)}"
        p = row.p_value if row.p_adjusted is None else row.p_adjusted
        assert cell.value in (row.estimate, row.std_error, row.n, row.statistic, p, limits)


def test_what_is_shown_is_the_raw_value_rounded(report):
    plain = re.compile(r"^[+−]?[\d,]+(\.\d+)?$")
    seen = 0
    for cell in cells(report):
        if isinstance(cell.value, float) and plain.match(cell.text):
            shown = float(cell.text.replace("−", "-").replace(",", ""))
            places = len(cell.text.partition(".")[2])
            assert abs(shown - cell.value) <= 0.5 * 10**-places + 1e-12
            seen += 1
    assert seen > 150


def test_no_cell_without_a_number_is_without_a_reason(report):
    blank = [cell for cell in cells(report) if cell.text == rounding.MISSING]
    assert blank
    assert all(cell.reason and cell.mark for cell in blank)


# ---------------------------------------------------------------- simulated data


def test_simulated_data_are_called_so_everywhere(report):
    assert report.simulated
    assert "simulated data" in report.title.lower()
    for block in (*report.figures(), *report.tables()):
        assert block.caption.startswith("Simulated data. ")
    for figure in report.figures():
        assert "Simulated data" in figure.svg and "Simulated data" in figure.narrow


def test_real_data_are_not(handmade):
    spec = handmade.spec()
    real = spec.model_copy(update={"study": spec.study.model_copy(update={"simulated": False})})
    report = build_report(real, handmade.results(), handmade.manifest())
    assert not report.simulated
    assert report.title == spec.study.title
    assert not any("Simulated data" in figure.caption + figure.svg for figure in report.figures())


# ---------------------------------------------------------------- the answer


def test_the_answer_is_worded_by_size_and_interval(report):
    text = said(section(report, "answer"))
    assert "Social interest rose by 1.17 points from baseline to week 12 (95% CI 1.05 to 1.29" in text
    assert "149 children seen at that visit" in text
    assert "Higher scores are better on this scale: the change is an improvement." in text
    assert "by Cohen’s convention a large rise" in text
    assert "in 2 of 5 comparisons" in text
    assert "1.04 to 1.30" in text


def test_the_answer_never_rests_on_a_p_value(report):
    text = said(section(report, "answer")).lower()
    assert "significan" not in text
    assert not re.search(r"\bp\s*[=<]", text)


def test_an_interval_across_zero_is_not_told_as_a_rise(handmade):
    rows = [
        replace(row, estimate=0.05, conf_low=-0.1, conf_high=0.2)
        if row.kind == "change" and row.visit == "WEEK12" and not row.subgroup and row.analysis == "primary"
        else row
        for row in handmade.estimates()
    ]
    results = AnalysisResults(estimates_frame(rows), handmade.tables(), handmade.facts())
    text = said(only("answer", handmade.spec(), results, handmade.manifest()))
    assert "rose" not in text
    assert "the data do not settle the direction" in text
    assert "is an improvement" not in text


def test_agreement_is_judged_by_its_interval(report):
    text = said(section(report, "answer"))
    assert "Rhythm matching 0.86 (0.83 to 0.89), good;" in text
    assert "Emotion matching 0.77 (0.71 to 0.82), moderate to good." in text


# ---------------------------------------------------------------- failures


def test_a_failed_subgroup_keeps_its_row_with_the_reason_in_words(report):
    tables = [
        t
        for t in section(report, "subgroups").blocks
        if isinstance(t, Table) and "within subgroups" in t.caption
    ]
    table = next(table for table in tables if "Emotional response" in table.caption)
    row = next(row for row in table.rows if row.header == "Girls, 7–12")
    assert row.role == "failed"
    assert row.reason.startswith("Not estimable: there are no observations")
    means = next(
        t for t in section(report, "means").blocks if isinstance(t, Table) and "Emotional" in t.caption
    )
    cell = next(row for row in means.rows if row.header == "Girls, 7–12").cells[-1]
    assert (cell.text, cell.mark) == ("—", "a")
    assert means.footnotes[0].mark == "a"
    forest = next(f for f in report.figures() if f.id == "fig-subgroups-primary-emoresp")
    assert "Not estimable" in forest.svg and "Not estimable" in forest.narrow


def test_a_failed_model_is_told_with_its_reason(handmade):
    rows = [
        replace(
            row,
            error="the model did not converge: the gradient is 0.2",
            estimate=None,
            std_error=None,
            conf_low=None,
            conf_high=None,
            statistic=None,
            p_value=None,
        )
        if row.parameter == "SOCINT"
        else row
        for row in handmade.estimates()
        if not (row.parameter == "SOCINT" and row.kind in ("coefficient", "variance"))
    ]
    facts = handmade.facts()
    facts["primary"]["parameters"]["SOCINT"] = {"converged": False, "message": "the gradient is 0.2"}
    results = AnalysisResults(estimates_frame(rows), handmade.tables(), facts)
    inputs = (handmade.spec(), results, handmade.manifest())
    for id in ("answer", "changes", "details"):
        assert "did not converge" in said(only(id, *inputs))
    assert "the gradient is 0.2" in said(only("methods", *inputs))
    assert "Emotional response rose by" in said(only("answer", *inputs))


@pytest.mark.parametrize(
    ("name", "where"),
    [
        ("flow", "flow"),
        ("baseline", "baseline"),
        ("visits", "quality"),
        ("missingness", "quality"),
        ("findings", "quality"),
    ],
)
def test_a_missing_table_is_not_done_with_a_reason(handmade, name, where):
    tables = {key: table for key, table in handmade.tables().items() if key != name}
    results = AnalysisResults(handmade.results().estimates, tables, handmade.facts())
    blocks = only(where, handmade.spec(), results, handmade.manifest()).blocks
    told = [block for block in blocks if isinstance(block, NotDone)]
    assert told and all(block.reason for block in told)


@pytest.mark.parametrize(
    ("kinds", "where", "what"),
    [
        (("ls_mean",), "means", "LS means over time"),
        (("change",), "changes", "Changes from baseline"),
        (("change",), "sensitivity", "Bootstrap"),
        (("difference_of_changes",), "subgroups", "Differences between subgroups"),
        (("test",), "subgroups", "Test of differences"),
        (("icc",), "agreement", "Agreement"),
        (("proportion",), "agreement", "Matching accuracy"),
        (("fit", "coefficient"), "details", "Model details"),
    ],
)
def test_missing_estimates_are_not_done_with_a_reason(handmade, kinds, where, what):
    found = only(where, handmade.spec(), without(handmade.results(), *kinds), handmade.manifest())
    told = [block for block in found.blocks if isinstance(block, NotDone)]
    assert any(what in block.what and block.reason for block in told)


def test_an_empty_run_still_makes_a_report(handmade):
    empty = AnalysisResults(estimates_frame([]))
    report = build_report(handmade.spec(), empty, {})
    assert tuple(item.id for item in report.sections) == tuple(name for name in ORDER if name != "explore")
    told = [block for block in report.blocks() if isinstance(block, NotDone)]
    assert len(told) > 10 and all(block.reason for block in told)
    assert report.figures() == ()


def test_a_study_without_analyses_says_so(handmade):
    bare = handmade.spec().model_copy(update={"analyses": (), "estimands": (), "session_scores": None})
    report = build_report(bare, AnalysisResults(estimates_frame([])), {})
    assert "the study has no session scores" in said(section(report, "sessions"))
    assert "was not written down" in said(section(report, "asked"))
    assert "no agreement analysis" in said(section(report, "agreement"))


# ---------------------------------------------------------------- parts


def test_differences_between_subgroups_come_before_changes_within(report):
    ids = [block.id for block in section(report, "subgroups").blocks if isinstance(block, Table | Figure)]
    order = ["table-tests", "fig-differences", "table-differences", "fig-subgroups", "table-subgroups"]
    positions = [next(i for i, id in enumerate(ids) if id.startswith(start)) for start in order]
    assert positions == sorted(positions)


def test_comparisons_of_age_bands_cannot_be_read_as_one_number(report):
    table = next(t for t in report.tables() if t.id == "table-differences-primary-socint")
    assert "(1–6) − (7–12)" in [row.header for row in table.rows]


def test_adjusted_p_values_are_shown_and_named(handmade):
    rows = [
        replace(row, p_adjusted=0.777) if row.kind == "difference_of_changes" else row
        for row in handmade.estimates()
    ]
    results = AnalysisResults(estimates_frame(rows), handmade.tables(), handmade.facts())
    blocks = only("subgroups", handmade.spec(), results, handmade.manifest()).blocks
    table = next(t for t in blocks if isinstance(t, Table) and t.id == "table-differences-primary-socint")
    assert {row.cells[-1].text for row in table.rows if row.cells} == {"0.78"}
    assert "adjusted for multiplicity as planned" in words(table)


def test_the_bootstrap_stands_beside_the_model(report):
    table = next(t for t in report.tables() if t.id == "table-bootstrap-primary-socint")
    row = next(r for r in table.rows if r.role == "overall" and "1.170" in r.cells[0].text)
    assert [cell.text for cell in row.cells[1:]] == ["1.049 to 1.291", "1.045 to 1.297"]
    assert "1,000 resamples" in words(table) and "2 resamples could not be fitted" in words(table)
    assert any(figure.id == "fig-resamples-primary-socint" for figure in report.figures())


def test_matching_accuracy_is_a_percentage_of_the_stored_proportion(report):
    table = next(t for t in report.tables() if t.id.startswith("table-matching"))
    cell = table.rows[1].cells[1]
    assert (cell.text, cell.value) == ("94.3%", 0.943)


def test_losses_are_side_boxes_with_their_reasons(report):
    figure = next(figure for figure in report.figures() if figure.id == "fig-flow")
    assert "Lost: 33 children" in figure.description
    assert "programme stopped early: 20" in figure.svg


def test_completers_and_lost_have_a_table_of_their_own(report):
    subgroup, lost = (t for t in section(report, "baseline").blocks if isinstance(t, Table))
    assert [column.label for column in lost.columns] == ["Completers", "Lost", "SMD"]
    assert "SMD" not in [column.label for column in subgroup.columns]
    assert "6.9 (2.9)" in words(subgroup) and "73.1% (133/182)" in words(subgroup)


@pytest.mark.parametrize(
    ("design", "caveat"),
    [
        ("single-group pre/post", "Regression to the mean"),
        ("Uncontrolled before-after study", "Regression to the mean"),
        ("observational cohort", "Nothing was assigned"),
        ("randomised controlled trial", None),
        ("controlled pre/post study", None),
        ("", None),
    ],
)
def test_the_caveats_follow_the_design(handmade, design, caveat):
    spec = handmade.spec()
    study = spec.study.model_copy(update={"design": design})
    changed = spec.model_copy(update={"study": study})
    found = sections.caveats.section(Context.of(changed, handmade.results(), handmade.manifest()))
    assert caveat in said(found) if caveat else found is None


def test_the_single_group_caveat_names_what_else_produces_change(report):
    text = said(section(report, "caveats"))
    for word in ("Maturation", "Regression to the mean", "Unblinded parents", "no comparison group"):
        assert word in text


def test_methods_tell_what_was_run_and_not_what_was_intended(report, handmade):
    text = said(section(report, "methods"))
    for expected in (
        "restricted maximum likelihood",
        "unstructured",
        "Kenward and Roger (1997) in its linear form",
        "us(AVISIT | USUBJID)",
        "The value at baseline is an outcome",
        "1,000 bootstrap resamples",
        "strata of sex and age band",
        "(BCa)",
        "two-way random-effects model, absolute agreement, of a single rating",
        "numpy 2.4.6",
        "seed 20251",
    ):
        assert expected in text
    facts = handmade.facts()
    facts["primary"] |= {"df_method": "satterthwaite", "reml": False, "vcov": "empirical"}
    facts["primary"]["parameters"]["SOCINT"]["formula"] = "AVAL ~ AVISIT + ar1(AVISIT | USUBJID)"
    results = AnalysisResults(handmade.results().estimates, handmade.tables(), facts)
    text = said(only("methods", handmade.spec(), results, handmade.manifest()))
    assert "Satterthwaite" in text and "robust" in text and "ar1(AVISIT | USUBJID)" in text
    assert "restricted" not in text


def test_an_analysis_without_a_record_is_not_done(handmade):
    results = AnalysisResults(handmade.results().estimates, handmade.tables(), {})
    text = said(only("methods", handmade.spec(), results, handmade.manifest()))
    assert text.count("the run has no record of it") == 3


@pytest.mark.parametrize(
    ("plan", "told", "head"),
    [
        ({}, "was not locked", "not locked"),
        ({"locked": "2025-11-20T09:00:00+00:00", "changed": []}, "is what was locked", "unchanged since"),
        (
            {
                "locked": "2025-11-20T09:00:00+00:00",
                "changed": [{"key": "a.b", "locked": 1, "now": [2, "x"]}],
            },
            "changed after that",
            "1 key changed since",
        ),
    ],
)
def test_the_plan_lock(handmade, plan, told, head):
    context = Context.of(handmade.spec(), handmade.results(), {**handmade.manifest(), "plan": plan})
    found = sections.plan.section(context)
    assert told in said(found)
    assert head in sections.plan.status(context)
    if plan.get("changed"):
        table = next(block for block in found.blocks if isinstance(block, Table))
        assert [cell.text for cell in table.rows[0].cells] == ["1", '[2, "x"]']


def test_findings_are_counted_and_never_name_a_child(handmade):
    tables = handmade.tables()
    tables["findings"] = tables["findings"].assign(
        subject="CHILD-0042", message="child CHILD-0042 answered 9"
    )
    results = AnalysisResults(handmade.results().estimates, tables, handmade.facts())
    text = said(only("quality", handmade.spec(), results, handmade.manifest()))
    assert "Value out of range" in text and "Family week 4 and Family week 8" in text
    assert "CHILD-0042" not in text


def test_no_findings_is_good_news_and_not_missing(handmade):
    tables = handmade.tables() | {"findings": handmade.tables()["findings"].iloc[:0]}
    results = AnalysisResults(handmade.results().estimates, tables, handmade.facts())
    blocks = only("quality", handmade.spec(), results, handmade.manifest()).blocks
    assert "Nothing: every value" in words(blocks[1])


def test_privacy_tells_the_smallest_groups(report):
    text = said(section(report, "privacy"))
    assert "The smallest group behind an estimate has 18 children." in text
    assert "The smallest group in a descriptive table has 2 children." in text


def test_provenance_has_hashes_versions_and_the_seed(report):
    text = said(section(report, "provenance"))
    for expected in (
        "a1" * 32,
        "148.2 kB",
        "20251121T235812Z-1a2b3c4d",
        "21 November 2025, 23:58 UTC",
        "20251",
        "3.11.7",
    ):
        assert expected in text


def test_rare_patterns_of_missing_visits_are_pooled_in_words(handmade):
    patterns = [f"{i:04b}" for i in range(15, -1, -1)]
    table = pd.DataFrame({"parameter": "SOCINT", "pattern": patterns, "n": range(40, 24, -1)})
    results = AnalysisResults(
        handmade.results().estimates, handmade.tables() | {"missingness": table}, handmade.facts()
    )
    text = said(only("quality", handmade.spec(), results, handmade.manifest()))
    assert "106 more children have one of 4 rarer patterns" in text


def test_decimals_are_shared_by_outcomes_in_one_unit(report):
    tables = [t for t in section(report, "means").blocks if isinstance(t, Table) and "LS means" in t.caption]
    places = {len(row.cells[0].text.partition(".")[2]) for table in tables for row in table.rows if row.cells}
    assert places == {3}


def test_a_measure_that_no_row_has_leaves_no_empty_column(report):
    table = next(t for t in report.tables() if t.id == "table-changes-primary-valence")
    assert "Percent change" not in [column.label for column in table.columns]
    assert "the scale reaches below zero" in words(table)
    questionnaire = next(t for t in report.tables() if t.id == "table-changes-primary-socint")
    assert "Percent change" in [column.label for column in questionnaire.columns]


def test_a_question_that_no_analysis_answers_is_not_dropped(handmade):
    spec = handmade.spec()
    analyses = tuple(
        item.model_copy(update={"parameters": ("EMORESP",)}) if item.name == "primary" else item
        for item in spec.analyses
    )
    found = only("answer", spec.model_copy(update={"analyses": analyses}), handmade.results(), {})
    assert "Not done: Social interest. no analysis in the study file covers this outcome" in said(found)
    assert "Emotional response rose" in said(found)


def test_without_estimands_every_outcome_is_answered(handmade):
    spec = handmade.spec().model_copy(update={"estimands": ()})
    text = said(only("answer", spec, handmade.results(), {}))
    assert (
        "Social interest rose" in text and "Emotional response rose" in text and "Mean facial valence" in text
    )


@pytest.mark.parametrize(
    ("locked", "told"),
    [
        (
            "2025-11-20T09:00:00+00:00",
            "Planned subgroups, by the locked plan: sex; age band. Unplanned subgroups, by",
        ),
        (None, "nothing vouches that they were planned"),
    ],
)
def test_subgroups_are_labelled_planned_or_not(handmade, locked, told):
    rows = [replace(row, planned=row.subgroup != "SEX:AGEBAND") for row in handmade.estimates()]
    results = AnalysisResults(estimates_frame(rows), handmade.tables(), handmade.facts())
    assert told in said(only("subgroups", handmade.spec(), results, {"plan": {"locked": locked}}))


def test_a_factor_goes_by_the_name_the_study_file_gives_it(handmade):
    study = handmade.spec()
    subjects = study.subjects.model_copy(update={"names": {"AGEBAND": "Age at the first visit"}})
    named = study.model_copy(update={"subjects": subjects})
    told = said(only("subgroups", named, handmade.results(), handmade.manifest()))
    assert "By sex and age at the first visit" in told
    assert "age band" not in told


def test_an_outcome_without_an_estimand_is_named_with_its_change(report, handmade):
    told = said(section(report, "answer"))
    valence = next(
        row
        for row in handmade.estimates()
        if (row.parameter, row.kind, row.visit, row.level) == ("VALENCE", "change", "WEEK12", "")
    )
    assert "Secondary outcomes (analysed, but no estimand asks about them): " in told
    assert rounding.fixed(valence.estimate, 2, sign=True) in told.split("Secondary outcomes")[1]
    assert "Secondary outcomes" in said(section(report, "asked"))
    study = handmade.spec()
    asked = [
        e.model_copy(update={"parameter": p})
        for e, p in zip(study.estimands * 3, ("SOCINT", "EMORESP", "VALENCE"), strict=False)
    ]
    complete = only(
        "answer",
        study.model_copy(update={"estimands": tuple(asked)}),
        handmade.results(),
        handmade.manifest(),
    )
    assert "Secondary outcomes" not in said(complete)


def test_every_number_in_a_table_tells_where_it_comes_from(report, handmade):
    """An estimate by its id, a count of a descriptive table by its file; sizes of files are on the page."""
    ids = {row.estimate_id for row in handmade.estimates()}
    for table in report.tables():
        for cell in (cell for row in table.rows for cell in row.cells if cell.value is not None):
            if table.id.startswith("table-inputs"):
                continue
            known = cell.estimate_id in ids if cell.estimate_id else cell.file.startswith("results/tables/")
            assert known, (table.id, cell)
