"""Counts of events and burden, and courses without names."""

from __future__ import annotations

import pandas as pd
import pytest

from emostats.statistics.descriptives import burden_table, courses_table, events_table

EVENTS = pd.DataFrame(
    [
        ("a", "Adverse event", "Tired"), ("a", "Adverse event", "Tired"), ("b", "Adverse event", "Tired"),
        ("c", "Adverse event", "Tired"), ("d", "Adverse event", "Fell off the red chair at aunt's"),
        ("e", "Withdrawal", "Moved away"),
    ],
    columns=["USUBJID", "CATEGORY", "TERM"],
)  # fmt: skip
GROUPS = {"": list("abcdef"), "Girls": ["a", "d"], "None": []}


def cell(table, category, term, level):
    rows = table[(table["category"] == category) & (table["term"] == term) & (table["level"] == level)]
    return rows.iloc[0]


def test_children_and_events_are_counted_apart():
    table = events_table(EVENTS, GROUPS)
    everyone = cell(table, "Adverse event", "", "")
    assert (everyone["n_children"], everyone["n_events"], everyone["n"]) == (4, 5, 6)
    assert cell(table, "Adverse event", "", "Girls")["n_events"] == 3
    assert cell(table, "Adverse event", "", "None")["n"] == 0
    assert cell(table, "Withdrawal", "", "Girls")["n_children"] == 0


def test_terms_of_few_children_are_pooled_since_they_may_describe_one():
    table = events_table(EVENTS, GROUPS)
    assert set(table["term"]) == {"", "Tired", "other"}
    assert not table.astype(str).apply(lambda column: column.str.contains("chair")).any().any()
    assert "Fell off the red chair at aunt's" in set(events_table(EVENTS, GROUPS, rare=1)["term"])


@pytest.mark.parametrize(("said", "n"), [(["yes", "no", "", "1", None, "N"], 2), ([None] * 6, None)])
def test_serious_events_are_counted_only_where_they_are_recorded(said, n):
    table = events_table(EVENTS.assign(SERIOUS=said), GROUPS)
    found = table[(table["term"] == "") & (table["level"] == "")]["n_serious"]
    assert found.isna().all() if n is None else found.sum() == n


def test_a_study_without_events_has_an_empty_table():
    assert events_table(EVENTS.iloc[:0], GROUPS).empty


def test_burden_counts_a_child_without_an_entry_as_nothing():
    table = burden_table({"Sessions": pd.Series({"a": 4, "b": 2})}, {"": ["a", "b", "c"]})
    assert (table["n"].iloc[0], table["mean"].iloc[0], table["minimum"].iloc[0]) == (3, 2.0, 0.0)


def test_courses_have_no_ids_and_no_link_between_outcomes():
    rows = [
        (child, visit, code, value)
        for code, values in (("P", {"x": 3.0, "y": 1.0}), ("Q", {"x": 1.0, "y": 3.0}))
        for child, value in values.items()
        for visit in ("V0", "V1")
    ]
    data = pd.DataFrame(rows, columns=["USUBJID", "AVISIT", "PARAMCD", "AVAL"])
    table = courses_table(data, ("V0", "V1"), ("P", "Q"), {"x": "Boys", "y": "Girls"})
    assert list(table.columns) == ["parameter", "child", "level", "visit", "value"]
    first = table[table["child"] == 1].groupby("parameter")["level"].first()
    assert first.to_dict() == {"P": "Girls", "Q": "Boys"}  # numbered by value within each outcome
    assert list(table[table["parameter"] == "P"]["visit"]) == ["V0", "V1", "V0", "V1"]
