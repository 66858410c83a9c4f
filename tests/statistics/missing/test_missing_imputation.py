"""Imputation in all shapes of study: one group, one visit, gaps of every kind; seeds, pooling, bad input."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import emostats as em
from emostats.errors import UsageError
from emostats.statistics.missing import Ancova, Refit, impute, tipping_point

FORMULA = "Y ~ VISIT + us(VISIT | ID)"


def pre_post(n: int = 40, *, missing: float = 0.25, seed: int = 2) -> pd.DataFrame:
    """Simulated: one group, before and after; some children are not seen after."""
    rng = np.random.default_rng(seed)
    before = rng.normal(1.3, 0.5, n)
    after = 0.7 * before + 1.5 + rng.normal(0, 0.5, n)
    after[rng.uniform(size=n) < missing] = np.nan
    return pd.DataFrame(
        {
            "ID": np.repeat(np.arange(n), 2),
            "VISIT": pd.Categorical(np.tile(["Before", "After"], n), categories=["Before", "After"]),
            "Y": np.column_stack([before, after]).ravel(),
        }
    )


@pytest.fixture(scope="module")
def one_group():
    data = pre_post()
    return data, em.mmrm(FORMULA, data)


def test_one_group_before_and_after(one_group):
    _, fit = one_group
    change = Ancova(baseline="Before")
    table = impute(fit).analyse(change).table()
    model = fit.emmeans("VISIT").contrasts("revpairwise").table()
    assert table["kind"].tolist() == ["change"] and table["VISIT"].tolist() == ["After"]
    assert table["estimate"][0] == pytest.approx(model["estimate"][0], abs=1e-10)
    assert table["std_error"][0] == pytest.approx(model["std_error"][0], rel=0.15)


def test_jackknife_of_one_group_by_hand(one_group):
    """Each leave-one-out value from the regression of after on before: the MAR model of two visits."""
    data, fit = one_group
    wide = data.pivot(index="ID", columns="VISIT", values="Y")

    def change(rows: pd.DataFrame) -> float:
        seen = rows.dropna()
        slope = seen["Before"].cov(seen["After"]) / seen["Before"].var()
        filled = seen["After"].mean() + slope * (rows["Before"] - seen["Before"].mean())
        return float((rows["After"].fillna(filled) - rows["Before"]).mean())

    left = np.array([change(wide.drop(index=i)) for i in wide.index])
    n = len(left)
    found = impute(fit).analyse(Ancova(baseline="Before"))
    np.testing.assert_allclose(found.left_out[:, 0], left, atol=1e-8)
    error = np.sqrt((n - 1) / n * ((left - left.mean()) ** 2).sum())
    assert found.table()["std_error"][0] == pytest.approx(error, rel=1e-8)


def test_without_missing_outcomes_nothing_changes():
    data = pre_post(missing=0.0)
    fit = em.mmrm(FORMULA, data)
    imputation = impute(fit)
    assert imputation.cells.n == 0 and imputation.table().empty
    found = imputation.analyse(Ancova(baseline="Before"))
    wide = data.pivot(index="ID", columns="VISIT", values="Y")
    change = (wide["After"] - wide["Before"]).to_numpy()
    assert found.estimates[0, 0] == pytest.approx(change.mean(), abs=1e-12)
    assert found.table()["std_error"][0] == pytest.approx(change.std(ddof=1) / np.sqrt(len(change)), rel=1e-9)
    drawn = impute(fit, method="approximate-bayes", n_imputations=3, seed=1)
    pooled = drawn.analyse(Ancova(baseline="Before")).pooled()[0]
    assert pooled.between == 0 and pooled.within > 0


@pytest.fixture(scope="module")
def one_visit():
    rng = np.random.default_rng(4)
    n = 50
    base = rng.normal(20, 4, n)
    arm = np.where(np.arange(n) % 2 == 0, "PBO", "TRT")
    y = 0.8 * base - 3 * (arm == "TRT") + rng.normal(0, 2, n)
    y[rng.uniform(size=n) < 0.2] = np.nan
    data = pd.DataFrame({"ID": np.arange(n), "ARM": arm, "VISIT": "W12", "BASE": base, "Y": y})
    return data, em.mmrm("Y ~ BASE + ARM + us(VISIT | ID)", data)


def test_one_visit_after_baseline(one_visit):
    """Subjects without any outcome are imputed by the regression; J2R, CR and CIR are one."""
    data, fit = one_visit
    found = {
        name: impute(fit, arm="ARM", strategy={"TRT": name}, reference="PBO")
        for name in ("MAR", "J2R", "CR", "CIR")
    }
    seen = data.dropna()
    X = np.column_stack([np.ones(len(data)), data["BASE"], data["ARM"] == "TRT"]).astype(float)
    beta = np.linalg.lstsq(X[data["Y"].notna()], seen["Y"], rcond=None)[0]
    lost = data["Y"].isna().to_numpy()
    np.testing.assert_allclose(found["MAR"].table()["IMPUTED_MEAN"], X[lost] @ beta, atol=1e-9)
    as_placebo = X[lost].copy()
    as_placebo[:, 2] = 0
    for name in ("J2R", "CR", "CIR"):
        np.testing.assert_allclose(found[name].table()["IMPUTED_MEAN"], as_placebo @ beta, atol=1e-9)
    estimate = found["MAR"].analyse(Ancova(["BASE"])).table().iloc[-1]["estimate"]
    assert estimate == pytest.approx(beta[2], abs=1e-9)


@pytest.mark.parametrize("method", ["approximate-bayes", "asymptotic-normal", "inverse-wishart"])
def test_multiple_imputation_of_one_visit(one_visit, method):
    """Under MAR the pooled standard error is near that of the complete cases, which lose nothing."""
    _, fit = one_visit
    imputation = impute(fit, arm="ARM", method=method, n_imputations=300, seed=9)
    row = imputation.analyse(Ancova(["BASE"])).table().iloc[-1]
    direct = fit.coefficients().set_index("term").loc["ARMTRT"]
    assert row["estimate"] == pytest.approx(direct["estimate"], abs=0.35 * direct["std_error"])
    assert row["std_error"] == pytest.approx(direct["std_error"], rel=0.12)
    assert row["df"] < 47


def test_seed_decides_and_more_imputations_extend(one_group):
    fit = one_group[1]
    for method in ("approximate-bayes", "inverse-wishart"):
        first = impute(fit, method=method, n_imputations=4, seed=3).values
        again = impute(fit, method=method, n_imputations=4, seed=3).values
        other = impute(fit, method=method, n_imputations=4, seed=4).values
        assert (first == again).all() and (first != other).any()
    longer = impute(fit, method="approximate-bayes", n_imputations=9, seed=3).values
    np.testing.assert_allclose(
        longer[:4], impute(fit, method="approximate-bayes", n_imputations=4, seed=3).values
    )


def test_inverse_wishart_draws_have_their_mean(one_group):
    """E Σ = ν Σ̂ / (ν − T − 1), and E β = β̂ when the draws are many."""
    from emostats.statistics.missing.layout import lay_out
    from emostats.statistics.missing.parameters import inverse_wishart_draws

    data, fit = one_group
    m = 3000
    drawn = inverse_wishart_draws(lay_out(fit, data, None), m, np.random.default_rng(0))
    nu = fit.n_subjects - 1
    expected = fit.covariance.to_numpy() * nu / (nu - 3)
    np.testing.assert_allclose(drawn.Sigma[:, 0].mean(axis=0), expected, rtol=0.05)
    assert np.abs(drawn.beta.mean(axis=0) - fit.beta).max() < 5 * np.sqrt(
        np.diag(fit.beta_vcov)
    ).max() / np.sqrt(m)


def test_asymptotic_draws_have_the_asymptotic_covariance(one_group):
    from emostats.statistics.missing.layout import lay_out
    from emostats.statistics.missing.parameters import asymptotic_draws

    data, fit = one_group
    m = 3000
    drawn = asymptotic_draws(lay_out(fit, data, None), m, np.random.default_rng(0))
    elements = drawn.Sigma[:, 0][:, [0, 1, 1], [0, 0, 1]]
    np.testing.assert_allclose(np.cov(elements.T), fit.theta_vcov, rtol=0.15, atol=1e-4)


def test_rows_may_be_absent_or_empty(one_group):
    data, fit = one_group
    short = data.dropna(subset=["Y"]).sample(frac=1.0, random_state=1)
    other = impute(em.mmrm(FORMULA, short))
    mine = impute(fit).table().set_index("ID")["IMPUTED_MEAN"]
    theirs = other.table().set_index("ID")["IMPUTED_MEAN"]
    np.testing.assert_allclose(theirs.sort_index(), mine.sort_index(), atol=1e-9)
    assert len(other.data()) == len(data) and not other.data()["Y"].isna().any()


def test_an_outcome_that_does_not_vary_within_subjects_is_not_taken_for_known():
    """Every child seen once, at one visit or the other: nobody's missing score is the score that was seen."""
    data = pre_post(30, missing=0.0)
    data.loc[data.index % 4 == 1, "Y"] = np.nan
    data.loc[data.index % 4 == 2, "Y"] = np.nan
    imputation = impute(em.mmrm("Y ~ VISIT + ind(VISIT | ID)", data))
    assert imputation.cells.n == 30
    means = data.groupby("VISIT", observed=True)["Y"].mean()
    table = imputation.table()
    np.testing.assert_allclose(table["IMPUTED_MEAN"], means[table["VISIT"]], atol=1e-9)


