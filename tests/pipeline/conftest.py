"""A small study, written as files, and one finished run of it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from emostats.pipeline import Outcome, execute

STUDY = """
schema = 1

[study]
id = "small"
title = "A small simulated study"
simulated = true
seed = 7

[sources.scores]
file = "scores.csv"

[sources.ratings]
file = "ratings.csv"

[subjects]
source = "scores"
columns = { USUBJID = "child", SEX = "sex", SITE = "site" }
levels = { SEX = ["M", "F"] }
labels = { SEX = { M = "Boys", F = "Girls" } }

[subgroups]
factors = ["SEX"]

[[visits]]
name = "BASELINE"
label = "Baseline"
value = "v0"
baseline = true

[[visits]]
name = "WEEK04"
label = "Week 4"
value = "v1"

[[visits]]
name = "WEEK12"
label = "Week 12"
value = "v2"

[[measurements]]
source = "scores"
columns = { USUBJID = "child", AVISIT = "visit" }
[measurements.parameters]
SOCIAL = { column = "social", label = "Social interest", unit = "points", range = [0, 20] }
MOOD = { column = "mood", label = "Mood", unit = "points", range = [-20, 20] }

[ratings]
source = "ratings"
columns = { USUBJID = "child", CLIP = "clip", RATER = "rater" }
range = [1, 7]
[ratings.domains]
RHYTHM = { column = "rhythm", label = "Rhythm matching" }

[[analysis_sets]]
name = "FAS"
label = "Full analysis set"
rule = "any_outcome"

[[analyses]]
name = "primary"
type = "mmrm"
parameters = ["SOCIAL", "MOOD"]
analysis_set = "FAS"
formula = "AVAL ~ AVISIT * SEX + us(AVISIT | USUBJID)"

[[analyses]]
name = "resampled"
type = "bootstrap"
of = "primary"
parameters = ["SOCIAL"]
n_resamples = 200
method = "percentile"
strata = ["SEX"]

[[analyses]]
name = "agreement"
type = "icc"
domains = ["RHYTHM"]
by = ["SEX"]
matching_threshold = 5
"""

CHILDREN, VISITS = 36, ("v0", "v1", "v2")


def scores(children: int = CHILDREN) -> pd.DataFrame:
    """Scores of children numbered from 1001, some lost before the last visit, none at random about it."""
    rng = np.random.default_rng(11)
    rows = []
    for child in range(children):
        level = rng.normal(8, 1)
        for visit, name in enumerate(VISITS):
            if name == "v2" and child % 9 == 4:
                continue
            social = level + (1.0 + 0.5 * (child % 2)) * visit + rng.normal(0, 0.7)
            rows.append(
                (f"{1001 + child}", "MF"[child % 2], "AB"[child % 3 == 0], name, social, rng.normal())
            )
    table = pd.DataFrame(rows, columns=["child", "sex", "site", "visit", "social", "mood"])
    return table.round({"social": 3, "mood": 3})


def ratings(children: int = CHILDREN) -> pd.DataFrame:
    rng = np.random.default_rng(12)
    rows = []
    for child in range(children):
        quality = rng.normal(5, 1)
        for rater in ("R1", "R2", "R3"):
            value = int(np.clip(round(quality + rng.normal(0, 0.5)), 1, 7))
            rows.append((f"{1001 + child}", f"c{child}", rater, value))
    return pd.DataFrame(rows, columns=["child", "clip", "rater", "rhythm"])


def write_small_study(folder: Path, text: str = STUDY) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    scores().to_csv(folder / "scores.csv", index=False)
    ratings().to_csv(folder / "ratings.csv", index=False)
    (folder / "study.toml").write_text(text, encoding="utf-8")
    return folder / "study.toml"


MakeStudy = Callable[..., Path]


@pytest.fixture
def make_study(tmp_path: Path) -> MakeStudy:
    """Writes the study; each (old, new) pair given replaces a piece of its study file."""

    def make(*changes: tuple[str, str]) -> Path:
        text = STUDY
        for old, new in changes:
            assert old in text, f"the study file has no {old!r}"
            text = text.replace(old, new)
        return write_small_study(tmp_path / "study", text)

    return make


MODEL_ONLY = (STUDY[STUDY.index('[[analyses]]\nname = "resampled"') :], "")
"""A change of the study file that leaves the mixed model as its only analysis."""


@pytest.fixture
def quick_study(make_study: MakeStudy) -> Path:
    """The study with its mixed model alone."""
    return make_study(MODEL_ONLY)


@pytest.fixture(scope="session")
def _model_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    study = write_small_study(folder / "study", STUDY.replace(*MODEL_ONLY))
    return execute(study, folder / "runs").folder


@pytest.fixture
def run(_model_run: Path, tmp_path: Path) -> Path:
    """A finished run of the mixed model, with its study beside it, for a test to spoil."""
    shutil.copytree(_model_run.parents[1], tmp_path / "spoil")
    return tmp_path / "spoil" / "runs" / _model_run.name


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """One run with all analyses; tests read it and do not change it."""
    folder = tmp_path_factory.mktemp("finished")
    return execute(write_small_study(folder / "study"), folder / "runs")
