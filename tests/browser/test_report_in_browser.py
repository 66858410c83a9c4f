"""The report in a real browser: no word on the console, no request, usable by everyone.

Needs Chromium. The accessibility rules are axe-core's, fetched from the npm registry into a temporary folder;
without npm those tests are skipped, and the checks of our own remain.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from emostats.report.audience import AUDIENCES

pytestmark = pytest.mark.browser

DESK, PHONE = (1280, 900), (390, 844)
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
SCREENS = pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
EDITIONS = pytest.mark.parametrize("name", ["report", *AUDIENCES, "zh", "zh-family"])
SCHEMES = pytest.mark.parametrize("scheme", ["light", "dark"])

_CONTRAST = """() => {
  const rgb = text => text.match(/[\\d.]+/g).map(Number);
  const lum = ([r, g, b]) => [r, g, b].map(v => v / 255)
    .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = node => {
    for (let n = node; n; n = n.parentElement) {
      const [r, g, b, a = 1] = rgb(getComputedStyle(n).backgroundColor);
      if (a > 0) return [r, g, b];
    }
    return [255, 255, 255];
  };
  const low = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode.parentElement;
    if (!walker.currentNode.textContent.trim() || !node.checkVisibility()) continue;
    if (node.closest('desc, title')) continue;
    const style = getComputedStyle(node);
    const colour = node.closest('svg') ? style.fill : style.color;
    const [a, b] = [lum(rgb(colour)), lum(behind(node.closest('svg')?.parentElement ?? node))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) low.push([ratio.toFixed(2), walker.currentNode.textContent.trim().slice(0, 40)]);
  }
  return low;
}"""


@pytest.mark.parametrize(("size", "scheme"), [(DESK, "light"), (PHONE, "dark")], ids=["desk", "phone"])
@pytest.mark.parametrize("name", ["report", "hostile"])
def test_the_page_is_silent_and_asks_for_nothing(visit, files, name, size, scheme):
    found = visit(name, size, scheme)
    assert found.said == []
    assert found.asked == [files[name].as_uri()]


@pytest.mark.parametrize("name", ["report", "hostile"])
def test_the_body_never_scrolls_sideways(visit, name):
    page = visit(name).page
    for width in (1280, 768, 390, 320):
        page.set_viewport_size({"width": width, "height": 844})
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def check(page: Any) -> list[str]:
    """What axe-core, loaded already, has against the page as it is, by all rules."""
    chosen = {"type": "tag", "values": RULES}
    options = {"runOnly": chosen, "resultTypes": ["violations"]}  # passes are counted, not told one by one
    result = page.evaluate(f"axe.run(document, {json.dumps(options)})")
    assert len(result["passes"]) >= 20, "axe ran hardly any rule"
    return [
        f"{item['id']}: {item['help']} ({len(item['nodes'])} places, e.g. {item['nodes'][0]['html'][:120]})"
        for item in result["violations"]
    ]


@EDITIONS
def test_axe_finds_no_violation_and_all_text_has_contrast(visit, axe, name):
    """Light and dark, desk and phone, by all rules; our own check of contrast sees figures too. What has the
    sections of the full report is seen on a light desk and on a dark phone."""
    found = visit(name)
    page = found.page
    page.evaluate(axe)
    for width, height in (DESK, PHONE):
        page.set_viewport_size({"width": width, "height": height})
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            if name in ("statistician", "zh") and (width == DESK[0]) != (scheme == "light"):
                continue
            assert check(page) == [], (width, scheme)
            assert page.evaluate(_CONTRAST) == [], (width, scheme)
    assert found.said == []


def test_axe_finds_no_violation_where_names_are_hostile(visit, axe):
    page = visit("hostile", PHONE).page
    page.evaluate(axe)
    assert check(page) == []


@pytest.mark.parametrize(("size", "shown", "hidden"), [(DESK, "wide", "narrow"), (PHONE, "narrow", "wide")])
def test_each_screen_gets_the_drawing_made_for_it(visit, size, shown, hidden):
    page = visit("report", size).page
    figures = page.locator("figure")
    assert figures.count() > 10
    for index in range(figures.count()):
        assert figures.nth(index).locator(f".drawing.{shown} svg").is_visible()
        assert not figures.nth(index).locator(f".drawing.{hidden} svg").is_visible()


def test_type_in_figures_is_legible_on_a_phone(visit):
    sizes = visit("report", PHONE).page.evaluate(
        """() => [...document.querySelectorAll('.drawing.narrow svg')].map(svg =>
             11 * svg.getBoundingClientRect().width / svg.viewBox.baseVal.width)"""
    )
    assert sizes and min(sizes) >= 10


def test_the_keyboard_reaches_the_report_first(visit):
    page = visit().page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the report"
    page.keyboard.press("Enter")
    assert page.evaluate("location.hash") == "#content"


def test_wide_tables_scroll_within_their_frame_by_keyboard(visit):
    page = visit("report", PHONE).page
    frame = page.locator("#table-baseline .scroll")
    frame.focus()
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    page.wait_for_function("document.querySelector('#table-baseline .scroll').scrollLeft > 0")
    caption = page.locator("#table-baseline .caption").bounding_box()
    assert caption["x"] >= 0 and caption["x"] + caption["width"] <= PHONE[0]


def test_the_contents_lead_to_their_sections(visit):
    page = visit().page
    for link in page.locator("nav a").all():
        link.click()
        target = link.get_attribute("href")
        assert page.locator(target).bounding_box()["y"] < DESK[1]


@SCHEMES
def test_print_is_dark_on_white_whatever_the_screen(visit, scheme):
    page = visit("report", DESK, scheme).page
    page.emulate_media(media="print", color_scheme=scheme)
    style = "getComputedStyle(document.body)"
    assert page.evaluate(f"{style}.backgroundColor") == "rgb(255, 255, 255)"
    assert page.evaluate(f"{style}.color") == "rgb(0, 0, 0)"
    assert not page.locator("nav").is_visible()
    assert page.pdf()[:4] == b"%PDF"


def test_hovering_a_number_tells_its_source(visit):
    title = visit().page.locator(".headline data").first.get_attribute("title")
    assert title.endswith("primary/SOCINT/change/WEEK12/overall")
