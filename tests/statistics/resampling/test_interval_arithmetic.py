"""Interval arithmetic against R's boot.ci, SciPy's conventions, and its own definitions."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

from emostats.statistics.resampling.acceleration import jackknife_acceleration, jackknife_std_error
from emostats.statistics.resampling.intervals import (
    basic_limits,
    bca_limits,
    bca_probabilities,
    bias_correction,
    normal_limits,
    percentile_limits,
    quantile,
    studentized_limits,
)

CASES = json.loads((Path(__file__).parents[2] / "reference/bootstrap/interval_arithmetic.json").read_text())[
    "cases"
]
LEVELS = ("80", "90", "95", "99")


@pytest.fixture(params=CASES, ids=lambda case: case["id"])
def case(request):
    return request.param


def pair(limits):
    return [limits.low, limits.high]


@pytest.mark.parametrize("level", LEVELS)
def test_limits_are_those_of_boot_ci(case, level):
    t, t0, conf_level = np.array(case["t"]), case["t0"], int(level) / 100
    expected = case["boot_ci"]
    assert pair(percentile_limits(t, conf_level, "normal")) == pytest.approx(
        expected["percentile"][level], abs=1e-10
    )
    assert pair(basic_limits(t, t0, conf_level, "normal")) == pytest.approx(
        expected["basic"][level], abs=1e-10
    )
    assert pair(normal_limits(t, t0, conf_level)) == pytest.approx(expected["normal"][level], abs=1e-10)
    bca = bca_limits(t, case["z0"], case["acceleration"], conf_level, "normal")
    assert pair(bca) == pytest.approx(expected["bca"][level], abs=1e-8)


@pytest.mark.parametrize("level", LEVELS)
def test_studentized_limits_are_those_of_boot_ci(level):
    case = CASES[0]
    found = studentized_limits(
        np.array(case["t"]),
        np.sqrt(case["var_t"]),
        case["t0"],
        np.sqrt(case["var_t0"]),
        int(level) / 100,
        "normal",
    )
    assert pair(found) == pytest.approx(case["boot_ci"]["studentized"][level], abs=1e-10)


@pytest.mark.parametrize(
    ("kind", "key"), [("linear", "type7"), ("weibull", "type6"), ("inverted_cdf", "type1")]
)
def test_quantile_types(case, kind, key):
    for level in LEVELS:
        found = percentile_limits(np.array(case["t"]), int(level) / 100, kind)
        assert pair(found) == pytest.approx(case[f"percentile_{key}"][level], abs=1e-10)


def test_bias_correction_and_acceleration_are_those_of_boot(case):
    assert bias_correction(np.array(case["t"]), case["t0"], "strict") == pytest.approx(case["z0"], abs=1e-12)
    influence = np.array(case["influence_jackknife"])
    a = (influence**3).sum() / (6 * (influence**2).sum() ** 1.5)
    assert a == pytest.approx(case["acceleration"], abs=1e-12)


def test_midrank_counts_half_of_the_ties():
    replicates = np.array([1.0, 2.0, 2.0, 3.0])
    assert bias_correction(replicates, 2.0) == pytest.approx(special.ndtri(0.5))
    assert bias_correction(replicates, 2.0, "strict") == pytest.approx(special.ndtri(0.25))


def test_ties_are_found_through_rounding():
    replicates = np.array([0.1 + 0.2, 0.3, 0.4, 0.2])
    assert bias_correction(replicates, 0.3) == 0.0


def test_bca_is_undefined_beyond_its_pole_and_without_replicates_on_both_sides():
    assert np.isnan(bca_probabilities(np.inf, 0.0, 0.95)).all()
    assert np.isnan(bca_probabilities(0.0, 0.6, 0.95)).all()
    assert np.isnan(bca_limits(np.arange(9.0), np.inf, 0.1, 0.95).low)


def test_extreme_limits_are_flagged():
    replicates = np.arange(30.0)
    assert percentile_limits(replicates, 0.95).extreme
    assert not percentile_limits(replicates, 0.90).extreme


sample = st.lists(st.floats(-1e6, 1e6), min_size=40, max_size=80).map(np.array)


@settings(max_examples=50, deadline=None)
@given(sample, st.floats(0.1, 10), st.floats(-1e3, 1e3))
def test_limits_move_with_the_unit_of_measurement(replicates, scale, shift):
    """Percentile and BCa limits of a t + b are a times the limits plus b."""
    before = bca_limits(replicates, 0.1, 0.05, 0.9)
    after = bca_limits(scale * replicates + shift, 0.1, 0.05, 0.9)
    assert pair(after) == pytest.approx([scale * before.low + shift, scale * before.high + shift], abs=1e-6)


@settings(max_examples=50, deadline=None)
@given(sample)
def test_higher_levels_contain_lower_ones(replicates):
    for limits in (
        lambda level: percentile_limits(replicates, level),
        lambda level: basic_limits(replicates, 1.0, level),
        lambda level: normal_limits(replicates, 1.0, level),
        lambda level: bca_limits(replicates, 0.2, -0.1, level),
    ):
        wide, narrow = limits(0.95), limits(0.8)
        assert wide.low <= narrow.low <= narrow.high <= wide.high


@settings(max_examples=50, deadline=None)
@given(sample)
def test_bca_without_corrections_is_the_percentile_interval(replicates):
    assert pair(bca_limits(replicates, 0.0, 0.0, 0.9)) == pytest.approx(
        pair(percentile_limits(replicates, 0.9))
    )


@settings(max_examples=50, deadline=None)
@given(sample, st.floats(0.001, 0.999))
def test_normal_scale_quantiles_lie_between_their_neighbours(replicates, probability):
    ordered = np.sort(replicates)
    rank = probability * (len(ordered) + 1)
    low = ordered[int(np.clip(np.floor(rank), 1, len(ordered))) - 1]
    high = ordered[int(np.clip(np.floor(rank) + 1, 1, len(ordered))) - 1]
    found = quantile(replicates, probability, "normal")[0]
    slack = 1e-9 * (1 + abs(found))
    assert low - slack <= found <= high + slack


def test_acceleration_of_one_stratum_is_the_textbook_formula():
    values = np.array([3.0, 1.0, 4.0, 1.0, 5.0, 9.0])
    d = values.mean() - values
    expected = (d**3).sum() / (6 * (d**2).sum() ** 1.5)
    assert jackknife_acceleration(values) == pytest.approx(expected, rel=1e-12)
    assert jackknife_acceleration(values, np.zeros(6, dtype=int)) == pytest.approx(expected, rel=1e-12)


def test_acceleration_by_strata_is_the_formula_in_the_reference():
    values, stratum = np.array([3.0, 1.0, 4.0, 2.0, 5.0, 9.0, 7.0]), np.array([0, 0, 0, 1, 1, 1, 1])
    cubes = squares = 0.0
    for h in (0, 1):
        part = values[stratum == h]
        n = len(part)
        L = (n - 1) * (part.mean() - part)
        cubes += (L**3).sum() / n**3
        squares += (L**2).sum() / n**2
    assert jackknife_acceleration(values, stratum) == pytest.approx(cubes / squares**1.5 / 6, rel=1e-12)


def test_acceleration_leaves_failed_units_out_and_is_undefined_without_change():
    values = np.array([3.0, 1.0, np.nan, 4.0, 2.0])
    assert jackknife_acceleration(values) == pytest.approx(jackknife_acceleration(values[[0, 1, 3, 4]]))
    assert np.isnan(jackknife_acceleration(np.full(5, 2.5)))
    assert np.isnan(jackknife_acceleration(np.full(5, np.nan)))


def test_jackknife_standard_error_of_a_mean_is_the_usual_one():
    x = np.array([3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0, 6.0])
    left_out = (x.sum() - x) / (len(x) - 1)
    assert jackknife_std_error(left_out) == pytest.approx(x.std(ddof=1) / np.sqrt(len(x)), rel=1e-12)
