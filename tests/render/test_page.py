"""The HTML page: the same bytes each time, whole in itself, well formed, and deaf to hostile text."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from base64 import b64encode
from dataclasses import dataclass, field, replace
from hashlib import sha256
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest
from jinja2 import UndefinedError

from emostats.render import html
from emostats.report import build_report

VOID = frozenset(["meta", "link", "br", "hr", "img", "input", "col"])
TESTS = Path(__file__).resolve().parents[1]


@dataclass
class Tree(HTMLParser):
    """Reads a page strictly: every tag is closed in order. Collects what the tests ask about."""

    open: list[str] = field(default_factory=list)
    tags: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)
    text: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open and self.open[-1] == tag, f"</{tag}> closes {self.open[-3:]}"
        self.open.pop()

    def handle_data(self, data):
        self.text.append((self.open[-1] if self.open else "", data))


def read(page: str) -> Tree:
    tree = Tree()
    tree.feed(page)
    tree.close()
    assert tree.open == []
    return tree


@pytest.fixture(scope="module")
def model(handmade):
    return build_report(handmade.spec(), handmade.results(), handmade.manifest())


@pytest.fixture(scope="module")
def page(model):
    return html(model)


@pytest.fixture(scope="module")
def hostile(handmade):
    return html(build_report(handmade.hostile_spec(), handmade.hostile_results(), handmade.manifest()))


def test_the_same_model_gives_the_same_bytes(model, page):
    assert html(model) == page


def test_other_processes_give_the_same_bytes(page):
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); import handmade\n"
        "from emostats.render import html; from emostats.report import build_report\n"
        "page = html(build_report(handmade.spec(), handmade.results(), handmade.manifest()))\n"
        "sys.stdout.buffer.write(page.encode())"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "4711", "TZ": "Asia/Tokyo", "LC_ALL": "C"}
    run = [sys.executable, "-c", code, str(TESTS / "report")]
    found = subprocess.run(run, env=environment, capture_output=True, check=True).stdout
    assert found == page.encode()


def test_the_page_is_whole_in_itself(page):
    tree = read(page)
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", page)
    assert not re.search(r"@import|url\(", page)
    for tag, attrs in tree.tags:
        assert tag not in ("link", "img", "iframe", "object", "base")
        assert tag != "form" or "action" not in attrs
        assert not any(name.startswith("on") or name in ("src", "srcset") for name in attrs)
        assert tag != "a" or attrs["href"].startswith("#")
    assert policy_of(tree).startswith("default-src 'none'")


def policy_of(tree: Tree) -> str:
    return next(attrs["content"] for tag, attrs in tree.tags if attrs.get("http-equiv"))


def test_one_script_runs_and_the_page_names_it_by_its_hash(page):
    tree = read(page)
    scripts = [attrs for tag, attrs in tree.tags if tag == "script"]
    assert [attrs.get("type") for attrs in scripts] == ["application/json", None]
    code = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)[0]
    digest = b64encode(sha256(code.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}';" in policy_of(tree)
    assert len(code.encode()) <= 30_000


def test_a_page_without_an_explorer_runs_no_script(handmade):
    page = html(build_report(handmade.spec(), handmade.results(), handmade.manifest(), "family"))
    tree = read(page)
    assert "script" not in [tag for tag, _ in tree.tags]
    assert "script-src" not in policy_of(tree)


def test_the_script_neither_rounds_nor_writes_markup():
    code = (Path(__file__).resolve().parents[2] / "templates" / "explorer.js").read_text(encoding="utf-8")
    assert not re.search(r"toFixed|toPrecision|toLocale|Math\.round|Intl\.", code)
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|Function\(", code)
    assert not re.search(r"fetch\(|XMLHttp|import\(|sendBeacon|localStorage|cookie|WebSocket", code)


def test_ids_are_unique_and_every_reference_has_its_target(page):
    tree = read(page)
    ids = [attrs["id"] for _, attrs in tree.tags if attrs.get("id")]
    assert len(ids) == len(set(ids))
    for _, attrs in tree.tags:
        named = [attrs[name] for name in ("aria-labelledby", "aria-describedby") if name in attrs]
        named += [attrs["href"].removeprefix("#")] if "href" in attrs else []
        assert set(named) <= set(ids)


def test_headings_go_down_one_level_at_a_time(page):
    levels = [int(tag[1]) for tag, _ in read(page).tags if re.fullmatch("h[1-6]", tag)]
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_landmarks_language_and_skip_link(page):
    tree = read(page)
    tags = [tag for tag, _ in tree.tags]
    assert all(tags.count(name) == 1 for name in ("main", "header", "footer", "nav"))
    assert next(attrs for tag, attrs in tree.tags if tag == "html")["lang"] == "en"
    assert next(attrs for tag, attrs in tree.tags if tag == "a")["href"] == "#content"


def test_tables_have_captions_scopes_and_reachable_scrollers(model, page):
    tree = read(page)
    count = [tag for tag, _ in tree.tags].count
    explorer = 2  # its tables, which the script fills
    assert count("table") == count("caption") == count("thead") == len(model.tables()) + explorer
    assert all(attrs.get("scope") in ("col", "row", "rowgroup") for tag, attrs in tree.tags if tag == "th")
    scrollers = [attrs for _, attrs in tree.tags if attrs.get("class") == "scroll"]
    assert len(scrollers) == len(model.tables()) + explorer
    assert all(s["tabindex"] == "0" and s["role"] == "region" and s["aria-labelledby"] for s in scrollers)


def test_every_row_fills_the_columns_of_its_table(page):
    for table in re.findall(r"<table.*?</table>", page, re.DOTALL):
        if 'data-part="' in table:  # the explorer's, which its script fills
            continue
        rows = re.findall(r"<tr.*?</tr>", table, re.DOTALL)
        spans = [re.findall(r'<t[hd](?:[^>]*?colspan="(\d+)")?[^>]*>', row) for row in rows]
        widths = {sum(int(span or 1) for span in row) for row in spans}
        assert len(widths) == 1, table[:200]


def test_every_figure_is_there_in_both_widths_with_words(model, page):
    assert page.count("<svg") == 2 * len(model.figures())
    assert page.count("<figcaption>") == page.count("in words</summary>") == len(model.figures())


def test_numbers_carry_full_value_and_estimate_id(page, handmade):
    row = next(r for r in handmade.estimates() if r.estimate_id == "primary/SOCINT/change/WEEK12/overall")
    shown = re.search(
        r'<data value="([^"]+)" data-estimate="primary/SOCINT/change/WEEK12/overall" title="([^"]+)"', page
    )
    assert shown is not None
    assert float(shown[1]) == row.estimate
    assert shown[2] == f"{row.estimate!r} points · {row.estimate_id}"


def test_simulated_is_written_on_the_page_and_on_every_printed_page(page):
    assert '<aside class="simulated"' in page
    assert '@page { @top-center { content: "Simulated data"' in page
    assert "simulated data]</title>" in page


def test_a_report_of_real_data_carries_no_such_mark(model):
    sections = tuple(replace(item, blocks=()) for item in model.sections)
    page = html(replace(model, simulated=False, title="A study", summary=(), sections=sections))
    assert "imulated data" not in page


def test_hostile_text_is_only_text(hostile, handmade):
    tree = read(hostile)
    scripts = [attrs.get("type") for tag, attrs in tree.tags if tag == "script"]
    assert scripts == ["application/json", None]
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in hostile
    assert any("<script>alert(1)</script>" in data for _, data in tree.text)
    embedded = next(text for tag, text in tree.text if tag == "script")
    assert "<" not in embedded
    assert "<script>alert(1)</script>" in json.loads(embedded)["groups"][1]["label"]
    assert "\x00" not in hostile


def test_text_from_outside_is_isolated_from_the_direction_of_ours(hostile):
    tree = read(hostile)
    loose = {tag for tag, data in tree.text if "\u202e" in data} - {"title", "desc", "text"}
    assert loose <= {
        "bdi",
        "code",
        "data",
        "option",
        "script",
    }  # an option stands alone, a script shows nothing


def test_characters_that_html_forbids_are_replaced(model):
    page = html(replace(model, title="a\x00b\x07c\ud800d"))
    assert "<bdi>a\ufffdb\ufffdc\ufffdd</bdi>" in page
    page.encode()


def test_a_template_that_asks_for_what_is_not_there_fails_loudly(model):
    class Lacking:
        title, language, simulated = "t", "en", False

        def blocks(self):
            return iter(())

    with pytest.raises(UndefinedError):
        html(Lacking())


def test_templates_neither_round_nor_compute():
    folder = Path(__file__).resolve().parents[2] / "templates"
    for file in folder.rglob("*.j2"):
        text = file.read_text(encoding="utf-8")
        assert not re.search(r"\|\s*(round|int|float|sum|format|safe)\b|'%|\"%", text), file


def test_the_page_stays_below_its_size(page):
    assert len(page.encode()) < 1_000_000


def test_a_count_tells_the_file_that_has_it(page):
    assert 'title="182 children · results/tables/flow.csv"' in page
