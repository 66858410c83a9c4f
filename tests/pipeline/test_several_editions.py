"""What several public editions tell together: warned of, because no rule for one of them prevents it."""

from __future__ import annotations

import json
import shutil
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from emostats.cli.app import app
from emostats.pipeline import Outcome, note_edition
from emostats.study.audit import append_event, read_events, verify_audit


@pytest.fixture
def runs(finished: Outcome, tmp_path: Path) -> Path:
    """A folder of runs with two runs of the study, and their log."""
    folder = tmp_path / "runs"
    for name in ("first", "second"):
        shutil.copytree(finished.folder, folder / name)
        path = folder / name / "manifest.json"
        path.write_text(json.dumps({**json.loads(path.read_text("utf-8")), "run_id": name}), encoding="utf-8")
    append_event(folder, "run", study_of(folder), {"run_id": "first"})
    return folder


def study_of(folder: Path) -> str:
    return tomllib.loads((folder / "first" / "study.toml").read_text("utf-8"))["study"]["id"]


def test_the_first_edition_is_noted_and_nothing_is_warned_of(runs: Path) -> None:
    assert note_edition(runs / "first", "a.html", profile="public", rule="cms") == ()
    event = read_events(runs)[-1]
    assert (event.kind, dict(event.details)) == (
        "publication", {"run_id": "first", "file": "a.html", "rule": "cms"},
    )  # fmt: skip
    assert note_edition(runs / "first", "b.html", profile="public", rule="cms") == ()


def test_a_second_rule_for_the_same_run_is_warned_of(runs: Path) -> None:
    note_edition(runs / "first", "a.html", profile="public", rule="cms")
    (said,) = note_edition(runs / "first", "b.html", profile="public", rule="trial")
    assert "'a.html'" in said and "'cms'" in said and "'trial'" in said and "only one of them" in said


def test_a_child_withdrawn_in_between_is_warned_of(runs: Path) -> None:
    note_edition(runs / "first", "a.html", profile="public", rule="cms")
    append_event(runs, "withdrawal", study_of(runs), {"child": "S-017"})
    append_event(runs, "run", study_of(runs), {"run_id": "second"})
    (said,) = note_edition(runs / "second", "b.html", profile="public", rule="cms")
    assert "1 child was withdrawn in between" in said and "run first" in said
    assert "S-017" not in said


def test_other_data_are_warned_of_and_the_same_data_are_not(runs: Path) -> None:
    note_edition(runs / "first", "a.html", profile="public", rule="cms")
    assert note_edition(runs / "second", "b.html", profile="public", rule="cms") == ()
    path = runs / "second" / "manifest.json"
    manifest = json.loads(path.read_text("utf-8"))
    manifest["inputs"][0]["sha256"] = "0" * 64
    path.write_text(json.dumps(manifest), encoding="utf-8")
    (said,) = note_edition(runs / "second", "c.html", profile="public", rule="cms")
    assert "where their data differ by few children" in said


def test_an_internal_report_and_a_run_without_a_log_are_not_noted(runs: Path) -> None:
    n = len(read_events(runs))
    assert note_edition(runs / "first", "a.html", profile="internal") == ()
    assert len(read_events(runs)) == n
    (runs / "audit.jsonl").unlink()
    assert note_edition(runs / "first", "a.html", profile="public", rule="cms") == ()
    assert not (runs / "audit.jsonl").exists()


def test_the_command_prints_the_warning_and_the_log_still_holds(runs: Path, tmp_path: Path) -> None:
    said = []
    for rule in ("trial", "five"):
        target = str(tmp_path / f"{rule}.xlsx")
        command = ["report", str(runs / "first"), "--profile", "public", "--rule", rule, "--format", "xlsx"]
        done = CliRunner().invoke(app, [*command, "--output", target])
        assert done.exit_code == 0, done.output
        said.append(done.stderr)
    assert "only one of them" not in said[0] and "only one of them" in " ".join(said[1].split())
    assert not [line for line in verify_audit(runs).problems if "chain" in line]


def test_a_public_run_is_noted_like_a_public_report(make_study, tmp_path: Path) -> None:
    study, folder = make_study(), tmp_path / "runs"
    name = tomllib.loads(study.read_text("utf-8"))["study"]["id"]
    append_event(folder, "publication", name, {"run_id": "older", "file": "a.html", "rule": "cms"})
    command = ["run", str(study), "--output", str(folder), "--profile", "public", "--quiet"]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0, done.output
    said = " ".join(done.stderr.split())
    assert "'a.html'" in said and "shows run older" in said
    _, ran, published = read_events(folder)
    assert (ran.kind, published.kind) == ("run", "publication")
    assert dict(published.details) == {**ran.details, "file": "report.html", "rule": "cms"}
