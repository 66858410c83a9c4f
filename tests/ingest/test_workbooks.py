"""Workbooks: what values do not show is found, and what is not safe to open is refused beforehand."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl.comments import Comment

from emostats.errors import Severity
from emostats.ingest import container, read_study, sheet_xml
from emostats.ingest.container import UnreadableError
from emostats.ingest.excel import ExcelReader


def only(findings, rule):
    assert [finding.rule for finding in findings] == [rule], [str(finding) for finding in findings]
    return findings[0]


def rewrite(path: Path, change) -> None:
    """Writes the parts of a workbook anew, each through `change(name, content)`; None leaves it out."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            changed = change(name, content)
            if changed is not None:
                archive.writestr(name, changed)


# what values do not show

EMPTY = re.compile(rb"(<f>[^<]*</f>)(?:<v ?/>|<v></v>)")
"""A formula without a stored result, as openpyxl writes it with and without lxml."""


@pytest.mark.parametrize("error", ["#N/A", "#DIV/0!", "#REF!"])
def test_error_cells(small, error):
    book = small.book()
    book["Before"]["C2"] = error
    found = only(small.findings(book), "faulty-cell")
    assert found.cell == "C2" and error in found.message and found.sheet == "Before"


def test_a_formula_without_a_stored_result(small):
    book = small.book()
    book["Before"]["C2"] = "=1+1"
    found = only(small.findings(book), "faulty-cell")
    assert found.cell == "C2" and "formula without a stored result" in found.message


def test_a_formula_with_a_stored_result_is_a_value(small):
    book = small.book()
    book["Before"]["C2"] = "=1+1"
    path = small.write(book)
    rewrite(small.workbook, lambda name, content: EMPTY.sub(rb"\1<v>2</v>", content))
    assert small.look(path) == ()


def test_a_formula_whose_stored_result_is_empty_text(small):
    book = small.book()
    book["Before"]["C2"] = '=""'
    path = small.write(book)
    filled = b'<c r="C2" t="str"><f>""</f><v></v></c>'
    blank = re.compile(rb'<c r="C2"><f>""</f>(?:<v ?/>|<v></v>)</c>')
    rewrite(small.workbook, lambda name, content: blank.sub(filled, content))
    with zipfile.ZipFile(small.workbook) as archive:
        assert any(filled in archive.read(name) for name in archive.namelist())
    assert small.look(path) == ()


def test_faults_outside_the_columns_in_use_do_not_matter(small):
    book = small.book()
    book["Before"]["J2"] = "#N/A"
    book["Before"]["J1"] = "=NOW()"
    assert small.findings(book) == ()


def test_faults_are_found_far_down_and_in_prefixed_xml(small):
    small.sheets["Before"][1:] = []
    book = small.book()
    book["Before"]["A3000"], book["Before"]["C3000"] = "001", "#N/A"
    path = small.write(book)

    def prefixed(name, content):
        if name != "xl/worksheets/sheet2.xml":
            return content
        return (
            content.replace(b"<", b"<x:")
            .replace(b"<x:/", b"</x:")
            .replace(b"<x:?", b"<?")
            .replace(b"xmlns=", b"xmlns:x=")
        )

    rewrite(small.workbook, prefixed)
    found = only(small.look(path), "faulty-cell")
    assert found.cell == "C3000"


def test_hidden_rows_columns_and_sheets_are_read_and_told(small):
    book = small.book()
    book["Before"].row_dimensions[3].hidden = True
    book["Before"].column_dimensions["D"].hidden = True
    book["Ratings"].sheet_state = "hidden"
    findings = small.findings(book)
    assert [finding.rule for finding in findings] == ["hidden-cells", "hidden-cells"]
    assert "rows 3; columns D" in findings[0].message
    assert "the sheet" in findings[1].message
    assert all(finding.severity is Severity.WARNING for finding in findings)


def test_hidden_columns_that_are_not_used_do_not_matter(small):
    book = small.book()
    book["Before"].column_dimensions["H"].hidden = True
    assert small.findings(book) == ()


