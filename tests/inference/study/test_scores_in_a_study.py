"""From videos to a report: clips are scored, the table goes into a study as it is, and the model is fitted.

The children are made up: each is an adult's still that turns into a smile, wider at the second visit.
"""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import emostats as em
from emostats.cli.app import app

STUDY = """
schema = 1
[study]
id = "session-scores"
title = "Session scores from simulated clips"
simulated = true
design = "single-group pre/post"
description = "Clips made from stills of adults; every number is simulated."
seed = 1
[sources.children]
file = "children.csv"
[sources.scores]
file = "scores.csv"
[subjects]
source = "children"
columns = { USUBJID = "child", SEX = "sex", AGE = "age" }
levels = { SEX = ["M", "F"] }
[subgroups]
factors = ["SEX"]
[[visits]]
name = "BASELINE"
label = "Baseline"
week = 0
baseline = true
[[visits]]
name = "WEEK12"
label = "Week 12"
week = 12
[session_scores]
source = "scores"
columns = { USUBJID = "USUBJID", SESSION = "SESSION", AVISIT = "AVISIT" }
[session_scores.parameters]
VALENCE = { column = "VALENCE", label = "Mean facial valence", range = [-1, 1] }
SMILES = { column = "SMILE_SHARE", label = "Time smiling", range = [0, 1] }
USABLE = { column = "USABLE", label = "Share of usable frames", range = [0, 1] }
[[analysis_sets]]
name = "FAS"
rule = "any_outcome"
[[analyses]]
name = "primary"
type = "mmrm"
parameters = ["VALENCE"]
analysis_set = "FAS"
formula = "AVAL ~ AVISIT * SEX + us(AVISIT | USUBJID)"
[outputs]
report = true
tables = false
figures = false
"""
ADULTS = ("002", "004", "013", "030", "032", "063", "097", "103", "118", "020")


@pytest.fixture(scope="module")
def folder(make, tmp_path_factory: pytest.TempPathFactory) -> Path:  # type: ignore[no-untyped-def]
    """Clips of ten children at two visits, one of them broken, with the lists that belong to them."""
    place = tmp_path_factory.mktemp("study")
    rng = np.random.default_rng(7)
    rows, children = [], []
    for number, adult in enumerate(ADULTS):
        child = f"{number + 1:03d}"
        children.append({"child": child, "sex": "MF"[number % 2], "age": 4 + number % 7})
        neutral, smiling = (
            make.scaled(make.picture(f"{adult}_{name}"), 240, 240) for name in ("neutral", "smiling")
        )
        for visit, level in (("BASELINE", rng.uniform(0.2, 0.6)), ("WEEK12", rng.uniform(0.5, 1.0))):
            peak = ((1 - level) * neutral + level * smiling).astype(np.uint8)
            name = f"{child}-{visit}.mp4"
            make.write_video(place / name, [neutral] * 5 + [peak] * 5, rate=10)
            rows.append({"video": name, "child": child, "session": "1", "visit": visit})
    (place / "010-WEEK12.mp4").write_bytes(b"cut off")
    for name, table in (("sessions.csv", rows), ("children.csv", children)):
        with (place / name).open("w", newline="") as stream:
            writer = csv.DictWriter(stream, table[0])
            writer.writeheader()
            writer.writerows(table)
    (place / "study.toml").write_text(STUDY)
    arguments = ["score", "--sessions", str(place / "sessions.csv"), "--out", str(place / "scores.csv")]
    done = CliRunner().invoke(app, [*arguments, "--min-seconds", "0.5", "-q"])
    assert done.exit_code == 1 and "010-WEEK12.mp4" in done.stderr  # the broken one, and it alone
    return place


def test_the_study_reads_the_scores_as_they_are(folder: Path) -> None:
    written = pd.read_csv(folder / "scores.csv", dtype={"USUBJID": str})
    data = em.read_study(folder / "study.toml")
    scores = data.session_scores
    assert set(scores["PARAMCD"]) == {"VALENCE", "SMILES", "USABLE"} and len(scores) == 3 * 20
    valence = scores[scores["PARAMCD"] == "VALENCE"]
    np.testing.assert_allclose(valence["AVAL"].to_numpy(float), written["VALENCE"].to_numpy(float))
    assert valence["AVAL"].isna().sum() == 1  # the broken video kept its row, without a value
    schema = json.loads(
        (Path(__file__).resolve().parents[3] / "data_schema" / "session_scores.json").read_text()
    )
    assert list(scores.columns) == [field["name"] for field in schema["fields"]]
    required = [field["name"] for field in schema["fields"] if field.get("constraints", {}).get("required")]
    assert scores[required].notna().all(axis=None)


def test_the_scores_go_through_the_model_into_the_report(folder: Path) -> None:
    run = em.run_study(folder / "study.toml", folder / "runs")
    estimates = pd.read_csv(run / "results" / "estimates.csv")
    change = estimates[(estimates["kind"] == "change") & (estimates["parameter"] == "VALENCE")]
    overall = change[change["subgroup"].fillna("") == ""].iloc[0]
    data = em.read_study(folder / "study.toml").observations
    wide = data[data["PARAMCD"] == "VALENCE"].pivot(index="USUBJID", columns="AVISIT", values="AVAL")
    assert pd.isna(overall["error"])
    assert overall["conf_low"] < overall["estimate"] < overall["conf_high"]
    assert overall["estimate"] == pytest.approx((wide["WEEK12"] - wide["BASELINE"]).mean(), abs=0.1)
    assert overall["estimate"] > 0.05  # the clips were made so
    page = (run / "report.html").read_text(encoding="utf-8")
    assert "Mean facial valence" in page and "Simulated data" in page


def test_the_model_of_the_scores_is_the_one_of_the_engine(folder: Path) -> None:
    observations = em.read_study(folder / "study.toml").observations
    data = observations[observations["PARAMCD"] == "VALENCE"].merge(
        pd.read_csv(folder / "children.csv", dtype={"child": str}).rename(
            columns={"child": "USUBJID", "sex": "SEX"}
        ),
        on="USUBJID",
    )
    fit = em.mmrm("AVAL ~ AVISIT * SEX + us(AVISIT | USUBJID)", data)
    assert fit.n_subjects == 10 and fit.n_observations == 19
