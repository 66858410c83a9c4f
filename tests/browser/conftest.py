"""The hand-made run of the report's tests in every edition, and a Chromium to open it in.

The accessibility rules are axe-core's, fetched from the npm registry into a temporary folder; without npm
their tests are skipped, and the checks of our own remain.
"""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import combinations
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from emostats.estimates import AnalysisResults, estimates_frame
from emostats.render import html
from emostats.report import build_report
from emostats.report.audience import AUDIENCES

AXE = "axe-core@4"
ARGUMENTS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--no-first-run",
)  # fmt: skip
DESK = (1280, 900)
HANDMADE = Path(__file__).resolve().parents[1] / "report" / "handmade.py"


def load_handmade() -> ModuleType:
    name = "emostats_tests_handmade"
    if name not in sys.modules:
        found = importlib.util.spec_from_file_location(name, HANDMADE)
        assert found is not None and found.loader is not None
        module = importlib.util.module_from_spec(found)
        sys.modules[name] = module
        found.loader.exec_module(module)
    return sys.modules[name]


@pytest.fixture(scope="session")
def handmade() -> ModuleType:
    return load_handmade()


@dataclass
class Visit:
    """One page in one window, with all it said and asked for."""

    page: Any
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api")
    chromium = shutil.which("chromium") or shutil.which("google-chrome") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.skip("no Chromium on this machine")
    with playwright.sync_playwright() as driver:
        running = driver.chromium.launch(executable_path=chromium, args=list(ARGUMENTS))
        yield running
        running.close()


def many_groups(handmade: Any) -> AnalysisResults:
    """The hand-made run with ten sites, and all differences between them."""
    rows = handmade.estimates()
    change = next(r for r in rows if r.kind == "change" and not r.subgroup and r.visit == "WEEK12")
    sites = [f"Site {number}" for number in range(1, 11)]
    more = [
        replace(change, estimate_id=f"{change.estimate_id}/{site}", subgroup="SITE", level=site, n=20)
        for site in sites
    ]
    pairs = [
        replace(
            change,
            estimate_id=f"{a}{b}",
            kind="difference_of_changes",
            subgroup="SITE",
            level=f"({a}) − ({b})",
        )
        for a, b in combinations(sites, 2)
    ]
    results = handmade.results()
    return AnalysisResults(estimates_frame([*rows, *more, *pairs]), results.tables, results.facts)


@pytest.fixture(scope="session")
def files(handmade: Any, tmp_path_factory: Any) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("reports")
    spec, results, manifest = handmade.spec(), handmade.results(), handmade.manifest()
    pages = {
        "report": build_report(spec, results, manifest),
        **{name: build_report(spec, results, manifest, name) for name in AUDIENCES},
        "zh": build_report(spec, results, manifest, language="zh"),
        "zh-family": build_report(spec, results, manifest, "family", language="zh"),
        "many": build_report(spec, many_groups(handmade), manifest),
        "hostile": build_report(handmade.hostile_spec(), handmade.hostile_results(), handmade.manifest()),
    }
    found = {}
    for name, model in pages.items():
        found[name] = folder / f"{name}.html"
        found[name].write_text(html(model), encoding="utf-8")
    return found


@pytest.fixture(scope="session")
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
