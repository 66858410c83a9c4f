"""Rules over a whole study: each finds its planted fault and keeps quiet about sound data."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from emostats.errors import Severity
from emostats.ingest import read_study
from emostats.ingest.double_entry import compare_entries, error_rate
from emostats.ingest.rules.outliers import item_rest_correlations
from emostats.study import StudyFileError
from emostats.study.changes import with_changes


def found(small, rule: str):
    return [finding for finding in small.findings() if finding.rule == rule]


def test_sound_data_give_no_finding(small):
    assert small.findings() == ()


@pytest.mark.parametrize(("cell", "words"), [("2999-01-01", "future"), ("1899-12-01", "before 1900")])
def test_impossible_dates(small, cell, words):
    small.sheets["After"][1][1] = cell
    (finding,) = found(small, "impossible-date")
    assert words in finding.message
    assert (finding.sheet, finding.cell, finding.subject, finding.visit) == (
        "After",
        "row 2",
        "001",
        "WEEK12",
    )
    assert finding.severity is Severity.WARNING


def test_a_date_before_birth(small):
    small.text = small.text.replace('SITE = "Site" }', 'SITE = "Site", BIRTHDATE = "Born" }')
    for row, born in zip(
        small.sheets["Children"], ["Born", "2025-03-02", "2018-01-01", None, ""], strict=True
    ):
        row.append(born)
    (finding,) = found(small, "impossible-date")
    assert "born" in finding.message and finding.subject == "001"


def test_visits_out_of_order(small):
    small.sheets["After"][1][1] = "2025-02-01"
    (finding,) = found(small, "visits-out-of-order")
    assert finding.message == "WEEK12 is dated 2025-02-01, before BASE0 (2025-03-01)."


@pytest.mark.parametrize(("date", "n"), [
    ("2025-05-24", 0), ("2025-06-07", 0), ("2025-06-08", 1), ("2025-05-09", 1), ("2025-05-10", 0),
])  # fmt: skip
def test_visit_windows_include_their_ends(small, date, n):
    """Baseline on 1 March, week 12 planned for 24 May, window ±14 days."""
    small.text = small.text.replace("week = 12\n", "week = 12\nwindow = [-14, 14]\n")
    small.sheets["After"] = small.sheets["After"][:2]
    small.sheets["After"][1][1] = date
    assert len(found(small, "outside-visit-window")) == n


def test_informant_and_form_changes(small):
    small.text = small.text.replace('DATE = "Date" }', 'DATE = "Date", INFORMANT = "Who", FORM = "Form" }')
    for name, who in (("Before", "mother"), ("After", "father")):
        small.sheets[name][0] += ["Who", "Form"]
        for row in small.sheets[name][1:]:
            row += [who, "A"]
    small.sheets["After"][2][-2:] = [None, "B"]
    informant, form = found(small, "informant-changed"), found(small, "form-changed")
    assert [(f.subject, f.visit) for f in informant] == [("001", "WEEK12")]
    assert [f.subject for f in form] == ["002"]
    assert "of BASE0, 'mother'; found 'father'" in informant[0].message
    data = read_study(small.path)
    table = with_changes(data.visits)
    assert table["INFORMANT_CHANGED"].sum() == 1 and table["FORM_CHANGED"].sum() == 1
    seen = data.analysis_table("CALM").set_index(["USUBJID", "AVISIT"])
    assert seen.loc[("001", "WEEK12"), "INFORMANT_CHANGED"] == 1
    assert seen.loc[("001", "WEEK12"), "ANSWERED_BY"] == "father"
    assert seen.loc[("001", "BASE0"), "INFORMANT_CHANGED"] == 0
    assert seen["FORM_CHANGED"].sum() == 1 == seen.loc[("002", "WEEK12"), "FORM_CHANGED"]


def test_a_formula_may_name_the_change_of_informant(small):
    small.text = small.text.replace('DATE = "Date" }', 'DATE = "Date", INFORMANT = "Who" }')
    for name, who in (("Before", "mother"), ("After", "father")):
        small.sheets[name][0].append("Who")
        for row in small.sheets[name][1:]:
            row.append(who)
    small.text += """