def test_formula_and_data(one_group):
    data, fit = one_group
    np.testing.assert_allclose(impute(FORMULA, data).values, impute(fit).values, atol=1e-9)


def test_data_are_not_modified(one_group):
    data, fit = one_group
    before = data.copy()
    impute(fit).data()
    pd.testing.assert_frame_equal(data, before)


def test_delta_by_visit_arm_and_number(trial_fit, condmean):
    plain = condmean["MAR"]
    table = plain.table()
    drug = (table["THERAPY"] == "DRUG").to_numpy() & (table["PATIENT"] != "3618").to_numpy()
    last = (table["VISIT"] == "7").to_numpy()
    assert (plain.with_delta(2.0).delta == np.where(table["PATIENT"] == "3618", 0.0, 2.0)).all()
    assert (plain.with_delta({"DRUG": {"7": 3.0}}).delta == np.where(drug & last, 3.0, 0.0)).all()
    assert (plain.with_delta({"DRUG": [0, 1, 2, 3]}).delta[drug & last] == 3.0).all()
    assert plain.with_delta({"7": 1.5}).delta[last].tolist() == [1.5] * last.sum()
    with pytest.raises(UsageError, match="no arm or visit"):
        plain.with_delta({"DRUGG": 1.0})
    with pytest.raises(UsageError, match="one finite number"):
        plain.with_delta([1.0, 2.0])


