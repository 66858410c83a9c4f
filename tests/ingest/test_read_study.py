"""A right study comes in whole: every table, every value, and the way back to its cell."""

from __future__ import annotations

import json
import math

import openpyxl
import pandas as pd
import pytest

from emostats.errors import Severity
from emostats.resources import resource
from emostats.study.data import (
    EVENT_COLUMNS,
    ITEM_COLUMNS,
    OBSERVATION_COLUMNS,
    PROVENANCE_COLUMNS,
    RATING_COLUMNS,
    SESSION_COLUMNS,
    SUBJECT_COLUMNS,
    VISIT_COLUMNS,
)


def values(data, parameter):
    rows = data.observations[data.observations["PARAMCD"] == parameter]
    return {(row.USUBJID, str(row.AVISIT)): row.AVAL for row in rows.itertuples()}


def test_children(small):
    table = small.read().subjects
    assert table["USUBJID"].tolist() == ["001", "002", "003", "004"]
    assert table["SEX"].tolist() == ["M", "F", "M", "F"]
    assert list(table["SEX"].cat.categories) == ["M", "F"] and table["SEX"].cat.ordered
    assert table["AGEBAND"].tolist() == ["1–6", "1–6", "7–12", "7–12"]
    assert table["AGE"].tolist() == [3, 6.9, 7, 12]
    assert table["FAMILY"].isna().all()


def test_scores_reverse_by_the_range_and_prorate(small):
    data = small.read()
    assert values(data, "CALM") == {
        ("001", "BASE0"): 0.0,  # 0 and 4 − 4
        ("001", "WEEK12"): 3.0,
        ("002", "BASE0"): 4.0,
        ("002", "WEEK12"): 3.5,
        ("003", "BASE0"): 2.0,  # one of two items
    }
    assert values(data, "JOY")[("003", "BASE0")] == 6.0


def test_a_score_of_too_few_items_is_noted_and_its_answers_stay(small):
    data = small.read()
    note = [finding for finding in data.findings if finding.rule == "too-few-items"]
    assert note == []  # 004 answered no item of CALM: nothing was begun
    small.text = small.text.replace("max_missing = 1", "max_missing = 0")
    (small.folder / "mini.toml").write_text(
        (small.folder / "mini.toml").read_text().replace("max_missing = 1", "max_missing = 0")
    )
    data = small.read()
    note = [finding for finding in data.findings if finding.rule == "too-few-items"]
    assert [(finding.cell, finding.parameter, finding.severity) for finding in note] == [
        ("A4", "CALM", Severity.NOTE)
    ]
    assert ("003", "BASE0") not in values(data, "CALM")
    kept = data.items[(data.items["USUBJID"] == "003") & (data.items["ITEM"] == "A1")]
    assert kept["VALUE"].tolist() == [2.0]


def test_baseline_and_change(small):
    table = small.read().observations
    row = table[(table["USUBJID"] == "001") & (table["PARAMCD"] == "CALM")].set_index("AVISIT")
    assert row["BASE"].tolist() == [0.0, 0.0]
    assert math.isnan(row.loc["BASE0", "CHG"]) and row.loc["WEEK12", "CHG"] == 3.0
    assert row["AVISITN"].tolist() == [0.0, 12.0]
    assert list(table["AVISIT"].cat.categories) == ["BASE0", "WEEK12"]


def test_counts_of_items(small):
    table = small.read().observations
    row = table[(table["USUBJID"] == "003") & (table["PARAMCD"] == "CALM")].iloc[0]
    assert (row["N_ITEMS"], row["N_ITEMS_ANSWERED"]) == (2, 1)


def test_session_scores_and_their_means_by_visit(small):
    data = small.read()
    assert len(data.session_scores) == 5
    assert values(data, "VALENCE") == {("001", "BASE0"): pytest.approx(0.3), ("001", "WEEK12"): 0.5}
    row = data.observations[data.observations["PARAMCD"] == "VALENCE"].iloc[0]
    assert (row["N_ITEMS"], row["N_ITEMS_ANSWERED"]) == (2, 2)
    behind = data.provenance[data.provenance["SOURCE_ID"] == row["SOURCE_ID"]]
    assert behind[["SHEET", "ROW", "COLUMN"]].to_numpy().tolist() == [
        ["Sessions", 2, "D"],
        ["Sessions", 3, "D"],
    ]


def test_ratings_are_long_and_guesses_are_visits_where_they_can_be(small):
    table = small.read().ratings
    assert table[["RATER", "DOMAIN", "VALUE", "GUESS"]].to_numpy().tolist() == [
        ["R1", "RHYTHM", 5.0, "BASE0"],
        ["R2", "RHYTHM", 6.0, "unsure"],
        ["R1", "EMOTION", 6.0, "BASE0"],
    ]


def test_events(small):
    table = small.read().events
    assert table[["USUBJID", "AVISIT", "CATEGORY", "TERM"]].astype(str).to_numpy().tolist() == [
        ["002", "WEEK12", "Adverse event", "Tired"]
    ]


def test_events_may_have_dates_and_grades(small):
    small.text = small.text.replace(
        'AVISIT = "Visit" }\n[[analysis', 'DATE = "Day", SEVERITY = "Grade" }\n[[analysis'
    )
    small.sheets["Events"] = [
        ["Child ID", "Category", "Term", "Day", "Grade"],
        ["002", "AE", "Tired", "2025-04-01", "mild"],
    ]
    table = small.read().events
    assert table["DATE"].tolist() == [pd.Timestamp("2025-04-01")] and table["SEVERITY"].tolist() == ["mild"]
    assert table["AVISIT"].isna().all()


