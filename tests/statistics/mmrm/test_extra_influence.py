"""Deletion diagnostics: regression's own formulas, refits from scratch, and the one-step approximation."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from small_data import complete_trial, small_trial

import emostats as em
from emostats.errors import UsageError

MODEL = "Y ~ ARM * VISIT + AGE"
CASES = [
    ("us(VISIT | ID)", {}),
    ("toeph(VISIT | ARM / ID)", {}),
    ("ar1(VISIT | ID)", {"reml": False}),
    ("cs(VISIT | ID)", {"weights": "W"}),
    ("sp_exp(DAY | ID)", {}),
]


def trial() -> pd.DataFrame:
    return small_trial(30, seed=9)


# -- ordinary regression ---------------------------------------------------------------------------


def test_one_visit_is_the_influence_of_a_regression() -> None:
    data = complete_trial(25, visits=("V1",)).set_index("ID", drop=False)
    fitted = em.mmrm("Y ~ ARM + AGE + us(VISIT | ID)", data)
    result = fitted.influence(method="refit")
    ols = smf.ols("Y ~ ARM + AGE", data).fit()
    theirs, measures = ols.get_influence(), result.measures.loc[data["ID"]]
    np.testing.assert_allclose(measures["cooks_distance"], theirs.cooks_distance[0], rtol=1e-7)
    np.testing.assert_allclose(measures["covratio"], theirs.cov_ratio, rtol=1e-7)
    np.testing.assert_allclose(result.dfbetas.loc[data["ID"]], theirs.dfbetas, rtol=1e-7)
    df, s2 = ols.df_resid, ols.scale
    without = (df * s2 - ols.resid**2 / (1 - theirs.hat_matrix_diag)) / (df - 1)
    np.testing.assert_allclose(result.theta.loc[data["ID"], "variance(V1)"], without, rtol=1e-7)
    expected = df * (np.log(without / s2) + s2 / without - 1)
    np.testing.assert_allclose(measures["likelihood_distance"], expected, atol=1e-8)


# -- from scratch ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("covariance", "options"), CASES)
def test_every_deletion_is_the_fit_without_the_subject(covariance: str, options: dict[str, Any]) -> None:
    data = trial()
    fitted = em.mmrm(f"{MODEL} + {covariance}", data, **options)
    result = fitted.influence(method="refit")
    table = result.table().set_index("ID")
    for subject in ("S00", "S07", "S18"):
        alone = em.mmrm(f"{MODEL} + {covariance}", data[data["ID"] != subject], **options)
        np.testing.assert_allclose(result.estimates.loc[subject], alone.beta, atol=1e-6)
        np.testing.assert_allclose(result.theta.loc[subject], alone.theta, rtol=1e-5)
        change = (fitted.beta - alone.beta).to_numpy()
        cook = change @ np.linalg.solve(fitted.inference.vcov, change) / len(change)
        ratio = np.linalg.det(alone.inference.vcov) / np.linalg.det(fitted.inference.vcov)
        assert table.loc[subject, "cooks_distance"] == pytest.approx(cook, rel=1e-5)
        assert table.loc[subject, "covratio"] == pytest.approx(ratio, rel=1e-5)
        assert table.loc[subject, "n_observations"] == data.loc[data["ID"] == subject, "Y"].notna().sum()


def test_a_site_can_be_left_out_as_a_whole() -> None:
    data = trial()
    data["SITE"] = "site " + (data["ID"].str[1:].astype(int) % 5).astype(str)
    fitted = em.mmrm(f"{MODEL} + us(VISIT | ID)", data)
    result = fitted.influence("SITE", method="refit")
    assert sorted(result.table()["SITE"]) == [f"site {i}" for i in range(5)]
    alone = em.mmrm(f"{MODEL} + us(VISIT | ID)", data[data["SITE"] != "site 3"])
    np.testing.assert_allclose(result.estimates.loc["site 3"], alone.beta, atol=1e-6)
    step = fitted.influence("SITE", method="one-step")
    moved, near = result.estimates.loc["site 3"] - fitted.beta, step.estimates.loc["site 3"] - fitted.beta
    assert np.linalg.norm(near - moved) < 0.5 * np.linalg.norm(moved)


# -- one step --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("covariance", "options"), CASES)
def test_one_step_is_close_when_no_subject_carries_much(covariance: str, options: dict[str, Any]) -> None:
    data = pd.concat(
        [trial().assign(ID=lambda d, i=i: d["ID"] + str(i)) for i in range(6)], ignore_index=True
    )
    data["Y"] += np.random.default_rng(1).normal(size=len(data))
    fitted = em.mmrm(f"{MODEL} + {covariance}", data, **options)
    full, step = fitted.influence(method="refit"), fitted.influence(method="one-step")
    for name in ("cooks_distance", "covratio", "likelihood_distance", "cooks_distance_covariance"):
        assert np.corrcoef(full.measures[name], step.measures[name])[0, 1] > 0.99, name
    moved = (full.theta - fitted.theta).to_numpy()
    missed = (step.theta - full.theta).to_numpy()
    assert np.linalg.norm(missed) < 0.15 * np.linalg.norm(moved)
    moved, missed = (full.estimates - fitted.beta).to_numpy(), (step.estimates - full.estimates).to_numpy()
    assert np.linalg.norm(missed) < 0.05 * np.linalg.norm(moved)


def test_one_step_at_fixed_covariance_is_the_deletion_of_generalised_least_squares() -> None:
    """With an independence structure the coefficients do not depend on θ: the step must be exact."""
    data = trial()
    fitted = em.mmrm(f"{MODEL} + ind(VISIT | ID)", data)
    step, full = fitted.influence(method="one-step"), fitted.influence(method="refit")
    np.testing.assert_allclose(step.estimates, full.estimates, atol=1e-8)


def test_many_subjects_take_one_step_and_say_so() -> None:
    rng = np.random.default_rng(3)
    n = 2500
    data = pd.DataFrame({"ID": np.repeat(np.arange(n), 2), "VISIT": np.tile(["a", "b"], n)})
    data["Y"] = np.repeat(rng.normal(size=n), 2) + rng.normal(size=2 * n)
    data.loc[10, "Y"] = 25.0
    result = em.mmrm("Y ~ VISIT + us(VISIT | ID)", data).influence()
    table = result.table()
    assert result.method == "one-step" and set(table["method"]) == {"one-step"}
    assert table["ID"].iloc[0] == 5 and len(table) == n
    assert em.mmrm("Y ~ VISIT + us(VISIT | ID)", data.head(200)).influence().method == "refit"


# -- tables and edges ------------------------------------------------------------------------------


def test_an_outlier_comes_first() -> None:
    data = trial()
    data.loc[(data["ID"] == "S11") & (data["VISIT"] == "V3"), "Y"] = 60.0
    table = em.mmrm(f"{MODEL} + us(VISIT | ID)", data).influence().table()
    assert table.columns.tolist() == [
        "ID", "n_observations", "cooks_distance", "covratio", "likelihood_distance",
        "cooks_distance_covariance", "dfbetas", "term", "method", "note",
    ]  # fmt: skip
    assert table["ID"].iloc[0] == "S11" and table["cooks_distance"].is_monotonic_decreasing
    assert (table["cooks_distance"] >= 0).all() and (table["likelihood_distance"] >= 0).all()


@pytest.mark.parametrize("method", ["refit", "one-step"])
def test_a_subject_that_the_model_cannot_do_without_is_named(method: str) -> None:
    data = trial()
    data["SEEN"] = np.where(data["ID"] == "S05", 1.0, 0.0)
    fitted = em.mmrm("Y ~ ARM + VISIT + SEEN + cs(VISIT | ID)", data)
    table = fitted.influence(method=method).table()
    assert table["ID"].iloc[0] == "S05" and "cannot be fitted" in table["note"].iloc[0]
    assert np.isnan(table["cooks_distance"].iloc[0]) and (table["note"][1:] == "").all()


def test_the_order_of_rows_does_not_matter() -> None:
    data = trial()
    shuffled = data.sample(frac=1.0, random_state=4)
    a, b = (
        em.mmrm(f"{MODEL} + us(VISIT | ID)", rows).influence(method="one-step") for rows in (data, shuffled)
    )
    pd.testing.assert_frame_equal(a.measures.sort_index(), b.measures.sort_index(), rtol=1e-6, atol=1e-9)


def test_what_cannot_be_left_out_is_refused() -> None:
    fitted = em.mmrm(f"{MODEL} + us(VISIT | ID)", trial())
    with pytest.raises(UsageError, match="constant within a ID"):
        fitted.influence("VISIT")
    with pytest.raises(UsageError, match="'SITE' is not a column"):
        fitted.influence("SITE")
    with pytest.raises(UsageError, match="refit, one-step"):
        fitted.influence(method="jackknife")
    with pytest.raises(UsageError, match="two or more units"):
        em.mmrm("Y ~ VISIT + cs(VISIT | ID)", trial().assign(ALL="one")).influence("ALL")
