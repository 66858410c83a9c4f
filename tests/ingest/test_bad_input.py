"""Wrong data: one clear message for each fault, with its place, everything together, nothing guessed."""

from __future__ import annotations

import datetime as dt

import pytest

import emostats as em
from emostats.errors import FindingsError, Severity
from emostats.ingest import ingest
from emostats.study import StudyFileError, read_spec


def only(findings, rule):
    """The one finding there is, which must follow this rule."""
    assert [finding.rule for finding in findings] == [rule], [str(finding) for finding in findings]
    return findings[0]


def test_missing_sheet_names_the_nearest(small):
    small.sheets["Befor"] = small.sheets.pop("Before")
    found = only(small.findings(), "missing-sheet")
    assert "'Before'" in found.message and "'Befor'" in found.action and found.file == "data.xlsx"


def test_missing_column_names_the_nearest(small):
    small.sheets["Before"][0][2] = "A 1"
    found = only(small.findings(), "missing-column")
    assert "'A1'" in found.message and "'A 1'" in found.action and found.sheet == "Before"


def test_many_missing_columns_of_a_sheet_are_one_message(small):
    small.sheets["After"] = [["Name", "Q1"], ["001", 3]]
    found = only(small.findings(), "missing-column")
    assert "6 columns" in found.message and "'A4'" in found.message and "'Q1'" in found.action


def test_headers_lower_down_are_found_and_pointed_out(small):
    small.sheets["Before"].insert(0, ["Answers of the families", None])
    found = only(small.findings(), "headers-below")
    assert found.severity is Severity.NOTE and "row 2" in found.message and "header_row = 2" in found.action
    small.text = small.text.replace('DATE = "Date" }', 'DATE = "Date" }\nheader_row = 2')
    found = only(small.findings(), "missing-column")  # the other sheet has them in row 1
    assert (found.sheet, found.severity) == ("After", Severity.ERROR)
    assert "row 1, not in row 2" in found.message and "leave it out" in found.action
    small.sheets["After"].insert(0, ["Answers of the families", None])
    assert small.findings() == ()


def test_a_header_row_below_the_table(small):
    small.text = small.text.replace('sheet = "Events"', 'sheet = "Events"\nheader_row = 9')
    assert "ends at row 2" in only(small.findings(), "missing-column").message


def test_a_column_that_stands_twice(small):
    small.sheets["Before"][0].append("A1")
    found = only(small.findings(), "repeated-column")
    assert found.cell == "C1, G1" and "found 2" in found.message


def test_a_child_twice_at_a_visit(small):
    small.sheets["Before"].append(["002", None, 1, 1, 1, 1])
    found = only(small.findings(), "duplicate-row")
    assert (found.subject, found.visit, found.cell, found.sheet) == ("002", "BASE0", "A3, A6", "Before")


def test_a_child_twice_in_the_roster(small):
    small.sheets["Children"].append(["002", "girl", 6.9, "North"])
    found = only(small.findings(), "duplicate-row")
    assert (found.subject, found.cell, found.sheet) == ("002", "A3, A6", "Children")


def test_a_rating_twice(small):
    small.sheets["Ratings"].append(["001", "K1", "R2", "after", 1, 1])
    found = only(small.findings(), "duplicate-row")
    assert found.cell == "B3:B4" and "K1, R2" in found.message


def test_a_session_twice(small):
    small.sheets["Sessions"].append(["001", 1, "Before", 0.9])
    assert only(small.findings(), "duplicate-row").cell == "B2, B7"


def test_an_answer_outside_the_items_range(small):
    small.sheets["Before"][2][3] = 7
    found = only(small.findings(), "value-out-of-range")
    assert (found.sheet, found.cell, found.subject, found.visit, found.parameter) == (
        "Before",
        "D3",
        "002",
        "BASE0",
        "A2",
    )
    assert found.message == "item A2: expected 0 to 4; found 7."


def test_an_answer_between_the_whole_numbers(small):
    small.sheets["Before"][2][3] = 2.5
    found = only(small.findings(), "not-a-whole-number")
    assert found.cell == "D3" and "found 2.5" in found.message


