"""Imputation against R rbmi 1.5.2, by the tolerances of its reference folder (pooling: test_rubin.py)."""

from __future__ import annotations

import runpy
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from emostats.statistics.missing import Ancova, impute
from emostats.statistics.missing.layout import lay_out
from emostats.statistics.missing.parameters import leave_one_out

FILES = {"MAR": "condmean_MAR", "J2R": "condmean_JR"}
LEVELS = {"placebo_minus_drug": "PLACEBO - DRUG", "lsmean_drug": "DRUG", "lsmean_placebo": "PLACEBO"}
ANCOVA = Ancova(covariates=["BASVAL"], reference="DRUG")


def beside(table: pd.DataFrame, results: list[dict]) -> pd.DataFrame:
    """Our rows next to rbmi's."""
    theirs = pd.DataFrame(results).assign(level=lambda d: d["quantity"].map(LEVELS))
    both = theirs.merge(table, left_on=["level", "visit"], right_on=["level", "VISIT"])
    assert len(both) == 12
    return both


def check_condmean(table: pd.DataFrame, results: list[dict]) -> None:
    both = beside(table, results)
    assert (np.abs(both["estimate"] - both["est"]) < 1e-6 * both["se"]).all()
    np.testing.assert_allclose(both["std_error"], both["se"], rtol=1e-6)
    np.testing.assert_allclose(both["conf_low"], both["lower"], atol=3e-6)
    np.testing.assert_allclose(both["conf_high"], both["upper"], atol=3e-6)
    seen = both["p"] > 1e-8
    np.testing.assert_allclose(both["p_value"][seen], both["p"][seen], rtol=1e-5)


def test_the_model_behind_the_imputation(trial_fit, reference):
    theirs = reference("imputation_model")["reference"]
    assert trial_fit.deviance == pytest.approx(theirs["minus2_restricted_loglik"], abs=1e-6)
    names = reference("imputation_model")["coefficient_names"]
    error = np.sqrt(np.diag(np.array(theirs["coefficient_covariance"])))
    found = np.array([_coefficient(trial_fit, name) for name in names])
    assert (np.abs(found - theirs["coefficients"]) < 1e-6 * error).all()
    Sigma = np.array(theirs["covariance"])
    assert np.abs(trial_fit.covariance.to_numpy() - Sigma).max() < 1e-5 * Sigma.max()


def _coefficient(fit, name: str) -> float:
    """By name, whatever the order of an interaction's parts."""
    wanted = sorted(name.split(":"))
    return next(value for key, value in fit.beta.items() if sorted(key.split(":")) == wanted)


def test_leave_one_out_fits(trial_fit, trial, reference):
    layout = lay_out(trial_fit, trial, "THERAPY")
    parameters = leave_one_out(layout)
    names = reference("imputation_model")["coefficient_names"]
    order = [
        next(
            i for i, key in enumerate(trial_fit.beta.index) if sorted(key.split(":")) == sorted(n.split(":"))
        )
        for n in names
    ]
    error = np.sqrt(np.diag(np.array(reference("imputation_model")["reference"]["coefficient_covariance"])))
    for case in reference("imputation_model")["leave_one_out"]:
        i = layout.subjects.get_loc(case["left_out"])
        assert (np.abs(parameters.beta[i, order] - case["coefficients"]) < 1e-6 * error).all()
        Sigma = np.array(case["covariance"])
        assert np.abs(parameters.Sigma[i, 0] - Sigma).max() < 1e-5 * Sigma.max()


def test_events_are_the_first_affected_visits(condmean, reference):
    plan, layout = condmean["MAR"].plan, condmean["MAR"].layout
    found = {
        str(subject): layout.visits[visit]
        for subject, visit in zip(layout.subjects, plan.visit, strict=True)
        if visit < len(layout.visits)
    }
    assert found == {k: str(v) for k, v in reference("imputation_model")["first_affected_visit"].items()}


@pytest.mark.parametrize("strategy", ["MAR", "J2R"])
def test_conditional_means(condmean, reference, strategy):
    theirs, table = reference(FILES[strategy]), condmean[strategy].table()
    ours = table.set_index(["PATIENT", "VISIT"])
    for patient in theirs["patients"]:
        for visit, value in patient["imputed"].items():
            row = ours.loc[(patient["patient"], visit)]
            assert row["IMPUTED_MEAN"] == pytest.approx(value, abs=1e-5)
            after = patient["mean_after_strategy"][int(visit) - 4]
            assert row["MEAN"] == pytest.approx(after, abs=1e-5)
    for total in theirs["imputed_sums"]:
        mine = table[(table["THERAPY"] == total["therapy"]) & (table["VISIT"] == total["visit"])][
            "IMPUTED_MEAN"
        ]
        assert len(mine) == total["n"]
        assert mine.sum() == pytest.approx(total["sum"], abs=1e-5 * total["n"])
        assert (mine**2).sum() == pytest.approx(total["sum_of_squares"], rel=1e-5)


