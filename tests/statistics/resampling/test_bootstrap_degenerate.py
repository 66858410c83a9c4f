"""Degenerate cases: a stated result, and a warning that names the cause and the count."""

import json
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import emostats as em
from emostats.errors import EmostatsWarning, ModelError

CASES = {
    case["id"]: case
    for case in json.loads(
        (Path(__file__).parents[2] / "reference/bootstrap/degenerate_bootstrap.json").read_text()
    )["cases"]
}


def warned(call):
    """The result, and all warnings as one text."""
    with pytest.warns(EmostatsWarning) as caught:
        result = call()
    return result, " ".join(str(item.message) for item in caught)


def numbers(result):
    return [result.estimate, result.std_error, result.bias, result.conf_low, result.conf_high]


@pytest.mark.parametrize("statistic", ["mean", np.mean])
@pytest.mark.parametrize("method", ["bca", "percentile", "basic", "normal", "studentized"])
def test_constant_data(statistic, method):
    data = np.array(CASES["constant"]["data"])
    with pytest.warns(EmostatsWarning, match="the same value, 3, in all 300 resamples"):
        found = em.bootstrap(data, statistic, unit=None, n_resamples=300, method=method, seed=1)
    assert numbers(found) == [3.0, 0.0, 0.0, 3.0, 3.0]
    assert found.n_failed == 0


@pytest.mark.parametrize("statistic", ["mean", np.mean])
def test_a_single_value_bounds_nothing(statistic):
    data = np.array(CASES["single_value"]["data"])
    with pytest.warns(EmostatsWarning, match="one unit to resample"):
        found = em.bootstrap(data, statistic, unit=None, seed=1)
    assert (found.estimate, found.conf_low, found.conf_high, found.std_error) == (
        2.0,
        -np.inf,
        np.inf,
        np.inf,
    )
    assert not np.isnan(numbers(found)).any()


def test_two_values_are_computed_and_mentioned():
    with pytest.warns(EmostatsWarning, match="only 2 units"):
        found = em.bootstrap(np.array([1.0, 2.0]), "mean", unit=None, n_resamples=2000, seed=1)
    assert (found.conf_low, found.conf_high) == (1.0, 2.0)


def test_strata_of_one_unit_each_bound_nothing():
    data = pd.DataFrame({"x": [1.0, 2.0, 5.0], "s": ["a", "b", "c"]})
    with pytest.warns(EmostatsWarning, match="one unit in each of 3 strata"):
        found = em.bootstrap(data, "mean", columns="x", unit=None, strata="s", seed=1)
    assert (found.conf_low, found.conf_high) == (-np.inf, np.inf)


def test_missing_values_are_left_out_and_counted():
    data = np.array([np.nan if x is None else x for x in CASES["with_nan"]["data"]])
    with pytest.warns(EmostatsWarning, match="1 of 6 rows have a missing or infinite value"):
        found = em.bootstrap(data, "mean", unit=None, n_resamples=2000, seed=1)
    assert found.estimate == pytest.approx(3.8)
    assert np.isfinite(numbers(found)).all()


def test_a_function_that_cannot_stand_missing_values_fails_with_a_reason():
    data = np.array([1.0, 2.0, np.nan, 4.0])
    with pytest.raises(ModelError, match=r"'statistic' is not a finite number.*missing or constant"):
        em.bootstrap(data, np.mean, unit=None, seed=1)


def test_the_maximum_has_limits_at_the_edge():
    data = np.array(CASES["max_of_12"]["data"])
    with pytest.warns(EmostatsWarning, match="edge of its 9999 resamples"):
        found = em.bootstrap(data, np.max, unit=None, seed=1)
    scipy_bca = CASES["max_of_12"]["peers"]["scipy 1.17.1 BCa"]["ci95"]
    assert [found.conf_low, found.conf_high] == scipy_bca


def test_a_statistic_that_fails_on_some_resamples_does_not_poison_the_others():
    data = pd.DataFrame({"x": [0.0, 0.0, 0.0, 1.0, 2.0], "y": [1.0, 2.0, 3.0, 4.0, 5.0]})

    def slope(frame):
        if frame["x"].nunique() == 1:
            raise ZeroDivisionError("all x are equal")
        return np.polyfit(frame["x"], frame["y"], 1)[0]

    found, text = warned(lambda: em.bootstrap(data, slope, unit=None, n_resamples=2000, seed=1))
    assert f"Of 2000 resamples some gave no value and were left out: 'statistic' {found.n_failed}" in text
    assert f"ZeroDivisionError: all x are equal ({found.n_failed})" in text
    share = 3 * 0.2**5 - 0 + (0.6**5 - 3 * 0.2**5) + 2 * 0.2**5  # all zero, or all one, or all two
    assert found.n_failed == pytest.approx(2000 * share, rel=0.2)
    assert len(found.distribution) == 2000 - found.n_failed
    assert np.isnan(found.replicates).sum() == found.n_failed
    assert np.isfinite(numbers(found)).all()


