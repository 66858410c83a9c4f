"""Decisions about the data: corrections with their trail, withdrawn children; and the way back to cells."""

from __future__ import annotations

import pytest

from emostats.errors import Severity, UsageError
from emostats.ingest import read_study
from emostats.ingest.trace import trace
from emostats.study import read_spec

CORRECTIONS = "file,sheet,cell,old,new,who,when,why\n"


def correct(small, *rows: str):
    small.text = '[decisions]\ncorrections = "c.csv"\n' + small.text
    small.text = small.text.replace(
        '[decisions]\ncorrections = "c.csv"\n\nschema = 1', 'schema = 1\n[decisions]\ncorrections = "c.csv"'
    )
    (small.folder / "c.csv").write_text(CORRECTIONS + "\n".join(rows) + "\n", encoding="utf-8")


def test_a_correction_is_applied_and_told_and_the_source_stays(small):
    small.sheets["Before"][1][2] = 44
    correct(small, "data.xlsx,Before,C2,44,4,A. Weber,2025-05-02,typing error")
    path = small.write()
    before = small.workbook.read_bytes()
    data = read_study(path)
    assert small.workbook.read_bytes() == before
    item = data.items[(data.items["USUBJID"] == "001") & (data.items["ITEM"] == "A1")]
    assert item["VALUE"].tolist()[0] == 4
    found = [f for f in data.findings if f.rule == "corrected"]
    assert [(f.sheet, f.cell, f.severity) for f in found] == [("Before", "C2", Severity.NOTE)]
    assert "from '44' to '4' by A. Weber on 2025-05-02: typing error" in found[0].message
    assert "typing error" in trace(data, read_spec(path), "001", "Before", "CALM").notes[0]


@pytest.mark.parametrize(("row", "rule"), [
    ("data.xlsx,Before,C2,9,4,A,2025,w", "correction-unfit"),
    ("data.xlsx,Before,C99,0,4,A,2025,w", "correction-unfit"),
    ("data.xlsx,Before,oops,0,4,A,2025,w", "correction-unfit"),
    ("data.xlsx,Before,C2,0,4,,2025,w", "correction-unfit"),
    ("data.xlsx,Nowhere,C2,0,4,A,2025,w", "correction-unused"),
    ("data.xlsx,Before,C2,0,4,A,2025,w\ndata.xlsx,Before,C2,0,3,A,2025,w", "correction-unfit"),
    ("data.xlsx,Before,C2,0,nine,A,2025,w", "not-a-number"),
])  # fmt: skip
def test_corrections_that_do_not_fit(small, row, rule):
    correct(small, row)
    assert rule in [finding.rule for finding in small.findings()]


def test_a_correction_repairs_a_faulty_cell(small):
    book = small.book()
    book["Before"]["C2"] = "#N/A"
    correct(small, "data.xlsx,Before,C2,,3,A,2025-05-02,read from the form")
    assert [finding.rule for finding in small.findings(book)] == ["corrected"]


def test_a_file_of_corrections_lacking_a_column(small):
    correct(small)
    (small.folder / "c.csv").write_text("file,cell,new\n", encoding="utf-8")
    assert "missing-column" in [finding.rule for finding in small.findings()]


def test_a_withdrawn_child_is_in_no_table_and_no_finding(small):
    small.sheets["Before"][1][2] = 99  # the child's own error does not matter any more
    (small.folder / "withdrawals.csv").write_text(
        "USUBJID,withdrawn,by,reason\n001,2025-05-03,A. Weber,\n", encoding="utf-8"
    )
    data = small.read()
    assert data.subjects["USUBJID"].tolist() == ["002", "003", "004"]
    for table in (data.items, data.visits, data.observations, data.ratings, data.session_scores, data.events):
        assert "001" not in set(table["USUBJID"])
    assert not [finding for finding in data.findings if "001" in str(finding)]
    assert not data.provenance["SOURCE_ID"].str.contains("001").any()


def test_how_the_form_of_a_withdrawn_child_is_written_is_no_finding(small):
    small.text = small.text.replace('DATE = "Date" }', 'DATE = "Date", INFORMANT = "By" }')
    for sheet, answered in (
        ("Before", ["By", "mother", "Mother", "Mother", "Mother"]),
        ("After", ["By", "Mother", "Mother"]),
    ):
        small.sheets[sheet] = [[*row, by] for row, by in zip(small.sheets[sheet], answered, strict=True)]
    assert "spelling-variants" in [finding.rule for finding in small.findings()]
    (small.folder / "withdrawals.csv").write_text(
        "USUBJID,withdrawn,by,reason\n001,2025-05-03,A. Weber,\n", encoding="utf-8"
    )
    assert "spelling-variants" not in [finding.rule for finding in small.findings()]


def test_damaged_withdrawals_stop_the_run(small):
    (small.folder / "withdrawals.csv").write_text("child\n001\n", encoding="utf-8")
    assert "withdrawals-unreadable" in [finding.rule for finding in small.findings()]


def test_the_way_back_to_the_cells(small):
    data = small.read()
    spec = read_spec(small.path)
    found = trace(data, spec, "003", "before", "CALM")
    assert found.value == 2 and found.visit == "BASE0"
    assert [(cell.sheet, cell.cell, cell.item, cell.content, cell.counts) for cell in found.cells] == [
        ("Before", "C4", "A1", 2, 2), ("Before", "D4", "A2", None, None),
    ]  # fmt: skip
    assert "1 answered" in found.rule and "reversed: A2" in found.rule
    session = trace(data, spec, "001", "Before", "VALENCE")
    assert session.rule == "the mean of 2 sessions"
    assert [cell.cell for cell in session.cells] == ["D2", "D3"]
    assert trace(data, spec, "001", "WEEK12", "CALM").cells[1].counts == 3  # 0 + 4 − 1


@pytest.mark.parametrize(("where", "match"), [
    (("009", "Before", "CALM"), "no child '009'"), (("001", "Befor", "CALM"), "Did you mean"),
    (("001", "Before", "CALMS"), "'CALM'"), (("004", "After", "CALM"), "has no value of CALM at After"),
])  # fmt: skip
def test_no_way_back_to_what_is_not_there(small, where, match):
    data = small.read()
    with pytest.raises(UsageError, match=match):
        trace(data, read_spec(small.path), *where)