def test_ratings_may_say_the_true_visit(small):
    small.text = small.text.replace('GUESS = "Guess" }', 'GUESS = "Guess", AVISIT = "Truth" }')
    for row, visit in zip(small.sheets["Ratings"], ["Truth", "Before", None], strict=True):
        row.append(visit)
    table = small.read().ratings
    assert [None if pd.isna(visit) else visit for visit in table["AVISIT"]] == ["BASE0", None, "BASE0"]


def test_a_study_without_outcomes_is_a_roster(small):
    for name in ("Before", "After", "Sessions", "Ratings"):
        del small.sheets[name][1:]
    data = small.read()
    assert len(data.subjects) == 4 and len(data.observations) == 0 and len(data.items) == 0
    assert list(data.observations.columns) == list(OBSERVATION_COLUMNS)


def test_visits_keep_the_date(small):
    table = small.read().visits
    assert table["DATE"].iloc[0] == pd.Timestamp("2025-03-01")
    assert len(table) == 6


def test_every_value_leads_back_to_its_cell(small):
    data = small.read()
    book = openpyxl.load_workbook(small.workbook)
    sources = data.provenance.set_index("SOURCE_ID")
    answered = data.items.dropna(subset=["VALUE"])
    assert len(answered) == 21
    for item in answered.itertuples():
        place = sources.loc[item.SOURCE_ID]
        assert book[place["SHEET"]][f"{item.COLUMN}{place['ROW']}"].value == item.VALUE
    for rating in data.ratings.itertuples():
        place = sources.loc[rating.SOURCE_ID]
        assert book[place["SHEET"]][f"{place['COLUMN']}{place['ROW']}"].value == rating.VALUE
    for table in (
        data.subjects,
        data.visits,
        data.items,
        data.observations,
        data.session_scores,
        data.events,
    ):
        assert set(table["SOURCE_ID"]) <= set(sources.index)


@pytest.mark.parametrize(
    ("table", "columns"),
    [
        ("subjects", (*SUBJECT_COLUMNS, "SOURCE_ID")),
        ("visits", VISIT_COLUMNS),
        ("items", (*ITEM_COLUMNS, "COLUMN")),
        ("observations", OBSERVATION_COLUMNS),
        ("ratings", RATING_COLUMNS),
        ("session_scores", SESSION_COLUMNS),
        ("events", EVENT_COLUMNS),
        ("provenance", PROVENANCE_COLUMNS),
    ],
)
def test_tables_fit_their_published_schema(small, table, columns):
    schema = json.loads((resource("data_schema") / f"{table}.json").read_text(encoding="utf-8"))
    data = getattr(small.read(), table)
    assert [field["name"] for field in schema["fields"]] == list(columns) == list(data.columns)
    for field in schema["fields"]:
        column, rules = data[field["name"]], field.get("constraints", {})
        assert not (rules.get("required") and column.isna().any()), field["name"]
        if field["type"] in ("number", "integer"):
            assert pd.api.types.is_numeric_dtype(column), field["name"]
            assert not (column < rules.get("minimum", -math.inf)).any()
            assert not (column > rules.get("maximum", math.inf)).any()
    if "primaryKey" in schema:
        keys = schema["primaryKey"]
        assert not data.duplicated([keys] if isinstance(keys, str) else keys).any()


def test_analysis_table_joins_the_children(small):
    table = small.read().analysis_table("CALM")
    assert {"AVAL", "SEX", "AGEBAND", "SOURCE_ID"} <= set(table.columns)
    with pytest.raises(KeyError, match="CALM"):
        small.read().analysis_table("CLAM")


def test_visits_may_be_a_column_instead_of_sheets(small):
    small.text = small.text.replace(
        'sheets = { BASE0 = "Before", WEEK12 = "After" }', 'sheet = "All"'
    ).replace(
        'columns = { USUBJID = "Child ID", DATE = "Date" }',
        'columns = { USUBJID = "Child ID", AVISIT = "When" }',
    )
    before, after = small.sheets.pop("Before"), small.sheets.pop("After")
    small.sheets["All"] = [
        [*before[0], "When"],
        *([*row, "BEFORE "] for row in before[1:]),
        *([*row, "After"] for row in after[1:]),
    ]
    assert values(small.read(), "CALM")[("002", "WEEK12")] == 3.5


def test_answers_in_words_and_missing_codes(small):
    small.sheets["Before"][1][2:] = ["never", "Always ", -9, "-9"]
    data = small.read()
    assert values(data, "CALM")[("001", "BASE0")] == 0.0
    assert ("001", "BASE0") not in values(data, "JOY")
    assert not [finding for finding in data.findings if finding.severity is Severity.ERROR]


def test_one_file_a_visit(small):
    small.text = small.text.replace(
        'source = "book"\nsheets = { BASE0 = "Before", WEEK12 = "After" }',
        'sources = { BASE0 = "before", WEEK12 = "after" }',
    ).replace(
        "[subjects]",
        '[sources.before]\nfile = "before.csv"\n[sources.after]\nfile = "after.csv"\n[subjects]',
        1,
    )
    for name in ("Before", "After"):
        rows = small.sheets.pop(name)
        text = "\n".join(";".join("" if cell is None else str(cell) for cell in row) for row in rows)
        (small.folder / f"{name.lower()}.csv").write_text(text, encoding="utf-8")
    data = small.read()
    assert values(data, "CALM")[("002", "WEEK12")] == 3.5
    assert set(data.items["USUBJID"]) == {"001", "002", "003", "004"}
    assert data.findings == ()


def test_the_input_file_is_not_touched(small):
    small.write()
    before = small.workbook.read_bytes()
    small.look(small.path)
    assert small.workbook.read_bytes() == before
