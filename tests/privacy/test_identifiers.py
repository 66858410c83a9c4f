"""What names a person is seen, and what does not is left alone."""

from __future__ import annotations

import json
import zipfile

import pytest

from emostats.errors import UsageError
from emostats.privacy.identifiers import header_kind, kinds_in, words_in
from emostats.privacy.outputs import scan_outputs


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("write to anna.weber@example.org", "e-mail address"),
        ("call +49 170 1234567", "telephone number"),
        ("13812345678", "telephone number"),
        ("Tel. 030 123456-7", "telephone number"),
        ("lives at 12 High Street", "postal address"),
        ("Gartenstraße 5", "postal address"),
        ("南京东路100号", "postal address"),
        ("110105201203040012", "ID number"),
        ("943 476 5919", "ID number"),
        ("Mrs Miller brought him", "name of a person"),
        ("my daughter Emma likes it", "name of a person"),
    ],
)
def test_forms_are_recognised(text, kind):
    assert kind in kinds_in(text)


@pytest.mark.parametrize(
    "text",
    [
        "0.1234567891", "n = 182, mean 1.5 (95 % CI 1.2 to 1.8)", "12 children on the way", "Week 12",
        "20251", "p < 0.001", "Music Therapy 2", "3.14159265358979", "1–6",
    ],
)  # fmt: skip
def test_numbers_of_a_report_are_left_alone(text):
    assert kinds_in(text, dates=True) == {}


@pytest.mark.parametrize("text", ["born 2019-03-04", "04.03.2019", "3/4/2019"])
def test_exact_dates_are_listed_when_asked_for(text):
    assert list(kinds_in(text, dates=True)) == ["exact date"]
    assert kinds_in(text) == {}


@pytest.mark.parametrize(
    ("header", "kind"),
    [
        ("First name", "name of a person"), ("E-Mail", "e-mail address"), ("date_of_birth", "birth date"),
        ("Telefon", "telephone number"), ("姓名", "name of a person"), ("IP Address", "network address"),
        ("Site", ""), ("Parent rating", ""), ("username_count", ""),
    ],
)  # fmt: skip
def test_headers_tell(header, kind):
    assert header_kind(header) == kind


def test_words_count_as_whole_words_and_digits_do_not():
    assert words_in(["C-17", "anna", "12", "Mia Li"], "anna and C-17; Mia Li, 12") == (
        "C-17",
        "anna",
        "Mia Li",
    )
    assert words_in(["anna"], "Annabel hannah") == ()


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "a.html").write_text(
        '<p>Mean 1.5</p><script>const d = {"x": "C-17"}</script><img alt="C-18 at home">', encoding="utf-8"
    )
    (tmp_path / "b.csv").write_text("n,text\n13812345678,ok\n0.13812345678,fine\n", encoding="utf-8")
    (tmp_path / "c.json").write_text(json.dumps({"to": ["x@example.org"]}), encoding="utf-8")
    (tmp_path / "d.svg").write_text("<svg><title>Mrs Miller</title><path d='M1 2'/></svg>", encoding="utf-8")
    (tmp_path / "e.bin").write_bytes(b"\0")
    return tmp_path


def test_every_kind_of_output_is_searched(folder):
    found = scan_outputs(folder, names={"C-17", "C-18", "7"})
    seen = {(item.file, item.kind): item.n for item in found.sightings}
    assert seen == {
        ("a.html", "ID or name from the data"): 2,
        ("b.csv", "telephone number"): 1,
        ("c.json", "e-mail address"): 1,
        ("d.svg", "name of a person"): 1,
    }
    assert found.stopped
    assert found.unread == {"e.bin": "files of this kind cannot be searched"}


def test_what_the_study_file_says_and_internal_files_stop_nothing(folder):
    found = scan_outputs(folder / "c.json", meant="contact: x@example.org")
    assert not found.sightings and not found.stopped
    found = scan_outputs(folder, names={"C-17"}, internal={"a.html", "b.csv", "c.json", "d.svg"})
    assert found.sightings and not found.stopped


def test_workbooks_and_word_files_are_searched_with_their_properties(tmp_path):
    from docx import Document
    from openpyxl import Workbook
    from openpyxl.comments import Comment

    book = Workbook()
    book.active["A1"] = "fine"
    book.active["A1"].comment = Comment("ask x@example.org", "me")
    book.properties.creator = "Dr. Miller"
    book.save(tmp_path / "a.xlsx")
    letter = Document()
    run = letter.add_paragraph("Tel")
    run.add_run(". 030 1234567")
    letter.save(tmp_path / "b.docx")
    found = {(item.file, item.kind) for item in scan_outputs(tmp_path).sightings}
    assert {
        ("a.xlsx", "e-mail address"),
        ("a.xlsx", "name of a person"),
        ("b.docx", "telephone number"),
    } <= found


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(UsageError, match="does not exist"):
        scan_outputs(tmp_path / "none")


@pytest.mark.parametrize(
    "hidden",
    [
        "<!-- anna@example.org -->",
        "<p data-child='anna@example.org'>x</p>",
        '<a href="mailto:anna@example.org">x</a>',
        "<p aria-description='anna@example.org'>x</p>",
        '<input value="anna@example.org">',
    ],
)
def test_what_a_page_carries_without_showing_it_is_seen(tmp_path, hidden):
    path = tmp_path / "page.html"
    path.write_text(f"<html><body><p>fine</p>{hidden}</body></html>", encoding="utf-8")
    assert [item.kind for item in scan_outputs(path).sightings] == ["e-mail address"]


@pytest.mark.parametrize(
    ("part", "content"),
    [
        ("xl/pivotCache/pivotCacheDefinition1.xml", '<s v="anna@example.org"/>'),
        ("xl/externalLinks/externalLink1.xml", "<v>1</v><t>anna@example.org</t>"),
        ("xl/worksheets/_rels/sheet1.xml.rels", '<Relationship Target="mailto:anna@example.org"/>'),
        ("xl/persons/person.xml", '<person displayName="anna@example.org"/>'),
        ("xl/workbook.xml", '<definedName name="anna@example.org">A1</definedName>'),
        ("xl/threadedComments/threadedComment1.xml", "<text>anna@example.org</text>"),
        ("customXml/item1.xml", "<a>anna@example.org</a>"),
    ],
)
def test_leftovers_of_a_workbook_are_seen(tmp_path, part, content):
    path = tmp_path / "book.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(part, f"<root>{content}</root>")
    assert [item.kind for item in scan_outputs(path).sightings] == ["e-mail address"]