@pytest.mark.parametrize("strategy", ["MAR", "J2R"])
def test_jackknife(condmean, reference, strategy):
    theirs = reference(FILES[strategy])
    found = condmean[strategy].analyse(ANCOVA)
    check_condmean(found.table(), theirs["results"])
    order = condmean[strategy].layout.subjects.get_indexer(theirs["jackknife"]["left_out"])
    for visit, values in theirs["jackknife"]["placebo_minus_drug"].items():
        row = found.row({"level": "PLACEBO - DRUG", "VISIT": visit})
        np.testing.assert_allclose(found.left_out[order, row], values, atol=1e-6)


@pytest.mark.parametrize("strategy", ["MAR", "J2R"])
def test_ordinary_ancova_of_the_completed_data(condmean, reference, strategy):
    found = condmean[strategy].analyse(ANCOVA)
    plain = found.rows.assign(estimate=found.estimates[0], std_error=found.std_errors[0])
    both = beside(plain, reference(FILES[strategy])["completed_data_ancova"])
    np.testing.assert_allclose(both["estimate"], both["est"], atol=1e-6)
    np.testing.assert_allclose(both["std_error"], both["se"], rtol=1e-6)
    assert (found.df == 169).all()


def test_delta_grid_and_tipping_point(condmean, reference):
    theirs = reference("delta_grid")
    for case in theirs["grid"]:
        shifted = condmean["MAR"].with_delta({"DRUG": case["delta"]})
        assert (shifted.delta != 0).sum() == (37 if case["delta"] else 0)
        check_condmean(shifted.analyse(ANCOVA).table(), case["results"])
    of = {"kind": "contrast", "VISIT": "7"}
    tipping = condmean["MAR"].tipping_point(ANCOVA, delta={"DRUG": 1.0}, of=of)
    assert tipping.delta == pytest.approx(theirs["tipping_visit_7"]["delta"], abs=1e-5)
    assert tipping.grid["significant"].iloc[0] and not tipping.grid["significant"].iloc[-1]
    started_elsewhere = condmean["MAR"].with_delta({"DRUG": 1.0})
    again = started_elsewhere.tipping_point(ANCOVA, delta={"DRUG": 1.0}, of=of)
    assert again.delta == pytest.approx(tipping.delta, abs=1e-9)


@pytest.mark.parametrize(("strategy", "name"), [("MAR", "MAR"), ("J2R", "JR")])
def test_approximate_bayes_within_monte_carlo_error(trial_fit, reference, strategy, name):
    m = 600
    imputation = impute(
        trial_fit, arm="THERAPY", strategy=strategy, reference="PLACEBO", method="approximate-bayes",
        n_imputations=m, seed=20250601,
    )  # fmt: skip
    case = next(c for c in reference("approxbayes")["strategies"] if c["strategy"] == name)
    both = beside(imputation.analyse(ANCOVA).table(), case["run_1500"])
    short = pd.DataFrame(case["run_150"])[["quantity", "visit", "mcse_est", "mcse_se"]]
    both = both.merge(short, on=["quantity", "visit"])
    bound = 4 * np.sqrt(150 / m + 150 / 1500)
    for ours, theirs, sds in (
        ("estimate", "est", ["mcse_est", "sd150_est"]),
        ("std_error", "se", ["mcse_se", "sd150_se"]),
    ):
        apart = np.abs(both[ours] - both[theirs])
        assert (apart <= bound * both[sds].max(axis=1) + 1e-9).all()
    first = both["visit"] == "4"
    np.testing.assert_allclose(both.loc[first, "df_y"], both.loc[first, "df_x"], rtol=1e-9)


def test_the_analysis_of_the_repository_runs(capsys, tmp_path):
    """analyses/antidepressant/analysis.py compares itself with rbmi and stops where it differs."""
    script = Path(__file__).resolve().parents[3] / "analyses" / "antidepressant" / "analysis.py"
    table = runpy.run_path(str(script))["main"](tmp_path)
    assert table["strategy"].tolist() == ["MAR", "LMCF", "CIR", "CR", "J2R"]
    assert (table["estimate"].diff().dropna() < 0).all()
    assert "2.508" in capsys.readouterr().out
    assert "</svg>" in (tmp_path / "tipping_point.svg").read_text(encoding="utf-8")
