"""Bootstrap intervals against enumerated bootstraps, R's boot and a million resamples."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import emostats as em
from emostats.statistics.resampling import SumStatistic, jackknife
from emostats.statistics.resampling.intervals import bca_limits, bias_correction

REFERENCE = Path(__file__).parents[2] / "reference/bootstrap"


def load(name):
    return {case["id"]: case for case in json.loads((REFERENCE / f"{name}.json").read_text())["cases"]}


EXACT, MONTE_CARLO, R_BOOT = load("exact_bootstrap"), load("monte_carlo"), load("r_boot")


def spread(columns):
    x = columns[:, 0]
    return np.column_stack([np.ones_like(x), x, x * x])


def plug_in(totals, centre):
    n, x, xx = totals.T
    return xx / n - (x / n) ** 2


PLUG_IN_VARIANCE = SumStatistic("plug_in_variance", ("value",), spread, plug_in)


def two_groups():
    case = EXACT["sleep_two_groups"]
    value = [*case["b"], *case["a"]]
    return pd.DataFrame({"value": value, "group": ["b"] * len(case["b"]) + ["a"] * len(case["a"])})


def exact_call(name):
    """Data and arguments of each enumerated case, by the named statistic."""
    case = EXACT[name]
    data = case.get("data")
    if name == "sleep_two_groups":
        frame = two_groups()
        frame["group"] = pd.Categorical(frame["group"], categories=["b", "a"])
        return frame, {
            "statistic": "group_mean_difference",
            "unit": None,
            "strata": "group",
            "columns": ["value", "group"],
        }
    if name == "sleepstudy_8_clusters_exact":
        return pd.DataFrame(data), {"statistic": "slope", "unit": "Subject", "columns": ["Days", "Reaction"]}
    statistic = {
        "city_ratio": "ratio_of_means",
        "law_school_correlation": "corr",
        "sleep_paired_diff_variance": PLUG_IN_VARIANCE,
    }.get(name, "mean")
    return np.array(data), {"statistic": statistic, "unit": None}


@pytest.mark.parametrize("name", EXACT)
def test_against_the_enumerated_bootstrap(name):
    """With B = 100,000 about 0.02 SE (percentile) to 0.05 SE (BCa), plus a step of the lattice where there is
    one."""
    data, arguments = exact_call(name)
    found = em.bootstrap(data, seed=1, n_resamples=100_000, **arguments)
    ideal = EXACT[name]["ideal_bootstrap"]
    acceleration = ideal["acceleration"].get("jackknife", ideal["acceleration"].get("stratified"))
    assert found.estimate == pytest.approx(ideal["t0"], rel=1e-9)
    assert found.acceleration == pytest.approx(acceleration, rel=1e-9)
    assert found.std_error == pytest.approx(ideal["se"], rel=0.012)
    assert found.bias == pytest.approx(ideal["bias"], abs=0.012 * ideal["se"])
    assert found.z0 == pytest.approx(ideal["z0_midrank"], abs=0.012)
    steps = np.diff(np.unique(np.round(found.distribution, 9)))
    lattice = np.median(steps) if ideal["n_distinct"] < 10_000 else 0.0
    kind = "bca_midrank_stratified" if name == "sleep_two_groups" else "bca_midrank_jackknife"
    for method, key, tolerance in (
        ("percentile", "percentile", 0.03),
        ("basic", "basic", 0.03),
        ("normal", "normal", 0.02),
        ("bca", kind, 0.08),
    ):
        for level in ("90", "95", "99"):
            limits = found.interval(method, int(level) / 100).iloc[0]
            widen = 2.0 if level == "99" else 1.0
            expected = ideal["ci"][level].get(key)
            if expected is None:
                continue
            close = pytest.approx(expected, abs=widen * tolerance * ideal["se"] + 1.01 * lattice)
            assert [limits.conf_low, limits.conf_high] == close, (method, level)


@pytest.mark.parametrize("name", [name for name, case in EXACT.items() if "jackknife" in case])
def test_jackknife(name):
    data, arguments = exact_call(name)
    found = jackknife(data, arguments.pop("statistic"), **arguments)
    expected, infinitesimal = EXACT[name]["jackknife"], EXACT[name]["infinitesimal_jackknife"]
    assert found.std_error == pytest.approx(expected["se"], rel=1e-9)
    assert found.bias == pytest.approx(expected["bias"], abs=1e-9 * expected["se"])
    np.testing.assert_allclose(found.values, expected["values"], rtol=1e-9)
    np.testing.assert_allclose(found.influence, infinitesimal["influence"], rtol=1e-9, atol=1e-9)
    assert found.std_error_infinitesimal == pytest.approx(infinitesimal["se"], rel=1e-9)


def mean_squares(ratings):
    """Mean squares of targets, raters and residual of a complete table."""
    n, k = ratings.shape
    grand, rows, columns = ratings.mean(), ratings.mean(axis=1), ratings.mean(axis=0)
    residual = ((ratings - rows[:, None] - columns + grand) ** 2).sum() / ((n - 1) * (k - 1))
    return k * ((rows - grand) ** 2).sum() / (n - 1), n * ((columns - grand) ** 2).sum() / (k - 1), residual


def icc_a1(ratings):
    n, k = ratings.shape
    targets, raters, residual = mean_squares(ratings)
    return (targets - residual) / (targets + (k - 1) * residual + k * (raters - residual) / n)


def icc_c1(ratings):
    targets, _, residual = mean_squares(ratings)
    return (targets - residual) / (targets + (ratings.shape[1] - 1) * residual)


def icc_difference(frame):
    boys = (frame["group"] == "boy").to_numpy()
    ratings = frame[["r1", "r2", "r3"]].to_numpy(dtype=float)
    return icc_a1(ratings[boys]) - icc_a1(ratings[~boys])


def chick_change(frame):
    time, diet, weight = (frame[name].to_numpy() for name in ("Time", "Diet", "weight"))

    def mean(day, kind):
        return weight[(time == day) & (diet == kind)].mean()

    return (mean(21, 3) - mean(0, 3)) - (mean(21, 1) - mean(0, 1))


def hedges_g(frame):
    change, cbt = frame["change"].to_numpy(), (frame["group"] == "CBT").to_numpy()
    x, y = change[cbt], change[~cbt]
    df = len(change) - 2
    pooled = ((len(x) - 1) * x.var(ddof=1) + (len(y) - 1) * y.var(ddof=1)) / df
    return (x.mean() - y.mean()) / np.sqrt(pooled) * (1 - 3 / (4 * df - 1))


def monte_carlo_call(name):
    data = MONTE_CARLO[name].get("data")
    experts = MONTE_CARLO["experts_60x3_icc_A1"]
    ratings = np.array(experts["ratings"], dtype=float)
    slope = {"statistic": "slope", "unit": "Subject", "columns": ["Days", "Reaction"], "n_resamples": 100_000}
    return {
        "sleepstudy_pooled_slope": lambda: (pd.DataFrame(data), slope),
        "sleepstudy_dropout_pooled_slope": lambda: (pd.DataFrame(data), slope),
        "chickweight_change_diet3_minus_diet1": lambda: (
            pd.DataFrame(data),
            {"statistic": chick_change, "unit": "Chick", "strata": "Diet", "n_resamples": 1500},
        ),
        "anorexia_FT_standardised_response_mean": lambda: (
            pd.DataFrame(data),
            {"statistic": "standardized_mean_change", "unit": None, "n_resamples": 100_000},
        ),
        "anorexia_change_hedges_g_CBT_vs_Cont": lambda: (
            pd.DataFrame(data),
            {"statistic": hedges_g, "unit": "row", "strata": ["group"], "n_resamples": 1500},
        ),
        "experts_60x3_icc_A1": lambda: (ratings, {"statistic": icc_a1, "unit": None, "n_resamples": 5000}),
        "experts_60x3_icc_C1": lambda: (ratings, {"statistic": icc_c1, "unit": None, "n_resamples": 5000}),
        "experts_60x3_icc_difference_boys_minus_girls": lambda: (
            pd.DataFrame(ratings, columns=["r1", "r2", "r3"]).assign(group=experts["group"]),
            {"statistic": icc_difference, "unit": None, "strata": "group", "n_resamples": 1500},
        ),
    }[name]()


@pytest.mark.parametrize("name", MONTE_CARLO)
def test_against_a_million_resamples(name):
    """Limits within 4 Monte Carlo standard errors of both runs together; everything else to 1e-9."""
    case = MONTE_CARLO[name]
    data, arguments = monte_carlo_call(name)
    found = em.bootstrap(data, seed=2, **arguments)
    assert found.estimate == pytest.approx(case["t0"], rel=1e-9)
    assert found.acceleration == pytest.approx(case["acceleration_jackknife"], abs=1e-9)
    scale = 4 * np.sqrt(1 + 1e6 / found.n_resamples)
    for method in ("percentile", "basic", "normal", "bca"):
        for level in ("90", "95", "99"):
            limits = found.interval(method, int(level) / 100).iloc[0]
            apart = np.abs([limits.conf_low, limits.conf_high] - np.array(case["ci"][level][method]))
            assert (apart <= scale * np.array(case["mc_se"][level][method])).all(), (method, level)


def anorexia_change():
    frame = pd.DataFrame(R_BOOT["anorexia_change_CBT_minus_Cont"]["data"])
    frame = frame[frame["treat"].isin(["CBT", "Cont"])]
    group = pd.Categorical(frame["treat"], categories=["Cont", "CBT"])
    return pd.DataFrame({"value": (frame["post"] - frame["pre"]).to_numpy(), "group": group})


def gravity():
    data = R_BOOT["gravity_series_7_8_difference"]["data"]
    value = [*data["series7"], *data["series8"]]
    return pd.DataFrame(
        {"value": value, "group": ["7"] * len(data["series7"]) + ["8"] * len(data["series8"])}
    )


def r_call(name):
    groups = {
        "statistic": "group_mean_difference",
        "unit": None,
        "strata": "group",
        "columns": ["value", "group"],
    }
    if name == "gravity_series_7_8_difference":
        return gravity(), groups
    if name == "anorexia_change_CBT_minus_Cont":
        return anorexia_change(), groups
    return exact_call({"law_school_correlation": name, "aircondit_mean": name, "city_ratio": name}[name])


@pytest.mark.parametrize("name", R_BOOT)
def test_against_r_boot(name):
    """0.03 SE for normal, basic, percentile; 0.06 SE for BCa; 5 % of the width for studentized (lattice
    added).

    R centres the influence values at t0 instead of their mean and counts no ties in z0, so BCa is compared at
    R's acceleration and strict z0.
    """
    case = R_BOOT[name]
    data, arguments = r_call(name)
    found = em.bootstrap(data, seed=3, n_resamples=100_000, **arguments)
    assert found.estimate == pytest.approx(case["t0"], rel=1e-9)
    steps = np.diff(np.unique(np.round(found.distribution, 9)))
    lattice = np.median(steps) if len(steps) < 5000 else 0.0
    z0 = bias_correction(found.distribution, found.estimate, "strict")
    for level in ("90", "95"):
        for method in ("normal", "basic", "percentile"):
            limits = found.interval(method, int(level) / 100).iloc[0]
            expected = pytest.approx(case["ci"][method][level], abs=0.03 * case["se"] + 1.01 * lattice)
            assert [limits.conf_low, limits.conf_high] == expected, (method, level)
        bca = bca_limits(
            found.distribution, z0, case["acceleration_used_by_boot"], int(level) / 100, "normal"
        )
        close = pytest.approx(case["ci"]["bca"][level], abs=0.06 * case["se"] + 1.01 * lattice)
        assert [bca.low, bca.high] == close, level
    if "studentized" not in case["ci"]:
        return
    with_t = em.bootstrap(data, seed=4, n_resamples=50_000, method="studentized", **arguments)
    for level in ("90", "95", "99"):
        low, high = case["ci"]["studentized"][level]
        limits = with_t.interval("studentized", int(level) / 100).iloc[0]
        assert [limits.conf_low, limits.conf_high] == pytest.approx([low, high], abs=0.05 * (high - low)), (
            level
        )


def test_agrees_with_scipy_on_the_same_definition():
    x = np.random.default_rng(5).gamma(2.0, size=40)
    peer = stats.bootstrap((x,), np.mean, n_resamples=50_000, method="BCa", rng=6)
    found = em.bootstrap(x, "mean", unit=None, n_resamples=50_000, seed=6)
    width = peer.confidence_interval.high - peer.confidence_interval.low
    assert found.conf_low == pytest.approx(peer.confidence_interval.low, abs=0.02 * width)
    assert found.conf_high == pytest.approx(peer.confidence_interval.high, abs=0.02 * width)
    assert found.std_error == pytest.approx(peer.standard_error, rel=0.02)
