"""Every rule of the one module that turns numbers into text."""

import doctest
import math
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emostats.render import rounding as r

NAN = float("nan")


@pytest.mark.parametrize(
    ("value", "places", "text"),
    [
        (2.675, 2, "2.68"),  # binary formatting gives 2.67
        (0.125, 2, "0.13"),  # half-even gives 0.12
        (2.5, 0, "3"),
        (-2.5, 0, "−3"),
        (0.5, 0, "1"),
        (1.005, 2, "1.01"),
        (1.4999999999999999, 0, "2"),  # the machine cannot tell this from 1.5
        (-0.0, 1, "0.0"),
        (-0.04, 1, "0.0"),
        (-0.05, 1, "−0.1"),
        (1234.5678, 1, "1,234.6"),
        (-1234567.0, 0, "−1,234,567"),
        (999.9995, 3, "1,000.000"),
        (0, 3, "0.000"),
        (7, 0, "7"),
        (1e15, 2, "1.00 × 10¹⁵"),
        (-2.5e300, 2, "−2.50 × 10³⁰⁰"),
        (5e-324, 2, "0.00"),
        (1.5e-9, 10, "1.50 × 10⁻⁹"),
        (0.0, 10, "0.000000"),
        (math.inf, 2, "∞"),
        (-math.inf, 2, "−∞"),
        (NAN, 2, "—"),
        (None, 2, "—"),
        (np.float64(2.675), 2, "2.68"),
        (np.int64(12), 1, "12.0"),
        (pd.NA, 1, "—"),
        (Decimal("1.25"), 1, "1.3"),
    ],
)
def test_fixed(value, places, text):
    assert r.fixed(value, places) == text


def test_fixed_signs_only_what_is_not_zero():
    assert r.fixed(1.26, 1, sign=True) == "+1.3"
    assert r.fixed(-1.26, 1, sign=True) == "−1.3"
    assert r.fixed(0.01, 1, sign=True) == r.fixed(-0.01, 1, sign=True) == "0.0"
    assert r.fixed(math.inf, 0, sign=True) == "+∞"


@pytest.mark.parametrize(
    ("std_error", "places"),
    [
        (0.0512, 3),
        (0.0996, 2),
        (0.0994, 3),
        (0.5, 2),
        (0.996, 1),
        (1.0, 1),
        (9.96, 0),
        (12.3, 0),
        (4567, 0),
        (3e-9, 10),
    ],
)
def test_decimals_show_two_digits_of_the_standard_error(std_error, places):
    assert r.decimals(std_error) == places


@pytest.mark.parametrize("std_error", [None, NAN, 0.0, -1.0, math.inf])
def test_decimals_need_a_positive_standard_error(std_error):
    assert r.decimals(std_error) is None


def test_a_column_takes_the_places_of_its_median_standard_error():
    assert r.shared_decimals([0.5, 0.05, 0.06, None]) == 3
    assert r.shared_decimals([], [98.7, -3.2]) == 1
    assert r.shared_decimals([], []) == 2
    assert r.shared_decimals([NAN], [0.0, NAN, math.inf]) == 2


def test_estimate_follows_its_standard_error():
    assert r.estimate(1.23456, 0.051) == "1.235"
    assert r.estimate(1.23456, 0.51) == "1.23"
    assert r.estimate(1.23456, None) == "1.23"
    assert r.estimate(0.0000012345, 0.00000002) == "1.23 × 10⁻⁶"
    assert r.estimate(None, 0.1) == "—"
    assert r.estimate(0.3, 0.1, sign=True) == "+0.30"


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        (1.2, 3.4, "1.2 to 3.4"),
        (-3.44, -1.25, "−3.4 to −1.3"),
        (-0.04, 0.04, "0.0 to 0.0"),
        (None, NAN, "—"),
        (None, 2.0, "— to 2.0"),
        (-math.inf, 2.0, "−∞ to 2.0"),
    ],
)
def test_interval(low, high, text):
    assert r.interval(low, high, 1) == text


@pytest.mark.parametrize(
    ("p", "text"),
    [
        (0.0, "<0.001"), (1e-300, "<0.001"), (0.0009999, "<0.001"), (0.001, "0.001"), (0.0105, "0.011"),
        (0.04995, "0.050"), (0.0994, "0.099"), (0.0995, "0.10"), (0.1, "0.10"), (0.314, "0.31"),
        (0.994, "0.99"), (0.996, ">0.99"), (1.0, ">0.99"), (None, "—"), (NAN, "—"),
    ],
)  # fmt: skip
def test_p_value(p, text):
    assert r.p_value(p) == text


@pytest.mark.parametrize("p", [-0.001, 1.001, math.inf])
def test_a_p_value_outside_its_range_is_refused(p):
    with pytest.raises(ValueError, match="between 0 and 1"):
        r.p_value(p)


