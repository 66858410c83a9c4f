"""Dunnett, Tukey and adjusted contrasts against the reference, SciPy, and error rates by simulation."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from emostats.errors import ModelError, UsageError
from emostats.statistics.effects import ancova
from emostats.statistics.multiplicity import (
    ADJUSTMENTS,
    adjust_contrasts,
    adjust_p_values,
    dunnett,
    group_means,
    step_down,
    tukey,
)

FOLDER = Path(__file__).parents[2] / "reference/effects"
REFERENCE = json.loads((FOLDER / "multiplicity.json").read_text())


@pytest.fixture(params=REFERENCE["oneway"], ids=lambda case: case["id"])
def case(request):
    return request.param


def test_dunnett(case):
    expected = case["dunnett"]
    found = dunnett(case["y"], case["group"], reference=case["reference"]).set_index("contrast")
    found = found.loc[expected["contrast"]]
    np.testing.assert_allclose(found["estimate"], expected["estimate"], atol=1e-12)
    np.testing.assert_allclose(found["std_error"], expected["se"], atol=1e-12)
    np.testing.assert_allclose(found["p_value"], expected["p_unadjusted"], atol=1e-11)
    np.testing.assert_allclose(found["p_adjusted"], expected["p_exact"], atol=1e-10)
    limits = found[["conf_low", "conf_high"]]
    np.testing.assert_allclose(limits, expected["simultaneous_ci95"], atol=1e-8)
    stepped = dunnett(case["y"], case["group"], reference=case["reference"], step_down=True)
    stepped = stepped.set_index("contrast").loc[expected["contrast"], "p_adjusted"]
    np.testing.assert_allclose(stepped, expected["p_exact_step_down"], atol=1e-10)


def test_tukey(case):
    expected = case["tukey"]
    found = tukey(case["y"], case["group"]).sort_values("p_adjusted")
    np.testing.assert_allclose(found["p_adjusted"], np.sort(expected["p_exact_tukey_kramer"]), atol=1e-8)
    first = dict(zip(expected["contrast"], expected["ci95_TukeyHSD"], strict=True))
    for row in found.itertuples():
        low, high = first.get(row.contrast.replace(" ", ""), (None, None))
        if low is not None:
            assert (row.conf_low, row.conf_high) == pytest.approx((low, high), abs=1e-7)


def test_exact_tukey_improves_on_kramer_for_unequal_groups():
    case = REFERENCE["oneway"][0]
    kramer, exact = (tukey(case["y"], case["group"], exact=flag)["p_adjusted"] for flag in (False, True))
    assert (exact <= kramer + 1e-9).all()
    np.testing.assert_allclose(np.sort(exact), np.sort(case["tukey"]["p_multcomp_single_step"]), atol=2e-5)


def test_ancova_contrasts():
    prepost = json.loads((FOLDER / "prepost_tests.json").read_text())["ancova"][0]
    fit = ancova(prepost["pre"], prepost["post"], prepost["group"], reference=prepost["reference"])
    L = fit.contrast_matrix()
    expected = REFERENCE["ancova"][0]["dunnett"]
    for adjust, key in (("mvt", "p_exact"), ("mvt_step_down", "p_exact_step_down")):
        found = adjust_contrasts(L @ fit.beta, L @ fit.vcov @ L.T, fit.df, adjust=adjust)
        np.testing.assert_allclose(found["p_adjusted"], expected[key], atol=1e-8)


def test_agrees_with_scipy_within_its_random_error():
    rng = np.random.default_rng(2)
    samples, control = [rng.normal(0.8, 1, size=12), rng.normal(0.2, 1, size=9)], rng.normal(size=15)
    peer = stats.dunnett(*samples, control=control, rng=1)
    labels = ["a"] * 12 + ["b"] * 9 + ["control"] * 15
    found = dunnett(np.concatenate([*samples, control]), labels, reference="control")
    np.testing.assert_allclose(found["p_adjusted"], peer.pvalue, atol=5e-3)
    np.testing.assert_allclose(found["statistic"], peer.statistic, rtol=1e-10)


def contrasts(adjust, **options):
    return adjust_contrasts(
        [1.0, 0.5, -0.8], np.diag([0.1, 0.2, 0.1]) + 0.02, 30, adjust=adjust, names=["a", "b", "c"], **options
    )


@pytest.mark.parametrize("adjust", [name for name in ADJUSTMENTS if name != "tukey"])
@pytest.mark.parametrize("alternative", ["two-sided", "greater", "less"])
def test_every_adjustment(adjust, alternative):
    found = contrasts(adjust, alternative=alternative)
    plain = contrasts("none", alternative=alternative)
    assert (found["p_adjusted"] >= plain["p_value"] - 1e-12).all()
    assert (found["conf_low"] <= plain["conf_low"] + 1e-12).all()
    assert np.isinf(found["conf_low"]).all() == (alternative == "less")
    assert np.isinf(found["conf_high"]).all() == (alternative == "greater")
    if adjust in ("bonferroni", "holm", "hommel", "bh"):
        np.testing.assert_allclose(found["p_adjusted"], adjust_p_values(plain["p_value"], adjust))


@pytest.mark.parametrize("adjust", ["bonferroni", "sidak", "mvt", "none"])
def test_intervals_and_p_values_agree(adjust):
    """A limit is 0 at the level where the adjusted p-value equals alpha."""
    found = contrasts(adjust)
    for k, row in found.iterrows():
        again = contrasts(adjust, conf_level=1 - row["p_adjusted"])
        low, high = again.loc[k, "conf_low"], again.loc[k, "conf_high"]
        assert min(abs(low), abs(high)) == pytest.approx(0, abs=1e-7)


def test_step_down_is_between_the_single_test_and_single_step():
    correlation = np.array([[1, 0.5, 0.5], [0.5, 1, 0.5], [0.5, 0.5, 1]])
    t = [2.5, -2.2, 1.0]
    stepped = step_down(t, correlation, 25)
    single = contrasts("none")  # for its columns only
    assert "p_value" in single
    from emostats.statistics.multiplicity import mvt_adjust

    assert (stepped <= mvt_adjust(t, correlation, 25) + 1e-12).all()
    assert stepped[2] == pytest.approx(2 * stats.t.sf(1.0, 25), abs=1e-12)


def test_dunnett_keeps_its_error_rate():
    """3 of 3 true nulls, 4,000 trials: familywise error 0.05 within 3 standard errors (0.0034 each)."""
    rng = np.random.default_rng(5)
    sizes = (8, 5, 5, 6)
    labels = np.repeat(["0", "1", "2", "3"], sizes)
    table = dunnett(rng.normal(size=24), labels, reference="0")
    critical = float((table["conf_high"] - table["estimate"]).iloc[0] / table["std_error"].iloc[0])
    values = rng.normal(size=(4000, 24))
    starts = np.cumsum((0, *sizes))[:-1]
    means = np.add.reduceat(values, starts, axis=1) / sizes
    centred = values - np.repeat(means, sizes, axis=1)
    sigma = np.sqrt((centred**2).sum(axis=1) / 20)
    t = (means[:, 1:] - means[:, :1]) / (sigma[:, None] * np.sqrt(1 / np.array(sizes[1:]) + 1 / sizes[0]))
    assert (np.abs(t).max(axis=1) > critical).mean() == pytest.approx(0.05, abs=3 * 0.0034)


def test_group_means_leave_missing_values_out_and_keep_the_order_of_categories():
    groups = pd.Series(pd.Categorical(["b", "a", "b", "a", None, "a"], categories=["b", "a", "c"]))
    found = group_means([1.0, 2.0, 3.0, 4.0, 5.0, np.nan], groups)
    assert found.levels == ("b", "a")
    assert found.means.tolist() == [2.0, 3.0]
    assert (found.sizes.tolist(), found.df, found.sigma) == ([2, 2], 2, pytest.approx(np.sqrt(2)))


def test_bad_input():
    with pytest.raises(UsageError, match="reference='z' is not a group"):
        dunnett([1.0, 2.0, 3.0, 4.0], list("aabb"), reference="z")
    with pytest.raises(UsageError, match="4 values but 3 group labels"):
        tukey([1.0, 2.0, 3.0, 4.0], list("aab"))
    with pytest.raises(ModelError, match=r"1 group\(s\) with 4 values"):
        tukey([1.0, 2.0, 3.0, 4.0], list("aaaa"))
    with pytest.raises(UsageError, match="no adjustment called 'scheffe'"):
        contrasts("scheffe")
    with pytest.raises(UsageError, match="needs n_means"):
        contrasts("tukey")
    with pytest.raises(UsageError, match="vcov must be 2 × 2"):
        adjust_contrasts([1.0, 2.0], np.eye(3), 10, adjust="holm")
    with pytest.raises(UsageError, match="positive variance"):
        adjust_contrasts([1.0, 2.0], np.diag([1.0, 0.0]), 10, adjust="holm")
