"""Adjusted p-values against R and the closure principle."""

import json
from itertools import combinations, pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emostats.errors import UsageError
from emostats.statistics.multiplicity import P_VALUE_METHODS, adjust_p_values

CASES = json.loads((Path(__file__).parents[2] / "reference/effects/multiplicity.json").read_text())[
    "p_adjust"
]

p_values = st.lists(st.floats(0, 1), min_size=1, max_size=9)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_reference(case):
    p = [np.nan if value is None else value for value in case["p"]]
    for method, expected in case["adjusted"].items():
        expected = [np.nan if value is None else value for value in expected]
        np.testing.assert_allclose(adjust_p_values(p, method), expected, rtol=0, atol=1e-12, err_msg=method)


@settings(max_examples=60, deadline=None)
@given(p_values)
def test_what_is_known_of_the_order_of_methods(p):
    """Holm improves on Bonferroni, Hochberg on Holm, Hommel on Hochberg, BH on all of them; none goes below
    p."""
    adjusted = {method: adjust_p_values(p, method) for method in P_VALUE_METHODS}
    chain = ["none", "bh", "hommel", "hochberg", "holm", "bonferroni"]
    for better, worse in pairwise(chain):
        assert (adjusted[better] <= adjusted[worse] + 1e-12).all(), (better, worse)
    assert (adjusted["holm_sidak"] <= adjusted["holm"] + 1e-12).all()
    assert (adjusted["bh"] <= adjusted["by"] + 1e-12).all()
    order = np.argsort(p)
    for method in P_VALUE_METHODS:
        assert (np.diff(adjusted[method][order]) >= -1e-12).all(), method


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=6))
def test_hommel_is_closed_testing_with_simes(p):
    p = np.array(p)
    closed = np.zeros(len(p))
    for size in range(1, len(p) + 1):
        for members in combinations(range(len(p)), size):
            ordered = np.sort(p[list(members)])
            simes = (size * ordered / np.arange(1, size + 1)).min()
            closed[list(members)] = np.maximum(closed[list(members)], simes)
    np.testing.assert_allclose(adjust_p_values(p, "hommel"), np.minimum(closed, 1), atol=1e-12)


def test_nothing_to_adjust():
    assert adjust_p_values([], "holm").tolist() == []
    assert np.isnan(adjust_p_values([np.nan, np.nan], "hommel")).all()


def test_bad_input():
    with pytest.raises(UsageError, match=r"no adjustment called 'homel'.*'hommel'"):
        adjust_p_values([0.1], "homel")
    with pytest.raises(UsageError, match="between 0 and 1"):
        adjust_p_values([0.1, 1.2], "holm")
