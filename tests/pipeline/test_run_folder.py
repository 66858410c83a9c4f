"""A run folder: what is in it, that it is the same each time, and that it is all or nothing."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import textwrap
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest
from openpyxl import load_workbook

import emostats as em
from emostats.errors import FindingsError, UsageError
from emostats.estimates import ESTIMATE_COLUMNS
from emostats.pipeline import Outcome, execute
from emostats.pipeline.folder import PARTIAL, run_folder
from emostats.pipeline.tables_io import read_csv, read_estimates


def hashes(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def manifest_of(folder: Path) -> dict:
    return json.loads((folder / "manifest.json").read_text(encoding="utf-8"))


def test_a_run_has_all_its_parts(finished: Outcome) -> None:
    assert finished.failures == ()
    parts = {
        path.relative_to(finished.folder).as_posix() for path in finished.folder.rglob("*") if path.is_file()
    }
    tables = ("flow", "baseline", "visits", "missingness", "prepost", "findings")
    assert parts >= {
        "manifest.json", "log.txt", "study.toml", "report.html", "tables.xlsx", "results/estimates.csv",
        "results/estimates.json", "results/facts.json", *(f"results/tables/{name}.csv" for name in tables),
    }  # fmt: skip
    assert any(name.startswith("figures/") and name.endswith(".svg") for name in parts)
    assert "A small simulated study" in (finished.folder / "report.html").read_text(encoding="utf-8")
    assert "primary" in (finished.folder / "log.txt").read_text(encoding="utf-8")


def test_estimates_are_tidy_in_csv_and_json_alike(finished: Outcome) -> None:
    results = finished.folder / "results"
    from_json = read_estimates(results)
    assert tuple(from_json.columns) == ESTIMATE_COLUMNS
    from_csv = pd.read_csv(results / "estimates.csv", keep_default_na=False, na_values={"estimate": [""]})
    assert from_csv["estimate_id"].tolist() == from_json["estimate_id"].tolist()
    pd.testing.assert_series_equal(from_csv["estimate"], from_json["estimate"], check_exact=True)
    kinds = from_json.groupby("analysis")["kind"].agg(set).to_dict()
    assert kinds["primary"] >= {"ls_mean", "change", "difference_of_changes", "test", "coefficient", "fit"}
    assert kinds["resampled"] == {"change"}
    assert kinds["agreement"] == {"icc", "proportion"}


def test_a_scale_below_zero_has_no_percent_change(finished: Outcome) -> None:
    rows = read_estimates(finished.folder / "results")
    assert set(rows.loc[rows["kind"] == "percent_change", "parameter"]) == {"SOCIAL"}


def test_the_bootstrap_puts_intervals_around_the_models_own_estimates(finished: Outcome) -> None:
    rows = read_estimates(finished.folder / "results")
    changes = rows[(rows["kind"] == "change") & (rows["parameter"] == "SOCIAL")]
    wide = changes.pivot(index=["visit", "subgroup", "level"], columns="analysis")
    assert len(wide) == 2 * 3
    assert wide["estimate", "primary"].tolist() == pytest.approx(wide["estimate", "resampled"].tolist())
    ratio = wide["std_error", "resampled"] / wide["std_error", "primary"]
    assert ratio.between(0.6, 1.5).all()
    assert wide["method", "resampled"].str.startswith("bootstrap percentile, subject, n_resamples=200").all()


def test_the_manifest_names_every_file_with_its_hash(finished: Outcome) -> None:
    manifest = manifest_of(finished.folder)
    listed = {item["path"]: item["sha256"] for item in manifest["outputs"]}
    there = {name.replace(os.sep, "/"): value for name, value in hashes(finished.folder).items()}
    there.pop("manifest.json")
    assert listed == there
    study = (finished.folder / manifest["study_file"]).resolve()
    for item in manifest["inputs"]:
        path = study.parent / item["path"]
        assert hashlib.sha256(path.read_bytes()).hexdigest() == item["sha256"]
        assert path.stat().st_size == item["bytes"]
    assert {item["path"] for item in manifest["inputs"]} == {"study.toml", "scores.csv", "ratings.csv"}
    assert manifest["status"] == "complete"
    assert (manifest["seed"], manifest["emostats"]) == (7, em.__version__)
    assert manifest["plan"]["state"] == "not locked"
    assert manifest["plan"]["changed"] == []


def test_the_workbook_has_every_table_and_says_that_data_are_simulated(finished: Outcome) -> None:
    book = load_workbook(finished.folder / "tables.xlsx")
    assert book.sheetnames[:2] == ["About", "estimates"]
    assert {"flow", "baseline", "visits", "missingness", "prepost", "findings"} <= set(book.sheetnames)
    about = [cell.value for row in book["About"].iter_rows() for cell in row]
    assert "A small simulated study" in about
    assert any("Simulated data" in str(text) for text in about)
    estimates = read_estimates(finished.folder / "results")
    assert book["estimates"].max_row == len(estimates) + 1


def test_no_child_stands_in_any_output(finished: Outcome) -> None:
    for path in (finished.folder / "results" / "tables").glob("*.csv"):
        table = read_csv(path)
        for column in table.select_dtypes(exclude="number"):
            assert not table[column].isin([f"{1001 + i}" for i in range(36)]).any(), (path.name, column)
    assert (
        "USUBJID"
        not in (finished.folder / "results" / "estimates.csv").read_text(encoding="utf-8").split("\n")[0]
    )


def test_a_second_run_gives_the_same_bytes_and_touches_nothing(
    make_study, finished: Outcome, tmp_path: Path
) -> None:
    before = hashes(finished.folder)
    second = em.run_study(make_study(), finished.folder.parent)
    assert second != finished.folder
    assert hashes(finished.folder) == before
    after = hashes(second)
    varying = {"manifest.json", "log.txt", "report.html"}  # these name the run and its time
    assert {k: v for k, v in after.items() if k not in varying} == {
        k: v for k, v in before.items() if k not in varying
    }


def test_the_analysis_seed_does_not_depend_on_other_analyses(
    make_study, finished: Outcome, tmp_path: Path
) -> None:
    alone = make_study(('parameters = ["SOCIAL", "MOOD"]', 'parameters = ["SOCIAL"]'))
    rows = read_estimates(em.run_study(alone, tmp_path / "runs") / "results").set_index("estimate_id")
    reference = read_estimates(finished.folder / "results").set_index("estimate_id")
    mine = rows[rows["analysis"] == "resampled"]
    pd.testing.assert_frame_equal(mine, reference.loc[mine.index])


def test_runs_of_one_second_get_different_names(tmp_path: Path) -> None:
    now = datetime(2025, 1, 2, 3, 4, 5, 678, tzinfo=UTC)
    with run_folder(tmp_path, "abcd1234", now) as (partial, first):
        assert first.run_id == "20250102T030405Z-abcd1234"
        assert first.created == "2025-01-02T03:04:05+00:00"
        assert partial.name == f"{PARTIAL}{first.run_id}"
        with run_folder(tmp_path, "abcd1234", now) as (_, second):  # another program, at the same time
            assert second.run_id == f"{first.run_id}-2"
    with run_folder(tmp_path, "abcd1234", now) as (_, third):
        assert third.run_id == f"{first.run_id}-3"
    assert sorted(path.name for path in tmp_path.iterdir()) == [first.run_id, second.run_id, third.run_id]


@pytest.mark.parametrize("error", [RuntimeError("disk full"), KeyboardInterrupt()])
def test_a_run_that_breaks_off_leaves_nothing(
    quick_study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr("emostats.pipeline.run.write_views", fail)
    with pytest.raises(type(error)):
        em.run_study(quick_study, tmp_path / "runs")
    assert list((tmp_path / "runs").iterdir()) == []


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs a signal that cannot be caught")
def test_a_killed_run_leaves_nothing_that_looks_complete(quick_study: Path, tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    code = f"""
        import os, signal
        import emostats.pipeline.run as run
        run.finish = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
        run.run_study({str(quick_study)!r}, {str(runs)!r})
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True)
    assert done.returncode == -signal.SIGKILL
    (left,) = runs.iterdir()
    assert left.name.startswith(".")
    assert not (left / "manifest.json").exists()
    with pytest.raises(UsageError, match="interrupted"):
        from emostats.pipeline import verify_run

        verify_run(left)
    assert execute(quick_study, runs).folder.is_dir()  # and it stands in nobody's way