def test_a_rating_outside_the_scale(small):
    small.sheets["Ratings"][1][4] = 8
    found = only(small.findings(), "value-out-of-range")
    assert found.message == "Rhythm matching: expected 1 to 7; found 8." and found.cell == "E2"


def test_a_session_score_outside_its_range(small):
    small.sheets["Sessions"][1][3] = -1.5
    assert only(small.findings(), "value-out-of-range").cell == "D2"


def test_an_unknown_visit(small):
    small.sheets["Sessions"][2][2] = "Befour"
    found = only(small.findings(), "unknown-visit")
    assert found.cell == "C3" and "'Befour'" in found.message and "'Before'" in found.action


def test_id_007_read_as_a_number(small):
    small.sheets["Before"][1][0] = 1
    found = only(small.findings(), "id-mismatch")
    assert found.cell == "A2" and "the number 1 where the roster has '001'" in found.message
    assert "does not guess" in found.action


def test_all_ids_as_numbers_are_one_message_a_sheet(small):
    for position, row in enumerate(small.sheets["Before"][1:], start=1):
        row[0] = position
    found = only(small.findings(), "id-mismatch")
    assert found.cell == "A2:A5" and found.message.count("the number") == 4


@pytest.mark.parametrize("written", ["1.0", "01", "00 1", "００１"])
def test_other_near_misses_of_an_id(small, written):
    small.sheets["Before"][1][0] = written
    found = only(small.findings(), "id-mismatch")
    assert f"'{written}' where the roster has '001'" in found.message


def test_ids_that_differ_by_case(small):
    for rows in small.sheets.values():
        for row in rows[1:]:
            row[0] = f"K{row[0]}"
    small.sheets["Before"][1][0] = "k001"
    assert "'k001' where the roster has 'K001'" in only(small.findings(), "id-mismatch").message


def test_blanks_around_an_id_are_removed_and_told(small):
    small.sheets["Before"][1][0] = "001 "
    found = only(small.findings(), "id-with-blanks")
    assert found.severity is Severity.WARNING and found.cell == "A2"
    assert "001" in set(small.read().items["USUBJID"])


def test_a_blank_after_an_id_does_not_hide_a_duplicate(small):
    small.sheets["Before"].append(["002 ", None, 1, 1, 1, 1])
    assert {finding.rule for finding in small.findings()} == {"id-with-blanks", "duplicate-row"}


def test_ids_that_differ_only_in_zeros_within_the_roster(small):
    small.sheets["Children"].append(["01", "girl", 5, "North"])
    found = only(small.findings(), "id-twins")
    assert found.severity is Severity.WARNING and "'001' and '01'" in found.message


def test_numbers_too_long_to_be_exact_ids(small):
    small.sheets["Children"].append([1234567890123456789, "girl", 5, "North"])
    assert only(small.findings(), "id-inexact").cell == "A6"


def test_a_child_in_the_ratings_and_not_in_the_roster(small):
    small.sheets["Ratings"].append(["099", "K9", "R1", None, 3, 3])
    found = only(small.findings(), "unknown-child")
    assert (found.sheet, found.cell, found.subject) == ("Ratings", "A4", "099")


def test_rows_without_a_child(small):
    small.sheets["Before"].append([None, None, 1, 2, 3, 4])
    assert only(small.findings(), "no-child-id").cell == "A6"


def test_text_in_a_numeric_column(small):
    small.sheets["Before"][1][2] = "often"
    found = only(small.findings(), "not-a-number")
    assert found.message == "item A1: expected a number; found 'often'." and found.cell == "C2"


@pytest.mark.parametrize("content", ["N/A", "1,5", "3 points", "１", "inf", True, dt.date(2025, 1, 3)])
def test_what_else_is_no_number(small, content):
    small.sheets["Before"][1][2] = content
    assert only(small.findings(), "not-a-number").cell == "C2"


def test_missing_codes_are_the_studys_to_declare(small):
    small.sheets["Before"][1][2] = "N/A"
    small.text = small.text.replace('file = "data.xlsx"', 'file = "data.xlsx"\nmissing = ["N/A"]')
    assert small.findings() == ()


