"""`emostats init`: a study file that says what can be seen, and is valid from the start."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner, Result

from emostats.cli.app import app
from emostats.cli.draft import draft_study, read_sheets
from emostats.cli.one_table import read_table
from emostats.errors import UsageError
from emostats.ingest import ingest
from emostats.simulate import simulate_study
from emostats.simulate.workbook import write_workbook
from emostats.study.spec import read_spec

ANALYSES = Path(__file__).resolve().parents[2] / "analyses"
VSAE = ANALYSES / "autism_vsae" / "data" / "autism_vsae_hlmdiag.csv"


def invoke(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments], env={"COLUMNS": "200"})


@pytest.fixture
def workbook(tmp_path: Path) -> Path:
    roster = pd.DataFrame(
        {
            "Child ID": ["001", "002"],
            "Sex": ["boy", "girl"],
            "Age at baseline": [3.5, 8],
            'Site "A"': ["x", "y"],
        }
    )
    answers = pd.DataFrame({"Child ID": ["001", "002"], "Looks at me": [1, 2]})
    with pd.ExcelWriter(tmp_path / "answers of 2025.xlsx") as writer:
        roster.to_excel(writer, sheet_name="Children", index=False)
        answers.to_excel(writer, sheet_name="Week 0", index=False)
    return tmp_path / "answers of 2025.xlsx"


def test_a_workbook_is_described_sheet_by_sheet(workbook: Path) -> None:
    result = invoke("init", workbook)
    assert result.exit_code == 0, result.stderr
    target = workbook.parent / "study.toml"
    assert result.stdout.strip() == str(target)
    text = target.read_text(encoding="utf-8")
    assert 'sheet "Week 0": 2 rows; columns "Child ID", "Looks at me"' in text
    assert "TODO" in text
    study = tomllib.loads(text)
    assert study["sources"]["data"]["file"] == "answers of 2025.xlsx"
    assert study["subjects"]["sheet"] == "Children"
    assert study["subjects"]["columns"] == {"USUBJID": "Child ID", "SEX": "Sex", "AGE": "Age at baseline"}
    assert study["subjects"]["values"]["SEX"] == {"boy": "M", "girl": "F"}
    assert study["subgroups"]["age_bands"] == [1, 7, 13]
    assert read_spec(target).study.id == "answers-of-2025"


def test_a_long_table_becomes_a_study_that_can_be_analysed(tmp_path: Path) -> None:
    table = tmp_path / VSAE.name
    table.write_bytes(VSAE.read_bytes())
    assert invoke("init", table).exit_code == 0
    spec = read_spec(tmp_path / "study.toml")
    assert [visit.value for visit in spec.visits] == ["0", "1", "3", "7", "11"]
    assert list(spec.parameters) == ["VSAE"]
    data, findings = ingest(spec)
    assert data is not None
    assert len(data.subjects) == 155
    assert not [finding for finding in findings if finding.severity == "error"]


def test_the_sheets_of_a_study_office_are_told_apart(tmp_path: Path) -> None:
    """Forms with a sheet a visit, blind ratings and session scores, as the simulated study keeps them."""
    write_workbook(tmp_path / "office.xlsx", simulate_study(seed=3).sheets, ["SIMULATED DATA"])
    assert invoke("init", tmp_path / "office.xlsx").exit_code == 0
    spec = read_spec(tmp_path / "study.toml")
    assert [(visit.name, visit.label, visit.value) for visit in spec.visits] == [
        ("BASELINE", "Baseline", "BASELINE"),
        ("WEEK04", "Week 4", "WEEK04"),
        ("WEEK08", "Week 8", "WEEK08"),
        ("WEEK12", "Week 12", "WEEK12"),
    ]
    assert spec.ratings is not None
    assert spec.ratings.columns.AVISIT == "Visit (entered after unblinding)"
    assert spec.ratings.columns.GUESS == "Guessed visit"
    assert spec.session_scores is not None
    assert not spec.measurements
    text = (tmp_path / "study.toml").read_text(encoding="utf-8")
    assert 'WEEK04 = "Family week 4"' in text
    data, findings = ingest(spec)
    assert data is not None
    assert not [finding for finding in findings if finding.severity == "error"]


def test_nothing_is_overwritten(workbook: Path) -> None:
    (workbook.parent / "study.toml").write_text("mine", encoding="utf-8")
    result = invoke("init", workbook)
    assert result.exit_code == 2
    assert "exists already" in result.stderr
    assert (workbook.parent / "study.toml").read_text(encoding="utf-8") == "mine"


def test_without_an_argument_the_only_table_is_taken(workbook: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(workbook.parent)
    assert invoke("init").exit_code == 0
    Path("study.toml").unlink()
    Path("second.csv").write_text("id,visit\n1,a\n")
    result = invoke("init")
    assert result.exit_code == 2
    assert "answers of 2025.xlsx, second.csv" in result.stderr


def test_the_data_must_lie_with_the_study_file(workbook: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    result = invoke("init", workbook, "--output", tmp_path / "elsewhere" / "study.toml")
    assert result.exit_code == 2
    assert "one folder" in result.stderr


@pytest.mark.parametrize("header", ['a"b', "x\\y", "ünïcode", "tab\there", "]]"])
def test_odd_headers_give_valid_toml(tmp_path: Path, header: str) -> None:
    table = pd.DataFrame({"child id": ["a", "a"], "visit": ["1", "2"], header: [1.5, 2.5]})
    table.to_csv(tmp_path / "odd.csv", index=False)
    study = tomllib.loads(draft_study(tmp_path / "odd.csv", tmp_path / "study.toml"))
    (parameters,) = [block["parameters"] for block in study["measurements"]]
    assert [item["column"] for item in parameters.values()] == [header]


def test_an_empty_file_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "empty.csv").write_text("")
    with pytest.raises(UsageError, match="empty"):
        read_sheets(tmp_path / "empty.csv")


def test_a_quick_table_keeps_codes_as_text_and_numbers_as_numbers(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("id,score,when,note\n007,1.5,1,x\n010,NA,2,\n")
    table = read_table(tmp_path / "t.csv")
    assert table["id"].tolist() == ["007", "010"]
    assert table["score"].dtype == float
    assert table["score"].isna().tolist() == [False, True]
    assert table["note"].isna().tolist() == [False, True]


def test_a_quick_table_names_the_nearest_sheet_and_repeated_columns(tmp_path: Path, workbook: Path) -> None:
    with pytest.raises(UsageError, match="Did you mean 'Children'"):
        read_table(workbook, "Childen")
    (tmp_path / "t.csv").write_text("id,id\n1,2\n")
    with pytest.raises(UsageError, match="repeated: id"):
        read_table(tmp_path / "t.csv")
    (tmp_path / "h.csv").write_text("id,x\n")
    with pytest.raises(UsageError, match="no rows"):
        read_table(tmp_path / "h.csv")
