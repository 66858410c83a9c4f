"""Subgroups in depth, tipping points, responders and model cards, from a study file to the files of a run."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pandas as pd
import pytest

from emostats.errors import FindingsError
from emostats.pipeline import execute, rerender
from emostats.pipeline.describe import card_rows
from emostats.pipeline.rerender import read_results

ANALYSES = """
adjust = "holm"
percent_interval = "fieller"
responder = { SOCIAL = 2.0 }

[[analyses]]
name = "depth"
type = "subgroups"
of = "primary"
parameters = ["SOCIAL"]
continuous = "AGE"
separate = true

[[analyses]]
name = "tipping"
type = "tipping"
of = "primary"
parameters = ["SOCIAL"]

[outputs]
individual = true
language = "zh"
"""


def study_of(make_study, model_only, analyses: str = ANALYSES) -> Path:
    study = make_study(
        model_only,
        ("SITE = \"site\" }", 'SITE = "site", AGE = "age" }'),
        ('factors = ["SEX"]', 'factors = ["SEX", "SITE"]'),
        ("AVISIT * SEX +", "AVISIT * SEX * SITE +"),
    )  # fmt: skip
    scores = pd.read_csv(study.parent / "scores.csv", dtype={"child": str})
    order = scores["child"].astype(int)
    scores.assign(age=2 + (order * 7 % 31) / 3).round(3).to_csv(study.parent / "scores.csv", index=False)
    study.write_text(study.read_text(encoding="utf-8").rstrip() + analyses, encoding="utf-8")
    return study


@pytest.fixture(scope="module")
def model_only():
    from importlib import util

    found = util.spec_from_file_location("pipeline_conftest", Path(__file__).with_name("conftest.py"))
    assert found is not None and found.loader is not None
    module = util.module_from_spec(found)
    found.loader.exec_module(module)
    return module.MODEL_ONLY


def test_a_run_with_everything_comes_back_from_its_files(make_study, model_only, tmp_path):
    outcome = execute(study_of(make_study, model_only), tmp_path / "runs")
    assert outcome.failures == ()
    results = read_results(outcome.folder)
    rows = results.estimates
    depth = rows[rows["analysis"] == "depth"]
    assert set(depth["kind"]) == {"shrunken_change", "change_at", "test", "change"}
    assert len(depth[depth["kind"] == "change_at"]) == 21 and not depth["error"].astype(bool).any()
    shrunken = depth[(depth["kind"] == "shrunken_change") & (depth["visit"] == "WEEK12")]
    raw = rows[(rows["analysis"] == "primary") & (rows["kind"] == "change") & (rows["visit"] == "WEEK12")]
    raw = raw[raw["subgroup"] == "SEX:SITE"]
    assert set(shrunken["level"]) == set(raw["level"]) and len(shrunken) == 4
    assert (
        shrunken["estimate"].max() - shrunken["estimate"].min()
        <= raw["estimate"].max() - raw["estimate"].min()
    )

    differences = rows[(rows["kind"] == "difference_of_changes") & (rows["visit"] == "WEEK12")]
    family = differences[differences["parameter"] == "SOCIAL"]
    assert (family["p_adjusted"] >= family["p_value"]).all() and len(family) == 8
    least = family.loc[family["p_value"].idxmin()]
    assert least["p_adjusted"] == pytest.approx(min(1.0, 8 * least["p_value"]))

    percent = rows[(rows["kind"] == "percent_change") & (rows["parameter"] == "SOCIAL")]
    assert set(percent["method"]) == {"ratio of LS means, Fieller's interval"}

    responders = rows[(rows["analysis"] == "primary") & (rows["kind"] == "proportion")]
    overall = responders[(responders["visit"] == "WEEK12") & (responders["subgroup"] == "")].iloc[0]
    scores = pd.read_csv(tmp_path / "study" / "scores.csv").pivot(
        index="child", columns="visit", values="social"
    )
    gain = (scores["v2"] - scores["v0"]).dropna()
    assert (overall["n"], overall["estimate"]) == (len(gain), pytest.approx((gain >= 2).mean()))

    tipping = results.tables["tipping"]
    assert tipping["delta"].iloc[0] == 0 and (tipping["delta"].diff().dropna() < 0).all()
    assert {"curves", "shrinkage", "credibility", "courses", "burden"} <= set(results.tables)
    page = (outcome.folder / "report.html").read_text(encoding="utf-8")
    assert '<html lang="zh"' in page and "重复测量混合效应模型" in page
    assert 'id="fig-courses-primary-social"' in page and not re.search(
        r"\b10(0[1-9]|[12]\d|3[0-6])\b(?=</)", page
    )

    english = rerender(outcome.folder, tmp_path / "en.html", language="en").read_text(encoding="utf-8")
    assert "mixed model for repeated measures" in english


def test_a_subgroup_without_values_costs_nothing_else(make_study, model_only, tmp_path):
    study = study_of(make_study, model_only)
    scores = pd.read_csv(study.parent / "scores.csv", dtype={"child": str})
    gone = (scores["sex"] == "F") & (scores["site"] == "B") & (scores["visit"] == "v2")
    scores[~gone].to_csv(study.parent / "scores.csv", index=False)
    outcome = execute(study, tmp_path / "runs")
    rows = read_results(outcome.folder).estimates
    separate = rows[(rows["analysis"] == "depth") & (rows["kind"] == "change") & (rows["visit"] == "WEEK12")]
    failed = separate[separate["error"] != ""]
    assert set(failed["level"]) == {"Girls, B", "Girls", "B"}  # the two margins would average over it
    assert len(separate) == 8 and separate[separate["error"] == ""]["estimate"].notna().all()
    assert (outcome.folder / "report.html").exists()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('of = "primary"\nparameters = ["SOCIAL"]\nc', 'of = "prime"\nc', "no mmrm analysis"),
        ('continuous = "AGE"', 'continuous = "AGES"', "no variable 'AGES'"),
        ("SOCIAL = 2.0", "SOZIAL = 2.0", "'SOZIAL'"),
        ("SOCIAL = 2.0", "SOCIAL = -2.0", "greater than 0"),
        ('adjust = "holm"', 'adjust = "hulm"', "hulm"),
    ],
)  # fmt: skip
def test_what_is_wrong_in_the_study_file_is_told(make_study, model_only, tmp_path, old, new, said):
    assert old in ANALYSES
    study = study_of(make_study, model_only, ANALYSES.replace(old, new))
    with pytest.raises(FindingsError, match=said):
        execute(study, tmp_path / "runs")


def test_a_model_card_becomes_rows():
    card = {
        "name": "faces",
        "intended_use": {"for": ["clips", "stills"], "not for": "diagnosis"},
        "metrics": {"by": [{"sex": "F", "f1": 0.8}, {"sex": "M", "f1": 0.7}], "none": None},
    }
    assert list(card_rows(json.loads(json.dumps(card)))) == [
        ("", "name", "faces"),
        ("intended use", "for", "clips; stills"),
        ("intended use", "not for", "diagnosis"),
        ("metrics", "by 1, sex", "F"),
        ("metrics", "by 1, f1", "0.8"),
        ("metrics", "by 2, sex", "M"),
        ("metrics", "by 2, f1", "0.7"),
    ]
