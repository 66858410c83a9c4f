"""Degenerate tables are answered by definition, with a reason, and without a warning."""

from __future__ import annotations

import numpy as np
import pytest
from icc_references import FORMS, cases, table

import emostats as em

CASES = cases("degenerate_icc")
INTERVALS = ("auto", "anova", "generalized", "profile", "bootstrap", "bca", "parametric")


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case["mathematical_limit"]])
def test_estimates_and_limits_are_the_mathematical_ones(name):
    want = CASES[name]["mathematical_limit"]
    rows = em.icc(CASES[name]["ratings"], interval="anova").table().set_index("alias")
    for form in FORMS:
        estimate, limits = want["icc"][form], want["ci95"][form]
        if estimate is None:
            assert np.isnan(rows.loc[form, "estimate"])
        else:
            assert rows.loc[form, "estimate"] == pytest.approx(estimate, abs=1e-12)
        if limits is None:
            assert np.isnan(rows.loc[form, ["conf_low", "conf_high"]].astype(float)).all()
        else:
            assert rows.loc[form, ["conf_low", "conf_high"]].tolist() == pytest.approx(limits, abs=1e-8)


@pytest.mark.parametrize("interval", INTERVALS)
@pytest.mark.parametrize("name", CASES)
def test_every_interval_answers_and_says_why(name, interval):
    rows = em.icc(CASES[name]["ratings"], interval=interval, n_resamples=99).table()
    odd = rows["estimate"].isna() | rows["conf_low"].isna() | (rows["estimate"] < 0) | (rows["estimate"] > 1)
    assert (rows.loc[odd, "reason"] != "").all()


@pytest.mark.parametrize(
    ("name", "form", "words"),
    [
        ("all_equal", "ICC(A,1)", "all ratings are equal"),
        ("perfect_agreement", "ICC(C,1)", "no residual variance"),
        ("constant_rater_offset", "ICC(A,1)", "two raters"),
        ("no_subject_variance", "ICC(1)", "negative"),
        ("no_subject_variance", "ICC(k)", "unbounded"),
        ("no_subject_variance", "ICC(A,k)", "outside [−1, 1]"),
        ("single_subject", "ICC(A,1)", "one target"),
    ],
)
def test_the_reason_says_what_it_is(name, form, words):
    assert words in em.icc(CASES[name]["ratings"]).row(form).reason


def test_forms_flagged_by_the_reference_are_flagged_here():
    for case in cases("anova_icc").values():
        rows = em.icc(table(case["ratings"]), interval="anova").table().set_index("alias")
        for form in case["degenerate_forms"]:
            assert "outside [−1, 1]" in rows.loc[form, "reason"]
        ordinary = [form for form in FORMS if form not in case["degenerate_forms"]]
        assert not rows.loc[ordinary, "reason"].str.contains("outside|reversed").any()


def test_agreement_without_error_follows_the_f_of_the_two_components():
    """As the error goes to 0 the generalized limits tend to those of the error-free table."""
    base = np.array([[2.0, 4.0, 3.0], [4.0, 6.0, 5.0], [6.0, 8.0, 7.0], [9.0, 11.0, 10.0]])
    noise = np.random.default_rng(1).normal(size=base.shape) * 1e-5
    exact, near = em.icc(base).row("ICC(A,1)"), em.icc(base + noise).row("ICC(A,1)")
    assert [near.conf_low, near.conf_high] == pytest.approx([exact.conf_low, exact.conf_high], abs=1e-4)
    assert near.estimate == pytest.approx(exact.estimate, abs=1e-4)


def test_perfect_agreement_in_decimals_is_perfect():
    values = np.tile(np.array([[0.1], [0.2], [0.30000000000000004], [0.7]]), 3)
    for form in FORMS:
        row = em.icc(values).row(form)
        assert (row.estimate, row.conf_low, row.conf_high) == (1.0, 1.0, 1.0)


@pytest.mark.parametrize(
    ("rows", "form", "estimate"),
    [
        ([[1, 1, None], [4, None, 4], [None, 2, 2], [7, 7, 7]], "ICC(A,1)", 1.0),
        ([[1, 2, None], [4, None, 6], [None, 3, 4], [7, 8, 9]], "ICC(C,1)", 1.0),
        ([[5, 5, None], [5, None, 5], [5, 5, 5]], "ICC(A,1)", None),
    ],
)
def test_gaps_without_error(rows, form, estimate):
    row = em.icc(rows).row(form)
    assert row.reason
    if estimate is None:
        assert np.isnan(row.estimate)
    else:
        assert (row.estimate, row.conf_low, row.conf_high) == pytest.approx((estimate,) * 3)


def test_error_free_gaps_have_the_complete_tables_limit():
    """y = s + r without error: components are the variances of s and r, complete or not."""
    s, r = np.array([0.0, 2.0, 5.0, 6.0, 9.0]), np.array([0.0, 1.0, 3.0])
    complete = s[:, None] + r
    gaps = complete.copy()
    gaps[[0, 2], [1, 2]] = np.nan
    for form in ("ICC(A,1)", "ICC(C,1)", "ICC(A,k)"):
        whole, part = em.icc(complete).row(form), em.icc(gaps).row(form)
        assert part.estimate == pytest.approx(whole.estimate, rel=1e-5)
        assert [part.conf_low, part.conf_high] == pytest.approx([whole.conf_low, whole.conf_high], rel=1e-5)