def test_any_function_as_analysis(one_group):
    _, fit = one_group

    def mean_after(data: pd.DataFrame) -> pd.DataFrame:
        y = data.loc[data["VISIT"] == "After", "Y"]
        return pd.DataFrame(
            {"what": ["mean"], "estimate": [y.mean()], "std_error": [y.sem()], "df": [len(y) - 1.0]}
        )

    for method, options in (
        ("conditional-mean", {}),
        ("approximate-bayes", {"n_imputations": 20, "seed": 1}),
    ):
        imputation = impute(fit, method=method, **options)
        found = imputation.analyse(mean_after).table()
        direct = imputation.analyse(Ancova()).table()
        expected = direct[direct["VISIT"] == "After"].iloc[0]
        for name in ("estimate", "std_error", "p_value"):
            assert found[name][0] == pytest.approx(expected[name], rel=1e-9)


def test_refit_of_the_mixed_model(one_group):
    _, fit = one_group
    imputation = impute(fit, method="approximate-bayes", n_imputations=5, seed=2)
    found = imputation.analyse(Refit("VISIT", "revpairwise")).table()
    direct = imputation.analyse(Ancova(baseline="Before")).table()
    assert found["contrast"].tolist() == ["After - Before"]
    np.testing.assert_allclose(found["estimate"], direct["estimate"], atol=1e-9)
    np.testing.assert_allclose(found["std_error"], direct["std_error"], rtol=1e-6)


def test_tipping_point_exact_and_searched_agree(one_group):
    """The exact root, and Brent's search on the same jackknife p-values."""
    _, fit = one_group
    change = Ancova(baseline="Before")
    imputation = impute(fit)
    exact = imputation.tipping_point(change, delta=-1.0, of=0)

    def p_value(delta: float) -> tuple[float, float]:
        row = imputation.with_delta(-delta).analyse(change).table().iloc[0]
        return row["estimate"], row["p_value"]

    searched = tipping_point(p_value, np.linspace(0, 12, 7))
    assert exact.delta == pytest.approx(searched.delta, abs=1e-7)
    assert p_value(exact.delta)[1] == pytest.approx(0.05, abs=1e-9)
    assert "no longer significant" in exact.message
    never = imputation.tipping_point(change, delta=1.0, of=0)
    assert never.delta is None and "stays significant" in never.message
    assert "tips at" not in never.plot(width=360.0)