[[analyses]]
name = "primary"
type = "mmrm"
parameters = ["CALM"]
formula = "AVAL ~ AVISIT + INFORMANT_CHANGED + us(AVISIT | USUBJID)"
"""
    data = small.read()
    changed = data.with_covariates(data.observations).groupby(["PARAMCD", "AVISIT"], observed=True)
    mean = changed["INFORMANT_CHANGED"].mean()
    assert mean["CALM", "WEEK12"] == 1 and mean["CALM", "BASE0"] == 0 and mean["VALENCE", "WEEK12"] == 0
    small.text = small.text.replace("INFORMANT_CHANGED +", "INFORMANT_CHANGE +")
    with pytest.raises(StudyFileError, match="Did you mean 'INFORMANT_CHANGED'"):
        small.read()


def longer(small, rows: list[list[object]]):
    """Eight items, two reversed, one child a row."""
    items = [f"A{number}" for number in range(1, 9)]
    text = (small.folder / "mini.toml").read_text(encoding="utf-8").split("[[items]]")[0]
    text += "".join(
        f'[[items]]\nid = "{item}"\nreverse = {"true" if item in ("A2", "A7") else "false"}\n'
        for item in items
    )
    text += f'[[subscales]]\nid = "CALM"\nlabel = "Calm"\nitems = {items}\n'.replace("'", '"')
    (small.folder / "mini.toml").write_text(text, encoding="utf-8")
    ids = [f"{number:03}" for number in range(1, len(rows) + 1)]
    small.sheets["Children"] = [["Child ID", "Sex", "Age", "Site"], *([name, "boy", 5, "N"] for name in ids)]
    dated = zip(ids, rows, strict=True)
    small.sheets["Before"] = [
        ["Child ID", "Date", *items],
        *([name, "2025-03-01", *row] for name, row in dated),
    ]
    small.sheets["After"] = [["Child ID", "Date", *items], ["001", "2025-06-01", *rows[0]]]


def test_straight_lining_needs_sameness_across_reversed_items(small):
    longer(small, [[1, 2, 1, 2, 1, 2, 1, 2], [3] * 8, [3] * 5 + [None] * 3, [2] * 6 + [None] * 2])
    assert [(f.subject, f.cell) for f in found(small, "straight-lining")] == [
        ("002", "row 3"),
        ("004", "row 5"),
    ]


def test_an_item_keyed_the_wrong_way_round(small):
    draws = np.random.default_rng(7)
    level = draws.integers(0, 5, 40)
    rows = np.clip(level[:, None] + draws.integers(-1, 2, (40, 8)), 0, 4)
    rows[:, [1, 6]] = 4 - rows[:, [1, 6]]  # as the form asks for A2 and A7
    rows[:, 3] = 4 - rows[:, 3]  # A4 was turned round although the form does not say so
    longer(small, rows.tolist())
    (finding,) = found(small, "item-against-scale")
    assert "item A4" in finding.message and finding.parameter == "CALM"


def test_item_rest_correlations_by_hand():
    block = np.tile([[0.0, 0, 4], [1, 1, 3], [2, 2, 2], [3, 3, 1]], (5, 1))
    # the rest of item 1 is item 2 + item 3 = 4 always: no correlation; of item 3 it is 2 × (4 − item 3)
    assert item_rest_correlations(block) == pytest.approx([np.nan, np.nan, -1.0], nan_ok=True)
    assert np.isnan(item_rest_correlations(block[:19])).all()


def test_siblings_are_counted_and_not_named(small):
    small.text = small.text.replace('SITE = "Site" }', 'SITE = "Site", FAMILY = "Fam" }')
    for row, family in zip(small.sheets["Children"], ["Fam", "F1", "F1", "F2", None], strict=True):
        row.append(family)
    (finding,) = found(small, "siblings")
    assert finding.message == "one family has several children in the study (2 children)."
    assert "F1" not in str(finding)


def test_double_entry_is_compared_answer_by_answer():
    key = {"AVISIT": "V0", "INSTRUMENT": "m"}
    first = pd.DataFrame([
        {"USUBJID": "1", **key, "ITEM": item, "VALUE": value, "SOURCE_ID": "a/2"}
        for item, value in (("A1", 1.0), ("A2", 2.0), ("A3", np.nan), ("A4", np.nan))
    ])  # fmt: skip
    second = first.assign(VALUE=[1.0, 3.0, np.nan, 4.0], SOURCE_ID="b/2")
    table = compare_entries(first, second)
    assert table["ITEM"].tolist() == ["A2", "A4"]
    assert table[["FIRST", "SECOND"]].iloc[0].tolist() == [2, 3]
    assert error_rate(first, second) == 0.5
    assert compare_entries(first, first).empty
    alone = compare_entries(first, second.iloc[:1])
    assert alone["ITEM"].tolist() == ["A2", "A3", "A4"]


SECOND = """
[instruments.second_entry]
sheets = { BASE0 = "Before 2" }
"""


def test_a_second_entry_is_compared_with_the_first_cell_by_cell(small):
    small.text = small.text.replace("[ratings]", f"{SECOND}[ratings]", 1)
    second = [list(row) for row in small.sheets["Before"]]
    second[1][3], second[3][3] = 3, 1
    del second[4]
    del small.sheets["Before"][2]
    small.sheets["Before 2"] = second
    differences = found(small, "double-entry")
    assert [(f.subject, f.parameter, f.cell) for f in differences] == [
        ("001", "A2", "D2"),
        ("002", "A1", "C3"), ("002", "A2", "D3"), ("002", "A3", "E3"), ("002", "A4", "F3"),
        ("003", "A2", "D3"),
    ]  # fmt: skip
    first, absent, left_out = differences[0], differences[1], differences[-1]
    assert "the first entry has 4 (data.xlsx, sheet 'Before', D2); the second has 3" in first.message
    assert "the first entry has no answer" in left_out.message
    assert "the first entry has no such form; the second has 4" in absent.message
    (coverage,) = found(small, "double-entry-coverage")
    assert coverage.message == "2 of 5 forms were entered twice; 25 % of their answers differ."


def test_the_cells_of_two_entries_are_named_where_sheets_order_their_columns_differently(small):
    """The sheet of week 12 runs from A4 to A1, unlike the one of the baseline that is read before it."""
    later = SECOND.replace('BASE0 = "Before 2"', 'WEEK12 = "After 2"')
    small.text = small.text.replace("[ratings]", f"{later}[ratings]", 1)
    small.sheets["After 2"] = [list(row) for row in small.sheets["After"]]
    small.sheets["After"] = [[*row[:2], *row[:1:-1]] for row in small.sheets["After"]]
    small.sheets["After 2"][1][2] = 2  # A1 of child 001
    (difference,) = found(small, "double-entry")
    assert difference.cell == "F2"
    assert "has 3 (data.xlsx, sheet 'After', F2); the second has 2 (data.xlsx, sheet 'After 2', C2)" in str(
        difference
    )


def test_two_entries_that_agree_change_nothing(small):
    before = small.read().observations
    small.text = small.text.replace("[ratings]", f"{SECOND}[ratings]", 1)
    small.sheets["Before 2"] = small.sheets["Before"]
    after = small.read()
    pd.testing.assert_frame_equal(after.observations, before)
    assert [f.message for f in after.findings] == [
        "4 of 6 forms were entered twice; 0 % of their answers differ."
    ]


def test_sex_and_birth_date_on_a_sheet_agree_with_the_roster(small):
    small.text = small.text.replace('DATE = "Date" }', 'DATE = "Date", SEX = "Sex", BIRTHDATE = "Born" }')
    small.text = small.text.replace('SITE = "Site" }', 'SITE = "Site", BIRTHDATE = "Born" }')
    for row, born in zip(small.sheets["Children"], ["Born", *["2018-01-01"] * 4], strict=True):
        row.append(born)
    for name in ("Before", "After"):
        small.sheets[name][0] += ["Sex", "Born"]
        for row in small.sheets[name][1:]:
            row += ["Boy" if row[0] in ("001", "003") else "girl", "2018-01-01"]
    assert found(small, "conflicting-value") == []
    small.sheets["After"][1][-2:] = ["girl", "2018-10-01"]
    findings = found(small, "conflicting-value")
    assert [(f.subject, f.cell) for f in findings] == [("001", "row 2")] * 2
    assert "SEX of child '001' is M in the roster and F here" in findings[0].message