def test_raters_without_a_shared_target_leave_the_two_way_forms_undefined():
    values = np.full((6, 6), np.nan)
    for i in range(3):
        values[2 * i : 2 * i + 2, 2 * i : 2 * i + 2] = np.random.default_rng(i).normal(size=(2, 2))
    linked = em.icc(values)
    assert "3 groups that share no target" in linked.row("ICC(C,1)").reason
    nested = np.full((4, 8), np.nan)
    for i in range(4):
        nested[i, 2 * i : 2 * i + 2] = np.random.default_rng(i).normal(size=2) + 3 * i
    result = em.icc(nested)
    assert result.row("ICC(1)").estimate > 0.5
    assert np.isnan(result.row("ICC(A,1)").estimate)
    assert "no two raters share" in result.row("ICC(A,1)").reason


def test_one_rating_per_target_is_undefined():
    result = em.icc([[1, None], [None, 2], [3, None], [None, 5]])
    assert np.isnan(result.row("ICC(1)").estimate)
    assert result.row("ICC(1)").reason.startswith("undefined")


def test_negative_estimates_keep_their_sign_and_the_interval_its_range():
    row = em.icc(table(cases("anova_icc")["negative_8x3"]["ratings"])).row("ICC(A,1)")
    assert row.estimate < 0.0
    assert (row.conf_low, row.conf_high) == (0.0, 0.0)
    assert "outside its interval" in row.reason


def test_many_raters_are_worked_off_in_blocks(monkeypatch):
    """A pool of 40 raters, two a target: small blocks give the same digits."""
    import emostats.statistics.agreement.reml as reml

    rng = np.random.default_rng(2)
    values = np.full((80, 40), np.nan)
    for i in range(80):
        pair = [i % 40, (i + 1 + i // 40) % 40]
        values[i, pair] = 2 * rng.normal() + rng.normal(size=2)
    want = em.icc(values, interval="profile").table(), em.icc(values).table()
    monkeypatch.setattr(reml, "_MOST_NUMBERS", 5 * 40**2)
    got = em.icc(values, interval="profile").table(), em.icc(values).table()
    for ours, theirs in zip(got, want, strict=True):
        np.testing.assert_allclose(ours.select_dtypes("number"), theirs.select_dtypes("number"), rtol=1e-9)


def test_a_limit_that_equals_the_estimate_but_for_rounding_is_not_beyond_it():
    """Two targets: every resample with both has the same coefficient as the ratings."""
    row = em.icc([[1.0, 2.0], [3.0, 3.0]], interval="bootstrap").row("ICC(C,k)")
    assert row.conf_low == pytest.approx(row.estimate, abs=1e-12)
    assert "outside" not in row.reason


EQUAL_RATERS = [[1.0, 2, 1], [3, 3, 4], [5, 4, 5], [2, 2, 1]]
"""The raters differ, and their means do not: the sum of squares between them is exactly 0."""


@pytest.mark.parametrize("more", [[], [[2.0, 2.0, np.nan]]])
def test_raters_with_equal_means_have_the_limits_of_raters_with_nearly_equal_means(more):
    values = np.array(EQUAL_RATERS + more)
    nearly = values + np.array([2e-5, 0.0, -2e-5])
    for interval in ("auto", "generalized", "profile"):
        exact, close = (em.icc(x, interval=interval).row("ICC(A,1)") for x in (values, nearly))
        assert exact.estimate == pytest.approx(close.estimate, abs=1e-6)
        assert (exact.conf_low, exact.conf_high) == pytest.approx((close.conf_low, close.conf_high), abs=1e-4)
    customary = em.icc(values).row("ICC(A,1)")
    assert 0.3 < customary.conf_low < customary.estimate < customary.conf_high < 1


@pytest.mark.parametrize("seed", range(25))
def test_small_tables_of_whole_numbers_always_have_an_answer(seed):
    """Few categories and few targets make sums of squares of exactly 0."""
    rng = np.random.default_rng(seed)
    shape = int(rng.integers(2, 7)), int(rng.integers(2, 4))
    values = rng.integers(0, 3, shape).astype(float)
    if seed % 2:
        values[rng.random(shape) < 0.2] = np.nan
        values[0], values[:, 0] = 1.0, 1.0
    table = em.icc(values).table()
    unsaid = table[(table["reason"] == "") & table[["estimate", "conf_low", "conf_high"]].isna().any(axis=1)]
    assert unsaid.empty


def test_a_limit_without_a_bound_is_said_to_be_one():
    """Three children, seven ratings: F at the lowest possible ICC(C,1), −1/2, is still below its quantile."""
    values = [[1.0, np.nan, 2.0], [0.0, 0.0, 0.0], [2.0, 2.0, np.nan]]
    single, mean = (em.icc(values).row(form) for form in ("ICC(C,1)", "ICC(C,k)"))
    assert single.conf_low == pytest.approx(-0.5)
    assert mean.conf_low == -np.inf
    assert "unbounded below" in mean.reason
    assert mean.conf_low < mean.estimate < mean.conf_high < 1
