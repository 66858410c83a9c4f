"""`emostats privacy` on studies, runs and other files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from emostats.cli.app import app

AUTISM = Path(__file__).parents[2] / "analyses" / "autism_vsae"


def run(*words):
    return CliRunner().invoke(app, ["privacy", *map(str, words)])


def test_of_the_autism_study():
    done = run(AUTISM, "--quasi", "SEX", "--quasi", "RACE", "--quasi", "SICDEGP", "--json")
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert [step["k"] for step in found["anonymity"]["steps"]] == [21, 8, 1]
    assert [column["header"] for column in found["columns"]] == ["childid"]


def test_as_a_table_with_the_smallest_groups():
    done = run(AUTISM, "--quasi", "SEX", "--quasi", "RACE", "--sensitive", "DIAGNOSIS")
    assert done.exit_code == 0, done.output
    assert "     8  SEX F, RACE nonwhite" in done.stdout
    assert "DIAGNOSIS: at least 2 different values" in done.stdout


def test_too_small_a_k_stops():
    assert run(AUTISM, "--quasi", "SEX", "--min-k", "21").exit_code == 0
    assert run(AUTISM, "--quasi", "SEX", "--min-k", "22").exit_code == 4


def test_an_unknown_variable_is_a_usage_error():
    done = run(AUTISM, "--quasi", "SECS")
    assert done.exit_code == 2 and "SEX" in done.output


@pytest.mark.parametrize(("text", "code"), [("mean 1.5", 0), ("ask Mrs Miller", 4)])
def test_of_a_file(tmp_path, text, code):
    page = tmp_path / "page.html"
    page.write_text(f"<p>{text}</p>", encoding="utf-8")
    done = run(page, "--json")
    assert done.exit_code == code
    assert json.loads(done.stdout)["stopped"] is (code == 4)
