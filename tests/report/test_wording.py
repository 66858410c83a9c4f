"""Words for effects follow both ends of the interval."""

from __future__ import annotations

import pytest

from emostats.estimates import Estimate
from emostats.report.language import joined
from emostats.report.wording import agreement, better, rises, settled, size


def row(estimate, low, high):
    return Estimate("id", "a", "effect_size", estimate=estimate, conf_low=low, conf_high=high)


@pytest.mark.parametrize(
    ("estimate", "low", "high", "words"),
    [
        (1.2, 0.9, 1.5, "a large rise"),
        (0.9, 0.6, 1.2, "a moderate to large rise"),
        (-0.3, -0.45, -0.21, "a small fall"),
        (-0.3, -0.6, -0.1, "a negligible to moderate fall"),
        (0.1, -0.3, 0.6, "anything from a small fall to a moderate rise"),
        (0.8, 0.8, 0.8, "a large rise"),
        (0.79, None, None, "a moderate rise"),
    ],
)
def test_size(estimate, low, high, words):
    assert size(row(estimate, low, high)) == words


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (0.3, 0.49, "poor"),
        (0.3, 0.5, "poor to moderate"),
        (0.76, 0.89, "good"),
        (0.9, 1.0, "excellent"),
        (-0.2, 0.95, "poor to excellent"),
    ],
)
def test_agreement_is_judged_by_both_limits(low, high, words):
    assert agreement(row(0.8, low, high)) == words


def test_agreement_without_an_interval_is_judged_by_the_point():
    assert agreement(row(0.8, None, None)) == "good"


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(0.1, 1, True), (-1, -0.1, True), (-1, 1, False), (0, 1, False), (None, 1, False)],
)
def test_a_direction_is_settled_when_the_whole_interval_agrees(low, high, expected):
    assert settled(row(0.5, low, high)) is expected


def test_better_and_worse_need_a_known_and_settled_direction():
    assert better(True, row(1, 0.5, 1.5)).endswith("an improvement.")
    assert better(True, row(-1, -1.5, -0.5)).endswith("a worsening.")
    assert better(False, row(-1, -1.5, -0.5)).endswith("an improvement.")
    assert better(None, row(1, 0.5, 1.5)) == better(True, row(1, -0.5, 1.5)) == ""


def test_rises():
    assert (rises(row(0.1, 0, 1)), rises(row(-0.1, -1, 0))) == (True, False)


def test_joined():
    assert [joined(x) for x in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == ["", "a", "a and b", "a, b and c"]