def test_merged_cells_below_the_headers_are_told(small):
    book = small.book()
    book["Events"]["C3"] = None
    book["Events"].append(["003", "Adverse event", "Fever", "WEEK12"])
    book["Events"].merge_cells("D2:D3")
    findings = small.findings(book)
    assert ("merged-cells", Severity.WARNING) in {(finding.rule, finding.severity) for finding in findings}
    assert any("D2:D3" in finding.message for finding in findings)


def grouped(small, rows, *merged):
    """The findings, and the answers of 'Before', when its headers are these rows."""
    small.sheets["Before"] = [*rows, *small.sheets["Before"][1:]]
    book = small.book()
    for cells in merged:
        book["Before"].merge_cells(cells)
    path = small.write(book)
    findings = small.look(path)
    data = None if any(finding.severity is Severity.ERROR for finding in findings) else read_study(path)
    return findings, data


def same_answers(data):
    items = data.items[data.items["AVISIT"] == "BASE0"]
    return items["VALUE"].fillna(-1).tolist() == [0, 4, 1, 2, 4, 0, 4, 4, 2, -1, 3, 3, -1, -1, 2, 2]


def test_headers_in_two_rows_with_merged_groups(small):
    rows = [["Child ID", "Date", "Mood", None, "Sleep", None], [None, None, "A1", "A2", "A3", "A4"]]
    findings, data = grouped(small, rows, "A1:A2", "B1:B2", "C1:D1", "E1:F1")
    assert [finding.rule for finding in findings] == ["headers-below"]
    assert same_answers(data)
    rows = data.provenance[data.provenance["SHEET"] == "Before"]["ROW"]
    assert sorted(set(rows)) == [3, 4, 5, 6]


def test_columns_named_by_their_groups_where_their_own_headers_repeat(small):
    rows = [
        ["Answers of the families", None, None, None, None, None],
        ["Child ID", "Date", "Mood", None, "Sleep", None],
        [None, None, 1, 2, 1, 2],
    ]
    small.text = small.text.replace(
        'columns = { USUBJID = "Child ID", DATE = "Date" }',
        'columns = { USUBJID = "Child ID", DATE = "Date" }\n'
        'items = { A1 = "Mood: 1", A2 = "Mood: 2", A3 = "Sleep: 1", A4 = "Sleep: 2" }',
    )
    small.sheets["After"][0] = ["Child ID", "Date", "Mood: 1", "Mood: 2", "Sleep: 1", "Sleep: 2"]
    findings, data = grouped(small, rows, "A1:F1", "A2:A3", "B2:B3", "C2:D2", "E2:F2")
    assert [finding.rule for finding in findings] == ["headers-below"]
    assert same_answers(data)
    small.text = small.text.replace('A1 = "Mood: 1"', 'A1 = "1"')
    small.sheets["After"][0][2] = "1"
    small.sheets["Before"] = small.sheets["Before"][3:]
    small.sheets["Before"].insert(0, ["Child ID", "Date"])
    findings, _ = grouped(small, rows, "A1:F1", "A2:A3", "B2:B3", "C2:D2", "E2:F2")
    repeated = next(finding for finding in findings if finding.rule == "repeated-column")
    assert repeated.cell == "C3, E3" and "Mood: 1' or" in repeated.action


def test_wording_below_headers_merged_downwards_is_no_answer(small):
    rows = [
        ["Child ID", "Date", "A1", "A2", "A3", "A4"],
        [None, None, "calm?", "restless?", "sings?", "laughs?"],
    ]
    findings, data = grouped(small, rows, "A1:A2", "B1:B2")
    assert findings == () and same_answers(data)


def test_a_header_merged_over_answers_hides_none(small):
    book = small.book()
    book["Before"]["A2"] = None
    book["Before"].merge_cells("A1:A2")
    assert "no-child-id" in [finding.rule for finding in small.findings(book)]


def test_merged_titles_above_the_headers_do_not_matter(small):
    small.text = small.text.replace(
        'AVISIT = "Visit" }\n[[analysis', 'AVISIT = "Visit" }\nheader_row = 2\n[[analysis'
    )
    small.sheets["Events"].insert(0, ["What happened to the children"])
    book = small.book()
    book["Events"].merge_cells("A1:D1")
    assert small.findings(book) == ()


