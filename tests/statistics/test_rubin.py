"""Rubin's rules against rbmi and mice, their limits, and bad input."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from emostats.errors import UsageError
from emostats.statistics.rubin import barnard_rubin_df, pool, pool_table

REFERENCE = Path(__file__).parents[1] / "reference/missing_data"
EXAMPLES = json.loads((REFERENCE / "rubin_A.json").read_text())["examples"]
DRAWS = json.loads((REFERENCE / "pooled_draws.json").read_text())["cases"]


@pytest.mark.parametrize("case", EXAMPLES, ids=lambda case: case["id"])
def test_worked_examples(case):
    found = pool(
        case["estimates"],
        case["standard_errors"],
        complete_data_df=float(case["complete_data_df"]),
        conf_level=case["conf_level"],
    )
    expected, mice = case["pooled"], case["mice"]
    for value, key in (
        (found.estimate, "est"),
        (found.within, "within_variance"),
        (found.between, "between_variance"),
        (found.total, "total_variance"),
        (found.std_error, "se"),
        (found.df, "df"),
        (found.conf_low, "lower"),
        (found.conf_high, "upper"),
        (found.p_value, "p"),
    ):
        assert value == pytest.approx(expected[key], rel=1e-10), key
    assert found.relative_increase == pytest.approx(mice["riv"], rel=1e-10)
    assert found.fraction_missing == pytest.approx(mice["fmi"], rel=1e-10)


@pytest.mark.parametrize("case", DRAWS, ids=lambda case: case["strategy"])
def test_150_imputations_of_a_trial(case):
    found = pool(case["estimates"], case["standard_errors"], complete_data_df=case["complete_data_df"])
    expected = case["pooled"]
    for value, key in (
        (found.estimate, "est"),
        (found.std_error, "se"),
        (found.conf_low, "lower"),
        (found.conf_high, "upper"),
        (found.p_value, "p"),
        (found.df, "df"),
    ):
        assert value == pytest.approx(expected[key], rel=1e-10), key


def test_equal_imputations_leave_the_complete_data_test():
    found = pool([2.0, 2.0, 2.0], [0.5, 0.5, 0.5], complete_data_df=np.inf)
    assert (found.std_error, found.df, found.fraction_missing) == (0.5, np.inf, 0.0)
    assert found.p_value == pytest.approx(2 * stats.norm.sf(4.0))
    with_df = pool([2.0, 2.0], [0.5, 0.5], complete_data_df=20)
    assert with_df.df == pytest.approx(21 / 23 * 20)


def test_without_sampling_error_everything_is_missing_information():
    found = pool([1.0, 2.0, 3.0], [0.0, 0.0, 0.0], complete_data_df=30)
    assert found.relative_increase == np.inf
    assert found.fraction_missing == 1.0
    assert (found.conf_low, found.conf_high, found.p_value) == (-np.inf, np.inf, 1.0)
    certain = pool([1.0, 1.0], [0.0, 0.0])
    assert (certain.conf_low, certain.conf_high) == (1.0, 1.0)


draws = st.lists(st.tuples(st.floats(-10, 10), st.floats(0.1, 3)), min_size=2, max_size=12)


@settings(max_examples=50, deadline=None)
@given(draws, st.floats(3, 500))
def test_pooling_never_gains_information(pairs, df):
    estimates, errors = map(np.array, zip(*pairs, strict=True))
    found = pool(estimates, errors, complete_data_df=df)
    assert found.std_error >= np.sqrt((errors**2).mean()) - 1e-12
    assert 0 < found.df <= (df + 1) / (df + 3) * df + 1e-9
    assert found.conf_low <= found.estimate <= found.conf_high
    assert 0 <= found.fraction_missing <= 1


@settings(max_examples=30, deadline=None)
@given(draws, st.floats(0.1, 10), st.floats(-5, 5))
def test_pooling_moves_with_the_unit_of_measurement(pairs, scale, shift):
    estimates, errors = map(np.array, zip(*pairs, strict=True))
    before = pool(estimates, errors, complete_data_df=50)
    after = pool(scale * estimates + shift, scale * errors, complete_data_df=50)
    assert after.conf_low == pytest.approx(scale * before.conf_low + shift, rel=1e-7, abs=1e-7)
    assert after.df == pytest.approx(before.df, rel=1e-6)


def test_many_imputations_approach_the_observed_data_df():
    assert barnard_rubin_df(1.0, 0.2, 10**7, np.inf) > 1e6
    limit = (101 / 103) * 100 * (1 - 0.2 / 1.2)
    assert barnard_rubin_df(1.0, 0.2, 10**9, 100) == pytest.approx(limit, rel=1e-6)


def test_tables_are_pooled_row_by_row():
    tables = [
        pd.DataFrame(
            {"contrast": ["a", "b"], "estimate": [1.0 + k, 2.0], "std_error": [0.5, 0.4], "df": [20.0, 30.0]}
        )
        for k in (0.0, 0.2, 0.4)
    ]
    found = pool_table(tables, by="contrast")
    single = pool([1.0, 1.2, 1.4], [0.5] * 3, complete_data_df=20)
    assert found["contrast"].tolist() == ["a", "b"]
    assert found.loc[0, "p_value"] == pytest.approx(single.p_value)
    assert found.columns.tolist() == [
        "contrast", "estimate", "std_error", "df", "statistic", "p_value", "conf_low", "conf_high",
    ]  # fmt: skip


def test_tables_must_have_the_same_rows():
    one = pd.DataFrame(
        {"contrast": ["a", "b"], "estimate": [1.0, 2.0], "std_error": [0.5, 0.4], "df": [20.0, 30.0]}
    )
    with pytest.raises(UsageError, match="imputation 2 does not have the rows of the first"):
        pool_table([one, one.iloc[::-1]], by="contrast")
    with pytest.raises(UsageError, match="two or more imputations; there is 1"):
        pool_table([one], by="contrast")


@pytest.mark.parametrize(
    ("estimates", "errors", "options", "message"),
    [
        ([1.0], [0.5], {}, "two or more imputations"),
        ([1.0, 2.0], [0.5], {}, "two or more imputations"),
        ([1.0, np.nan], [0.5, 0.5], {}, "must be finite"),
        ([1.0, 2.0], [0.5, -0.5], {}, "not negative"),
        ([1.0, 2.0], [0.5, 0.5], {"complete_data_df": 0}, "complete_data_df must be positive"),
        ([1.0, 2.0], [0.5, 0.5], {"conf_level": 95}, "conf_level must lie between"),
    ],
)
def test_bad_input(estimates, errors, options, message):
    with pytest.raises(UsageError, match=message):
        pool(estimates, errors, **options)