def test_p_in_a_sentence():
    assert r.p_statement(0.0004) == "p < 0.001"
    assert r.p_statement(0.021) == "p = 0.021"
    assert r.p_statement(0.9999) == "p > 0.99"
    assert r.p_statement(None) == "p = —"


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [
        (22, 179, "12.3% (22/179)"), (1, 3, "33% (1/3)"), (0, 182, "0.0% (0/182)"),
        (182, 182, "100.0% (182/182)"),
        (1, 20000, "<0.1% (1/20,000)"), (19999, 20000, ">99.9% (19,999/20,000)"), (0, 0, "— (0/0)"),
        (0, 9, "0% (0/9)"), (None, 5, "—"), (5, NAN, "—"), (1, 8, "13% (1/8)"),
    ],
)  # fmt: skip
def test_share_carries_numerator_and_denominator(part, whole, text):
    assert r.share(part, whole) == text


def test_percent_and_its_interval():
    assert r.percent(98.44) == "98.4%"
    assert r.percent(-3.0, 0, sign=True) == "−3%"
    assert r.percent(None) == "—"
    assert r.percent_interval(90.06, 107.3) == "90.1% to 107.3%"
    assert r.percent_interval(None, None) == "—"


def test_degrees_of_freedom_have_one_digit():
    assert r.degrees_of_freedom(156.4987) == "156.5"
    assert r.degrees_of_freedom(math.inf) == "∞"
    assert r.degrees_of_freedom(None) == "—"


def test_statistics_have_two_digits():
    assert r.statistic(-2.345) == "−2.35"


def test_counts_are_whole():
    assert r.count(1234) == "1,234"
    assert r.count(182.0) == "182"
    assert r.count(None) == "—"
    with pytest.raises(ValueError, match="whole number"):
        r.count(1.5)


def test_mean_and_quartiles():
    assert r.mean_sd(1.2804, 0.5166) == "1.28 (0.52)"
    assert r.mean_sd(1.2804, None) == "1.28 (—)"
    assert r.mean_sd(None, None) == "—"
    assert r.mean_sd(4.0, 0.0, 1) == "4.0 (0.0)"
    assert r.quartiles(1.26, 0.94, 1.65, 1) == "1.3 (0.9 to 1.7)"
    assert r.quartiles(None, 1, 2, 1) == "—"


def test_full_precision_round_trips():
    assert r.full(0.1 + 0.2) == "0.30000000000000004"
    assert r.full(12) == "12"
    assert r.full(None) == ""


@pytest.mark.parametrize(
    ("n", "text"), [(0, "0 bytes"), (999, "999 bytes"), (13200, "13.2 kB"), (2.5e15, "2,500.0 TB")]
)
def test_byte_size(n, text):
    assert r.byte_size(n) == text


def test_scientific_carries_over_to_the_next_power():
    assert r.scientific(9.996e-8) == "1.00 × 10⁻⁷"
    assert r.scientific(None) == "—"
    assert r.scientific(0.0) == "0"


def test_significant():
    assert r.significant(0.09996) == "0.100"
    assert r.significant(1234.56) == "1,235"
    assert r.significant(-math.inf) == "−∞"


def test_the_examples_in_the_docstrings_hold():
    failed, attempted = doctest.testmod(r)
    assert failed == 0
    assert attempted >= 8


@settings(max_examples=200, deadline=None)
@given(st.floats(-1e12, 1e12), st.integers(0, 6))
def test_fixed_stays_within_half_a_unit_and_never_writes_minus_zero(value, places):
    text = r.fixed(value, places)
    assert "-" not in text
    back = Decimal(text.replace(",", "").replace(r.MINUS, "-"))
    assert abs(back - Decimal(repr(value))) <= Decimal(5).scaleb(-places - 1)
    assert not (text.startswith(r.MINUS) and back == 0)


@settings(max_examples=100, deadline=None)
@given(st.floats(1e-5, 1e5))
def test_two_digits_of_every_standard_error_are_shown(std_error):
    shown = r.fixed(std_error, r.decimals(std_error) or 0).replace(",", "")
    if std_error < 10:
        assert len(shown.replace(".", "").lstrip("0")) == 2


@pytest.mark.parametrize(
    ("iso", "text"),
    [
        ("2025-11-22T00:06:05+00:00", "22 November 2025, 00:06 UTC"),
        ("2025-01-02T13:45:00", "2 January 2025, 13:45"),
        ("2025-06-30T09:05:00+08:00", "30 June 2025, 09:05 +0800"),
        ("not recorded", "not recorded"),
        ("", ""),
    ],
)
def test_moments(iso, text):
    assert r.moment(iso) == text


def test_proportions_are_shown_as_percentages():
    assert r.proportion(0.9405) == "94.1%"
    assert r.proportion(None) == "—"
    assert r.proportion_interval(0.92, 0.957) == "92.0% to 95.7%"
    assert r.proportion_interval(None, NAN) == "—"


@pytest.mark.parametrize(
    ("level", "text"), [(0.95, "95%"), (0.975, "97.5%"), (0.9, "90%"), (0.999, "99.9%"), (None, "—")]
)
def test_confidence_levels(level, text):
    assert r.confidence_level(level) == text
