"""The report as a tagged PDF, where WeasyPrint is installed; else one message that says how to get it."""

from __future__ import annotations

import re
import sys
import zlib

import pytest

from emostats.errors import UsageError
from emostats.render import html, pdf
from emostats.report import build_report


@pytest.fixture(scope="module")
def family(handmade):
    return build_report(handmade.spec(), handmade.results(), handmade.manifest(), "family")


def test_without_the_extra_the_message_names_it(family, monkeypatch):
    monkeypatch.setitem(sys.modules, "weasyprint", None)
    with pytest.raises(UsageError, match=r"emostats\[pdf\]"):
        pdf(family)


@pytest.mark.filterwarnings("ignore")
def test_a_tagged_pdf_with_title_and_language_the_same_each_time(family):
    try:
        import weasyprint  # noqa: F401
    except (ImportError, OSError):
        pytest.skip("WeasyPrint or Pango is not installed")
    content = pdf(family)
    assert content.startswith(b"%PDF-")
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", content, re.DOTALL)
    inside = b"".join(zlib.decompressobj().decompress(s) if s[:1] == b"x" else s for s in streams) + content
    for part in (b"/StructTreeRoot", b"pdfuaid", b"/Lang", b"/Title", b"/Marked true"):
        assert part in inside, part
    assert pdf(family) == content


@pytest.mark.filterwarnings("ignore")
def test_hostile_text_is_only_text_and_the_explorer_is_left_out(handmade):
    try:
        import weasyprint  # noqa: F401
    except (ImportError, OSError):
        pytest.skip("WeasyPrint or Pango is not installed")
    hostile = build_report(handmade.hostile_spec(), handmade.hostile_results(), handmade.manifest(), "family")
    content = pdf(hostile)
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", content, re.DOTALL)
    inside = b"".join(zlib.decompressobj().decompress(s) if s[:1] == b"x" else s for s in streams) + content
    for action in (b"/JavaScript", b"/JS ", b"/Launch", b"/EmbeddedFile", b"/SubmitForm", b"/URI "):
        assert action not in inside, action


def test_paper_has_no_script_no_second_drawing_and_no_explorer(handmade):
    model = build_report(handmade.spec(), handmade.results(), handmade.manifest())
    page = html(model, paper=True)
    assert "<script" not in page and "script-src" not in page and "data-explorer" not in page
    assert page.count("<svg") == len(model.figures())
    assert 'href="#explore"' not in page
    assert len(html(model)) > len(page)
