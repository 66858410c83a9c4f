"""Round ticks and text that fits, for any values and any text."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emostats.figures.lettering import clean, shorten, width, wrap
from emostats.figures.scale import finite, linear

VALUES = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=20)


@settings(max_examples=150, deadline=None)
@given(VALUES, st.integers(3, 8))
def test_a_scale_shows_all_values_and_a_few_round_ticks(values, n_ticks):
    scale = linear(values, 10.0, 310.0, n_ticks=n_ticks)
    assert all(10 - 1e-6 <= scale(value) <= 310 + 1e-6 for value in values)
    assert all(scale.low <= tick <= scale.high for tick in scale.ticks)
    assert 1 <= len(scale.ticks) <= 2 * n_ticks
    step = scale.ticks[1] - scale.ticks[0] if len(scale.ticks) > 1 else None
    if step is not None:
        first = step / 10 ** math.floor(math.log10(step) + 1e-9)
        assert min(abs(first - round_number) for round_number in (1, 2, 5, 10)) < 1e-6


def test_a_falling_axis_turns_the_values_upside_down():
    scale = linear([0, 1], 100.0, 0.0)
    assert scale(0) > scale(1)
    assert scale.clipped(99) == pytest.approx(0.0)


def test_one_value_and_no_value_have_a_scale_too():
    assert linear([3.0, 3.0], 0, 100)(3.0) == pytest.approx(50)
    assert linear([0.0], 0, 100)(0.0) == pytest.approx(50)
    assert len(linear([], 0, 100).ticks) > 1


def test_decimals_of_ticks_fit_their_step():
    assert linear([0, 1], 0, 100, n_ticks=5).places == 1
    assert linear([0, 100], 0, 100, n_ticks=5).places == 0
    assert linear([0, 0.01], 0, 100, n_ticks=5).places == 3


def test_only_numbers_are_finite():
    assert finite([1, None, float("nan"), float("inf"), 2.5]) == [1.0, 2.5]


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=200), st.floats(20, 300))
def test_shortened_text_fits(text, room):
    assert width(shorten(text, room, 12), 12) <= room


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=300), st.floats(30, 300), st.integers(1, 4))
def test_wrapped_text_fits_its_lines(text, room, lines):
    wrapped = wrap(text, room, 11, lines)
    assert 1 <= len(wrapped) <= lines
    assert all(width(line, 11) <= room for line in wrapped)


def test_short_text_is_left_alone_and_long_text_ends_in_an_ellipsis():
    assert shorten("Boys, 1–6", 200, 12) == "Boys, 1–6"
    assert shorten("a very long name of a group", 60, 12).endswith("…")
    assert wrap("one two three", 500, 12) == ("one two three",)


def test_what_xml_forbids_is_replaced():
    assert clean("a\x00b\ud800c\x0bd") == "a\ufffdb\ufffdc\ufffdd"
    assert clean("two\n lines") == "two lines"


def test_wide_characters_count_as_wide():
    assert width("中文", 10) == pytest.approx(20)
    assert width("e\u0301", 10) == width("e", 10)
