"""k-anonymity and its relatives."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emostats.errors import UsageError
from emostats.privacy.anonymity import anonymity

AUTISM = Path(__file__).parents[2] / "analyses" / "autism_vsae" / "data" / "autism_vsae_hlmdiag.csv"


def test_k_falls_as_outsiders_know_more():
    """155 real children: 21 girls; 8 of them not white; one of these with high language."""
    children = pd.read_csv(AUTISM).drop_duplicates("childid")
    found = anonymity(children, ["gender", "race", "sicdegp"])
    assert [step.k for step in found.steps] == [21, 8, 1]
    assert [step.classes for step in found.steps] == [2, 4, 12]
    assert found.n == 155 and found.k == 1
    assert found.smallest[0].values == {"gender": "female", "race": "nonwhite", "sicdegp": "high"}
    assert found.risk.prosecutor == 1
    assert found.risk.prosecutor_mean == pytest.approx(12 / 155)


def test_diversity_and_closeness_by_hand():
    """Two classes of two and of four. The first has one value only."""
    children = pd.DataFrame({"sex": list("FFMMMM"), "what": ["a", "a", "a", "b", "b", "b"]})
    item = anonymity(children, ["sex"], sensitive=["what"]).diversity[0]
    assert item.distinct == 1
    assert item.entropy == pytest.approx(1)
    assert item.closeness == pytest.approx(0.5)


def test_entropy_is_the_number_of_equally_frequent_values():
    children = pd.DataFrame({"sex": ["F"] * 4, "what": list("abcd")})
    assert anonymity(children, ["sex"], sensitive=["what"]).diversity[0].entropy == pytest.approx(4)


def test_closeness_of_ordered_values_counts_how_far():
    """The example of Li et al.: salaries 3k, 4k, 5k among 3k … 11k are 0.375 away."""
    salary = [3, 4, 5, 6, 8, 11, 7, 9, 10]
    children = pd.DataFrame({"zip": ["a"] * 3 + ["b"] * 3 + ["c"] * 3, "salary": salary})
    assert anonymity(children, ["zip"], sensitive=["salary"]).diversity[0].closeness == pytest.approx(0.375)


def test_a_population_lowers_the_risk_for_those_who_do_not_know_who_took_part():
    children = pd.DataFrame({"sex": list("FFM")})
    found = anonymity(children, ["sex"], population={("F",): 400, ("M",): 500})
    assert found.risk.prosecutor == 1
    assert found.risk.journalist == pytest.approx(1 / 400)


def test_a_missing_value_is_a_value():
    children = pd.DataFrame({"sex": ["F", "F", None]})
    found = anonymity(children, ["sex"])
    assert found.smallest[0].values == {"sex": "(missing)"} and found.k == 1


def test_unknown_variables_and_empty_tables_are_refused():
    children = pd.DataFrame({"SEX": ["F"]})
    with pytest.raises(UsageError, match=r"no variable 'SEXX'.*'SEX'"):
        anonymity(children, ["SEXX"])
    with pytest.raises(UsageError, match="at least one child"):
        anonymity(children, [])
    with pytest.raises(UsageError, match="at least one child"):
        anonymity(children.iloc[:0], ["SEX"])


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(*[st.integers(0, 2)] * 3), min_size=1, max_size=40))
def test_knowing_more_never_makes_children_more_alike(rows):
    children = pd.DataFrame(rows, columns=["a", "b", "c"])
    found = anonymity(children, ["a", "b"], sensitive=["c"])
    ks = [step.k for step in found.steps]
    assert ks == sorted(ks, reverse=True)
    assert sum(small.n for small in found.smallest) == len(rows) if found.classes <= 10 else True
    item = found.diversity[0]
    assert item.entropy >= 1 - 1e-9 and item.distinct >= 1
    assert 0 <= item.closeness <= 1
    assert found.k == np.unique(children[["a", "b"]].to_numpy(), axis=0, return_counts=True)[1].min()
