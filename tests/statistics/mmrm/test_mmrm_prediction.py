"""Predictions, residuals and simulated outcomes: R's and SAS' figures, and dense conditional normals."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
from mmrm_references import check, fev_data, fit, r_cases, sas_cases, treatment_coding, worst
from scipy import stats
from slow_reference import SPATIAL, build, natural_theta
from small_data import small_trial

import emostats as em
from emostats.errors import UsageError

EXTRA = [case for case in r_cases() if r_cases()[case].get("extra")]
USED = fev_data()["FEV1"].notna().to_numpy()


def long_vector(quantity: str, got: Any, reference: dict[str, Any], *, scale: float) -> list[Any]:
    """The first twenty values and the two sums of a long vector; `scale` is the size of one value."""
    got = np.asarray(got, float)
    assert len(got) == reference["n"] and int(np.isnan(got).sum()) == reference["n_na"]
    return [
        worst(f"{quantity}.first20", got[:20], reference["first20"], tolerance=1e-7, scale=scale),
        worst(f"{quantity}.sum", got.sum(), reference["sum"], tolerance=1e-7, scale=scale * len(got)),
        worst(f"{quantity}.sumsq", (got**2).sum(), reference["sumsq"], tolerance=1e-7),
    ]


# -- R -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["response", "pearson", "normalized"])
@pytest.mark.parametrize("case_id", EXTRA)
def test_residuals_equal_r(case_id: str, kind: str) -> None:
    extra = r_cases()[case_id]["extra"]
    residuals = fit(case_id).residuals(kind)
    assert (residuals.index[:20] + 1).tolist() == extra["residual_rows"]
    scale = np.sqrt(extra["residuals"][kind]["sumsq"] / 537)
    check(*long_vector(f"residuals[{kind}]", residuals, extra["residuals"][kind], scale=scale))


@pytest.mark.parametrize("case_id", EXTRA)
def test_predictions_equal_r(case_id: str) -> None:
    """R mmrm gives rows to predict weight 1 even after a weighted fit; `weighted=False` does the same."""
    fitted, extra = fit(case_id), r_cases()[case_id]["extra"]
    mean, given = fitted.predict(), fitted.predict(conditional=True, weighted=False)
    check(
        *long_vector("fitted", fitted.fitted, extra["fitted"], scale=1.0),
        *long_vector("mean", mean["estimate"], extra["predict_unconditional"], scale=1.0),
        *long_vector("mean se", mean["std_error"], extra["predict_unconditional_se_sqrt_xvx"], scale=1.0),
        *long_vector("given", given["estimate"], extra["predict_conditional"], scale=1.0),
        *long_vector("given se", given["std_error"], extra["predict_conditional_se"], scale=1.0),
    )


# -- SAS ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("case_id", [key for key in sas_cases() if key.startswith("sas_predict")])
def test_predictions_equal_sas(case_id: str) -> None:
    """OUTPM: the mean. OUTP: rows without an outcome, given the subject's others, with prediction error."""
    case, fitted = sas_cases()[case_id], fit(case_id)
    mean, given = fitted.predict(), fitted.predict(conditional=True, interval="prediction")
    p = np.where(USED, mean["estimate"], given["estimate"])
    p_se = np.where(USED, mean["std_error"], given["std_error"])
    n = len(case["pm"])
    check(
        worst("pm", mean["estimate"][:n], case["pm"], tolerance=5e-3, scale=np.array(case["pm_se"])),
        worst("pm_se", mean["std_error"][:n], case["pm_se"], tolerance=1.6e-4),
        worst("p", p[:n], case["p"], tolerance=5e-3, scale=np.array(case["pm_se"])),
        worst("p_se", p_se[:n], case["p_se"], tolerance=2.2e-4),
        worst("pm_sum", mean["estimate"].sum(), case["pm_sum"], tolerance=5e-3, scale=case["pm_se_sum"]),
        worst("pm_se_sum", mean["std_error"].sum(), case["pm_se_sum"], tolerance=1.6e-4),
        worst("p_sum", p.sum(), case["p_sum"], tolerance=5e-3, scale=case["pm_se_sum"]),
        worst("p_se_sum", p_se.sum(), case["p_se_sum"], tolerance=2.2e-4),
    )


