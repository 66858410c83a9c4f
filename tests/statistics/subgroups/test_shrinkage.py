"""Shrinkage against published random-effects meta-analyses, closed forms and its own properties."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emostats.errors import ModelError, UsageError
from emostats.statistics.subgroups import shrink

# Thirteen BCG trials (Colditz et al., 1994): tuberculosis yes and no, vaccinated and not.
BCG = np.array(
    [
        [4, 119, 11, 128], [6, 300, 29, 274], [3, 228, 11, 209], [62, 13536, 248, 12619],
        [33, 5036, 47, 5761], [180, 1361, 372, 1079], [8, 2537, 10, 619], [505, 87886, 499, 87892],
        [29, 7470, 45, 7232], [17, 1699, 65, 1600], [186, 50448, 141, 27197], [5, 2493, 3, 2338],
        [27, 16886, 29, 17825],
    ],
    dtype=float,
)  # fmt: skip


def log_risk_ratios():
    a, b, c, d = BCG.T
    return np.log(a / (a + b)) - np.log(c / (c + d)), 1 / a - 1 / (a + b) + 1 / c - 1 / (c + d)


def test_the_bcg_trials_as_published_for_metafor():
    """Viechtbauer (2010), J Stat Softw 36(3), section 3: REML 0.3132, −0.7145 (SE 0.1798), Q 152.2330."""
    found = shrink(*log_risk_ratios())
    assert round(found.tau2, 4) == 0.3132
    assert (round(found.mean, 4), round(found.mean_error, 4)) == (-0.7145, 0.1798)
    assert (round(found.q, 4), found.df) == (152.2330, 12)
    assert round(100 * found.i2, 2) == 92.22
    assert (round(found.tau2_low, 4), round(found.tau2_high, 4)) == (0.1197, 1.1115)


def test_moments_by_the_closed_form_of_dersimonian_and_laird():
    y, v = log_risk_ratios()
    w = 1 / v
    q = (w * (y - (w @ y) / w.sum()) ** 2).sum()
    closed = (q - 12) / (w.sum() - (w**2).sum() / w.sum())
    assert shrink(y, v, method="dersimonian-laird").tau2 == pytest.approx(closed, rel=1e-12)


def test_the_eight_schools_are_pooled_completely():
    """Rubin (1981); Gelman et al. report 7.7 with standard error 4.1 for complete pooling."""
    found = shrink([28, 8, -3, 7, -1, 1, 18, 12], np.square([15, 10, 16, 11, 9, 11, 10, 18]))
    assert found.tau2 == 0
    assert (round(found.mean, 1), round(found.mean_error, 1)) == (7.7, 4.1)
    assert np.allclose(found.estimate, found.mean) and np.all(found.std_error > found.mean_error)


def test_equal_variances_have_closed_forms():
    """v equal: REML and moments both give s² − v, and each deviation keeps the share τ² / (τ² + v)."""
    y = np.array([1.0, 3.0, 4.5, 9.0])
    found, moments = shrink(y, np.full(4, 0.5)), shrink(y, np.full(4, 0.5), method="dersimonian-laird")
    tau2 = y.var(ddof=1) - 0.5
    kept = tau2 / (tau2 + 0.5)
    assert (found.tau2, moments.tau2) == (pytest.approx(tau2), pytest.approx(tau2))
    assert found.estimate == pytest.approx(y.mean() + kept * (y - y.mean()))
    known = kept * 0.5 + (1 - kept) ** 2 * (tau2 + 0.5) / 4
    of_tau2 = 0.5**2 / (tau2 + 0.5) * 2 / 3
    assert found.std_error == pytest.approx(np.sqrt(min(known + 2 * of_tau2, 0.5)))


def test_a_covariance_is_more_than_its_diagonal():
    """What all estimates share cancels out of their spread: a common covariance c counts as v − c."""
    y = np.array([1.0, 3.0, 4.5, 9.0])
    shared = shrink(y, 0.4 + 0.1 * np.eye(4))
    assert shared.tau2 == pytest.approx(y.var(ddof=1) - 0.1)


@pytest.mark.parametrize(("k", "tau2"), [(4, 0.25), (4, 4.0), (16, 1.0)])
def test_the_limits_cover_as_often_as_they_say_or_more(k, tau2):
    rng = np.random.default_rng(7)
    v = np.tile([0.3, 0.5, 0.8, 1.2], k // 4)
    hits = []
    for _ in range(150):
        theta = rng.normal(1.0, np.sqrt(tau2), k)
        found = shrink(theta + rng.normal(0, np.sqrt(v)), v)
        hits.append(((found.conf_low < theta) & (theta < found.conf_high)).mean())
        assert np.all(found.std_error <= np.sqrt(v) + 1e-12)
    assert np.mean(hits) > 0.925


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.floats(-5, 5), min_size=3, max_size=8),
    st.floats(0.05, 4),
    st.sampled_from(["reml", "dersimonian-laird"]),
)
def test_shrinkage_moves_every_estimate_towards_the_mean_and_follows_the_scale(y, v, method):
    y = np.array(y)
    variances = v * np.linspace(0.5, 2, len(y))
    found = shrink(y, variances, method=method)
    assert np.all(np.abs(found.estimate - found.mean) <= np.abs(y - found.mean) + 1e-9)
    assert found.tau2_low <= found.tau2_high
    scaled = shrink(10 * y + 3, 100 * variances, method=method)
    assert scaled.estimate == pytest.approx(10 * found.estimate + 3, abs=1e-5)


@pytest.mark.parametrize(
    ("y", "v", "options", "error", "said"),
    [
        ([1, 2], [1, 1], {}, UsageError, "at least 3"),
        ([1, 2, 3], [1, 1], {}, UsageError, "k × k"),
        ([1, 2, np.nan], [1, 1, 1], {}, UsageError, "finite"),
        ([1, 2, 3], [1, 1, 1], {"method": "rem"}, UsageError, "reml"),
        ([1, 2, 3], np.ones((3, 3)), {}, ModelError, "positive definite"),
    ],
)
def test_what_cannot_be_shrunk_is_told(y, v, options, error, said):
    with pytest.raises(error, match=said):
        shrink(y, v, **options)