def test_comments_formats_and_a_table_that_begins_lower_and_further_right(small):
    rows = small.sheets["Events"]
    small.sheets["Events"] = [[], [], *([None, None, *row] for row in rows)]
    book = small.book()
    book["Events"]["C4"].comment = Comment("ask the family", "office")
    book["Events"]["C4"].number_format = "@"
    assert small.findings(book) == ()


# what is refused


def broken(small):
    """Writes the study, hands out the workbook to be broken, and gives the finding afterwards."""
    return small.write(), small.workbook


def test_a_file_one_may_not_read(small, monkeypatch):
    path, _ = broken(small)

    def refuse(*arguments):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("emostats.ingest.library.open_reader", refuse)
    assert "Permission denied" in only(small.look(path), "unreadable-file").message


def test_a_missing_file_names_the_nearest(small):
    path, book = broken(small)
    book.rename(book.with_name("data1.xlsx"))
    found = only(small.look(path), "missing-file")
    assert "'data1.xlsx'" in found.action and found.file == "data.xlsx"


def test_a_folder(small):
    path, book = broken(small)
    book.unlink()
    book.mkdir()
    only(small.look(path), "is-a-folder")


def test_an_empty_file(small):
    path, book = broken(small)
    book.write_bytes(b"")
    only(small.look(path), "empty-file")


OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 504


def test_a_password_protected_workbook(small):
    path, book = broken(small)
    book.write_bytes(OLE + "EncryptionInfo\0EncryptedPackage\0".encode("utf-16-le") + b"\0" * 100)
    found = only(small.look(path), "password-protected")
    assert "without a password" in found.action


def test_an_old_workbook_given_as_xlsx(small):
    path, book = broken(small)
    book.write_bytes(OLE + "Workbook\0".encode("utf-16-le") + b"\0" * 100)
    found = only(small.look(path), "old-excel")
    assert ".xls" in found.message and "save it as .xlsx" in found.action


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"<html><table><tr><td>1</td></tr></table></html>", "web page"),
        (b"Child ID,Sex\n001,boy\n", "text file"),
        (b"<?xml version='1.0'?><Workbook/>", "XML file"),
    ],
)
def test_other_files_under_the_name_xlsx(small, content, said):
    path, book = broken(small)
    book.write_bytes(content)
    assert said in only(small.look(path), "not-a-workbook").message


@pytest.mark.parametrize(
    ("part", "said"), [("word/document.xml", "Word"), ("content.xml", "OpenDocument"), ("x", "zip")]
)
def test_other_archives_under_the_name_xlsx(small, part, said):
    path, book = broken(small)
    with zipfile.ZipFile(book, "w") as archive:
        archive.writestr(part, "<x/>")
    assert said in only(small.look(path), "not-a-workbook").message


@pytest.mark.parametrize("kept", [0.1, 0.5, 0.95])
def test_a_workbook_that_was_copied_in_part(small, kept):
    path, book = broken(small)
    content = book.read_bytes()
    book.write_bytes(content[: int(len(content) * kept)])
    assert "not copied whole" in only(small.look(path), "damaged-workbook").message


def test_a_sheet_whose_bytes_were_changed(small):
    path, book = broken(small)
    with zipfile.ZipFile(book) as archive:
        start = archive.getinfo("xl/worksheets/sheet2.xml").header_offset
    content = bytearray(book.read_bytes())
    for offset in range(120, 160):
        content[start + offset] ^= 0xFF
    book.write_bytes(bytes(content))
    assert only(small.look(path), "damaged-workbook").sheet == "Before"


def test_a_workbook_without_its_parts(small):
    path, book = broken(small)
    rewrite(book, lambda name, content: None if name == "xl/worksheets/sheet2.xml" else content)
    only(small.look(path), "damaged-workbook")


def test_a_bomb_is_refused_by_its_ratio(small):
    path, book = broken(small)
    padding = b" " * (30 * 2**20)
    rewrite(book, lambda name, content: padding if name == "xl/worksheets/sheet2.xml" else content)
    found = only(small.look(path), "workbook-bomb")
    assert "times its packed size" in found.message


