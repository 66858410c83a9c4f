"""Hidden means that would follow from shown ones."""

from __future__ import annotations

from emostats.privacy.public.values import Line, closure


def who(**attributes):
    return frozenset(attributes.items())


GIRLS, BOYS = who(SEX="F"), who(SEX="M")


def line(row, weights, division="", visit="V1", size=50.0):
    return Line(row, weights, division, visit, size)


def test_the_other_half_goes_before_the_whole():
    lines = [
        line(0, {(GIRLS, "V1"): 0.5, (BOYS, "V1"): 0.5}, size=100),
        line(1, {(GIRLS, "V1"): 1.0}, "SEX", size=5),
        line(2, {(BOYS, "V1"): 1.0}, "SEX", size=95),
    ]
    assert closure(lines, {1}) == {1, 2}


def test_nothing_more_goes_when_nothing_follows():
    lines = [line(1, {(GIRLS, "V1"): 1.0}, "SEX"), line(2, {(BOYS, "V1"): 1.0}, "SEX")]
    assert closure(lines, {1}) == {1}


def test_a_change_is_told_by_the_two_means_and_by_a_percentage():
    """Change and baseline give the mean at the visit, and so does a percentage of a known baseline."""
    lines = [
        line(0, {(GIRLS, "V0"): 1.0}, "SEX", "V0"),
        line(1, {(GIRLS, "V1"): 1.0}, "SEX"),
        line(2, {(GIRLS, "V1"): 1.0, (GIRLS, "V0"): -1.0}, "SEX"),
        line(3, {(GIRLS, "V1"): 1.0, (GIRLS, "V0"): -1.3}, "SEX"),
    ]
    assert closure(lines, {1}) == {1, 2, 3}
