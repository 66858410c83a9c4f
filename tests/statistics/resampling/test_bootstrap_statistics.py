"""Named statistics, several at once, methods, and the result."""

from contextlib import nullcontext
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import emostats as em
from emostats.errors import EmostatsWarning
from emostats.statistics.effects.dominance import dominance
from emostats.statistics.resampling import NAMED, SumStatistic, jackknife
from emostats.statistics.resampling.prepare import named_evaluator
from emostats.statistics.resampling.units import find_units

# few resamples and rounded values keep these tests fast; test_bootstrap_degenerate tests the warnings
pytestmark = pytest.mark.filterwarnings("ignore::emostats.errors.EmostatsWarning")

ONE = {
    "mean": np.mean,
    "sum": np.sum,
    "var": lambda x: np.var(x, ddof=1),
    "std": lambda x: np.std(x, ddof=1),
    "coefficient_of_variation": lambda x: np.std(x, ddof=1) / np.mean(x),
    "median": np.median,
    "lower_quartile": lambda x: np.quantile(x, 0.25, method="averaged_inverted_cdf"),
    "upper_quartile": lambda x: np.quantile(x, 0.75, method="averaged_inverted_cdf"),
}
TWO = {
    "corr": lambda x, y: np.corrcoef(x, y)[0, 1],
    "cov": lambda x, y: np.cov(x, y)[0, 1],
    "slope": lambda x, y: np.polyfit(x, y, 1)[0],
    "mean_difference": lambda x, y: y.mean() - x.mean(),
    "ratio_of_means": lambda x, y: y.mean() / x.mean(),
    "percent_change": lambda x, y: 100 * (y.mean() / x.mean() - 1),
    "standardized_mean_change": lambda x, y: (y - x).mean() / (y - x).std(ddof=1),
}
GROUPS = {
    "group_mean_difference": lambda x, g: x[g == "t"].mean() - x[g == "c"].mean(),
    "cliff_delta": lambda x, g: dominance(x[g == "t"], x[g == "c"]).delta,
}


