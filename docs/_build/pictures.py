"""Takes the documentation's pictures of a report, in headless Chromium.

    python docs/_build/pictures.py emostats-demo/runs/<run>/report.html

The pictures must be of a report on simulated data; another one is refused.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

IMAGES = Path(__file__).resolve().parents[1] / "images"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FIGURES = {"means.png": "#fig-means-primary-socint", "subgroups.png": "#fig-subgroups-primary-socint"}
OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--hide-scrollbars"]


def take(report: Path, browser_path: str) -> None:
    """Writes ``report.png``, the first screen, and a picture of each of `FIGURES`."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=OPTIONS)
        page = browser.new_page(viewport={"width": 1180, "height": 1180}, color_scheme="light")
        page.goto(report.resolve().as_uri())
        page.screenshot(path=IMAGES / "report.png")
        for name, figure in FIGURES.items():
            page.locator(figure).screenshot(path=IMAGES / name)
        browser.close()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("report", type=Path)
    report = parser.parse_args().report
    browser_path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser_path is None:
        sys.exit("The pictures need Chromium, and it is not installed.")
    if "Simulated data." not in report.read_text(encoding="utf-8"):
        sys.exit(f"{report} is not a report on simulated data.")
    take(report, browser_path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
