"""Bootstrap limits: the fast sums against recomputed tables, and what resampling must do."""

from __future__ import annotations

import numpy as np
import pytest
from icc_references import cases, table

import emostats as em
from emostats.statistics.agreement.anova import mean_squares
from emostats.statistics.agreement.bootstrap import CompleteFeatures, IncompleteFeatures, refit
from emostats.statistics.agreement.crossed import crossed_sums
from emostats.statistics.agreement.forms import FORMS
from emostats.statistics.agreement.resample import bca_limits, leave_one_out, percentile_limits, target_counts

ANXIETY = table(cases("anova_icc")["anxiety_20x3"]["ratings"])
GAPS = table(cases("incomplete_icc")["rotating_pairs_36x6"]["ratings"])
SINGLES = FORMS[:3]


def rows_for(counts):
    return np.repeat(np.arange(len(counts)), counts.astype(int))


def test_fast_estimates_are_those_of_the_resampled_table():
    counts = next(target_counts(20, 40, np.random.default_rng(1)))
    fast = CompleteFeatures(ANXIETY + 1e6).singles(counts)
    for row, count in zip(fast, counts, strict=True):
        ms = mean_squares(ANXIETY[rows_for(count)])
        assert row == pytest.approx([ms.icc(form) for form in SINGLES], abs=1e-9)


def test_fast_refits_are_those_of_the_resampled_table():
    counts = next(target_counts(36, 15, np.random.default_rng(2)))
    engine = em.icc(GAPS).engine
    fits = {key: engine.fit(key) for key in ("1", "A", "C")}
    fast = refit(IncompleteFeatures(GAPS, engine.sums).sums_for(counts), fits)
    for row, count in zip(fast, counts, strict=True):
        values = GAPS[rows_for(count)]
        slow = em.icc(values[:, ~np.isnan(values).all(axis=0)])
        assert row == pytest.approx([slow.row(form.name).estimate for form in SINGLES], abs=1e-6)


def test_jackknife_leaves_each_target_out_once():
    singles = np.concatenate([CompleteFeatures(ANXIETY).singles(block) for block in leave_one_out(20)])
    for i in (0, 7, 19):
        ms = mean_squares(np.delete(ANXIETY, i, axis=0))
        assert singles[i] == pytest.approx([ms.icc(form) for form in SINGLES], abs=1e-10)


@pytest.mark.parametrize("interval", ["bootstrap", "bca", "parametric"])
@pytest.mark.parametrize("values", [ANXIETY, GAPS], ids=["complete", "gaps"])
def test_seeds_decide_the_limits(values, interval):
    options = {"interval": interval, "n_resamples": 199}
    first = em.icc(values, seed=1, **options).table()
    assert first.equals(em.icc(values, seed=1, **options).table())
    assert not first.equals(em.icc(values, seed=2, **options).table())
    assert (first["conf_low"] <= first["conf_high"]).all()
    assert first["method"].str.contains("199 resamples, seed 1").all()


def test_resamples_without_variance_are_counted():
    """Four targets of which three are equal: many resamples are constant."""
    values = np.array([[1.0, 1.0], [1.0, 1.0], [1.0, 1.0], [2.0, 2.0]])
    row = em.icc(values, interval="bootstrap", n_resamples=500, seed=1).row("ICC(C,1)")
    assert "undefined left out" in row.method
    assert (row.conf_low, row.conf_high) == (1.0, 1.0)


def test_counts_sum_to_the_number_of_targets():
    blocks = list(target_counts(7, 10, np.random.default_rng(0), block=4))
    assert [len(block) for block in blocks] == [4, 4, 2]
    assert all((block.sum(axis=1) == 7).all() for block in blocks)


def test_bca_of_a_symmetric_statistic_is_near_the_percentile_one():
    rng = np.random.default_rng(5)
    x = rng.normal(size=400)
    draws = np.array([rng.choice(x, 400).mean() for _ in range(4000)])
    jackknife = (x.sum() - x) / 399
    bca = bca_limits(draws, float(x.mean()), jackknife, 0.9)
    assert bca == pytest.approx(percentile_limits(draws, 0.9), abs=0.01)


def test_bca_limits_agree_with_scipy():
    from scipy.stats import bootstrap

    x = np.random.default_rng(6).exponential(size=60)
    want = bootstrap((x,), np.mean, n_resamples=20_000, confidence_level=0.95, method="BCa", rng=1)
    rng = np.random.default_rng(7)
    draws = rng.choice(x, size=(20_000, 60)).mean(axis=1)
    ours = bca_limits(draws, float(x.mean()), (x.sum() - x) / 59, 0.95)
    assert ours == pytest.approx(tuple(want.confidence_interval), abs=0.02)


def test_limits_of_nothing_are_missing():
    nothing = np.full(5, np.nan)
    assert np.isnan(percentile_limits(nothing, 0.95)).all()
    assert np.isnan(bca_limits(nothing, 0.5, nothing, 0.95)).all()


def test_parametric_draws_of_a_complete_table_have_the_right_centre():
    rng = np.random.default_rng(8)
    values = 2 * rng.normal(size=(300, 1)) + rng.normal(size=(300, 4))
    engine = em.icc(values).engine
    draws = engine.parametric_draws(4000, np.random.default_rng(1))
    assert np.median(draws[:, 2]) == pytest.approx(engine.estimate(FORMS[2]), abs=0.01)


def test_the_sums_of_a_batch_can_be_thinned():
    counts = next(target_counts(36, 6, np.random.default_rng(3)))
    batch = IncompleteFeatures(GAPS, crossed_sums(GAPS)).sums_for(counts)
    some = batch.take(np.array([1, 4]))
    assert some.Q.tolist() == batch.Q[[1, 4]].tolist()
    assert some.M.shape == (2, *batch.M.shape[1:])
    single = crossed_sums(GAPS)
    assert single.take(np.array([0])) is single
