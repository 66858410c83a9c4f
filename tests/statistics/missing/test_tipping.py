"""Tipping-point search: known crossings, and what is said when there is none."""

import numpy as np
import pytest
from scipy import stats

from emostats.errors import UsageError
from emostats.statistics.missing.tipping import tipping_point


def analysis(delta):
    """Estimate 3 - 0.5 delta with standard error 1: significant while it is beyond 1.96."""
    estimate = 3 - 0.5 * delta
    return estimate, 2 * stats.norm.sf(abs(estimate))


def test_the_crossing_is_found():
    found = tipping_point(analysis, [0, 1, 2, 3, 4])
    assert found.delta == pytest.approx((3 - stats.norm.isf(0.025)) / 0.5, abs=1e-7)
    assert found.grid["significant"].tolist() == [True, True, True, False, False]
    assert "no longer significant from a shift of 2.08" in found.message


def test_the_first_of_several_crossings_counts():
    found = tipping_point(analysis, [0, 3, 12])
    assert found.delta == pytest.approx(2.080072, abs=1e-5)


def test_a_result_that_becomes_significant_is_said_so():
    found = tipping_point(lambda d: (d, 2 * stats.norm.sf(abs(d))), [0, 1, 3])
    assert found.delta == pytest.approx(stats.norm.isf(0.025), abs=1e-7)
    assert "first significant" in found.message


def test_no_crossing():
    found = tipping_point(analysis, [0, 1])
    assert (found.delta, found.message) == (None, "The result stays significant for every shift from 0 to 1.")
    never = tipping_point(analysis, [4, 5])
    assert never.message == "The result is not significant for any shift from 4 to 5."


@pytest.mark.parametrize(("deltas", "alpha"), [([0], 0.05), ([1, 0], 0.05), ([0, 0], 0.05), ([0, 1], 5)])
def test_bad_input(deltas, alpha):
    with pytest.raises(UsageError):
        tipping_point(analysis, np.array(deltas), alpha=alpha)
