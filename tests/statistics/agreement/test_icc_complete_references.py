"""Complete tables against exact arithmetic, R and a Monte Carlo of the generalized interval."""

from __future__ import annotations

import numpy as np
import pytest
from icc_references import FORMS, cases, dense_criterion, large, long, reference, table

import emostats as em
from emostats.statistics.agreement.profile import profile_criterion

CASES = cases("anova_icc")
LEVELS = {0.90: "ci90", 0.95: "ci95", 0.99: "ci99"}


def by_alias(result):
    return result.table().set_index("alias")


@pytest.mark.parametrize("name", CASES)
def test_estimates_and_tests_at_zero(name):
    case = CASES[name]
    rows = by_alias(em.icc(table(case["ratings"]), interval="anova"))
    for form, want in case["icc"].items():
        row = rows.loc[form]
        assert row.estimate == pytest.approx(want["icc"], rel=1e-10, abs=1e-10)
        assert row.statistic == pytest.approx(want["F"], rel=1e-10)
        assert (row.num_df, row.den_df) == (want["df1"], want["df2"])
        assert abs(row.p_value - want["p"]) <= 1e-9 * max(want["p"], 1e-12)


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("name", CASES)
def test_f_limits(name, level):
    case = CASES[name]
    rows = by_alias(em.icc(table(case["ratings"]), interval="anova", conf_level=level))
    for form, want in case["icc"].items():
        low, high = want[LEVELS[level]]
        assert rows.loc[form, "conf_low"] == pytest.approx(low, rel=1e-8, abs=1e-8)
        assert rows.loc[form, "conf_high"] == pytest.approx(high, rel=1e-8, abs=1e-8)


@pytest.mark.parametrize("name", CASES)
def test_tests_of_any_value(name):
    case = CASES[name]
    result = em.icc(table(case["ratings"]))
    for block in case["tests"]:
        rows = result.test(block["rho0"]).set_index("alias")
        for form, want in block["by_form"].items():
            row = rows.loc[form]
            assert row.statistic == pytest.approx(want["F"], rel=1e-10)
            assert row.den_df == pytest.approx(want["df2"], rel=1e-10)
            assert abs(row.p_value - want["p"]) <= 1e-9 * max(want["p"], 1e-12)


@pytest.mark.parametrize("name", CASES)
def test_components_sem_and_detectable_change(name):
    case = CASES[name]
    result = em.icc(table(case["ratings"]))
    want = case["variance_components_anova"]
    for ours, theirs in (("target", "subject"), ("rater", "rater"), ("error", "error")):
        assert result.variance_components[ours] == pytest.approx(want[theirs], rel=1e-10, abs=1e-10)
    for kind in ("agreement", "consistency"):
        assert result.sem[kind] == pytest.approx(case[f"sem_{kind}"], rel=1e-10)
        assert result.mdc[kind] == pytest.approx(case[f"mdc95_{kind}"], rel=1e-10)


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if "generalized_ci_ICC(2,1)" in case])
def test_generalized_limits_are_those_of_the_monte_carlo(name):
    want = CASES[name]["generalized_ci_ICC(2,1)"]
    error = dict(zip((0.025, 0.05, 0.5, 0.95, 0.975), want["mc_se"], strict=True))
    for level, key, tails in ((0.95, "ci95", (0.025, 0.975)), (0.90, "ci90", (0.05, 0.95))):
        row = em.icc(table(CASES[name]["ratings"]), conf_level=level).row("ICC(A,1)")
        for ours, theirs, tail in zip((row.conf_low, row.conf_high), want[key], tails, strict=True):
            assert abs(ours - theirs) <= 5 * error[tail] + 1e-3