def test_numbers_kept_as_text_are_read_and_told_once_a_sheet(small):
    small.sheets["Before"][1][2:4] = ["0", " 4 "]
    found = only(small.findings(), "number-as-text")
    assert found.severity is Severity.WARNING and found.cell == "C2, D2" and "2 cells" in found.message


def test_an_unknown_code_of_sex(small):
    small.sheets["Children"][1][1] = "bouy"
    found = only(small.findings(), "unknown-level")
    assert "'bouy'" in found.message and "'boy'" in found.action and found.cell == "B2"


@pytest.mark.parametrize("age", [13, 0.5])
def test_ages_outside_the_bands(small, age):
    small.sheets["Children"][1][2] = age
    found = only(small.findings(), "age-outside-bands")
    assert found.cell == "C2" and "[1, 7) or [7, 13)" in found.message and found.subject == "001"


def test_an_impossible_age_is_one_message(small):
    small.sheets["Children"][1][2] = -3
    assert only(small.findings(), "value-out-of-range").cell == "C2"


def test_a_child_without_age_or_sex_is_kept_and_told(small):
    small.sheets["Children"][1][1:3] = [None, None]
    findings = small.findings()
    assert [(finding.rule, finding.cell) for finding in findings] == [
        ("missing-factor", "B2"),
        ("missing-factor", "C2"),
    ]
    assert all(finding.severity is Severity.WARNING for finding in findings)
    assert len(small.read().subjects) == 4


def test_a_date_that_is_none(small):
    small.sheets["Before"][1][1] = "3/4/2025"
    found = only(small.findings(), "not-a-date")
    assert found.severity is Severity.WARNING and found.cell == "B2"
    small.text = small.text.replace('file = "data.xlsx"', 'file = "data.xlsx"\ndate_format = "%d/%m/%Y"')
    for sheet in ("Before", "After"):
        for row in small.sheets[sheet][1:]:
            row[1] = "3/4/2025"
    assert small.read().visits["DATE"].dt.month.unique().tolist() == [4]


def test_a_questionnaire_nobody_answered(small):
    del small.sheets["After"][1:]
    found = only(small.findings(), "no-answers")
    assert found.severity is Severity.WARNING and found.sheet == "After"


def test_a_roster_without_children(small):
    del small.sheets["Children"][1:]
    assert "empty-roster" in {finding.rule for finding in small.findings()}


def test_an_empty_sheet(small):
    small.sheets["Ratings"] = []
    assert only(small.findings(), "empty-sheet").sheet == "Ratings"


def test_an_empty_workbook_is_one_message(small):
    small.sheets = {"Sheet1": [], "Sheet2": []}
    found = only(small.findings(), "empty-workbook")
    assert found.file == "data.xlsx"


def test_missing_rater(small):
    small.sheets["Ratings"][1][2] = None
    assert only(small.findings(), "missing-value").cell == "C2"


def test_everything_wrong_is_reported_together(small):
    small.sheets["Before"][1][2] = "often"
    small.sheets["After"][1][3] = 9
    small.sheets["Ratings"].append(["099", "K9", "R1", None, 3, 3])
    small.sheets["Sessions"][2][2] = "Someday"
    del small.sheets["Events"]
    rules = [finding.rule for finding in small.findings()]
    assert rules == ["not-a-number", "value-out-of-range", "unknown-visit", "unknown-child", "missing-sheet"]


def test_many_faults_of_a_column_stay_complete_and_short(small):
    small.sheets["Children"] = [small.sheets["Children"][0]] + [
        [f"{n:03}", "boy", 3, "X"] for n in range(1, 101)
    ]
    small.sheets["Before"] = [small.sheets["Before"][0]] + [
        [f"{n:03}", None, 9, 0, 0, 0] for n in range(1, 101)
    ]
    findings = small.findings()
    assert len(findings) == 26
    assert findings[-1].cell == "C27:C101" and "75 more cells" in findings[-1].message


def test_the_message_lists_every_finding(small):
    small.sheets["Before"][1][2] = "often"
    small.sheets["After"][1][3] = 9
    with pytest.raises(FindingsError) as caught:
        small.read()
    text = str(caught.value)
    assert "2 errors" in text and "cell C2" in text and "cell D2" in text and "sheet 'After'" in text
    assert caught.value.exit_code == 1