def test_residuals_equal_sas() -> None:
    rows = sas_cases()["sas_resid_un"]["residuals_first20_rows_with_outcome"]
    fitted = fit("sas_resid_un", "between-within")
    at = [row["row"] - 1 for row in rows]
    for kind, key, tolerance in (
        ("response", "resid", 5e-5 + 5e-3),  # SAS' coefficients are up to 5e-3 standard errors away
        ("pearson", "pearson", 5e-6 + 1e-3),
        ("normalized", "scaled_resid", 5e-6 + 1e-3),
    ):
        values = np.array([row[key] for row in rows])
        check(worst(kind, fitted.residuals(kind).loc[at], values, tolerance=tolerance, scale=1.0))


# -- the conditional normal, densely -----------------------------------------------------------

MODELS = {
    "us": ("us(VISIT | ID)", None),
    "us, weighted": ("us(VISIT | ID)", "W"),
    "toeph, grouped": ("toeph(VISIT | ARM / ID)", None),
    "sp_exp, weighted": ("sp_exp(DAY, DEPTH | ID)", "W"),
}


@cache
def model(name: str) -> tuple[Any, Any, pd.DataFrame]:
    """The engine's fit, the slow model at the same covariance with every row in it, and the data."""
    covariance, weights = MODELS[name]
    data = small_trial()
    fitted = em.mmrm(f"Y ~ ARM * VISIT + {covariance}", data, weights=weights)
    structure = covariance.split("(")[0]
    if structure in SPATIAL:
        places, theta = list(zip(data["DAY"], data["DEPTH"], strict=True)), fitted.theta.to_numpy()
    else:
        blocks = fitted.covariance.values() if "/" in covariance else [fitted.covariance]
        places = data["VISIT"].cat.codes.tolist()
        theta = np.concatenate([natural_theta(structure, block.to_numpy()) for block in blocks])
    slow = build(
        y=np.arange(float(len(data))), X=treatment_coding(data, "ARM", "VISIT", "ARM:VISIT"), ids=data["ID"],
        places=places, structure=structure, n_visits=4, theta=theta, weights=data["W"] if weights else None,
        groups=data["ARM"].cat.codes if "/" in covariance else None,
    )  # fmt: skip
    return fitted, slow, data


@pytest.mark.parametrize("name", list(MODELS))
def test_conditional_predictions_are_the_conditional_normal(name: str) -> None:
    """Every subject's joint covariance of all rows, and Schur complements; SE also by a generalised BLUP."""
    fitted, slow, data = model(name)
    got = fitted.predict(conditional=True)
    future = fitted.predict(conditional=True, interval="prediction")
    beta, vcov = fitted.beta.to_numpy(), fitted.beta_vcov.to_numpy()
    for subject in slow.subjects:
        rows = subject.y.astype(int)  # the slow model's outcomes are row numbers
        y, V, X = data["Y"].to_numpy()[rows], slow.V(subject, slow.theta), subject.X
        seen = ~np.isnan(y)
        if seen.all() or not seen.any():
            continue
        K = V[np.ix_(~seen, seen)] @ np.linalg.inv(V[np.ix_(seen, seen)])
        mean = X[~seen] @ beta + K @ (y[seen] - X[seen] @ beta)
        g = X[~seen] - K @ X[seen]
        variance = np.diag(g @ vcov @ g.T)
        left = np.diag(V[np.ix_(~seen, ~seen)] - K @ V[np.ix_(seen, ~seen)])
        check(
            worst("given", got["estimate"].iloc[rows[~seen]], mean, tolerance=1e-9),
            worst("se", got["std_error"].iloc[rows[~seen]], np.sqrt(variance), tolerance=1e-8),
            worst(
                "prediction se",
                future["std_error"].iloc[rows[~seen]],
                np.sqrt(variance + left),
                tolerance=1e-8,
            ),
            worst("observed", got["estimate"].iloc[rows[seen]], y[seen], tolerance=1e-14),
        )
        assert (got["std_error"].iloc[rows[seen]] == 0).all()


@pytest.mark.parametrize("name", list(MODELS))
def test_normalized_residuals_are_whitened_by_the_dense_covariance(name: str) -> None:
    fitted, slow, data = model(name)
    response, normalized = fitted.residuals("response"), fitted.residuals("normalized")
    pearson = fitted.residuals("pearson")
    for subject in slow.subjects:
        rows = subject.y.astype(int)
        seen = data["Y"].notna().to_numpy()[rows]
        if not seen.any() or (name.startswith("sp") and np.any(np.diff([p[0] for p in subject.places]) < 0)):
            continue
        V = slow.V(subject, slow.theta)[np.ix_(seen, seen)]
        r = response.loc[data.index[rows[seen]]].to_numpy()
        at = data.index[rows[seen]]
        white = np.linalg.solve(np.linalg.cholesky(V), r)
        check(
            worst("normalized", normalized.loc[at], white, tolerance=1e-9, scale=1.0),
            worst("pearson", pearson.loc[at], r / np.sqrt(np.diag(V)), tolerance=1e-9, scale=1.0),
        )