def test_undefined_values_count_as_failures_too():
    data = pd.DataFrame({"x": [1.0, 1.0, 1.0, 2.0], "y": [1.0, 2.0, 3.0, 4.0]})
    named, text = warned(lambda: em.bootstrap(data, "corr", unit=None, n_resamples=1000, seed=1))
    assert f"not a finite number ({named.n_failed})" in text
    assert 1000 * 0.75**4 * 0.7 < named.n_failed < 1000 * 0.75**4 * 1.4
    assert np.isfinite(numbers(named)).all()


def test_several_statistics_fail_each_for_itself():
    data = pd.DataFrame({"x": [1.0, 1.0, 1.0, 2.0], "y": [1.0, 2.0, 3.0, 4.0]})

    def both(frame):
        spread = frame["x"].std()
        return {"mean": frame["y"].mean(), "ratio": frame["y"].std() / spread if spread > 0 else np.nan}

    found, text = warned(lambda: em.bootstrap(data, both, unit=None, n_resamples=500, seed=1))
    assert "'ratio'" in text
    assert found.n_failed["mean"] == 0 < found.n_failed["ratio"]
    assert len(found.distribution["mean"]) == 500


def test_a_statistic_that_always_fails_on_resamples_is_an_error():
    data = np.arange(20.0)

    def only_in_order(x):
        if (np.diff(x) < 0).any():
            raise RuntimeError("shuffled")
        return x.mean()

    with pytest.raises(ModelError, match="on 0 of 60 resamples"):
        em.bootstrap(data, only_in_order, unit=None, n_resamples=60, method="percentile", seed=1)


def test_bca_falls_back_where_the_estimate_lies_outside_all_resamples():
    data = np.arange(12.0)

    def distinct(x):
        return len(np.unique(x)) + 0.001 * x.mean()

    with pytest.warns(EmostatsWarning, match="BCa is undefined.*lies above all 500 resamples"):
        found = em.bootstrap(data, distinct, unit=None, n_resamples=500, seed=1)
    assert found.method == "percentile"
    assert found.z0 is None
    assert np.isfinite(numbers(found)).all()


def test_bca_takes_acceleration_zero_where_single_units_do_not_matter():
    data = np.array([0.0] * 20 + [1.0] * 20)
    with pytest.warns(EmostatsWarning, match="Leaving out single units does not change"):
        found = em.bootstrap(data, lambda x: float(x.mean() > 0.4), unit=None, n_resamples=400, seed=1)
    assert (found.acceleration, found.method) == (0.0, "bca")


def test_jackknife_failures_are_counted():
    data = pd.DataFrame({"x": [0.0, 0.0, 0.0, 0.0, 0.0, 1.0], "y": [1.0, 2.0, 3.0, 5.0, 8.0, 13.0]})
    found, text = warned(lambda: em.bootstrap(data, "corr", unit=None, n_resamples=500, seed=1))
    assert "one unit left out for 1 of 6 units" in text
    assert np.isfinite(numbers(found)).all()


def test_studentizing_without_a_standard_error_falls_back():
    data = np.array([1.0, 2.0, 4.0, 7.0])
    with pytest.warns(EmostatsWarning, match="standard error of 'mean' is zero or undefined in"):
        some = em.bootstrap(data, "mean", unit=None, n_resamples=3000, method="studentized", seed=1)
    assert some.method == "studentized"
    with pytest.warns(EmostatsWarning, match="no positive standard error"):
        none = em.bootstrap(
            data,
            np.mean,
            unit=None,
            n_resamples=300,
            method="studentized",
            statistic_std_error=lambda x: 0.0,
            seed=1,
        )
    assert none.method == "percentile"


def test_clean_data_give_no_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = em.bootstrap(
            np.random.default_rng(0).normal(size=30), "mean", unit=None, n_resamples=2000, seed=1
        )
    assert found.warnings == ()
