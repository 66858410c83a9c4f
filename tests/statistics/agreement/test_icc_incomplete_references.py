"""Tables with gaps: REML, profile and bootstrap limits against R's lme4 and an independent Newton REML."""

from __future__ import annotations

import numpy as np
import pytest
from icc_references import cases, dense_criterion, large, reference, table

import emostats as em
from emostats.statistics.agreement.profile import profile_limits

CASES = cases("incomplete_icc")
LEVELS = {0.90: "ci90", 0.95: "ci95", 0.99: "ci99"}
FORM_OF = {
    ("oneway_random", "agreement"): "ICC(1)",
    ("twoway_random", "agreement"): "ICC(A,1)",
    ("twoway_fixed_raters", "consistency"): "ICC(C,1)",
}


@pytest.mark.parametrize("name", CASES)
def test_components_and_criterion(name):
    fits = em.icc(table(CASES[name]["ratings"])).reml().set_index("model")
    for model, want in CASES[name]["models"].items():
        row = fits.loc[model]
        for ours, theirs in (
            ("var_target", "var_subject"),
            ("var_rater", "var_rater"),
            ("var_error", "var_error"),
        ):
            assert row[ours] == pytest.approx(want.get(theirs, 0.0), rel=1e-6, abs=1e-7)
        assert row.criterion == pytest.approx(want["reml_criterion"], abs=1e-8)
        assert bool(row.boundary) is want["boundary"]


@pytest.mark.parametrize("name", CASES)
def test_single_and_average_forms(name):
    case = CASES[name]
    result = em.icc(table(case["ratings"]))
    for (model, kind), form in FORM_OF.items():
        want = case["models"][model][kind]
        assert result.row(form).estimate == pytest.approx(want["icc_single"], abs=1e-7)
        k = f"k={case['n_raters']}"
        assert result.row(form.replace("1)", "k)")).estimate == pytest.approx(
            want["icc_average"][k], abs=1e-7
        )
        used = result.average(result.mean_ratings)
        at = used["estimate"].iloc[list(FORM_OF.values()).index(form)]
        assert at == pytest.approx(want["icc_average"]["k=harmonic_mean"], abs=1e-7)
    assert result.n_ratings == case["n_ratings"]
    assert result.mean_ratings == pytest.approx(case["harmonic_mean_ratings"])


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("name", CASES)
def test_profile_limits(name, level):
    result = em.icc(table(CASES[name]["ratings"]), interval="profile", conf_level=level)
    for (model, kind), form in FORM_OF.items():
        want = CASES[name]["models"][model][kind]["profile"][LEVELS[level]]
        row = result.row(form)
        assert [row.conf_low, row.conf_high] == pytest.approx(want, abs=1e-5)
    random = result.engine.model("twoway_random")
    want = CASES[name]["models"]["twoway_random"]["consistency"]["profile"][LEVELS[level]]
    assert profile_limits(result.engine.sums, random, level, consistency=True) == pytest.approx(
        want, abs=1e-5
    )


@pytest.mark.parametrize("name", CASES)
def test_parametric_bootstrap_limits(name):
    want = CASES[name]["parametric_bootstrap"]
    row = em.icc(table(CASES[name]["ratings"]), interval="parametric", n_resamples=9999, seed=5).row(
        "ICC(A,1)"
    )
    assert [row.conf_low, row.conf_high] == pytest.approx(want["agreement_single_percentile95"], abs=0.02)


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if "subject_bootstrap" in case])
def test_target_bootstrap_limits(name):
    want = CASES[name]["subject_bootstrap"]
    row = em.icc(table(CASES[name]["ratings"]), interval="bootstrap", n_resamples=9999, seed=5).row(
        "ICC(A,1)"
    )
    assert [row.conf_low, row.conf_high] == pytest.approx(want["agreement_single_percentile95"], abs=0.02)


def test_large_table_with_gaps():
    want = reference("large_icc")["missing"]
    result = em.icc(large(missing=True), interval="profile")
    fits = result.reml().set_index("model")
    for model in ("twoway_random", "twoway_fixed_raters"):
        for ours, theirs in (
            ("var_target", "var_subject"),
            ("var_rater", "var_rater"),
            ("var_error", "var_error"),
        ):
            assert fits.loc[model, ours] == pytest.approx(want[model].get(theirs, 0.0), rel=1e-5)
        assert fits.loc[model, "criterion"] == pytest.approx(want[model]["reml_criterion"], rel=1e-12)
    assert result.n_ratings == want["n_ratings"]
    assert result.row("ICC(A,1)").estimate == pytest.approx(want["twoway_random"]["icc_agreement"], rel=1e-6)
    assert result.row("ICC(C,1)").estimate == pytest.approx(
        want["twoway_fixed_raters"]["icc_consistency"], rel=1e-6
    )


@pytest.mark.parametrize("name", CASES)
def test_the_dense_likelihood_agrees_and_has_its_minimum_there(name):
    values = table(CASES[name]["ratings"])
    fit = em.icc(values).engine.model("twoway_random")
    at = np.array([fit.var_target, fit.var_rater, fit.var_error])
    best = dense_criterion(values, *at)
    assert best == pytest.approx(fit.criterion, abs=1e-9)
    for i in range(3):
        for factor in (0.9, 1.1):
            nearby = at.copy()
            nearby[i] *= factor
            assert dense_criterion(values, *nearby) > best


def test_walds_f_at_zero_is_the_f_of_targets_after_raters():
    """Type III F of the subjects by least squares on dummies, an independent route."""
    values = table(CASES["rotating_pairs_36x6"]["ratings"])
    target, rater = np.nonzero(~np.isnan(values))
    y = values[target, rater]

    def rss(*columns):
        X = np.column_stack([np.ones(len(y)), *columns])
        return float(np.sum((y - X @ np.linalg.lstsq(X, y, rcond=None)[0]) ** 2))

    targets, raters = np.eye(36)[target], np.eye(6)[rater]
    full, without = rss(targets, raters), rss(raters)
    df = len(y) - 36 - 6 + 1
    row = em.icc(values).row("ICC(C,1)")
    assert row.statistic == pytest.approx((without - full) / 35 / (full / df), rel=1e-10)
    assert (row.num_df, row.den_df) == (35.0, df)


@pytest.mark.parametrize("form", ["ICC(1)", "ICC(C,1)", "ICC(k)", "ICC(C,k)"])
def test_walds_limits_invert_walds_test(form):
    """At a limit the two-sided test has exactly its level."""
    result = em.icc(table(CASES["rotating_pairs_36x6"]["ratings"]), conf_level=0.9)
    row = result.row(form)
    for limit, tail in ((row.conf_low, 0.05), (row.conf_high, 0.95)):
        tested = result.test({form: limit})
        assert tested["p_value"].iloc[0] == pytest.approx(tail, abs=1e-8)
