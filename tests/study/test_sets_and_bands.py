"""Analysis sets and age bands."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emostats.errors import UsageError
from emostats.study import StudyData, analysis_set, band_of, observed_visits, read_spec, subjects_by_rule
from emostats.study.spec.plan import AnalysisSetRule
from emostats.study.subgroups import AgeBand, age_bands, factor, outside

STUDY = """
[study]
id = "x"
title = "x"
[sources.t]
file = "a.csv"
[subjects]
source = "t"
columns = { USUBJID = "id" }
[[visits]]
name = "V0"
baseline = true
[[visits]]
name = "V1"
[[visits]]
name = "V2"
[[measurements]]
source = "t"
columns = { USUBJID = "id", AVISIT = "v" }
parameters = { P = { column = "p" }, Q = { column = "q" } }
[[analysis_sets]]
name = "FAS"
rule = "any_outcome"
"""

PATTERNS = {"a": "111", "b": "100", "c": "011", "d": "000", "e": "010", "f": "101"}


@pytest.fixture
def study(tmp_path):
    (tmp_path / "study.toml").write_text(STUDY, encoding="utf-8")
    rows = [
        {"USUBJID": child, "AVISIT": f"V{visit}", "PARAMCD": "P", "AVAL": 1.0}
        for child, pattern in PATTERNS.items()
        for visit, seen in enumerate(pattern)
        if seen == "1"
    ]
    rows += [{"USUBJID": "d", "AVISIT": "V0", "PARAMCD": "Q", "AVAL": 1.0}]
    rows += [{"USUBJID": "d", "AVISIT": "V1", "PARAMCD": "P", "AVAL": np.nan}]
    observations = pd.DataFrame(rows)
    observations["AVISIT"] = pd.Categorical(observations["AVISIT"], ["V0", "V1", "V2"], ordered=True)
    subjects = pd.DataFrame({"USUBJID": list("fedcba")})
    return read_spec(tmp_path), StudyData(subjects=subjects, observations=observations)


@pytest.mark.parametrize(
    ("rule", "members"),
    [
        ("all_subjects", "fedcba"),
        ("any_outcome", "fecba"),
        ("baseline_outcome", "fba"),
        ("baseline_and_later", "fa"),
        ("all_visits", "a"),
    ],
)
def test_rules(study, rule, members):
    spec, data = study
    assert subjects_by_rule(data, spec, rule, "P") == tuple(members)


def test_sets_are_per_parameter_and_in_the_order_of_the_roster(study):
    spec, data = study
    assert analysis_set(data, spec, "FAS", "P") == ("f", "e", "c", "b", "a")
    assert analysis_set(data, spec, "FAS", "Q") == ("d",)


def test_every_rule_of_the_study_file_is_there():
    from typing import get_args

    from emostats.study.analysis_sets import RULES

    assert set(get_args(AnalysisSetRule)) == set(RULES)


def test_patterns_of_visits(study):
    spec, data = study
    table = observed_visits(data, spec, "P").astype(int).astype(str)
    assert {child: "".join(row) for child, row in table.iterrows()} == PATTERNS


def test_unknown_sets_and_rules(study):
    spec, data = study
    with pytest.raises(UsageError, match="'FAS'"):
        analysis_set(data, spec, "FSA", "P")
    with pytest.raises(UsageError, match="'all_visits'"):
        subjects_by_rule(data, spec, "all_visit", "P")


# age bands


def test_bands_are_half_open():
    bands = band_of([1, 6.999, 7, 12.9, 13, 0.99, np.nan], [1, 7, 13])
    assert [None if pd.isna(band) else band for band in bands] == [
        "1–6",
        "1–6",
        "7–12",
        "7–12",
        None,
        None,
        None,
    ]
    assert bands.ordered and list(bands.categories) == ["1–6", "7–12"]
    assert outside([1, 13, 0.99, np.nan], [1, 7, 13]).tolist() == [False, True, True, False]


def test_labels_of_bands():
    labels = [band.label for band in age_bands([0, 1, 2.5, 7])]
    assert labels == ["0", "1 to <2.5", "2.5 to <7"]
    assert AgeBand(7, 13).label == "7–12"


@given(
    st.lists(st.floats(0, 20), min_size=1, max_size=20), st.sets(st.integers(0, 20), min_size=2, max_size=6)
)
@settings(max_examples=100, deadline=None)
def test_each_age_is_in_its_band_or_outside(ages, edges):
    edges = sorted(edges)
    bands = {band.label: band for band in age_bands(edges)}
    for age, label, out in zip(ages, band_of(ages, edges), outside(ages, edges), strict=True):
        if out:
            assert pd.isna(label) and not edges[0] <= age < edges[-1]
        else:
            assert bands[label].low <= age < bands[label].high


def test_factors_keep_the_order_they_are_given():
    values = pd.Series(["b", "a", None])
    assert list(factor(values, ["b", "a", "c"]).categories) == ["b", "a", "c"]
    assert list(factor(values).categories) == ["a", "b"]
