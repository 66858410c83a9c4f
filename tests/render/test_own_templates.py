"""Templates of the reader's own: found first, file by file, escaped as ours, and told of when they fail."""

from __future__ import annotations

import pytest

from emostats.errors import UsageError
from emostats.render import html
from emostats.render.templates import eject
from emostats.report import build_report
from emostats.resources import resource


@pytest.fixture(scope="module")
def model(handmade):
    return build_report(handmade.hostile_spec(), handmade.hostile_results(), handmade.manifest(), "family")


def test_what_is_ejected_makes_the_same_page(model, tmp_path):
    written = eject(tmp_path / "templates")
    ours = {path.relative_to(resource("templates")) for path in resource("templates").rglob("*.*")}
    assert {path.relative_to(tmp_path / "templates") for path in written} == ours
    assert html(model, tmp_path / "templates") == html(model)


def test_nothing_is_overwritten(tmp_path):
    eject(tmp_path)
    (tmp_path / "style.css").write_text("mine", encoding="utf-8")
    with pytest.raises(UsageError, match="nothing is overwritten"):
        eject(tmp_path)
    assert (tmp_path / "style.css").read_text(encoding="utf-8") == "mine"


def test_one_file_of_ones_own_is_enough(model, tmp_path):
    (tmp_path / "blocks").mkdir()
    (tmp_path / "blocks" / "heading.html.j2").write_text(
        '<h3 id="{{ block.id }}" class="mine">{{ block.text }}</h3>', encoding="utf-8"
    )
    (tmp_path / "style.css").write_text("body { color: rebeccapurple }", encoding="utf-8")
    page = html(model, tmp_path)
    assert 'class="mine"' in page and "rebeccapurple" in page
    assert 'class="mine"' not in html(model)


def test_ones_own_templates_escape_too(model, tmp_path):
    (tmp_path / "report.html.j2").write_text(
        "<title>{{ report.title }}</title>{{ report.sections[0].title }}", encoding="utf-8"
    )
    page = html(model, tmp_path)
    assert "<script>" not in page and "&lt;script&gt;alert(1)" in page


def test_a_changed_file_is_read_again(model, tmp_path):
    place = tmp_path / "report.html.j2"
    for text in ("first", "second"):
        place.write_text(text, encoding="utf-8")
        assert html(model, tmp_path) == f"{text}\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("line one\n{% for x in %}", r"report\.html\.j2, line 2"),
        ("{# one #}\n{{ report.nonsense }}", r"report\.html\.j2, line 2.*nonsense"),
        ("{{ ''.__class__.__mro__ }}", "unsafe"),
        ("{% include 'nowhere.j2' %}", r"nowhere\.j2"),
    ],
)
def test_a_template_that_fails_is_told_with_its_place(model, tmp_path, text, said):
    (tmp_path / "report.html.j2").write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=said):
        html(model, tmp_path)