@pytest.mark.parametrize("reml", [True, False])
@pytest.mark.parametrize("structure", ["us", "ar1", "cs", "toeph", "adh"])
def test_normalized_residuals_add_up_to_their_df(structure: str, reml: bool) -> None:
    """At the optimum of a free scale, r'V⁻¹r is N − k under REML and N under ML."""
    fitted = em.mmrm(f"Y ~ ARM * VISIT + {structure}(VISIT | ID)", small_trial(), reml=reml)
    expected = fitted.n_observations - 8 * reml
    check(worst("sum of squares", (fitted.residuals("normalized") ** 2).sum(), expected, tolerance=1e-8))


# -- order, new data, intervals ----------------------------------------------------------------


def test_everything_comes_in_the_order_and_with_the_index_of_the_input() -> None:
    data = small_trial()
    shuffled = data.sample(frac=1, random_state=4)
    formula = "Y ~ ARM * VISIT + us(VISIT | ID)"
    a, b = em.mmrm(formula, data), em.mmrm(formula, shuffled)
    pd.testing.assert_index_equal(b.predict().index, shuffled.index)
    observed = shuffled.index[shuffled["Y"].notna()]
    pd.testing.assert_index_equal(b.fitted.index, observed)
    for conditional in (False, True):
        one, other = a.predict(conditional=conditional), b.predict(conditional=conditional).loc[data.index]
        check(*(worst(c, one[c], other[c], tolerance=1e-8, scale=1.0) for c in ("estimate", "std_error")))
    for kind in ("response", "pearson", "normalized"):
        check(
            worst(
                kind,
                b.residuals(kind).loc[a.residuals(kind).index],
                a.residuals(kind),
                tolerance=1e-8,
                scale=1.0,
            )
        )
    check(worst("sum", a.fitted + a.residuals(), data["Y"].dropna(), tolerance=1e-12))


def test_new_subjects_and_a_subset_of_columns() -> None:
    data = small_trial()
    fitted = em.mmrm("Y ~ ARM * VISIT + AGE + us(VISIT | ID)", data)
    new = data.head(8).drop(columns=["W", "DAY", "DEPTH", "Y"]).assign(ID="new")
    new["ID"] = ["n1"] * 4 + ["n2"] * 4
    got = fitted.predict(new)
    check(worst("mean", got["estimate"], fitted.predict()["estimate"].head(8), tolerance=1e-12))
    given = fitted.predict(new.assign(Y=[np.nan, 20.0, np.nan, np.nan] + [np.nan] * 4), conditional=True)
    assert given["estimate"].iloc[1] == 20.0 and given["std_error"].iloc[1] == 0.0
    Sigma = fitted.covariance.to_numpy()
    shift = (20.0 - got["estimate"].iloc[1]) * Sigma[[0, 2, 3], 1] / Sigma[1, 1]
    check(
        worst(
            "given",
            given["estimate"].iloc[[0, 2, 3]],
            got["estimate"].iloc[[0, 2, 3]] + shift,
            tolerance=1e-9,
        )
    )
    check(worst("no outcome", given["estimate"].iloc[4:], got["estimate"].iloc[4:], tolerance=1e-12))


def test_a_missing_covariate_gives_a_missing_prediction() -> None:
    data = small_trial()
    fitted = em.mmrm("Y ~ ARM + AGE + us(VISIT | ID)", data)
    data.loc[2, "AGE"] = np.nan
    got = fitted.predict(data, interval="confidence")
    assert got.loc[2].isna().all() and got.drop(index=2).notna().all(axis=None)


def test_values_the_model_has_not_seen_are_refused_by_name() -> None:
    data = small_trial()
    fitted = em.mmrm("Y ~ ARM * VISIT + us(VISIT | ID)", data)
    for column, value in (("ARM", "C"), ("VISIT", "V9")):
        with pytest.raises(UsageError, match=value):
            fitted.predict(data.assign(**{column: value}))
    with pytest.raises(UsageError, match="ARM"):
        fitted.predict(data.drop(columns="ARM"))
    with pytest.raises(UsageError, match="prediction"):
        fitted.predict(interval="predict")
    with pytest.raises(UsageError, match="normalized"):
        fitted.residuals("normalised")


