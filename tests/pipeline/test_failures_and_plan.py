"""What fails keeps its rows; what changed after the lock is told; what would name a child is stopped."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import pandas as pd
import pytest

import emostats as em
from emostats.errors import EmostatsWarning, PrivacyError, UsageError
from emostats.pipeline import execute, rerender, verify_run
from emostats.pipeline.load import input_records, load
from emostats.pipeline.runners import RUNNERS
from emostats.pipeline.runners.questions import subgroup_question
from emostats.pipeline.tables_io import read_csv, read_estimates
from emostats.privacy.scan import EMAIL, PHONE, _names
from emostats.study.lock import lock_plan
from emostats.study.spec import read_spec


def test_a_model_that_fails_keeps_its_rows_and_the_others_go_on(make_study, tmp_path: Path) -> None:
    study = make_study()
    table = pd.read_csv(study.parent / "scores.csv")
    seen_once = table.groupby("child").cumcount() == table["child"] % 3
    table.loc[~seen_once, "mood"] = None  # no child has two visits: no covariance can be estimated
    table.to_csv(study.parent / "scores.csv", index=False)
    with pytest.warns(EmostatsWarning, match="analysis 'primary'.*not identifiable"):
        run = em.run_study(study, tmp_path / "runs")
    rows = read_estimates(run / "results")
    mood, social = rows[rows["parameter"] == "MOOD"], rows[rows["parameter"] == "SOCIAL"]
    assert mood["error"].str.contains("not identifiable").all()
    assert mood["estimate"].isna().all()
    assert set(mood.loc[mood["kind"] == "change", "level"]) == {"", "Boys", "Girls"}
    assert (social["error"] == "").all()
    assert set(rows["analysis"]) == {"primary", "resampled", "agreement"}
    facts = json.loads((run / "results" / "facts.json").read_text(encoding="utf-8"))
    assert facts["primary"]["converged"] is False
    assert facts["primary"]["parameters"]["SOCIAL"]["converged"] is True
    assert "identifiable" in (run / "report.html").read_text(encoding="utf-8")
    assert json.loads((run / "manifest.json").read_text(encoding="utf-8"))["status"] == "complete"


def test_a_bootstrap_of_a_failed_model_says_so(make_study, tmp_path: Path) -> None:
    study = make_study(('us(AVISIT | USUBJID)"', 'us(AVISIT | SITE / USUBJID)"'))
    table = pd.read_csv(study.parent / "scores.csv")
    table = table[~((table["site"] == "B") & (table["visit"] == "v2"))]
    table.to_csv(study.parent / "scores.csv", index=False)
    outcome = execute(study, tmp_path / "runs")
    rows = read_estimates(outcome.folder / "results").set_index("analysis")
    assert rows.loc["resampled", "error"].str.contains("the model itself could not be fitted").all()
    assert (rows.loc["agreement", "error"] == "").all()
    assert len(outcome.failures) == 2


def test_a_crash_in_one_analysis_does_not_lose_the_others(
    make_study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*_: object) -> None:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr("emostats.pipeline.analyse.RUNNERS", {**RUNNERS, "icc": crash})
    outcome = execute(make_study(), tmp_path / "runs")
    rows = read_estimates(outcome.folder / "results")
    lost = rows[rows["analysis"] == "agreement"]
    assert lost["error"].tolist() == ["ZeroDivisionError: a bug"]
    assert (rows.loc[rows["analysis"] == "primary", "error"] == "").all()
    assert outcome.failures == (
        "analysis 'agreement': 1 numbers could not be computed: ZeroDivisionError: a bug",
    )
    assert "Traceback" in (outcome.folder / "log.txt").read_text(encoding="utf-8")


def test_results_follow_the_order_of_the_study_file(make_study, tmp_path: Path) -> None:
    study = make_study()
    text = study.read_text(encoding="utf-8")
    head, primary, resampled, agreement = (
        text[: text.index('[[analyses]]\nname = "primary"')],
        text[text.index('[[analyses]]\nname = "primary"') : text.index('[[analyses]]\nname = "resampled"')],
        text[text.index('[[analyses]]\nname = "resampled"') : text.index('[[analyses]]\nname = "agreement"')],
        text[text.index('[[analyses]]\nname = "agreement"') :],
    )
    study.write_text(head + resampled + agreement + primary, encoding="utf-8")
    rows = read_estimates(execute(study, tmp_path / "runs").folder / "results")
    assert rows["analysis"].drop_duplicates().tolist() == ["resampled", "agreement", "primary"]


def test_a_change_after_the_lock_is_reported_where_it_is(quick_study: Path, tmp_path: Path) -> None:
    lock = lock_plan(quick_study)
    unchanged = execute(quick_study, tmp_path / "runs").folder
    plan = json.loads((unchanged / "manifest.json").read_text(encoding="utf-8"))["plan"]
    assert (plan["state"], plan["hash"], plan["locked"]) == ("unchanged", lock.hash, lock.locked)
    assert read_estimates(unchanged / "results")["planned"].all()

    text = quick_study.read_text(encoding="utf-8").replace("AVISIT * SEX +", "AVISIT + SEX +")
    quick_study.write_text(text, encoding="utf-8")
    changed = execute(quick_study, tmp_path / "runs").folder
    plan = json.loads((changed / "manifest.json").read_text(encoding="utf-8"))["plan"]
    assert plan["state"] == "changed"
    assert plan["locked_hash"] == lock.hash != plan["hash"]
    (change,) = plan["changed"]
    assert change["key"] == "analyses.primary.formula"
    assert "AVISIT * SEX" in change["locked"]
    assert "AVISIT + SEX" in change["now"]
    assert not read_estimates(changed / "results")["planned"].any()


def test_a_covariate_with_the_childrens_ids_stops_the_run(quick_study: Path, tmp_path: Path) -> None:
    table = pd.read_csv(quick_study.parent / "scores.csv", dtype=str)
    table["child"] = "child-" + table["child"]
    table["site"] = table["child"].where(table["child"] == "child-1001", "site A")
    table.to_csv(quick_study.parent / "scores.csv", index=False)
    ratings = pd.read_csv(quick_study.parent / "ratings.csv", dtype=str)
    ratings["child"] = "child-" + ratings["child"]
    ratings.to_csv(quick_study.parent / "ratings.csv", index=False)
    with pytest.raises(PrivacyError) as stopped:
        em.run_study(quick_study, tmp_path / "runs")
    assert "baseline.csv" in str(stopped.value)
    assert "child-1001" not in str(stopped.value)
    assert list((tmp_path / "runs").iterdir()) == []


def test_a_site_that_reads_like_a_childs_number_does_not_stop_the_run(
    quick_study: Path, tmp_path: Path
) -> None:
    table = pd.read_csv(quick_study.parent / "scores.csv", dtype=str)
    table["site"] = table["site"].map({"A": "1001", "B": "1002"})
    table.to_csv(quick_study.parent / "scores.csv", index=False)
    assert em.run_study(quick_study, tmp_path / "runs").is_dir()


def test_an_address_in_an_output_stops_the_run(quick_study: Path, tmp_path: Path) -> None:
    table = pd.read_csv(quick_study.parent / "scores.csv", dtype=str)
    table["site"] = table["site"].map({"A": "parent@example.org", "B": "other"})
    table.to_csv(quick_study.parent / "scores.csv", index=False)
    with pytest.raises(PrivacyError, match="e-mail"):
        em.run_study(quick_study, tmp_path / "runs")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("call +86 138 1234 5678 now", True),
        ("13812345678", True),
        ("+49 30 1234567", True),
        ("0.13812345678", False),
        ("2025-01-02T03:04:05", False),
        ("change +1.5 points", False),
        ("1,381,234,567", False),
    ],
)
def test_telephone_numbers(text: str, found: bool) -> None:
    assert bool(PHONE.search(text)) == found


def test_addresses() -> None:
    assert EMAIL.search("write to a.b+c@mail.example.org please")
    assert not EMAIL.search("@media print { a@b }")


@pytest.mark.parametrize(
    ("word", "text", "found"),
    [
        ("child-7", "<td>child-7</td>", True),
        ("child-7", "child-77 and grandchild-7", False),
        ("Anna B.", "seen: Anna B. at week 4", True),
        ("K01", "#K01F00", False),
    ],
)
def test_an_id_counts_as_a_whole_word(word: str, text: str, found: bool) -> None:
    assert _names({word}, text) == found


def test_a_child_without_a_factor_is_not_counted(quick_study: Path, tmp_path: Path) -> None:
    table = pd.read_csv(quick_study.parent / "scores.csv")
    table.loc[table["child"] == 1001, "sex"] = None
    table.to_csv(quick_study.parent / "scores.csv", index=False)
    rows = read_estimates(execute(quick_study, tmp_path / "runs").folder / "results")
    at_baseline = rows[
        (rows["kind"] == "ls_mean") & (rows["visit"] == "BASELINE") & (rows["parameter"] == "SOCIAL")
    ]
    assert at_baseline.set_index("level")["n"].to_dict() == {"": 35, "Boys": 17, "Girls": 18}


def test_a_study_without_analyses_is_described(make_study, tmp_path: Path) -> None:
    study = make_study()
    text = study.read_text(encoding="utf-8")
    study.write_text(text[: text.index("[[analyses]]")], encoding="utf-8")
    outcome = execute(study, tmp_path / "runs")
    assert read_estimates(outcome.folder / "results").empty
    assert len(read_csv(outcome.folder / "results" / "tables" / "visits.csv")) == 2 * 3 * 3


def test_a_study_of_ratings_alone_has_its_agreement(make_study, tmp_path: Path) -> None:
    study = make_study()
    text = study.read_text(encoding="utf-8")
    before, after = text.index("[[measurements]]"), text.index("[ratings]")
    primary, agreement = text.index("[[analysis_sets]]"), text.index('[[analyses]]\nname = "agreement"')
    study.write_text(text[:before] + text[after:primary] + text[agreement:], encoding="utf-8")
    scores = pd.read_csv(study.parent / "scores.csv").drop_duplicates("child")
    scores.to_csv(study.parent / "scores.csv", index=False)
    outcome = execute(study, tmp_path / "runs")
    assert outcome.failures == ()
    assert set(read_estimates(outcome.folder / "results")["kind"]) == {"icc", "proportion"}


def test_findings_are_public_without_the_child_and_internal_with_it(
    quick_study: Path, tmp_path: Path
) -> None:
    run = execute(quick_study, tmp_path / "runs").folder
    public = read_csv(run / "results" / "tables" / "findings.csv")
    internal = read_csv(run / "results" / "findings.csv")
    assert list(public.columns) == list(internal.columns)
    assert (public["subject"] == "").all()


INSTRUMENT = """
[instrument]
id = "mine"
title = "Two questions"
licence = "own"
source = "made up"