def study(n=36):
    rng = np.random.default_rng(3)
    pre = rng.gamma(4.0, size=n) + 1e3
    return pd.DataFrame(
        {
            "id": np.repeat(np.arange(n // 2), 2),
            "pre": pre,
            "post": np.round(pre + rng.normal(2, 1, size=n), 1),
            "arm": np.tile(["c", "t"], n // 2),
        }
    )


def test_every_named_statistic_is_tested_here():
    assert {*ONE, *TWO, *GROUPS} == {*NAMED}


@pytest.mark.parametrize("unit", [None, "id"])
@pytest.mark.parametrize("name", NAMED)
def test_named_statistics_are_their_plain_formula_on_every_resample(name, unit):
    if name in ONE:
        columns, function = ["post"], lambda d: ONE[name](d["post"].to_numpy())
    elif name in TWO:
        columns, function = ["pre", "post"], lambda d: TWO[name](d["pre"].to_numpy(), d["post"].to_numpy())
    else:
        columns, function = ["post", "arm"], lambda d: GROUPS[name](d["post"].to_numpy(), d["arm"].to_numpy())
    data = study()
    named = em.bootstrap(data, name, columns=columns, unit=unit, n_resamples=150, seed=1)
    called = em.bootstrap(data, function, unit=unit, n_resamples=150, seed=1)
    assert named.estimate == pytest.approx(called.estimate, rel=1e-10)
    np.testing.assert_allclose(named.replicates, called.replicates, rtol=1e-9, atol=1e-10)
    assert named.acceleration == pytest.approx(called.acceleration, rel=1e-6, abs=1e-9)
    assert (named.conf_low, named.conf_high) == pytest.approx((called.conf_low, called.conf_high), rel=1e-8)


def test_sums_survive_a_large_offset():
    data = study()
    shifted = data.assign(post=data["post"] + 1e8)
    plain = em.bootstrap(data, "std", columns="post", unit=None, n_resamples=200, seed=1)
    far = em.bootstrap(shifted, "std", columns="post", unit=None, n_resamples=200, seed=1)
    np.testing.assert_allclose(far.distribution, plain.distribution, rtol=1e-6)


@pytest.mark.parametrize("name", [name for name, s in NAMED.items() if isinstance(s, SumStatistic)])
def test_linearised_standard_errors_are_the_infinitesimal_jackknife(name):
    """The standard error by sums equals sqrt(sum L²)/n of the influence values, and is near the
    jackknife's."""
    columns = ["post"] if name in ONE else ["pre", "post"] if name in TWO else ["post", "arm"]
    data = study(120)
    evaluator, _ = named_evaluator(data, [name], find_units(data, "id"), columns, studentize=True)
    std_error = float(evaluator.original().std_errors[0, 0])
    found = jackknife(data, name, unit="id", columns=columns)
    assert std_error == pytest.approx(found.std_error_infinitesimal, rel=1e-8)
    assert std_error == pytest.approx(found.std_error, rel=0.1)


def test_studentized_with_a_supplied_standard_error_is_the_same_as_by_sums():
    x = np.random.default_rng(1).gamma(2.0, size=25)
    options = {"unit": None, "n_resamples": 999, "method": "studentized", "seed": 1}
    by_sums = em.bootstrap(x, "mean", **options)
    supplied = em.bootstrap(x, np.mean, statistic_std_error=lambda v: v.std() / np.sqrt(len(v)), **options)
    assert (supplied.conf_low, supplied.conf_high) == pytest.approx(
        (by_sums.conf_low, by_sums.conf_high), rel=1e-9
    )


def test_nested_studentized_limits_are_near_those_with_a_formula():
    x = np.random.default_rng(1).gamma(2.0, size=25)
    options = {"unit": None, "method": "studentized", "seed": 1}
    by_sums = em.bootstrap(x, "mean", n_resamples=2000, **options)
    nested = em.bootstrap(x, np.mean, n_resamples=500, n_nested=60, **options)
    width = by_sums.conf_high - by_sums.conf_low
    assert nested.conf_low == pytest.approx(by_sums.conf_low, abs=0.12 * width)
    assert nested.conf_high == pytest.approx(by_sums.conf_high, abs=0.2 * width)


def test_bayesian_bootstrap_of_a_mean_has_the_known_posterior():
    """Posterior mean x̄ and variance s²_n / (n + 1) (Rubin, 1981); a weighted function agrees with the
    name."""
    x = np.random.default_rng(1).gamma(2.0, size=30)
    named = em.bootstrap(x, "mean", unit=None, n_resamples=20_000, method="bayesian", seed=1)
    assert named.distribution.mean() == pytest.approx(x.mean(), abs=4 * named.std_error / np.sqrt(20_000))
    assert named.std_error == pytest.approx(np.sqrt(x.var() / 31), rel=0.02)
    called = em.bootstrap(
        x, lambda v, w: float(np.average(v, weights=w)), unit=None, n_resamples=200, method="bayesian", seed=1
    )
    np.testing.assert_allclose(called.distribution, named.distribution[:200], rtol=1e-12)
    assert called.method == "bayesian"


def test_bayesian_bootstrap_weighs_clusters_as_wholes():
    data = study()
    seen = []

    def statistic(frame, weights):
        seen.append(weights)
        return float(np.average(frame["pre"], weights=weights))

    em.bootstrap(data, statistic, unit="id", n_resamples=20, method="bayesian", seed=1)
    for weights in seen:
        assert (weights[0::2] == weights[1::2]).all()
        assert weights.sum() == pytest.approx(len(data))


def test_several_statistics_in_one_pass():
    data = study()
    found = em.bootstrap(data, ["mean", "std", "median"], columns="post", unit="id", n_resamples=300, seed=1)
    assert found.names == ("mean", "std", "median")
    alone = em.bootstrap(data, "std", columns="post", unit="id", n_resamples=300, seed=1)
    assert found.conf_low["std"] == alone.conf_low
    assert found.estimate["std"] == pytest.approx(data["post"].std())
    labelled = em.bootstrap(
        data, {"a": "mean", "b": NAMED["std"]}, columns="post", unit="id", n_resamples=300, seed=1
    )
    assert labelled.conf_high["b"] == alone.conf_high


class Pair(NamedTuple):
    low: float
    high: float


@pytest.mark.parametrize(
    ("statistic", "names"),
    [
        (lambda d: {"a": d["pre"].mean(), "b": d["post"].mean()}, ("a", "b")),
        (lambda d: d[["pre", "post"]].mean(), ("pre", "post")),
        (lambda d: Pair(d["pre"].min(), d["pre"].max()), ("low", "high")),
        (lambda d: d[["pre", "post"]].to_numpy().mean(axis=0), ("statistic[0]", "statistic[1]")),
    ],
)
def test_functions_may_return_several_values_by_name(statistic, names):
    with pytest.warns(EmostatsWarning) if "low" in names else nullcontext():
        found = em.bootstrap(study(), statistic, unit=None, n_resamples=200, seed=1)
    assert found.names == names
    assert [*found.estimate] == list(names)
    assert found.table()["statistic"].tolist() == list(names)
    assert found.replicates.shape == (200, 2)


def test_a_statistic_that_loses_a_name_fails_on_that_resample():
    def by_arm(data):
        return data.groupby("arm")["post"].mean()

    data = study(8)
    with pytest.warns(EmostatsWarning) as caught:
        found = em.bootstrap(data, by_arm, unit=None, n_resamples=500, seed=1)
    assert any("returned no value for" in str(item.message) for item in caught)
    assert found.n_failed["c"] == found.n_failed["t"] > 0


def test_the_result_is_frozen_and_complete():
    found = em.bootstrap(study(), "mean", columns="pre", unit="id", n_resamples=500, seed=1)
    with pytest.raises(AttributeError):
        found.estimate = 1.0
    with pytest.raises(ValueError, match="read-only"):
        found.distribution[0] = 1.0
    assert (found.method, found.n_resamples, found.n_units, found.unit, found.n_failed) == (
        "bca",
        500,
        18,
        "id",
        0,
    )
    assert found.bias == pytest.approx(found.distribution.mean() - found.estimate)
    assert found.std_error == pytest.approx(found.distribution.std(ddof=1))
    assert found.conf_low < found.estimate < found.conf_high
    columns = ["statistic", "estimate", "std_error", "conf_low", "conf_high", "bias", "n_failed", "method"]
    assert found.table().columns.tolist() == columns


def test_other_intervals_come_from_the_same_replicates():
    options = {"columns": "pre", "unit": "id", "n_resamples": 500, "seed": 1}
    found = em.bootstrap(study(), "mean", **options)
    for method in ("percentile", "basic", "normal"):
        direct = em.bootstrap(study(), "mean", method=method, conf_level=0.9, **options)
        assert found.interval(method, 0.9)[["conf_low", "conf_high"]].iloc[0].tolist() == [
            direct.conf_low,
            direct.conf_high,
        ]


@settings(max_examples=20, deadline=None)
@given(st.floats(0.5, 5), st.floats(-100, 100))
def test_intervals_of_a_mean_move_with_the_unit_of_measurement(scale, shift):
    x = study()["post"].to_numpy()
    for method in ("bca", "basic", "studentized"):
        before = em.bootstrap(x, "mean", unit=None, n_resamples=200, method=method, seed=1)
        after = em.bootstrap(scale * x + shift, "mean", unit=None, n_resamples=200, method=method, seed=1)
        assert after.conf_low == pytest.approx(scale * before.conf_low + shift, rel=1e-8, abs=1e-7)
        assert after.conf_high == pytest.approx(scale * before.conf_high + shift, rel=1e-8, abs=1e-7)


def test_a_mapping_of_columns_is_a_table():
    data = study()
    found = em.bootstrap(
        {"pre": data["pre"], "post": data["post"]}, "corr", unit=None, n_resamples=200, seed=1
    )
    assert (
        found.conf_low
        == em.bootstrap(data[["pre", "post"]], "corr", unit=None, n_resamples=200, seed=1).conf_low
    )
