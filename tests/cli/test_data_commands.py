"""trace, withdraw, audit, export and schema new, on a simulated study."""

from __future__ import annotations

import json
from pathlib import Path

import openpyxl
import pytest
from typer.testing import CliRunner

from emostats.cli.app import app
from emostats.study import read_instrument

STUDY = """
schema = 1
[study]
id = "s"
title = "t"
[sources.a]
file = "a.csv"
[subjects]
source = "a"
columns = { USUBJID = "id" }
[[visits]]
name = "V0"
label = "Before"
baseline = true
[[visits]]
name = "V1"
[[measurements]]
source = "a"
columns = { USUBJID = "id", AVISIT = "visit" }
[measurements.parameters]
SCORE = { column = "score" }
"""

SESSIONS_AND_RATINGS = """
[sources.s]
file = "s.csv"
[sources.r]
file = "r.csv"
[session_scores]
source = "s"
columns = { USUBJID = "id", SESSION = "session" }
[session_scores.parameters]
VALENCE = { column = "valence" }
[ratings]
source = "r"
columns = { USUBJID = "id", CLIP = "clip", RATER = "rater" }
range = [1, 7]
[ratings.domains]
RHYTHM = { column = "rhythm" }
[matching]
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "study.toml").write_text(STUDY, encoding="utf-8")
    (tmp_path / "a.csv").write_text("id,visit,score\n1,V0,3\n1,V1,4\n2,V0,5\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def call(*arguments: str, code: int = 0) -> str:
    result = CliRunner().invoke(app, list(arguments))
    assert result.exit_code == code, result.output
    return result.stdout


def test_trace_prints_the_cell(folder):
    text = call("trace", "1", "V1", "SCORE")
    assert "SCORE of child 1 at V1 = 4" in text and "a.csv, cell C3" in text
    assert json.loads(call("trace", "2", "Before", "SCORE", "--json"))["cells"][0]["cell"] == "C4"
    call("trace", "3", "V0", "SCORE", code=2)


def test_withdraw_and_audit(folder):
    assert "No earlier run" in call("withdraw", "1", "--by", "A. Weber")
    call("trace", "1", "V0", "SCORE", code=2)
    assert "1 events, 0 problems" in call("audit")
    log = folder / "runs" / "audit.jsonl"
    log.write_text(log.read_text(encoding="utf-8").replace("Weber", "Web3r"), encoding="utf-8")
    assert "does not hold" in call("audit", code=1)


def test_a_mistyped_id_is_not_withdrawn(folder):
    result = CliRunner().invoke(app, ["withdraw", "11", "--by", "A. Weber"])
    assert result.exit_code == 2 and "not in the roster" in result.stderr and "'1'" in result.stderr
    assert not (folder / "withdrawals.csv").exists() and not (folder / "runs").exists()
    call("withdraw", "11", "--by", "A. Weber", "--absent")
    assert "11," in (folder / "withdrawals.csv").read_text(encoding="utf-8")
    (folder / "a.csv").unlink()
    result = CliRunner().invoke(app, ["withdraw", "2", "--by", "A. Weber"])
    assert result.exit_code == 0 and "nobody checked" in result.stderr


def test_a_folder_without_a_log_does_not_hold_by_itself(folder):
    result = CliRunner().invoke(app, ["audit", "elsewhere"])
    assert result.exit_code == 2 and "audit.jsonl" in result.stderr


def test_a_folder_that_is_not_there(folder):
    result = CliRunner().invoke(app, ["export", "adqs", "study.toml", "no/such/adqs.csv"])
    assert result.exit_code == 2 and "'no/such' does not exist" in result.stderr
    result = CliRunner().invoke(app, ["schema", "new", "."])
    assert result.exit_code == 2 and "found a folder" in result.stderr


def test_schema_new_below_titles_and_on_the_wrong_sheet(folder):
    book = openpyxl.Workbook()
    book.active.title = "Children"
    book.active.append(["id", "name"])
    answers = book.create_sheet("Answers")
    for row in (["Study X"], [], ["id", "Q 1", 2], ["A", 0, 3], ["B", 2, 1], ["C", 2, 1]):
        answers.append(row)
    book.save(folder / "book.xlsx")
    result = CliRunner().invoke(app, ["schema", "new", "book.xlsx"])
    assert result.exit_code == 2
    assert "sheet 'Children'" in result.stderr and "--sheet: 'Answers'" in result.stderr
    call("schema", "new", "book.xlsx", "--sheet", "Answers")
    assert [item.column for item in read_instrument(folder / "book.toml").items] == ["Q 1", "2"]
    call("init", "book.xlsx", "--output", "new.toml")
    assert 'columns "id", "Q 1", "2"' in (folder / "new.toml").read_text(encoding="utf-8")


def test_export(folder):
    call("export", "adqs", "study.toml", "adqs.csv")
    assert (folder / "adqs.csv").read_text(encoding="utf-8").count("\n") == 4
    call("export", "adqs", "study.toml", "adqs.csv", code=2)
    call("export", "adqs", "study.toml", "adqs.doc", code=2)


def test_an_export_that_stops_leaves_no_half_a_file(folder, monkeypatch):
    def stop(table: object, path: Path) -> None:
        path.write_text("STUDYID,USUB", encoding="utf-8")
        raise KeyboardInterrupt

    monkeypatch.setattr("emostats.ingest.adqs.write_adqs", stop)
    call("export", "adqs", "study.toml", "adqs.csv", code=130)
    assert not (folder / "adqs.csv").exists()


def test_export_sessions(folder):
    call("export", "sessions", "study.toml", "matched.csv", code=2)
    assert not (folder / "matched.csv").exists()
    text = (folder / "study.toml").read_text(encoding="utf-8")
    (folder / "study.toml").write_text(text + SESSIONS_AND_RATINGS, encoding="utf-8")
    (folder / "s.csv").write_text("id,session,valence\n1,s1,0.5\n2,s1,0.1\n", encoding="utf-8")
    (folder / "r.csv").write_text("id,clip,rater,rhythm\n1,=1+1,A,5\n1,k2,A,6\n", encoding="utf-8")
    counts = json.loads(call("export", "sessions", "study.toml", "matched.csv", "--json"))
    assert (counts["pairs"], counts["sessions"], counts["ratings"]) == (2, 1, 0)
    assert "'=1+1" in (folder / "matched.csv").read_text(encoding="utf-8")
    call("export", "sessions", "study.toml", "matched.csv", code=2)


def test_schema_new_writes_a_valid_instrument(folder):
    (folder / "answers.csv").write_text(
        "id,Date,Q1,2 sleeps\nA,2025-01-01,0,3\nB,2025-01-02,2,\n", encoding="utf-8"
    )
    call("schema", "new", "answers.csv")
    made = read_instrument(folder / "answers.toml")
    assert [(item.id, item.column) for item in made.items] == [("Q1", "Q1"), ("Q2_sleeps", "2 sleeps")]
    assert made.answers.range == (0, 3)
    assert "TODO" in (folder / "answers.toml").read_text(encoding="utf-8")
    call("schema", "new", "answers.csv", code=2)
    (folder / "words.csv").write_text("a,b\nx,y\n", encoding="utf-8")
    call("schema", "new", "words.csv", code=2)


def test_quality_writes_every_finding_and_no_formula(folder):
    (folder / "a.csv").write_text("id,visit,score\n=1+1,V0,x\n", encoding="utf-8")
    call("quality", "study.toml", "findings.csv", code=1)
    text = (folder / "findings.csv").read_text(encoding="utf-8")
    assert text.startswith("severity,rule,file,") and "not-a-number" in text
    assert "'=1+1" in text and ",=1+1" not in text
    call("quality", "study.toml", "findings.csv", code=2)
    call("quality", "study.toml", "findings.doc", code=2)


def test_quality_as_a_page(folder):
    call("quality", "study.toml", "quality.html")
    text = (folder / "quality.html").read_text(encoding="utf-8")
    assert "Nothing: every value is where the study file says" in text
    assert "Who was lost, and when?" in text
    (folder / "a.csv").write_text("id,visit,score\n<b>1,V0,x\n", encoding="utf-8")
    call("quality", "study.toml", "bad.html", code=1)
    text = (folder / "bad.html").read_text(encoding="utf-8")
    assert "&lt;b&gt;1" in text and "<b>1" not in text
    assert "a.csv, cell C2" in text
    assert "Participant flow" not in text


@pytest.mark.parametrize(
    ("line", "words"),
    [('language = "zk"', "no report in 'zk'. Did you mean 'zh'"), ('rule = "cmms"', "outputs.rule")],
)
def test_a_language_or_rule_that_does_not_exist_is_refused_before_anything_is_computed(folder, line, words):
    text = (folder / "study.toml").read_text(encoding="utf-8")
    (folder / "study.toml").write_text(f"{text}\n[outputs]\n{line}\n", encoding="utf-8")
    for command in ("validate", "run"):
        result = CliRunner().invoke(app, [command, "study.toml"])
        assert result.exit_code == 2
        assert words in result.stderr
    assert not (folder / "runs").exists()