@pytest.mark.parametrize("name", CASES)
def test_reml_fits(name):
    result = em.icc(table(CASES[name]["ratings"])).reml().set_index("model")
    for model, want in CASES[name]["reml"].items():
        row = result.loc[model]
        scale = want["var_subject"] + want.get("var_rater", 0.0) + want["var_error"]
        for ours, theirs in (
            ("var_target", "var_subject"),
            ("var_rater", "var_rater"),
            ("var_error", "var_error"),
        ):
            assert row[ours] == pytest.approx(want.get(theirs, 0.0), rel=1e-5, abs=1e-7 * scale)
        assert row.criterion == pytest.approx(want["reml_criterion"], abs=1e-8)
        for kind in ("icc_agreement", "icc_consistency"):
            if kind in want:
                assert row[kind] == pytest.approx(want[kind], abs=1e-7)


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("name", CASES)
def test_profile_limits(name, level):
    rows = by_alias(em.icc(table(CASES[name]["ratings"]), interval="profile", conf_level=level))
    wants = CASES[name]["reml_profile_single"]
    forms = {"oneway_random": "ICC(1,1)", "twoway_random": "ICC(2,1)", "twoway_fixed_raters": "ICC(3,1)"}
    for model, want in wants.items():
        kind = "consistency" if model == "twoway_fixed_raters" else "agreement"
        low, high = want[kind][LEVELS[level]]
        row = rows.loc[forms[model]]
        if (name, model, level) != ("biased_experts_12x3", "twoway_random", 0.99):
            assert row.conf_low == pytest.approx(low, abs=1e-6)
        assert row.conf_high == pytest.approx(high, abs=1e-6)


def test_the_one_profile_limit_that_differs_is_wrong_in_the_reference():
    """The dense likelihood lies below χ²(0.99) at the stated limit, and meets it at ours (see the README)."""
    values = table(CASES["biased_experts_12x3"]["ratings"])
    stated = CASES["biased_experts_12x3"]["reml_profile_single"]["twoway_random"]["agreement"]["ci99"][0]
    result = em.icc(values, interval="profile", conf_level=0.99)
    fit = result.engine.model("twoway_random")
    best = dense_criterion(values, fit.var_target, fit.var_rater, fit.var_error)

    def dense_profile(rho, var_rater, var_error):
        return dense_criterion(values, rho / (1 - rho) * (var_rater + var_error), var_rater, var_error)

    grid = [
        dense_profile(stated, r, e) for r in np.geomspace(30, 3000, 41) for e in np.linspace(0.2, 0.3, 21)
    ]
    assert min(grid) - best < 5.9 < 6.6348966
    ours = result.row("ICC(A,1)").conf_low
    assert ours == pytest.approx(0.02026, abs=1e-5)
    profiled = profile_criterion(result.engine.sums, "twoway_random", ours, False)
    assert profiled - fit.criterion == pytest.approx(6.6348966, abs=1e-6)
    near = [
        dense_profile(ours, r, e) for r in np.geomspace(300, 900, 41) for e in np.linspace(0.23, 0.25, 41)
    ]
    assert min(near) == pytest.approx(profiled, abs=1e-2)


def test_large_table_from_a_matrix_and_from_a_long_frame():
    want = reference("large_icc")["complete"]
    values = large(missing=False)
    for result in (em.icc(values, interval="anova"), em.icc(long(values), targets="clip", raters="expert",
                                                            ratings="score", interval="anova")):  # fmt: skip
        rows = by_alias(result)
        for form in FORMS:
            row = rows.loc[form]
            assert row.estimate == pytest.approx(want["icc"][form]["icc"], rel=1e-10)
            assert row.statistic == pytest.approx(want["icc"][form]["F"], rel=1e-10)
            assert [row.conf_low, row.conf_high] == pytest.approx(want["icc"][form]["ci95"], rel=1e-10)
        assert result.variance_components["rater"] == pytest.approx(
            want["variance_components_anova"]["rater"], rel=1e-10
        )


@pytest.mark.parametrize("interval", ["anova", "generalized", "profile", "auto"])
def test_long_and_wide_give_the_same_digits(interval):
    values = table(CASES["wine_8x4"]["ratings"])
    wide = em.icc(values, interval=interval).table()
    from_long = em.icc(
        long(values), targets="clip", raters="expert", ratings="score", interval=interval
    ).table()
    assert wide.equals(from_long)
