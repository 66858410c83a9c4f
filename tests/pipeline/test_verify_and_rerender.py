"""Does a run still hold? And its report, written again from its numbers."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from openpyxl import load_workbook
from typer.testing import CliRunner

from emostats.cli.app import app
from emostats.errors import UsageError
from emostats.pipeline import Outcome, rerender, verify_run
from emostats.pipeline.hashing import sha256_of
from emostats.pipeline.verify import compare_tables


def test_an_untouched_run_holds_and_gives_the_same_bytes(run: Path) -> None:
    found = verify_run(run)
    assert found.holds
    assert found.repeated
    assert found.identical
    assert found.compared > 50
    left = {path.name for path in run.parent.iterdir()}
    assert left == {run.name, "audit.jsonl"}  # the second computation left nothing


def change_a_byte(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))


CHANGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "a byte of the report": (lambda run: change_a_byte(run / "report.html"), "report.html was changed"),
    "a byte of the estimates": (
        lambda run: change_a_byte(run / "results" / "estimates.csv"),
        "results/estimates.csv was changed",
    ),
    "a missing table": (lambda run: (run / "tables.xlsx").unlink(), "tables.xlsx is missing"),
    "a file of one's own": (lambda run: (run / "notes.txt").write_text("x"), "notes.txt was added"),
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_changed_output_is_named(run: Path, what: str) -> None:
    change, message = CHANGES[what]
    change(run)
    found = verify_run(run, repeat=False)
    assert not found.holds
    assert any(message in text for text in found.outputs)
    assert len(found.outputs) == 1


def test_a_changed_input_is_named_and_not_computed_again(run: Path) -> None:
    path = run.parents[1] / "study" / "scores.csv"
    path.write_text(path.read_text().replace("1001,M", "1001,F", 1))
    found = verify_run(run)
    assert found.inputs == ("scores.csv has changed since the run",)
    assert not found.repeated
    path.unlink()
    assert verify_run(run).inputs == ("scores.csv is missing",)


def test_numbers_that_come_out_differently_are_named(run: Path) -> None:
    """Somebody edits an estimate and makes the hashes fit: the computation tells."""
    estimates = run / "results" / "estimates.json"
    rows = json.loads(estimates.read_text(encoding="utf-8"))
    target = next(row for row in rows if row["kind"] == "change")
    was, target["estimate"] = target["estimate"], target["estimate"] * 1.001
    estimates.write_text(json.dumps(rows), encoding="utf-8")
    manifest = json.loads((run / "manifest.json").read_text(encoding="utf-8"))
    for item in manifest["outputs"]:
        if item["path"] == "results/estimates.json":
            item["sha256"] = sha256_of(estimates)
    (run / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    found = verify_run(run)
    assert not found.holds
    assert not found.outputs
    (difference,) = found.numbers
    assert target["estimate_id"] in difference
    assert repr(was) in difference


def test_tables_that_come_out_differently_are_named(run: Path, tmp_path: Path) -> None:
    before, after = tmp_path / "before", tmp_path / "after"
    for copy in (before, after):
        shutil.copytree(run / "results", copy)
    assert list(compare_tables(before, after)) == []
    table = after / "tables" / "visits.csv"
    rounding = table.read_text(encoding="utf-8").replace("36,", "36.0000000000001,", 1)
    table.write_text(rounding, encoding="utf-8")
    assert list(compare_tables(before, after)) == []  # another machine may round the last digit
    table.write_text(rounding.replace("36.0000000000001,", "35,", 1), encoding="utf-8")
    (after / "tables" / "flow.csv").unlink()
    assert list(compare_tables(before, after)) == [
        "tables/flow.csv: its numbers differ",
        "tables/visits.csv: its numbers differ",
    ]


def test_a_study_that_moved_is_found_when_told(run: Path, tmp_path: Path) -> None:
    moved = tmp_path / "elsewhere"
    shutil.move(run.parents[1] / "study", moved)
    with pytest.raises(UsageError, match="--study"):
        verify_run(run)
    assert verify_run(run, study=moved, repeat=False).holds


def test_what_is_no_run_is_refused(tmp_path: Path, run: Path) -> None:
    with pytest.raises(UsageError, match="no run folder"):
        verify_run(tmp_path / "nowhere")
    with pytest.raises(UsageError, match=r"no manifest\.json"):
        verify_run(tmp_path)
    (run / "manifest.json").write_text("{", encoding="utf-8")
    with pytest.raises(UsageError, match="cannot be read"):
        verify_run(run)
    (run / "manifest.json").write_text('{"status": "started"}', encoding="utf-8")
    with pytest.raises(UsageError, match="no complete run"):
        verify_run(run)


def test_other_versions_are_noted(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("emostats.pipeline.verify.package_versions", lambda: {"numpy": "0.1"})
    assert any(text.startswith("numpy was") for text in verify_run(run, repeat=False).versions)


def test_the_report_written_again_is_the_report(finished: Outcome, tmp_path: Path) -> None:
    page = rerender(finished.folder, tmp_path / "again.html")
    assert page.read_bytes() == (finished.folder / "report.html").read_bytes()


def test_a_report_is_never_written_over_a_file(finished: Outcome, tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text("mine")
    with pytest.raises(UsageError, match="exists already"):
        rerender(finished.folder, tmp_path / "page.html")
    assert (tmp_path / "page.html").read_text() == "mine"
    with pytest.raises(UsageError, match="cannot be written"):
        rerender(finished.folder, tmp_path / "nowhere" / "page.html")


def test_a_run_with_damaged_results_cannot_be_rendered(run: Path, tmp_path: Path) -> None:
    (run / "results" / "estimates.json").write_text("[", encoding="utf-8")
    with pytest.raises(UsageError, match="cannot be read"):
        rerender(run, tmp_path / "page.html")


def test_editions_and_tables_are_written_beside_the_run(run: Path, tmp_path: Path) -> None:
    family = rerender(run, tmp_path / "family.html", audience="family").read_text(encoding="utf-8")
    assert "What it does not show" in family
    assert "p-value" not in family
    tables = rerender(run, tmp_path / "tables.xlsx", format="xlsx")
    books = [load_workbook(path) for path in (tables, run / "tables.xlsx")]
    assert books[0].sheetnames == books[1].sheetnames
    values = [{s.title: [[c.value for c in row] for row in s.iter_rows()] for s in book} for book in books]
    assert values[0] == values[1]
    with pytest.raises(UsageError, match=r"the format 'odt' is unknown"):
        rerender(run, tmp_path / "r.odt", format="odt")
    with pytest.raises(UsageError, match="leave out --audience"):
        rerender(run, tmp_path / "r.xlsx", format="xlsx", audience="family")
    with pytest.raises(UsageError, match="audience 'parents' is unknown"):
        rerender(run, tmp_path / "r.html", audience="parents")
    assert not list(tmp_path.glob("r.*"))


def test_the_command_writes_an_edition_under_a_name_that_says_so(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, ["report", str(run), "--audience", "ethics"])
    assert done.exit_code == 0
    assert "Report for the ethics board" in Path(done.stdout.strip()).read_text(encoding="utf-8")
    assert done.stdout.strip() == f"report-ethics-{run.name}.html"
    assert CliRunner().invoke(app, ["report", str(run), "--format", "odt"]).exit_code == 2
