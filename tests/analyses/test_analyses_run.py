"""The two analyses that come with the repository, run as their scripts run them.

R's figures: analyses/autism_vsae/README.md (R package mmrm 0.3.18).
"""

from __future__ import annotations

import json
import re
import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import emostats as em
from emostats.errors import UsageError

ANALYSES = Path(__file__).resolve().parents[2] / "analyses"


def script(name: str) -> dict[str, Any]:
    return runpy.run_path(str(ANALYSES / name / "analysis.py"))


def read_estimates(run: Path) -> pd.DataFrame:
    return pd.read_csv(run / "results" / "estimates.csv", keep_default_na=False, na_values=[""])


@pytest.fixture(scope="module")
def real(tmp_path_factory) -> tuple[Path, pd.DataFrame]:
    return script("autism_vsae")["main"](tmp_path_factory.mktemp("real"))


@pytest.fixture(scope="module")
def simulated(tmp_path_factory) -> tuple[Path, pd.DataFrame]:
    return script("emomusik_182")["main"](tmp_path_factory.mktemp("simulated") / "study")


def test_the_real_study_has_every_figure_of_r(real):
    comparison = real[1]
    expected = [4336.778, -0.6569, 0.7508, 156.50, 95.8, 42.0, 49.6]
    assert comparison["R"].tolist() == expected
    ours = comparison["emostats"].to_numpy()
    half_a_digit = 0.5 * 10.0 ** -np.array([3, 4, 4, 1, 1, 1, 1])
    assert (np.abs(ours - expected) <= half_a_digit * (1 + 1e-9)).all(), comparison
    assert comparison["agrees"].all()


def test_the_comparison_with_r_notices_a_wrong_figure():
    module = script("autism_vsae")
    place = {"analysis": "primary", "visit": "AGE13", "subgroup": "SICDEGP", "kind": "ls_mean"}
    rows = [
        {"kind": "fit", "term": "AIC", "estimate": 4336.77751},
        {"kind": "coefficient", "term": "SEXM", "estimate": -0.65695, "std_error": 0.7508, "den_df": 156.56},
        {**place, "level": "High language", "estimate": 95.80},
        {**place, "level": "Low language", "estimate": 42.06},
        {**place, "level": "Medium language", "estimate": 49.6},
    ]
    agrees = module["compared_with_r"](pd.DataFrame(rows))["agrees"]
    assert agrees.tolist() == [True, True, True, False, True, False, True]


def test_the_model_of_the_real_study_through_the_python_surface():
    """em.read_study and em.mmrm give the same figures as the run."""
    data = em.read_study(ANALYSES / "autism_vsae" / "study.toml").analysis_table("VSAE")
    assert data["USUBJID"].nunique() == 155
    assert data.groupby("AVISIT", observed=True).size().tolist() == [154, 146, 91, 119, 94]
    fit = em.mmrm("AVAL ~ SICDEGP * AVISIT + SEX + us(AVISIT | USUBJID)", data)
    assert fit.aic == pytest.approx(4336.778, abs=5e-4)
    boy = fit.coefficients().set_index("term").loc["SEXM"]
    assert boy["estimate"] == pytest.approx(-0.6569, abs=5e-5)
    assert boy["std_error"] == pytest.approx(0.7508, abs=5e-5)
    assert boy["df"] == pytest.approx(156.5058, abs=1e-4)  # at the exact optimum; R prints 156.50


def test_the_real_study_reports_changes_by_language_with_a_bootstrap_beside_them(real):
    estimates = read_estimates(real[0])
    changes = estimates[(estimates["kind"] == "change") & (estimates["subgroup"] == "SICDEGP")]
    for analysis in ("primary", "bootstrap"):
        mine = changes[(changes["analysis"] == analysis) & (changes["visit"] == "AGE13")]
        assert set(mine["level"]) == {"High language", "Low language", "Medium language"}
        assert mine["error"].isna().all()
        assert (mine["conf_low"] < mine["estimate"]).all() and (mine["estimate"] < mine["conf_high"]).all()
    wide = changes.pivot_table(index=["visit", "level"], columns="analysis", values="estimate")
    assert wide["primary"].to_numpy() == pytest.approx(wide["bootstrap"].to_numpy())


def test_the_simulated_study_recovers_its_population(simulated):
    """One sample, so single intervals may miss; most must not, and no estimate may be far off."""
    comparison = simulated[1]
    assert comparison.groupby("quantity").size().to_dict() == {"icc": 8, "matching accuracy": 8, "mean": 80}
    means = comparison[comparison["quantity"] == "mean"]
    assert means["covered"].mean() > 0.85
    error = (means["conf_high"] - means["conf_low"]) / (2 * 1.96)
    assert ((means["estimate"] - means["value"]).abs() / error).max() < 4.0
    agreement = comparison[comparison["quantity"] == "icc"]
    assert (agreement["estimate"] - agreement["value"]).abs().max() < 0.12


def test_the_four_published_means_are_in_the_comparison(simulated):
    published = simulated[1].query("source == 'paper, abstract'")
    rows = published[["parameter", "visit", "level", "value"]].values.tolist()
    assert rows == [
        ["SOCINT", "BASELINE", "Boys, 1–6", 1.280],
        ["SOCINT", "WEEK12", "Boys, 1–6", 2.540],
        ["EMORESP", "BASELINE", "Girls, 7–12", 1.670],
        ["EMORESP", "WEEK12", "Girls, 7–12", 3.120],
    ]


@pytest.mark.parametrize("which", ["real", "simulated"])
def test_a_run_has_a_report_no_failed_row_and_a_complete_manifest(which, request):
    run = request.getfixturevalue(which)[0]
    report = re.sub(
        r"<style.*?</style>", "", (run / "report.html").read_text(encoding="utf-8"), flags=re.DOTALL
    )
    assert ("simulated data" in report.lower()) == (which == "simulated")
    estimates = read_estimates(run)
    assert estimates["error"].isna().all(), estimates.loc[
        estimates["error"].notna(), ["estimate_id", "error"]
    ]
    manifest = json.loads((run / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["status"] == "complete"
    assert manifest["seed"] == {"real": 2009, "simulated": 20251}[which]


def test_the_simulated_study_is_not_written_over_another(simulated):
    study = simulated[0].parents[1]
    before = sorted(path.relative_to(study) for path in study.rglob("*"))
    with pytest.raises(UsageError, match="not empty"):
        script("emomusik_182")["main"](study)
    assert sorted(path.relative_to(study) for path in study.rglob("*")) == before


def test_the_real_data_stand_beside_their_licence():
    data = ANALYSES / "autism_vsae" / "data"
    assert "GNU GENERAL PUBLIC LICENSE" in (data / "LICENSE").read_text(encoding="utf-8")
    assert "GPL-2" in (data / "README.md").read_text(encoding="utf-8")
