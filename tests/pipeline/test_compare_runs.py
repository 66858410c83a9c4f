"""Two runs side by side: which numbers changed, by how much, and why."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from emostats.cli.app import app
from emostats.errors import UsageError
from emostats.pipeline import compare_runs, execute


def test_the_same_study_twice_has_no_difference(quick_study: Path, tmp_path: Path) -> None:
    first, second = (execute(quick_study, tmp_path / "runs").folder for _ in range(2))
    found = compare_runs(first, second)
    assert found.same
    assert found.compared > 50
    assert (found.numbers, found.data, found.plan, found.versions, found.tables) == ((), (), (), (), ())
    result = CliRunner().invoke(app, ["diff", str(first), str(second)])
    assert result.exit_code == 0
    assert "The same numbers" in result.stdout
    assert "Data: unchanged" in result.stdout


def test_other_data_are_named_as_the_reason_with_every_number(run: Path, tmp_path: Path) -> None:
    study = run.parents[1] / "study"
    table = pd.read_csv(study / "scores.csv")
    table.loc[0, "social"] += 1
    table.to_csv(study / "scores.csv", index=False)
    later = execute(study, tmp_path / "later").folder
    found = compare_runs(run, later)
    assert not found.same
    assert len(found.data) == 1
    assert found.data[0].startswith("scores.csv has changed")
    assert found.plan == ()
    assert {"primary/SOCIAL/"} == {item.estimate_id[:15] for item in found.numbers}
    mean = next(
        item
        for item in found.numbers
        if item.column == "estimate" and item.estimate_id == "primary/SOCIAL/ls_mean/BASELINE/SEX=M"
    )
    assert mean.by == pytest.approx(1 / 18)
    result = CliRunner().invoke(app, ["diff", str(run), str(later), "--json"])
    assert result.exit_code == 1
    told = json.loads(result.stdout)
    assert told["same"] is False
    assert len(told["numbers"]) == len(found.numbers)
    assert all(item["by"] == item["after"] - item["before"] for item in told["numbers"])


def test_another_plan_is_named_by_its_keys(run: Path, tmp_path: Path) -> None:
    study = run.parents[1] / "study" / "study.toml"
    text = study.read_text(encoding="utf-8").replace("AVISIT * SEX +", "AVISIT + SEX +")
    study.write_text(text.replace("A small simulated study", "Another title"), encoding="utf-8")
    later = execute(study, tmp_path / "later").folder
    found = compare_runs(run, later)
    assert found.data == ()
    (key,) = found.plan
    assert key.startswith("analyses.primary.formula: AVAL ~ AVISIT * SEX +")
    assert any("coefficient" in name for name in found.gone)
    result = CliRunner().invoke(app, ["diff", str(run), str(later)])
    assert result.exit_code == 1
    assert "analyses.primary.formula" in result.stdout


def test_other_versions_are_named(run: Path, tmp_path: Path) -> None:
    import shutil

    other = tmp_path / "other"
    shutil.copytree(run, other)
    manifest = json.loads((other / "manifest.json").read_text(encoding="utf-8"))
    manifest["packages"]["scipy"], manifest["emostats"] = "0.1", "9.9"
    (other / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    found = compare_runs(run, other)
    assert found.same
    assert [text.split()[0] for text in found.versions] == ["emostats", "scipy"]


def test_what_is_no_run_is_refused(run: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no run folder"):
        compare_runs(run, tmp_path / "nothing")
