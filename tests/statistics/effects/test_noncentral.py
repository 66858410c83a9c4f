"""Noncentral t and F: against SciPy where it works, by definition where it does not."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special, stats

from emostats.errors import ModelError
from emostats.statistics.effects import (
    nct_cdf,
    noncentral_f_limits,
    noncentrality_limits,
    small_sample_factor,
)


def test_where_scipy_fails():
    """At (-2.866, 15, 10) SciPy gives NaN. The values are from mpmath 1.3, quadrature with 40 digits."""
    assert nct_cdf(-2.866, 15, 10) == pytest.approx(2.763209937083437e-32, rel=1e-6)
    assert nct_cdf(3, 7, 2.5) == pytest.approx(0.6178837226595952, abs=1e-13)
    assert nct_cdf(25, 12, 20) == pytest.approx(0.8049556981722341, abs=1e-13)
    low, high = noncentrality_limits(-2.866, 15)
    assert nct_cdf(-2.866, 15, low) == pytest.approx(0.975, abs=1e-10)
    assert nct_cdf(-2.866, 15, high) == pytest.approx(0.025, abs=1e-10)


@settings(max_examples=150, deadline=None)
@given(st.floats(-15, 15), st.floats(1, 300), st.floats(-15, 15))
def test_agrees_with_scipy(t, df, noncentrality):
    with np.errstate(all="ignore"):
        peer = float(special.nctdtr(df, noncentrality, t))
    if math.isfinite(peer) and noncentrality * t >= 0:
        assert nct_cdf(t, df, noncentrality) == pytest.approx(peer, abs=1e-9)


@settings(max_examples=60, deadline=None)
@given(st.floats(-30, 30), st.floats(1, 500), st.floats(-40, 40))
def test_it_is_a_distribution_function(t, df, noncentrality):
    at = nct_cdf(t, df, noncentrality)
    assert -1e-15 <= at <= 1 + 1e-12
    assert nct_cdf(t + 0.5, df, noncentrality) >= at - 1e-14
    assert nct_cdf(t, df, noncentrality + 0.5) <= at + 1e-14
    assert nct_cdf(-t, df, -noncentrality) == pytest.approx(1 - at, abs=1e-12)


def test_central_and_normal_cases():
    assert nct_cdf(1.7, 9, 0.0) == pytest.approx(stats.t.cdf(1.7, 9), abs=1e-14)
    assert nct_cdf(1.7, np.inf, 0.4) == pytest.approx(stats.norm.cdf(1.3), abs=1e-14)


@settings(max_examples=60, deadline=None)
@given(st.floats(-40, 40), st.floats(1, 1000), st.sampled_from([0.8, 0.95, 0.999]))
def test_limits_solve_their_equations(t, df, level):
    low, high = noncentrality_limits(t, df, level)
    assert low < high
    assert nct_cdf(t, df, low) == pytest.approx((1 + level) / 2, abs=1e-9)
    assert nct_cdf(t, df, high) == pytest.approx((1 - level) / 2, abs=1e-9)


def test_limits_need_a_statistic():
    with pytest.raises(ModelError, match="t = nan"):
        noncentrality_limits(np.nan, 10)
    with pytest.raises(ModelError, match="F = -1"):
        noncentral_f_limits(-1.0, 2, 20)


def test_f_limits_solve_their_equations_and_stop_at_zero():
    low, high = noncentral_f_limits(5.0, 3, 40)
    assert stats.ncf.cdf(5.0, 3, 40, low) == pytest.approx(0.95, abs=1e-9)
    assert stats.ncf.cdf(5.0, 3, 40, high) == pytest.approx(0.05, abs=1e-9)
    assert noncentral_f_limits(0.9, 3, 40)[0] == 0.0
    assert noncentral_f_limits(0.01, 3, 40) == (0.0, 0.0)


def test_one_df_f_limits_are_squared_t_limits():
    low, high = noncentrality_limits(4.0, 25, 0.90)
    f_low, f_high = noncentral_f_limits(16.0, 1, 25, 0.90)
    assert (f_low, f_high) == pytest.approx((low**2, high**2), rel=1e-3)


def test_small_sample_factor():
    assert small_sample_factor(2.0) == pytest.approx(1 / math.sqrt(math.pi))
    assert small_sample_factor(1e6) == pytest.approx(1 - 3 / 4e6 - 7 / 32e12, rel=1e-14)
    with pytest.raises(ModelError, match="more than 1 degree of freedom"):
        small_sample_factor(1.0)