def test_a_bomb_that_lies_about_its_size(small, monkeypatch):
    path, book = broken(small)
    padding = b" " * (2 * 2**20)
    rewrite(book, lambda name, content: content + padding if name == "xl/worksheets/sheet2.xml" else content)
    with zipfile.ZipFile(book) as archive:
        size = archive.getinfo("xl/worksheets/sheet2.xml").file_size
    content = book.read_bytes()
    assert content.count(size.to_bytes(4, "little")) == 2
    book.write_bytes(content.replace(size.to_bytes(4, "little"), (1000).to_bytes(4, "little")))
    only(small.look(path), "damaged-workbook")


@pytest.mark.parametrize(
    "part", ["xl/workbook.xml", "xl/worksheets/sheet2.xml", "xl/_rels/workbook.xml.rels"]
)
def test_xml_entities_are_refused(small, part):
    path, book = broken(small)
    doctype = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]>'
    rewrite(book, lambda name, content: doctype + content if name == part else content)
    assert "entities" in only(small.look(path), "workbook-bomb").message


@pytest.mark.parametrize("stray", ["XFD5000", "ZZ1048576"])
def test_a_stray_cell_far_away_is_refused_before_space_is_made_for_it(small, stray):
    book = small.book()
    book["Before"][stray] = 1
    found = only(small.findings(book), "workbook-bomb")
    assert "spans" in found.message and found.sheet == "Before"


def test_many_empty_formatted_rows_are_read(small):
    path, book = broken(small)
    rows = b"".join(b'<row r="%d" s="1" customFormat="1"/>' % number for number in range(100, 60_000))
    rewrite(
        book,
        lambda name, content: (
            content.replace(b"</sheetData>", rows + b"</sheetData>")
            if name == "xl/worksheets/sheet2.xml"
            else content
        ),
    )
    assert small.look(path) == ()


def test_too_many_parts(small, monkeypatch):
    monkeypatch.setattr(container, "MAX_PARTS", 3)
    only(small.findings(), "workbook-bomb")


def test_locked_parts(small):
    path, book = broken(small)
    content = bytearray(book.read_bytes())
    central = content.index(b"PK\x01\x02")
    content[central + 8] |= 1
    book.write_bytes(bytes(content))
    only(small.look(path), "password-protected")


def test_a_link_out_of_the_study_folder_that_appears_later(small, tmp_path_factory):
    path, book = broken(small)
    from emostats.ingest import ingest
    from emostats.study import read_spec

    spec = read_spec(path)
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "data.xlsx"
    book.rename(elsewhere)
    book.symlink_to(elsewhere)
    _, findings = ingest(spec)
    only(findings, "path-outside")


def test_reading_in_small_pieces_gives_the_same(small, monkeypatch):
    book = small.book()
    book["Before"]["C2"], book["Before"]["E5"] = "#N/A", "=A1"
    book["Before"].row_dimensions[4].hidden = True
    small.write(book)
    reader = ExcelReader(small.workbook)
    whole = reader.read("Before").marks
    monkeypatch.setattr(sheet_xml, "PIECE", 97)
    assert reader.read("Before").marks == whole
    assert set(whole.faults) == {(1, 2), (4, 4)} and whole.hidden_rows == {3}
    reader.close()


@given(st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_damage_is_read_or_refused_with_a_reason(small, data):
    if not small.workbook.exists():
        small.write()
        small.whole = small.workbook.read_bytes()
    content = bytearray(small.whole)
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    kept = len(content) - data.draw(st.sampled_from([0, 0, 1, 100, 3000]))
    small.workbook.write_bytes(bytes(content[:kept]))
    for finding in small.look(small.path):
        assert finding.message and finding.file == "data.xlsx"


def test_the_reader_says_what_is_wrong(tmp_path):
    with pytest.raises(UnreadableError) as caught:
        ExcelReader(tmp_path / "none.xlsx")
    assert caught.value.rule == "missing-file"
