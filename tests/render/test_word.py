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
from emostats.render.word.widths import layout
from emostats.report import build_report
from emostats.report.model import Cell, Column, Paragraph, Row, Section, Table

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


def wide_model(model, n, letters="Standardized change"):
    """The model with one table of n columns alone."""
    columns = tuple(Column(letters) for _ in range(n))
    rows = (
        Row("All children", tuple(Cell(f"+{i}.25", detail="−0.123 to 1.234") for i in range(n)), "overall"),
        Row("By sex", role="group"),
        Row("Boys", (Cell("1"),), "failed", "no observations"),
    )
    table = Table("table-wide", "A wide table", "Children", columns, rows, number=1)
    return replace(model, sections=(Section("one", "One", (table, table, Paragraph(("After.",)))),))


def pages(content):
    return [section.orientation for section in opened(content).sections]


def test_words_in_headers_have_room_and_a_table_has_the_width_of_the_page(content):
    for table in opened(content).tables:
        widths = [column.width.mm for column in table.columns]
        assert sum(widths) == pytest.approx(176, abs=1) or sum(widths) == pytest.approx(263, abs=1)
        size = table.rows[0].cells[0].paragraphs[0].style.font.size.pt * 25.4 / 72
        assert size in (9.0 * 25.4 / 72, 7.5 * 25.4 / 72)
        assert [cell.width for cell in table.rows[0].cells] == [column.width for column in table.columns]
        for width, cell in zip(widths, table.rows[0].cells, strict=True):
            longest = max(cell.text.split(" "), key=len)
            assert width >= 0.55 * size * len(longest), longest


def test_a_wide_table_lies_on_a_page_of_its_own_and_a_wider_one_comes_in_parts(model):
    from docx.enum.section import WD_ORIENT

    upright, turned = WD_ORIENT.PORTRAIT, WD_ORIENT.LANDSCAPE
    assert pages(docx(wide_model(model, 4), quick)) == [upright]
    assert pages(docx(wide_model(model, 8), quick)) == [upright, turned, turned, upright]
    many = opened(docx(wide_model(model, 30), quick))
    assert len(many.tables) % 2 == 0 and len(many.tables) > 4
    shown = [cell.text for table in many.tables[: len(many.tables) // 2] for cell in table.rows[1].cells[1:]]
    assert [text.split("\n")[0] for text in shown] == [f"+{i}.25" for i in range(30)]
    assert all("no observations" in table.rows[3].cells[-1].text for table in many.tables)
    captions = [p.text for p in many.paragraphs if p.style.name == "Caption"]
    assert captions[0].startswith("Table 1. (1/") and "A wide table" in captions[1]


def test_a_name_without_end_does_not_push_the_other_columns_away(model):
    found = layout(wide_model(model, 2, "x" * 10_000).tables()[0])
    assert min(found.widths[0]) > 15 and sum(found.widths[0]) <= 263.1


@pytest.mark.parametrize("kind", ["png", "svg"])
def test_the_style_file_reaches_word(model, tmp_path, kind):
    (tmp_path / "logo.png").write_bytes(ONE_PIXEL)
    (tmp_path / "logo.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"><path d="M0,0"/></svg>')
    (tmp_path / "style.toml").write_text(
        '[light]\naccent = "#7a0019"\nseries = ["#0072b3"]\n'
        f'[logo]\nfile = "logo.{kind}"\nalt = "The hospital <b>"\n'
    )
    seen = []

    def watched(svg):
        seen.append(svg)
        return ONE_PIXEL

    made = docx(model, watched, tmp_path)
    usual = docx(model, quick)
    styles = {
        name: opened(data).styles["Subtitle"].font.color.rgb for name, data in (("own", made), ("", usual))
    }
    assert (str(styles["own"]), str(styles[""])) == ("7A0019", "0B5568")
    assert any("#0072b3" in svg for svg in seen) and not any("#0072b2" in svg for svg in seen)
    first = opened(made).paragraphs[0]
    if kind == "svg":
        assert first.text == "The hospital <b>"
    else:
        assert 'descr="The hospital &lt;b&gt;"' in first._p.xml
    assert docx(model, quick, tmp_path / "nowhere") == usual