def test_data_with_errors_write_nothing(quick_study: Path, tmp_path: Path) -> None:
    table = pd.read_csv(quick_study.parent / "scores.csv")
    table.loc[3, "social"] = 99
    table.to_csv(quick_study.parent / "scores.csv", index=False)
    with pytest.raises(FindingsError, match="99"):
        em.run_study(quick_study, tmp_path / "runs")
    assert not (tmp_path / "runs").exists()


def test_a_file_where_the_runs_should_go_is_a_clear_error(quick_study: Path, tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("here")
    with pytest.raises(UsageError, match="cannot be created"):
        em.run_study(quick_study, tmp_path / "runs")


def test_an_existing_folder_is_never_replaced(tmp_path: Path) -> None:
    """Even one that takes the name while the run is under way."""
    refused = pytest.raises(UsageError, match="Nothing of it was left")
    with refused, run_folder(tmp_path, "abcd1234") as (folder, identity):
        (folder / "new").write_text("x")
        (tmp_path / identity.run_id).mkdir()
        (tmp_path / identity.run_id / "precious").write_text("data")
    assert [path.name for path in tmp_path.iterdir()] == [identity.run_id]
    assert (tmp_path / identity.run_id / "precious").read_text() == "data"


def test_outputs_that_were_not_asked_for_are_not_written(make_study, tmp_path: Path) -> None:
    nothing = "[outputs]\nreport = false\ntables = false\nfigures = false\n\n"
    study = make_study(("[[analysis_sets]]", nothing + "[[analysis_sets]]"))
    run = em.run_study(study, tmp_path / "runs")
    assert {path.name for path in run.iterdir()} == {"manifest.json", "log.txt", "study.toml", "results"}


def test_progress_is_told_step_by_step(quick_study: Path, tmp_path: Path) -> None:
    steps: list[tuple[str, float, float]] = []
    execute(quick_study, tmp_path / "runs", lambda *step: steps.append(step))
    assert list(dict.fromkeys(name for name, done, total in steps if done < total)) == [
        "Reading the study",
        "Analysis 'primary' (mmrm)",
        "Writing",
    ]
    assert all(0 <= done <= total for _, done, total in steps)


def test_progress_advances_within_a_bootstrap(make_study, tmp_path: Path) -> None:
    shares: list[float] = []

    def note(step: str, done: float, total: float) -> None:
        if step.startswith("Analysis 'resampled'"):
            shares.append(done)

    execute(make_study(), tmp_path / "runs", note)
    assert len(shares) > 2
    assert shares == sorted(shares)
    assert shares[0].is_integer()
    assert shares[0] < shares[-1] < shares[0] + 1


def test_the_histograms_of_the_bootstrap_are_kept_and_drawn(finished: Outcome) -> None:
    table = read_csv(finished.folder / "results" / "tables" / "resamples.csv")
    assert set(table["estimate_id"]) == {
        f"resampled/SOCIAL/change/{visit}/overall" for visit in ("WEEK04", "WEEK12")
    }
    assert (table.groupby("estimate_id")["count"].sum() == 200).all()
    assert (table["low"] < table["high"]).all()
    rows = read_estimates(finished.folder / "results").set_index("estimate_id")
    for name, bins in table.groupby("estimate_id"):
        assert (
            bins["low"].min() < rows.loc[name, "conf_low"] < rows.loc[name, "conf_high"] < bins["high"].max()
        )
    assert (finished.folder / "figures" / "fig-resamples-primary-social.svg").is_file()


def test_figure_files_stand_alone(finished: Outcome) -> None:
    files = sorted((finished.folder / "figures").glob("*.svg"))
    assert files
    for path in files:
        text = path.read_text(encoding="utf-8")
        assert text.startswith('<?xml version="1.0" encoding="utf-8"?>\n<svg')
        assert "prefers-color-scheme: dark" in text
