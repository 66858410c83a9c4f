"""The report in a real browser: no word on the console, no request, usable by everyone.

Needs Chromium. The accessibility rules are axe-core's, fetched from the npm registry into a temporary folder;
without npm those tests are skipped, and the checks of our own remain.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from emostats.render import html
from emostats.report import build_report

pytestmark = pytest.mark.browser

AXE = "axe-core@4"
ARGUMENTS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--no-first-run",
)  # fmt: skip
DESK, PHONE = (1280, 900), (390, 844)
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
SCREENS = pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
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


@dataclass
class Visit:
    """One page in one window, with all it said and asked for."""

    page: Any
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api")
    chromium = shutil.which("chromium") or shutil.which("google-chrome") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.skip("no Chromium on this machine")
    with playwright.sync_playwright() as driver:
        running = driver.chromium.launch(executable_path=chromium, args=list(ARGUMENTS))
        yield running
        running.close()


@pytest.fixture(scope="module")
def files(handmade, tmp_path_factory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("reports")
    pages = {
        "report": build_report(handmade.spec(), handmade.results(), handmade.manifest()),
        "hostile": build_report(handmade.hostile_spec(), handmade.hostile_results(), handmade.manifest()),
    }
    found = {}
    for name, model in pages.items():
        found[name] = folder / f"{name}.html"
        found[name].write_text(html(model), encoding="utf-8")
    return found


@pytest.fixture(scope="module")
def axe(tmp_path_factory) -> str:
    if shutil.which("npm") is None:
        pytest.skip("no npm on this machine, so no axe-core")
    folder = tmp_path_factory.mktemp("axe")
    command = [
        "npm",
        "install",
        "--no-save",
        "--no-audit",
        "--no-fund",
        "--ignore-scripts",
        "--prefix",
        ".",
        AXE,
    ]
    try:
        subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=180)
    except (subprocess.SubprocessError, OSError) as error:
        pytest.skip(f"axe-core could not be fetched: {error}")
    return (folder / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


@pytest.fixture
def visit(browser, files):
    pages = []

    def go(name: str = "report", size: tuple[int, int] = DESK, scheme: str = "light") -> Visit:
        page = browser.new_page(
            viewport={"width": size[0], "height": size[1]}, color_scheme=scheme, bypass_csp=True
        )
        pages.append(page)
        found = Visit(page)
        page.on("console", lambda message: found.said.append(message.text))
        page.on("pageerror", lambda error: found.said.append(str(error)))
        page.on("dialog", lambda dialog: (found.said.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        page.on("request", lambda request: found.asked.append(request.url))
        page.goto(files[name].as_uri())
        return found

    yield go
    for page in pages:
        page.close()


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


@SCREENS
@SCHEMES
def test_axe_finds_no_violation(visit, axe, size, scheme):
    page = visit("report", size, scheme).page
    page.evaluate(axe)
    options = json.dumps({"runOnly": {"type": "tag", "values": RULES}})
    result = page.evaluate(f"axe.run(document, {options})")
    assert len(result["passes"]) > 25, "axe ran hardly any rule"
    told = [
        f"{item['id']}: {item['help']} ({len(item['nodes'])} places, e.g. {item['nodes'][0]['html'][:120]})"
        for item in result["violations"]
    ]
    assert told == []


@SCREENS
@SCHEMES
def test_all_text_has_enough_contrast_in_figures_too(visit, size, scheme):
    assert visit("report", size, scheme).page.evaluate(_CONTRAST) == []


@pytest.mark.parametrize(("size", "shown", "hidden"), [(DESK, "wide", "narrow"), (PHONE, "narrow", "wide")])
def test_each_screen_gets_the_drawing_made_for_it(visit, size, shown, hidden):
    page = visit("report", size).page
    figures = page.locator("figure")
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