def test_a_study_file_with_an_unknown_key_is_no_data_fault(small):
    small.text += "\n[ratigns]\n"
    with pytest.raises(StudyFileError, match="'ratings'"):
        small.read()


def test_ingest_returns_what_read_study_raises(small):
    small.sheets["Before"][1][2] = "often"
    data, findings = ingest(read_spec(small.write()))
    assert data is None and len(findings) == 1


def test_a_sheet_must_be_named_when_there_are_several(small):
    small.text = small.text.replace('source = "book"\nsheet = "Events"\n', 'source = "book"\n')
    found = only(small.findings(), "sheet-not-named")
    assert "6 sheets" in found.message


def test_subject_values_must_agree_where_the_roster_repeats(tmp_path):
    (tmp_path / "long.csv").write_text("id,sex,age2,score\n1,,0,5\n1,f,1,6\n2,f,0,7\n", encoding="utf-8")
    (tmp_path / "study.toml").write_text(
        """
[study]
id = "long"
title = "Long"
[sources.long]
file = "long.csv"
[subjects]
source = "long"
columns = { USUBJID = "id", SEX = "sex" }
[[visits]]
name = "V0"
value = "0"
baseline = true
[[visits]]
name = "V1"
value = "1"
[[measurements]]
source = "long"
columns = { USUBJID = "id", AVISIT = "age2" }
parameters = { S = { column = "score" } }
""",
        encoding="utf-8",
    )
    assert em.read_study(tmp_path).subjects["SEX"].tolist() == ["f", "f"]  # a blank is no contradiction
    (tmp_path / "long.csv").write_text("id,sex,age2,score\n1,m,0,5\n1,f,1,6\n2,f,0,7\n", encoding="utf-8")
    with pytest.raises(FindingsError) as caught:
        em.read_study(tmp_path)
    found = only(caught.value.findings, "conflicting-value")
    assert found.cell == "B2:B3" and "'m' in B2 and 'f' in B3" in found.message


def test_what_is_missing_and_what_stands_twice_come_together(small):
    small.sheets["Before"][0][5] = "A1"
    assert [finding.rule for finding in small.findings()] == ["missing-column", "repeated-column"]


def test_a_decimal_comma_nobody_declared_says_what_to_declare(small):
    small.sheets["Children"][1][2] = "3,5"
    assert 'decimal = ","' in only(small.findings(), "not-a-number").action
    small.sheets["Children"][1][2] = "３"
    assert "enter it as 3" in only(small.findings(), "not-a-number").action


@pytest.mark.parametrize("mark", ["\u200b", "\ufeff", "\xa0", "\u2060 "])
def test_invisible_marks_around_an_id_do_not_make_another_child(small, mark):
    small.sheets["Before"][1][0] = f"{mark}001{mark}"
    assert "'001'" in only(small.findings(), "id-with-blanks").message


def test_an_error_value_in_place_of_an_id_is_one_message(small):
    book = small.book()
    book["Before"]["A2"] = "#REF!"
    book["Ratings"]["B2"] = "#N/A"
    assert [finding.rule for finding in small.findings(book)] == ["faulty-cell", "faulty-cell"]


def test_true_and_false_are_answers_where_the_instrument_says_so(small):
    small.sheets["Before"][1][2:4] = [True, False]
    assert [finding.rule for finding in small.findings()] == ["not-a-number", "not-a-number"]
    file = small.folder / "mini.toml"
    file.write_text(
        file.read_text(encoding="utf-8").replace('0 = "Never", 4 = "Always"', '0 = "False", 4 = "True"')
    )
    data = small.read()
    assert data.items["VALUE"].tolist()[:2] == [4, 0]


def test_what_a_message_says_to_list_as_missing_is_missing_then(small):
    small.sheets["Before"][1][1:3] = [99, True]
    assert {finding.rule for finding in small.findings()} == {"not-a-date", "not-a-number"}
    small.text = small.text.replace('file = "data.xlsx"', 'file = "data.xlsx"\nmissing = ["TRUE", "99"]')
    assert small.findings() == ()
