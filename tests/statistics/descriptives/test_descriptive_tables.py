"""Descriptive tables against numbers worked out by hand and against scipy and pingouin."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from emostats.statistics.descriptives import (
    baseline_table,
    flow_stages,
    flow_table,
    missingness_table,
    prepost_table,
    standardized_difference,
    visits_table,
)

VISITS = {"V0": "Baseline", "V1": "Week 4", "V2": "Week 8"}


def long(values: dict[str, list[float | None]], parameter: str = "P") -> pd.DataFrame:
    rows = [
        {"USUBJID": subject, "AVISIT": visit, "PARAMCD": parameter, "AVAL": value}
        for subject, series in values.items()
        for visit, value in zip(VISITS, series, strict=True)
        if value is not None
    ]
    return pd.DataFrame(rows)


def test_flow_counts_every_box_and_keeps_empty_ones() -> None:
    answered = long({"a": [1, 1, 1], "b": [1, None, 1], "c": [1, 1, None], "d": [None, None, None]})
    stages = flow_stages(["a", "b", "c", "d"], answered, VISITS, {"FAS": ["a", "b", "c"], "NOBODY": []})
    table = flow_table(stages, {"": ["a", "b", "c", "d"], "Boys": ["a", "c"]})
    counts = table.pivot(index="stage", columns="level", values="n")
    assert counts.loc["Entered"].tolist() == [4, 2]
    assert counts.loc["Baseline answered"].tolist() == [3, 2]
    assert counts.loc["Week 4 answered"].tolist() == [2, 2]
    assert counts.loc["Week 8 answered"].tolist() == [2, 1]
    assert counts.loc["Lost"].tolist() == [2, 1]  # without a value at the last visit
    assert counts.loc["Analysed (FAS)"].tolist() == [3, 2]
    assert counts.loc["Analysed (NOBODY)"].tolist() == [0, 0]
    assert table["stage"].drop_duplicates().tolist()[0] == "Entered"


def test_rare_reasons_are_pooled_and_the_parts_add_up() -> None:
    everyone = [f"s{i}" for i in range(8)]
    answered = long({"s0": [1, 1, 1]})
    reasons = {"s1": "moved", "s2": "moved", "s3": "moved", "s4": "a story about one child", "s0": "moved"}
    stages = flow_stages(everyone, answered, VISITS, {}, reasons)
    lost = {stage.reason: len(stage.subjects) for stage in stages if stage.name == "Lost"}
    assert lost == {"": 7, "moved": 3, "other reasons": 1, "reason not recorded": 3}
    assert "a story about one child" not in {stage.reason for stage in stages}


def test_baseline_describes_numbers_and_categories() -> None:
    subjects = pd.DataFrame(
        {
            "USUBJID": list("abcdef"),
            "AGE": [2.0, 4.0, 6.0, 8.0, np.nan, 12.0],
            "SEX": pd.Categorical(["M", "M", "F", "M", "F", None], categories=["M", "F", "X"]),
        }
    )
    groups = {"All": list("abcdef"), "Completers": list("abc"), "Lost": list("def")}
    table = baseline_table(
        subjects,
        {"AGE": "Age (years)", "SEX": "Sex"},
        groups,
        compare=("Completers", "Lost"),
        labels={"SEX": {"M": "Boys"}},
    ).set_index(["variable", "category", "level"])
    age = table.loc[("Age (years)", "", "All")]
    assert (age["n"], age["mean"], age["median"]) == (5, 6.4, 6.0)
    assert age["sd"] == pytest.approx(np.std([2, 4, 6, 8, 12], ddof=1))
    assert (age["minimum"], age["maximum"], age["q1"], age["q3"]) == (2, 12, 4, 8)
    assert pd.isna(age["smd"])
    pooled = ((np.var([2, 4, 6], ddof=1) + np.var([8, 12], ddof=1)) / 2) ** 0.5
    assert table.loc[("Age (years)", "", "Lost"), "smd"] == pytest.approx((4 - 10) / pooled)
    boys = table.loc[("Sex", "Boys", "All")]
    assert (boys["count"], boys["n"], boys["percent"]) == (3, 5, 60)
    assert table.loc[("Sex", "X", "All"), "count"] == 0  # a level nobody has keeps its row
    assert table.loc[("Sex", "(missing)", "Lost"), "count"] == 1
    p, q = 2 / 3, 1 / 2
    assert table.loc[("Sex", "Boys", "Lost"), "smd"] == pytest.approx(
        (p - q) / ((p * (1 - p) + q * (1 - q)) / 2) ** 0.5
    )


def test_groups_without_anybody_give_missing_numbers_not_errors() -> None:
    subjects = pd.DataFrame({"USUBJID": ["a"], "AGE": [3.0], "SITE": ["x"]})
    table = baseline_table(
        subjects, {"AGE": "Age", "SITE": "Site"}, {"All": ["a"], "Lost": []}, ("All", "Lost")
    )
    lost = table[table["level"] == "Lost"].set_index("variable")
    assert lost["n"].tolist() == [0, 0]
    assert lost["smd"].isna().all()
    assert lost.loc["Site", "count"] == 0 and np.isnan(lost.loc["Site", "percent"])


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ([1, 1, 1], [1, 1], 0.0),
        ([1, 1], [0, 0], np.nan),
        ([], [1.0, 2.0], np.nan),
        ([5.0], [1.0, 2.0], np.nan),
    ],
)
def test_standardized_difference_at_the_edges(
    first: list[float], second: list[float], expected: float
) -> None:
    value = standardized_difference(pd.Series(first, dtype=float), pd.Series(second, dtype=float))
    assert value == pytest.approx(expected, nan_ok=True)


def test_visits_table_counts_missing_values() -> None:
    observations = long({"a": [1, 3, 5], "b": [2, None, 7], "c": [3, None, None]})
    table = visits_table(observations, {**VISITS, "V9": "Week 52"}, {"": list("abcd")}).set_index("visit")
    assert table.loc["V0", ["n", "mean", "n_missing"]].tolist() == [3, 2, 1]
    assert table.loc["V1", ["n", "mean", "n_missing"]].tolist() == [1, 3, 3]
    assert np.isnan(table.loc["V1", "sd"])
    assert table.loc["V2", ["median", "minimum", "maximum"]].tolist() == [6, 5, 7]
    assert table.loc["V9", "n_missing"] == 4


def test_missingness_patterns_in_order() -> None:
    observations = long(
        {"a": [1, 1, 1], "b": [1, 1, 1], "c": [1, None, 1], "d": [1, 1, None], "e": [1, 1, None]}
    )
    table = missingness_table(observations, VISITS, list("abcdef"))
    assert list(zip(table["pattern"], table["n"], strict=True)) == [
        ("111", 2),
        ("110", 2),
        ("101", 1),
        ("000", 1),
    ]


def test_a_row_without_a_value_is_missing() -> None:
    observations = long({"a": [1, 1, 1], "b": [1, 1, 1]})
    observations.loc[observations.index[-1], "AVAL"] = np.nan
    assert missingness_table(observations, VISITS, ["a", "b"])["pattern"].tolist() == ["111", "110"]


def test_prepost_agrees_with_scipy_and_pingouin() -> None:
    import pingouin

    rng = np.random.default_rng(7)
    values = {str(i): list(rng.normal([0, 1, 2])) for i in range(20)}
    observations = long(values)
    table = prepost_table(observations, VISITS, "V0", {"All": list(values)}).set_index("visit")
    assert list(table.index) == ["V1", "V2"]
    x = np.array(list(values.values()))
    reference = stats.ttest_rel(x[:, 1], x[:, 0])
    row = table.loc["V1"]
    assert row["statistic"] == pytest.approx(reference.statistic, rel=1e-12)
    assert row["p_value"] == pytest.approx(reference.pvalue, rel=1e-9)
    interval = reference.confidence_interval(0.95)
    assert [row["conf_low"], row["conf_high"]] == pytest.approx(list(interval), rel=1e-9)
    assert row["cohens_d"] == pytest.approx(pingouin.compute_effsize(x[:, 1], x[:, 0], paired=True))


def test_prepost_uses_complete_pairs_and_says_when_it_cannot() -> None:
    observations = long({"a": [1, 2, 3], "b": [1, 3, None], "c": [2, None, None], "d": [4, 6, None]})
    table = prepost_table(observations, VISITS, "V0", {"All": list("abcd")}).set_index("visit")
    assert table.loc["V1", "n"] == 3
    assert table.loc["V1", "estimate"] == pytest.approx(5 / 3)
    assert "fewer than two" in table.loc["V2", "error"]
    constant = long({"a": [1, 2, 3], "b": [2, 3, 4]})
    assert "same amount" in prepost_table(constant, VISITS, "V0", {"All": ["a", "b"]})["error"].iloc[0]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(*[st.booleans()] * 3), min_size=1, max_size=12))
def test_patterns_partition_the_subjects(seen: list[tuple[bool, bool, bool]]) -> None:
    observations = long({str(i): [1.0 if flag else None for flag in flags] for i, flags in enumerate(seen)})
    if observations.empty:
        return
    subjects = [str(i) for i in range(len(seen))]
    table = missingness_table(observations, VISITS, subjects)
    assert table["n"].sum() == len(seen)
    for position, visit in enumerate(VISITS):
        by_pattern = table.loc[table["pattern"].str[position] == "1", "n"].sum()
        assert by_pattern == (observations["AVISIT"] == visit).sum()
