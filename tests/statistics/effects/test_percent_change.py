"""Percent change: Fieller, delta and bootstrap; coverage; means near zero."""

import numpy as np
import pytest
from scipy import stats

import emostats as em
from emostats.errors import ModelError, UsageError
from emostats.statistics.effects import fieller, percent_change
from emostats.statistics.effects.percent_change import METHODS

RNG = np.random.default_rng(12)
PRE = RNG.gamma(9, 0.15, size=40)
POST = PRE * 1.5 + RNG.normal(0.6, 0.3, size=40)


def test_fieller_limits_solve_their_definition():
    """At a limit r the t statistic of mean(post) - r mean(pre) equals the t quantile."""
    found = percent_change(PRE, POST)
    for limit in (found.conf_low, found.conf_high):
        difference = POST - (1 + limit / 100) * PRE
        t = difference.mean() / (difference.std(ddof=1) / np.sqrt(40))
        assert abs(t) == pytest.approx(stats.t.isf(0.025, 39), rel=1e-9)
    assert found.estimate == pytest.approx(100 * (POST.mean() / PRE.mean() - 1))


def test_methods_agree_when_the_mean_before_is_sure():
    found = {method: percent_change(PRE, POST, method=method) for method in METHODS}
    width = found["fieller"].conf_high - found["fieller"].conf_low
    for method in METHODS:
        assert found[method].conf_low == pytest.approx(found["fieller"].conf_low, abs=0.1 * width)
        assert found[method].std_error == found["delta"].std_error
    boot = em.bootstrap({"pre": PRE, "post": POST}, "percent_change", unit=None, n_resamples=4000, seed=1)
    assert boot.estimate == pytest.approx(found["fieller"].estimate)
    assert boot.conf_low == pytest.approx(found["fieller"].conf_low, abs=0.15 * width)
    assert boot.std_error == pytest.approx(found["delta"].std_error, rel=0.1)


def test_a_mean_before_that_may_be_zero_leaves_the_percentage_unbounded():
    pre = RNG.normal(0.05, 1, size=12)
    found = percent_change(pre, pre + 2)
    assert (found.conf_low, found.conf_high) == (-np.inf, np.inf)
    assert not fieller(2.0, 0.05, 0.1, 0.1, 0.0, 2.2).bounded


def test_fieller_covers():
    """Ratio 2 with n = 15: 95 % of 2,000 samples within 3 SE (0.5 points)."""
    hits = 0
    for _ in range(2000):
        pre = RNG.normal(4, 1.5, size=15)
        post = 8 + 0.8 * (pre - 4) + RNG.normal(0, 2, size=15)
        found = percent_change(pre, post)
        hits += found.conf_low <= 100 <= found.conf_high
    assert hits / 2000 == pytest.approx(0.95, abs=3 * 0.005)


def test_bad_input():
    with pytest.raises(UsageError, match="method='log' is unknown"):
        percent_change(PRE, POST, method="log")
    with pytest.raises(ModelError, match="exactly zero"):
        percent_change([-1.0, 1.0], [1.0, 2.0])
    with pytest.raises(ModelError, match="differ in sign"):
        percent_change(PRE, -POST, method="delta_log")
    with pytest.raises(ModelError, match="exactly zero"):
        fieller(1.0, 0.0, 1.0, 1.0, 0.0, 2.0)