def test_tipping_point_of_multiple_imputation(one_group):
    _, fit = one_group
    change = Ancova(baseline="Before")
    imputation = impute(fit, method="approximate-bayes", n_imputations=40, seed=6)
    found = imputation.tipping_point(change, delta=-1.0, of={"kind": "change"}, steps=[0, 4, 8, 12])
    row = imputation.with_delta(-found.delta).analyse(change).table().iloc[0]
    assert row["p_value"] == pytest.approx(0.05, abs=1e-6)
    drawing = found.plot(label="Points taken away")
    assert drawing.startswith("<svg") and "tips at" in drawing and "Points taken away" in drawing
    assert drawing == found.plot(label="Points taken away")


def test_covariates_and_factors_of_the_ancova(trial_fit, trial, condmean):
    found = condmean["MAR"].analyse(Ancova(["BASVAL", "GENDER"], reference="PLACEBO"))
    data = condmean["MAR"].data()
    last = data[data["VISIT"] == "7"]
    X = np.column_stack(
        [last["THERAPY"] == "DRUG", last["THERAPY"] == "PLACEBO", last["BASVAL"], last["GENDER"] == "M"]
    ).astype(float)
    beta = np.linalg.lstsq(X, last["CHANGE"].to_numpy(), rcond=None)[0]
    row = found.row({"level": "DRUG - PLACEBO", "VISIT": "7"})
    assert found.estimates[0, row] == pytest.approx(beta[0] - beta[1], abs=1e-9)
    mean = found.row({"level": "DRUG", "VISIT": "7"})
    assert found.estimates[0, mean] == pytest.approx(beta[0] + X[:, 2:].mean(axis=0) @ beta[2:], abs=1e-9)


BAD = {
    "unknown method": ({"method": "knn"}, "Did you mean|There are"),
    "no seed": ({"method": "approximate-bayes"}, "seed"),
    "one imputation": ({"method": "approximate-bayes", "n_imputations": 1, "seed": 1}, "at least 2"),
    "unknown arm column": ({"arm": "THERAPIE"}, "THERAPY"),
    "no arm": ({"strategy": "J2R"}, "arm="),
    "no reference": ({"arm": "THERAPY", "strategy": {"DRUG": "CR"}}, "no reference arm"),
    "unknown reference": ({"arm": "THERAPY", "strategy": "CR", "reference": "PLACEB"}, "PLACEBO"),
    "unknown arm": ({"arm": "THERAPY", "strategy": {"DRUGS": "MAR"}}, "DRUG"),
    "unknown patient": ({"arm": "THERAPY", "intercurrent": {"nobody": "5"}}, "not in the data"),
    "unknown visit": ({"arm": "THERAPY", "intercurrent": {"1513": "9"}}, "9"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_calls_are_answered_in_words(trial_fit, case):
    options, text = BAD[case]
    with pytest.raises(UsageError, match=text):
        impute(trial_fit, **options)


def test_models_that_cannot_impute(one_group):
    data = one_group[0].assign(W=2.0, DAY=lambda d: d["VISIT"].cat.codes.astype(float))
    with pytest.raises(UsageError, match="weights"):
        impute(em.mmrm(FORMULA, data, weights="W"))
    with pytest.raises(UsageError, match="spatial"):
        impute(em.mmrm("Y ~ VISIT + sp_exp(DAY | ID)", data))
    with pytest.raises(UsageError, match="expression"):
        impute(em.mmrm("np.exp(Y) ~ VISIT + us(VISIT | ID)", data))
    with pytest.raises(UsageError, match="data="):
        impute(FORMULA)
    with pytest.raises(UsageError, match="not known"):
        varying = data.dropna(subset=["Y"]).assign(AGE=lambda d: np.arange(len(d)) % 7 + 0.5)
        impute(em.mmrm("Y ~ AGE + VISIT + us(VISIT | ID)", varying))
    with pytest.raises(UsageError, match="LMCF"):
        later = one_group[0].copy()
        later.loc[[0, 1], "Y"] = np.nan
        impute(em.mmrm(FORMULA, later), strategy="LMCF")


def test_rows_of_an_analysis_are_found_by_name(condmean):
    found = condmean["MAR"].analyse(Ancova(["BASVAL"]))
    with pytest.raises(UsageError, match="rows instead of one"):
        found.row({"kind": "contrast"})
    with pytest.raises(UsageError, match="VISIT"):
        found.row({"VIST": "7"})
    with pytest.raises(UsageError, match="nothing to pool"):
        found.pooled()
    with pytest.raises(UsageError, match="conf_level"):
        condmean["MAR"].analyse(Ancova(), conf_level=95)
    with pytest.raises(UsageError, match="shifts no imputed value"):
        condmean["MAR"].tipping_point(Ancova(), delta=0.0, of=0)