[answers]
range = [0, 4]

[[items]]
id = "q1"
wording = "Question 1"
[[items]]
id = "q2"
wording = "Question 2"

[[subscales]]
id = "MINE"
label = "My scale"
items = ["q1", "q2"]
"""


def test_an_instrument_of_ones_own_goes_with_the_run(quick_study: Path, tmp_path: Path) -> None:
    """It is an input that verification compares, and a copy lets the report be written again."""
    folder = quick_study.parent
    (folder / "instruments").mkdir()
    (folder / "instruments" / "mine.toml").write_text(INSTRUMENT, encoding="utf-8")
    answers = pd.DataFrame({"child": [1001, 1002], "visit": ["v0", "v0"], "q1": [1, 2], "q2": [3, 4]})
    answers.to_csv(folder / "answers.csv", index=False)
    text = quick_study.read_text(encoding="utf-8")
    text = text.replace("[subjects]", '[sources.answers]\nfile = "answers.csv"\n\n[subjects]')
    text += """
[[instruments]]
name = "instruments/mine.toml"
source = "answers"
columns = { USUBJID = "child", AVISIT = "visit" }
"""
    quick_study.write_text(text, encoding="utf-8")
    run = execute(quick_study, tmp_path / "runs").folder
    assert (run / "instruments" / "mine.toml").read_text(encoding="utf-8") == INSTRUMENT
    manifest = json.loads((run / "manifest.json").read_text(encoding="utf-8"))
    assert "instruments/mine.toml" in {item["path"] for item in manifest["inputs"]}
    assert rerender(run, tmp_path / "again.html").is_file()
    (folder / "instruments" / "mine.toml").write_text(INSTRUMENT + "\n", encoding="utf-8")
    assert verify_run(run).inputs == ("instruments/mine.toml has changed since the run",)


def test_an_instrument_of_emostats_is_an_input_too() -> None:
    spec = read_spec(Path(__file__).resolve().parents[2] / "analyses" / "emomusik_182")
    assert "emostats:family_questionnaire" in {item.path for item in input_records(spec)}


def test_subgroups_come_from_the_formula_or_from_the_list(make_study) -> None:
    study = load(make_study())
    analysis = study.spec.analysis("primary")
    question = subgroup_question(study.spec, analysis, "SOCIAL")
    assert question.subgroups == (("SEX",),)
    assert question.baseline == "BASELINE"
    assert question.label(("SEX",), ("F",)) == "Girls"
    without = analysis.model_copy(update={"formula": "AVAL ~ AVISIT + us(AVISIT | USUBJID)"})
    assert subgroup_question(study.spec, without, "SOCIAL").subgroups == ()
    listed = analysis.model_copy(update={"emmeans": ("SEX*SITE | AVISIT", "SITE | AVISIT", "SEX", "AVISIT")})
    assert subgroup_question(study.spec, listed, "SOCIAL").subgroups == (("SEX", "SITE"), ("SITE",))


def test_a_factor_of_the_covariance_alone_makes_no_subgroups(make_study) -> None:
    study = load(make_study())
    analysis = study.spec.analysis("primary")
    grouped = analysis.model_copy(update={"formula": "AVAL ~ AVISIT + us(AVISIT | SEX / USUBJID)"})
    assert subgroup_question(study.spec, grouped, "SOCIAL").subgroups == ()


def test_a_formula_without_visits_has_coefficients_and_no_changes(make_study, tmp_path: Path) -> None:
    study = make_study(("AVAL ~ AVISIT * SEX +", "AVAL ~ SEX +"))
    outcome = execute(study, tmp_path / "runs")
    rows = read_estimates(outcome.folder / "results")
    primary = rows[rows["analysis"] == "primary"]
    assert set(primary["kind"]) == {"coefficient", "test", "fit", "variance"}
    assert (primary["error"] == "").all()
    (failure,) = outcome.failures
    assert "no changes to resample" in failure


def test_a_file_that_changes_while_it_is_read_is_noticed(
    quick_study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from emostats.pipeline import load as module

    def ingest_and_meddle(spec):
        found = real(spec)
        with (quick_study.parent / "scores.csv").open("a") as stream:
            stream.write("\n")
        return found

    real = module.ingest
    monkeypatch.setattr(module, "ingest", ingest_and_meddle)
    with pytest.raises(UsageError, match="changed while it was read"):
        load(quick_study)


def test_two_factors_are_crossed_and_taken_alone() -> None:
    spec = read_spec(Path(__file__).resolve().parents[2] / "analyses" / "emomusik_182")
    question = subgroup_question(spec, spec.analysis("primary"), "SOCINT")
    assert question.subgroups == (("SEX", "AGEBAND"), ("SEX",), ("AGEBAND",))
    assert question.percent
    assert not subgroup_question(spec, spec.analysis("primary"), "VALENCE").percent


@pytest.mark.parametrize("broken", ["emostats.render.html", "emostats.pipeline.write.build_report"])
def test_a_report_that_cannot_be_made_does_not_cost_the_results(
    quick_study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    def crash(*_: object) -> None:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(broken, crash)
    outcome = execute(quick_study, tmp_path / "runs")
    assert outcome.failures == ("the report could not be made: ZeroDivisionError: a bug",)
    assert not (outcome.folder / "report.html").exists()
    assert (outcome.folder / "tables.xlsx").is_file()
    assert not read_estimates(outcome.folder / "results").empty
    assert verify_run(outcome.folder, repeat=False).holds
    assert "Traceback" in (outcome.folder / "log.txt").read_text(encoding="utf-8")
    monkeypatch.undo()
    assert rerender(outcome.folder, tmp_path / "later.html").is_file()


def _fill_the_disk(monkeypatch: pytest.MonkeyPatch, ending: str) -> None:
    """From now on a file of that ending gets its first half and then there is no room."""
    real = Path.write_text

    def full(path: Path, text: str, **how: str) -> int:
        if path.suffix != ending:
            return real(path, text, **how)
        real(path, text[: len(text) // 2], **how)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "write_text", full)


@pytest.mark.parametrize("ending", [".html", ".svg"])
def test_half_a_report_is_not_left_in_the_run(
    quick_study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str
) -> None:
    _fill_the_disk(monkeypatch, ending)
    outcome = execute(quick_study, tmp_path / "runs")
    (failure,) = outcome.failures
    assert "the report could not be made" in failure and "No space left" in failure
    assert not (outcome.folder / "report.html").exists()
    assert not (outcome.folder / "figures").exists()
    assert verify_run(outcome.folder, repeat=False).holds


def test_a_disk_that_is_full_leaves_no_run_and_says_so(
    quick_study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _fill_the_disk(monkeypatch, ".json")
    with pytest.raises(UsageError, match=r"cannot be written to .*No space left on device\. Nothing of it"):
        execute(quick_study, tmp_path / "runs")
    assert list((tmp_path / "runs").iterdir()) == []


def test_a_covariate_without_any_value_is_not_described(quick_study: Path, tmp_path: Path) -> None:
    text = quick_study.read_text(encoding="utf-8")
    text = text.replace(
        'SITE = "site" }',
        'SITE = "site", IQ = "iq", HEIGHT = "cm" }\nnumeric = ["IQ", "HEIGHT"]\n'
        'names = { SITE = "Where the child lives" }',
    )
    quick_study.write_text(text, encoding="utf-8")
    table = pd.read_csv(quick_study.parent / "scores.csv")
    table["iq"], table["cm"] = None, 100 + table["child"] % 7
    table.to_csv(quick_study.parent / "scores.csv", index=False)
    baseline = read_csv(
        execute(quick_study, tmp_path / "runs").folder / "results" / "tables" / "baseline.csv"
    )
    names = set(baseline["variable"])
    assert {"Height", "Where the child lives"} <= names
    assert not {"Iq", "IQ", "Site"} & names


SESSIONS = """
[session_scores]
source = "sessions"
columns = { USUBJID = "child", SESSION = "session", AVISIT = "visit" }
[session_scores.parameters]
VALENCE = { column = "valence", label = "Mean valence", range = [-1, 1] }
"""


def test_a_child_with_session_scores_alone_has_not_answered(quick_study: Path, tmp_path: Path) -> None:
    before = execute(quick_study, tmp_path / "before").folder
    rows = [(1001 + child, visit, visit, 0.1) for child in range(36) for visit in ("v0", "v1", "v2")]
    sessions = pd.DataFrame(rows, columns=["child", "session", "visit", "valence"])
    sessions["valence"] += (
        (sessions["child"] % 5) / 10 + (sessions.index % 3) / 30 + (sessions.index % 7) / 90
    )
    sessions.to_csv(quick_study.parent / "sessions.csv", index=False)
    text = quick_study.read_text(encoding="utf-8")
    text = text.replace("[subjects]", '[sources.sessions]\nfile = "sessions.csv"\n\n[subjects]', 1)
    text = text.replace("[[analysis_sets]]", f"{SESSIONS}\n[[analysis_sets]]")
    text = text.replace('parameters = ["SOCIAL", "MOOD"]', 'parameters = ["SOCIAL", "MOOD", "VALENCE"]')
    quick_study.write_text(text, encoding="utf-8")
    after = execute(quick_study, tmp_path / "after").folder
    flows = [read_csv(run / "results" / "tables" / "flow.csv") for run in (before, after)]
    answered = [flow[flow["stage"].isin(["Week 12 answered", "Lost"])]["n"].tolist() for flow in flows]
    assert answered[0] == answered[1]
    assert answered[0][0] == 32
    assert "Session scores do not count" in (after / "report.html").read_text(encoding="utf-8")
