"""The antidepressant trial, its model, and rbmi's figures (tests/reference/missing_data)."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import emostats as em
from emostats.statistics.missing import Imputation, impute
from emostats.statistics.mmrm import MMRMFit

ROOT = Path(__file__).resolve().parents[3]
FORMULA = "CHANGE ~ THERAPY + VISIT + BASVAL*VISIT + THERAPY*VISIT + us(VISIT | PATIENT)"


@pytest.fixture(scope="session")
def reference() -> Callable[[str], dict[str, Any]]:
    folder = ROOT / "tests" / "reference" / "missing_data"
    return lambda name: json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def trial() -> pd.DataFrame:
    path = ROOT / "analyses" / "antidepressant" / "data" / "antidepressant_hamd17.csv"
    return pd.read_csv(path, dtype={"PATIENT": "str", "VISIT": "str"})


@pytest.fixture(scope="session")
def trial_fit(trial: pd.DataFrame) -> MMRMFit:
    return em.mmrm(FORMULA, trial)


@pytest.fixture(scope="session")
def condmean(trial_fit: MMRMFit) -> dict[str, Imputation]:
    return {
        name: impute(trial_fit, arm="THERAPY", strategy=name, reference="PLACEBO") for name in ("MAR", "J2R")
    }