@pytest.mark.parametrize("df_method", ["satterthwaite", "kenward-roger", "residual"])
def test_confidence_limits_of_a_row_are_those_of_its_contrast(df_method: str) -> None:
    data = small_trial()
    fitted = em.mmrm("Y ~ ARM * VISIT + us(VISIT | ID)", data, df_method=df_method)
    X = treatment_coding(data, "ARM", "VISIT", "ARM:VISIT")[:8]
    rows, got = fitted.contrast(X), fitted.predict(interval="confidence").head(8)
    check(
        *(
            worst(c, got[c], rows[c], tolerance=1e-10)
            for c in ("estimate", "std_error", "conf_low", "conf_high")
        )
    )


def test_an_unconditional_prediction_interval_has_the_variance_of_the_visit() -> None:
    data = small_trial()
    fitted = em.mmrm("Y ~ ARM * VISIT + us(VISIT | ID)", data)
    mean, new = fitted.predict(), fitted.predict(interval="prediction")
    variance = np.diag(fitted.covariance)[data["VISIT"].cat.codes]
    check(worst("std_error", new["std_error"], np.sqrt(mean["std_error"] ** 2 + variance), tolerance=1e-10))


def test_prediction_intervals_cover() -> None:
    """Simulated outcomes of the model fall into its 90 % prediction intervals nine times in ten."""
    fitted = em.mmrm("Y ~ ARM * VISIT + us(VISIT | ID)", small_trial(60, seed=1))
    limits = fitted.predict(interval="prediction", conf_level=0.9)
    used = fitted.fitted.index
    new = fitted.simulate(200, seed=5, parameters="drawn")
    inside = new.ge(limits.loc[used, "conf_low"], axis=0) & new.le(limits.loc[used, "conf_high"], axis=0)
    assert 0.88 < inside.to_numpy().mean() < 0.925


# -- simulation --------------------------------------------------------------------------------


def test_simulated_outcomes_have_the_mean_and_covariance_of_the_model() -> None:
    data = small_trial(gaps=0.0)
    fitted = em.mmrm("Y ~ ARM * VISIT + us(VISIT | ID)", data)
    new = fitted.simulate(4000, seed=3)
    assert new.shape == (len(data), 4000) and new.index.equals(data.index)
    errors = new.sub(fitted.fitted, axis=0).to_numpy().reshape(-1, 4, 4000)
    Sigma = fitted.covariance.to_numpy()
    mean_z = errors.mean(axis=2) / np.sqrt(np.diag(Sigma) / 4000)
    assert stats.kstest(mean_z.ravel(), "norm").pvalue > 1e-4
    pooled = np.einsum("iat,ibt->ab", errors, errors) / (errors.shape[0] * 4000)
    sd = np.sqrt(np.diag(Sigma))
    assert np.max(np.abs(pooled - Sigma) / np.outer(sd, sd)) < 0.02


def test_simulation_repeats_with_its_seed_and_only_then() -> None:
    fitted = em.mmrm("Y ~ ARM + ar1(VISIT | ID)", small_trial(), weights="W")
    pd.testing.assert_frame_equal(fitted.simulate(3, seed=1), fitted.simulate(3, seed=1))
    assert not np.allclose(fitted.simulate(3, seed=1), fitted.simulate(3, seed=2))
    with pytest.raises(UsageError):
        fitted.simulate(0, seed=1)


def test_refits_of_simulated_outcomes_find_the_coefficients_again() -> None:
    """The average of refits is within four Monte Carlo errors of the truth, and the z scores look normal."""
    data = small_trial(40, seed=2)
    fitted = em.mmrm("Y ~ ARM * VISIT + us(VISIT | ID)", data)
    new = fitted.simulate(60, seed=8)
    z = []
    for column in new:
        copy = data.copy()
        copy.loc[new.index, "Y"] = new[column]
        table = em.mmrm("Y ~ ARM * VISIT + us(VISIT | ID)", copy).coefficients()
        z.append((table["estimate"] - fitted.beta.to_numpy()) / table["std_error"])
    z = np.array(z)
    assert np.max(np.abs(z.mean(axis=0))) < 4 / np.sqrt(60)
    assert 0.75 < z.std() < 1.3
