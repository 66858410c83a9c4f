"""Parts beyond the joint model: harms, checklists, subgroups in depth, tipping points, courses, the model "
"card."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from emostats.estimates import AnalysisResults, Estimate, estimates_frame
from emostats.report import build_report
from emostats.report.checklist import Status, checked, items
from emostats.report.context import Context
from emostats.report.model import Definitions, Figure, NotDone, Note, Paragraph, Table
from emostats.study.spec import REPORTING_LABELS, read_spec

ASKED = """
[[analyses]]
name = "subgroups"
type = "subgroups"
of = "primary"
parameters = ["SOCINT"]
continuous = "AGE"
separate = true

[[analyses]]
name = "tipping"
type = "tipping"
of = "primary"
parameters = ["SOCINT"]

"""


@pytest.fixture(scope="module")
def spec(handmade, tmp_path_factory):
    """The hand-made study file with everything asked for and said."""
    text = handmade.STUDY.read_text(encoding="utf-8")
    said = "\n".join(f'{key} = "About {key}."' for key in REPORTING_LABELS)
    text = text.replace('[[analyses]]\nname = "agreement"', f'{ASKED}[[analyses]]\nname = "agreement"')
    text = text.replace(
        'name = "primary"\ntype = "mmrm"', 'name = "primary"\ntype = "mmrm"\nresponder = { SOCINT = 0.5 }'
    )
    text = text.replace("[outputs]", f"[reporting]\n{said}\n\n[outputs]")
    path = tmp_path_factory.mktemp("asked") / "study.toml"
    path.write_text(text, encoding="utf-8")
    return read_spec(path)


def further(handmade):
    """Rows that the two further analyses and the responders add, from the hand-made changes."""
    rows = []
    for row in handmade.estimates():
        if row.kind != "change" or row.parameter != "SOCINT" or row.analysis != "primary":
            continue
        if row.subgroup:
            own = replace(row, analysis="subgroups", estimate_id=f"separate/{row.estimate_id}")
            rows.append(own)
            half = 0.5 * (row.estimate or 0) + 0.5
            rows.append(
                replace(own, kind="shrunken_change", estimate=half, estimate_id=f"shrunken/{row.estimate_id}")
            )
        elif row.visit == "WEEK12":
            rows.append(replace(row, analysis="tipping", estimate_id="tipping/SOCINT/change"))
        share = {"kind": "proportion", "estimate": 0.75, "conf_low": 0.66, "conf_high": 0.82, "unit": ""}
        name = f"responders/{row.estimate_id}"
        rows.append(replace(row, **share, term="change of at least 0.5", estimate_id=name))
    for age in range(1, 13):
        rows.append(
            Estimate(
                f"age/{age}",
                "subgroups",
                "change_at",
                "SOCINT",
                unit="points",
                visit="WEEK12",
                subgroup="AGE",
                level=str(age),
                estimate=1.2 - 0.02 * age,
                std_error=0.1,
                conf_low=0.9,
                conf_high=1.4,
                conf_level=0.95,
                den_df=160.0,
                n=182,
            )
        )
    test = {"num_df": 3.0, "den_df": 160.0, "statistic": 2.9, "p_value": 0.037}
    rows.append(Estimate("age/test", "subgroups", "test", "SOCINT", visit="WEEK12", subgroup="AGE", **test))
    return rows


def more_tables():
    levels = ["", "Boys, 1–6", "Girls, 7–12"]
    events = [
        {
            "category": c,
            "term": t,
            "level": level,
            "n_children": 5 - i,
            "n_events": 6 - i,
            "n": 60,
            "n_serious": None,
        }
        for c, t in (("Adverse event", ""), ("Adverse event", "Tired"), ("Adverse event", "other"))
        for i, level in enumerate(levels)
    ]
    amount = {"mean": 3.6, "sd": 0.8, "median": 4.0, "q1": 3.0, "q3": 4.0}
    burden = [{"variable": "Questions answered", "level": level, "n": 60, **amount} for level in levels]
    where = {"analysis": "subgroups", "parameter": "SOCINT"}
    spread = {"mean": 1.1, "tau2": 0.04, "tau2_low": 0.0, "tau2_high": 0.25, "error": "", "visit": "WEEK12"}
    grid = [
        {**where, "subgroup": "SEX:AGEBAND", "item": str(i), "question": q, "answer": a, "basis": "why"}
        for i, (q, a) in enumerate(
            (("Is it chance?", "probably yes"), ("All in all?", "to be judged by a person"))
        )
    ]
    tipping = [
        {
            "analysis": "tipping",
            "parameter": "SOCINT",
            "visit": "WEEK12",
            "delta": -d,
            "estimate": 1.0 - d / 9,
            "p_value": 0.001 * 2.2**d,
            "alpha": 0.05,
            "tipping": -4.9,
            "message": "",
        }
        for d in range(9)
    ]
    shares = [
        {"analysis": "agreement", "parameter": d, "rater": f"Expert {r}", "value": float(v), "n": 10 * v + r}
        for d in ("RHYTHM", "EMOTION")
        for r in (1, 2)
        for v in (4, 5, 6)
    ]
    pair = {"analysis": "agreement", "raters": "Expert 1 − Expert 2", "low": None, "high": None, "term": ""}
    pairs = [
        {**pair, "parameter": "RHYTHM", "mean": 5.0 + i / 2, "difference": float(i % 2), "n": 3 + i}
        for i in range(5)
    ]
    limits = {"bias": (0.2, 0.1, 0.3), "lower limit": (-0.8, -1.0, -0.6), "upper limit": (1.2, 1.0, 1.4)}
    for term, (value, low, high) in limits.items():
        pairs.append(
            {**pair, "parameter": "RHYTHM", "term": term, "difference": value, "low": low, "high": high}
        )
    courses = [
        {
            "parameter": "SOCINT",
            "child": c,
            "level": "",
            "visit": visit,
            "value": 1.0 + c / 30 + step * (c % 4 - 1) / 2,
        }
        for c in range(1, 25)
        for step, visit in enumerate(("BASELINE", "WEEK04", "WEEK08", "WEEK12"))
    ]
    card = [
        ("intended use", "for", "clips of faces"),
        ("intended use", "not for", "diagnosis"),
        ("", "version", "1.0"),
    ]
    return {
        "events": pd.DataFrame(events),
        "burden": pd.DataFrame(burden),
        "shrinkage": pd.DataFrame([{**where, "subgroup": "SEX:AGEBAND", **spread}]),
        "credibility": pd.DataFrame(grid),
        "curves": pd.DataFrame(
            [
                {"estimate_id": f"age/{a}", "value": float(a), "band_low": 0.8, "band_high": 1.5}
                for a in range(1, 13)
            ]
        ),
        "tipping": pd.DataFrame(tipping),
        "rating_shares": pd.DataFrame(shares),
        "bland_altman": pd.DataFrame(pairs),
        "courses": pd.DataFrame(courses),
        "model_card": pd.DataFrame(card, columns=["heading", "name", "text"]),
    }


@pytest.fixture(scope="module")
def results(handmade):
    base = handmade.results()
    rows = estimates_frame([*handmade.estimates(), *further(handmade)])
    facts = {**base.facts, "subgroups": {"type": "subgroups"}, "tipping": {"type": "tipping"}}
    return AnalysisResults(rows, {**base.tables, **more_tables()}, facts)


@pytest.fixture(scope="module")
def report(spec, results, handmade):
    return build_report(spec, results, handmade.manifest())


def section(report, id):
    return next(item for item in report.sections if item.id == id)


def table(report, id) -> Table:
    return next(item for item in report.tables() if item.id == id)


def figure(report, id) -> Figure:
    return next(item for item in report.figures() if item.id.startswith(id))


def test_only_the_other_outcome_and_one_domain_lack_parts(report):
    """Everything that was asked for and computed is there."""
    missing = [block.what for block in report.blocks() if isinstance(block, NotDone)]
    assert missing == ["Shrunken changes, change over age, credibility: Emotional response"]


def test_events_tell_children_events_and_what_is_not_recorded(report):
    events = table(report, "table-events")
    assert [row.header for row in events.rows] == ["Adverse event", "— Tired", "— other"]
    assert (events.rows[0].cells[0].text, events.rows[0].cells[0].detail) == ("8% (5/60)", "6 events")
    assert any("does not record which events were serious" in note.text for note in events.footnotes)
    assert table(report, "table-burden").rows[0].cells[0].text == "3.6 (0.8)"


def test_a_study_without_events_does_not_look_harmless(handmade):
    report = build_report(handmade.spec(), handmade.results(), handmade.manifest())
    told = [block for block in section(report, "harms").blocks if isinstance(block, NotDone)]
    assert [block.what for block in told] == ["Events", "Burden"]
    assert "harms were not collected" in told[0].reason


def test_responders_stand_in_a_table_and_beside_n(report):
    row = table(report, "table-responders-primary-socint").rows[-1]
    assert row.cells[1].text == "75.2% (112/149)" and row.cells[2].text == "66.0% to 82.0%"
    forest = figure(report, "fig-subgroups-primary-socint")
    assert "responders" in forest.svg and "44/58" in forest.svg
    assert "changed by 0.50 or more" in forest.caption


def test_shrunken_changes_stand_beside_the_raw_ones(report):
    shown = figure(report, "fig-shrunken-primary-socint")
    assert "As estimated" in shown.svg and "Shrunken" in shown.svg
    told = [b for b in section(report, "subgroups").blocks if isinstance(b, Paragraph) and b.role == "small"]
    assert any("0.20 (95% interval 0.00 to 0.50 points)" in str(block.parts[0]) for block in told)


def test_the_curve_has_its_test_and_its_values_in_words(report):
    shown = figure(report, "fig-curve-primary-socint")
    assert "age 1: 1.18" in shown.description and "band for the whole curve" in shown.svg
    told = [b for b in section(report, "subgroups").blocks if isinstance(b, Paragraph)]
    assert any("F(3, 160.0) = 2.90, p = 0.037" in str(block.parts[0]) for block in told)


def test_separate_models_stand_beside_the_joint_one(report):
    rows = [row for row in table(report, "table-separate-primary-socint").rows if row.role != "group"]
    assert len(rows) == 8 and all(row.cells[1].text == row.cells[2].text for row in rows)


def test_the_verdict_on_credibility_is_left_to_people(report):
    last = table(report, "table-credibility-primary-socint").rows[-1]
    assert last.cells[0].text == "To be judged by a person"


def test_the_tipping_point_is_held_against_the_scale(report):
    assert "tips at −4.90" in figure(report, "fig-tipping").svg
    blocks = section(report, "sensitivity").blocks
    told = " ".join(str(b.parts[0]) for b in blocks if isinstance(b, Paragraph))
    assert "It tips at a shift of −4.90 points. That is more than the whole length of the scale" in told


def test_ratings_are_drawn_without_any_clip(report):
    assert "Expert 1" in figure(report, "fig-ratings-agreement-rhythm").svg
    assert "mean 0.20" in figure(report, "fig-bland-altman-agreement-rhythm").svg


def test_courses_are_drawn_only_where_their_table_is_and_told(report, spec, results, handmade):
    assert figure(report, "fig-courses-primary-socint") and figure(report, "fig-waterfall-primary-socint")
    privacy = str(section(report, "privacy").blocks)
    assert "draws the course of each child" in privacy
    without = {name: table for name, table in results.tables.items() if name != "courses"}
    public = build_report(spec, replace(results, tables=without), handmade.manifest())
    assert not [item for item in public.figures() if item.id.startswith(("fig-courses", "fig-waterfall"))]
    assert "no row of a single child" in str(section(public, "privacy").blocks)


def test_the_model_card_is_printed_and_a_broken_one_told(report, spec, results, handmade):
    card = table(report, "table-card")
    assert [(row.header, row.role) for row in card.rows[:2]] == [("Intended use", "group"), ("For", "")]
    broken = pd.DataFrame([("", "error", "the card cannot be read")], columns=["heading", "name", "text"])
    other = replace(results, tables={**results.tables, "model_card": broken})
    sessions = section(build_report(spec, other, handmade.manifest()), "sessions")
    assert [b.reason for b in sessions.blocks if isinstance(b, NotDone)] == ["the card cannot be read"]


def test_the_authors_words_are_printed_as_they_are(report):
    about = section(report, "about")
    words = next(block for block in about.blocks if isinstance(block, Definitions))
    assert len(words.items) == len(REPORTING_LABELS)
    assert words.items[0] == ("Background and rationale", Paragraph(("About background.",)))


def test_the_answer_has_a_plain_summary(report):
    note = next(
        block
        for block in section(report, "answer").blocks
        if isinstance(block, Note) and block.title == "For readers without statistics"
    )
    assert "the mean score went up" in str(note.blocks[0].parts)


# ---------------------------------------------------------------- checklists


def statuses(report, spec, results, manifest):
    context = Context.of(spec, results, manifest)
    return {(c.item.guideline, c.item.item): c for c in checked(context, report.sections)}


def test_all_items_have_their_topic_source_and_evidence():
    assert len(items()) == 76
    assert all(item.topic and item.source and item.needs and all(item.evidence) for item in items())
    assert {item.applies for item in items()} <= {"", "ratings", "scores", "subgroups", "observational"}


def test_what_is_there_is_filled_and_what_is_not_is_missing(report, spec, results, handmade):
    found = statuses(report, spec, results, handmade.manifest())
    assert found["TREND 2004", "19"].status is Status.FILLED
    assert found["TREND 2004", "7"].status is Status.FILLED  # the authors said so
    assert found["ICH E9(R1)", "C"].where == (("sensitivity", "Does the answer depend on the model?"),)
    assert found["EMA subgroups 2019 + ICEMAN", "4"].status is Status.PARTLY  # people judge plausibility
    assert found["Privacy", "2"].status is Status.PERSON
    assert found["Privacy", "3"].status is Status.NOT_DONE  # the internal edition hides nothing
    assert found["STROBE 2007", "12-16"].status is Status.NOT_APPLICABLE


def test_taking_a_part_away_takes_its_tick_away(report, spec, results, handmade):
    """Nothing is ticked by hand: without the events, the plan lock or the texts their items are not "
    "filled."""
    bare = spec.model_copy(update={"reporting": type(spec.reporting)()})
    tables = {name: table for name, table in results.tables.items() if name not in ("events", "tipping")}
    manifest = {**handmade.manifest(), "plan": {}}
    poorer = build_report(bare, replace(results, tables=tables), manifest)
    found = statuses(poorer, bare, replace(results, tables=tables), manifest)
    assert found["TREND 2004", "19"].status is Status.NOT_DONE
    assert found["TREND 2004", "7"].status is Status.PERSON
    assert found["ICH E9(R1)", "C"].missing == ("a tipping point",)
    assert found["CONSORT 2025", "10"].status is Status.NOT_DONE
    assert "sample size" in found["TREND 2004", "7"].missing[0]


def test_the_checklist_of_an_edition_looks_at_that_edition(spec, results, handmade):
    ethics = build_report(spec, results, handmade.manifest(), "ethics")
    rows = {row.header: row for row in table(ethics, "table-checklists").rows}
    assert rows["5 Cut points"].cells[0].text == "not done"
    linked = [row.cells[1].target for row in rows.values() if row.cells and row.cells[1].target]
    assert set(linked) <= {item.id for item in ethics.sections} | {"content"}


def test_nothing_in_further_parts_is_left_in_english(spec, results, handmade, english_left):
    manifest = handmade.manifest()
    report = build_report(spec, results, manifest, language="zh")
    assert english_left(report, spec, results, manifest) == {}
