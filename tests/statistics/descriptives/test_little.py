"""Little's test against the closed form of monotone bivariate data, and against its own definition."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chi2

from emostats.errors import ConvergenceError, UsageError
from emostats.statistics.descriptives.little import little_test


def monotone(n: int = 60, missing: int = 25, seed: int = 4) -> pd.DataFrame:
    draws = np.random.default_rng(seed)
    x = draws.normal(10, 3, n)
    y = 2 + 0.7 * x + draws.normal(0, 2, n)
    y[np.argsort(x + draws.normal(0, 3, n))[:missing]] = np.nan
    return pd.DataFrame({"x": x, "y": y})


def test_monotone_bivariate_data_have_a_closed_form():
    """Anderson (1957): x by all rows, y given x by the regression in the complete ones."""
    table = monotone()
    x, y = table["x"].to_numpy(), table["y"].to_numpy()
    full = ~np.isnan(y)
    mu_x, s_xx = x.mean(), x.var()
    slope = np.cov(x[full], y[full], ddof=0)[0, 1] / x[full].var()
    residual = (y[full] - y[full].mean() - slope * (x[full] - x[full].mean())).var()
    mean = np.array([mu_x, y[full].mean() + slope * (mu_x - x[full].mean())])
    covariance = np.array([[s_xx, slope * s_xx], [slope * s_xx, residual + slope**2 * s_xx]])
    away = np.array([x[full].mean(), y[full].mean()]) - mean
    expected = full.sum() * away @ np.linalg.inv(covariance) @ away
    expected += (~full).sum() * (x[~full].mean() - mu_x) ** 2 / s_xx

    found = little_test(table)
    np.testing.assert_allclose(found.mean, mean, rtol=1e-7)
    np.testing.assert_allclose(found.covariance, covariance, rtol=1e-7)
    assert found.statistic == pytest.approx(expected, rel=1e-7)
    assert (found.df, found.n_patterns, found.n) == (1, 2, 60)
    assert found.p_value == pytest.approx(chi2.sf(expected, 1), rel=1e-6)


def test_scale_and_order_of_rows_do_not_matter():
    table = monotone()
    first = little_test(table)
    second = little_test((table * [1000, 0.01] + [5, -7]).sample(frac=1, random_state=1))
    assert second.statistic == pytest.approx(first.statistic, rel=1e-6)


def test_complete_data_leave_nothing_to_test():
    found = little_test(monotone(missing=0))
    assert (found.statistic, found.df, found.n_patterns) == (0, 0, 1)
    assert np.isnan(found.p_value)


def test_rows_without_any_value_do_not_count():
    table = monotone()
    empty = pd.DataFrame({"x": [np.nan], "y": [np.nan]})
    assert little_test(pd.concat([table, empty])).statistic == pytest.approx(little_test(table).statistic)


def test_the_level_holds_when_values_are_missing_completely_at_random():
    draws = np.random.default_rng(11)
    rejected = 0
    for _ in range(120):
        values = draws.multivariate_normal([0, 0, 0], [[1, 0.5, 0.3], [0.5, 1, 0.5], [0.3, 0.5, 1]], 150)
        values[draws.random(values.shape) < 0.15] = np.nan
        rejected += little_test(pd.DataFrame(values)).p_value < 0.05
    assert rejected <= 15  # 6 are expected; P(more than 15) < 0.001


@pytest.mark.parametrize(("table", "match"), [
    (pd.DataFrame({"a": ["x", "y", "z"], "b": [1, 2, 3]}), "numeric"),
    (pd.DataFrame({"a": [1.0, 2, 3]}), "two columns"),
    (pd.DataFrame({"a": [1.0, 2, 3], "b": [np.nan] * 3}), "'b'"),
    (pd.DataFrame({"a": [1.0, 2, 3], "b": [4.0] * 3}), "'b'"),
])  # fmt: skip
def test_bad_input(table, match):
    with pytest.raises(UsageError, match=match):
        little_test(table)


def test_a_column_that_follows_from_another_is_refused():
    table = monotone().assign(z=lambda t: 2 * t["x"])
    with pytest.raises(ConvergenceError, match="singular"):
        little_test(table)
