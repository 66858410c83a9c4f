"""The report as a Word file: real headings and tables, pictures with words, and deaf to hostile text."""

from __future__ import annotations

import io
import re
import sys
import zipfile
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from emostats.errors import UsageError
from emostats.figures import png
from emostats.render import docx
from emostats.render.word.text import plain
from emostats.report import build_report

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
ONE_PIXEL = png('<svg xmlns="http://www.w3.org/2000/svg" width="72" height="72"/>', scale=1)


def quick(svg: str) -> bytes:
    """Stands for the pictures where a test is not about them."""
    return ONE_PIXEL


@pytest.fixture(scope="module")
def model(handmade):
    return build_report(handmade.spec(), handmade.results(), handmade.manifest())


@pytest.fixture(scope="module")
def content(model):
    return docx(model, quick)


def opened(content: bytes):
    import docx as library

    return library.Document(io.BytesIO(content))


def xml(content: bytes, name: str = "word/document.xml") -> ElementTree.Element:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return ElementTree.fromstring(archive.read(name))


def test_without_the_extra_the_message_names_it(model, monkeypatch):
    monkeypatch.setitem(sys.modules, "docx", None)
    with pytest.raises(UsageError, match=r"emostats\[docx\]"):
        docx(model, quick)


def test_the_same_model_gives_the_same_bytes(model, content):
    assert docx(model, quick) == content


def test_every_section_is_a_heading_apart_from_those_for_a_screen(model, content):
    shown = [p.text for p in opened(content).paragraphs if p.style.name == "Heading 1"]
    expected = [s.title for s in model.sections if not s.screen]
    assert [text.lstrip("0123456789 ") for text in shown] == expected


def test_every_table_is_there_with_its_cells(model, content):
    tables = opened(content).tables
    assert len(tables) == len(model.tables())
    for made, block in zip(tables, model.tables(), strict=True):
        assert len(made.rows) == 1 + len(block.rows)
        assert [cell.text for cell in made.rows[0].cells] == [
            plain(text) for text in (block.header, *(column.label for column in block.columns))
        ]
        for row, expected in zip(made.rows[1:], block.rows, strict=True):
            cells = row.cells
            assert cells[0].text == plain(expected.header)
            for place, value in zip(cells[1:], expected.cells, strict=False):
                assert place.text.startswith(value.text)
                assert place.text.endswith(value.detail)


def test_header_rows_repeat_and_rows_stay_whole(content):
    for table in xml(content).iter(f"{W}tbl"):
        rows = table.findall(f"{W}tr")
        marked = [row.find(f"{W}trPr/{W}tblHeader") is not None for row in rows]
        assert marked == [True] + [False] * (len(rows) - 1)
        assert all(row.find(f"{W}trPr/{W}cantSplit") is not None for row in rows)
        look = table.find(f"{W}tblPr/{W}tblLook")
        assert look.get(f"{W}firstRow") == look.get(f"{W}firstColumn") == "1"
        assert table.find(f"{W}tblPr/{W}tblDescription").get(f"{W}val")


def test_every_picture_has_its_words(model, content):
    described = [
        item.get("descr") for item in xml(content).iter() if item.tag.endswith("wordprocessingDrawing}docPr")
    ]
    assert described == [plain(f"{f.caption} {f.description}") for f in model.figures()]


def test_pictures_are_drawn_from_the_figures(model):
    seen = []

    def watched(svg: str) -> bytes:
        seen.append(svg)
        return ONE_PIXEL

    docx(model, watched)
    assert seen == [figure.svg for figure in model.figures()]


def test_a_page_has_its_number_and_the_document_its_language(content):
    footer = ElementTree.tostring(xml(content, "word/footer1.xml"), encoding="unicode")
    assert "PAGE" in footer and "NUMPAGES" in footer
    styles = xml(content, "word/styles.xml")
    languages = {item.get(f"{W}val") for item in styles.iter(f"{W}lang")}
    assert languages == {"en-GB"}
    properties = opened(content).core_properties
    assert properties.language == "en-GB" and properties.title


def test_another_language_is_named(model):
    styles = xml(docx(replace(model, language="zh"), quick), "word/styles.xml")
    found = next(styles.iter(f"{W}lang"))
    assert (found.get(f"{W}eastAsia"), found.get(f"{W}val")) == ("zh-CN", "en-GB")


def test_simulated_data_are_named_on_every_page(model, content):
    header = "".join(xml(content, "word/header1.xml").itertext())
    assert header == "Simulated data"
    real = docx(replace(model, simulated=False), quick)
    with zipfile.ZipFile(io.BytesIO(real)) as archive:
        assert "word/header1.xml" not in archive.namelist()


@pytest.mark.parametrize("audience", ["", "family"])
def test_hostile_text_is_only_text(handmade, audience):
    model = build_report(handmade.hostile_spec(), handmade.hostile_results(), handmade.manifest(), audience)
    made = docx(model, quick)
    text = "".join(xml(made).itertext())
    assert "<script>alert(1)</script> =cmd()" in text
    with zipfile.ZipFile(io.BytesIO(made)) as archive:
        for name in archive.namelist():
            data = archive.read(name).decode("utf-8", "ignore")
            assert "<script" not in data, name
            assert not re.search(r'TargetMode="External"|DDEAUTO|INCLUDETEXT|HYPERLINK', data), name
    fields = {item.get(f"{W}instr") for item in xml(made, "word/footer1.xml").iter(f"{W}fldSimple")}
    assert fields == {"PAGE", "NUMPAGES"}
    assert not list(xml(made).iter(f"{W}instrText")) and not list(xml(made).iter(f"{W}fldSimple"))


def test_writing_from_right_to_left_keeps_to_itself():
    assert plain("Boys") == "Boys"
    for text in ("مرحبا", "\u202eevil", "עברית (1)"):
        assert plain(text) == f"\u2068{text}\u2069"
    assert plain("a\x00b\ud800") == "a\ufffdb\ufffd"
