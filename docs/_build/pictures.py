"""Takes the documentation's pictures of a report, in headless Chromium.

    python docs/_build/pictures.py emostats-demo/runs/<run>/report.html
    python docs/_build/pictures.py runs/<run>/report.html --vsae

The pictures must be of a report on simulated data, or, with ``--vsae``, of the published data in
analyses/autism_vsae; another report is refused.
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


def take(report: Path, browser_path: str, screen: str, figures: dict[str, str]) -> None:
    """Writes a picture of the first screen, and one of each of `figures`."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=OPTIONS)
        page = browser.new_page(viewport={"width": 1180, "height": 1180}, color_scheme="light")
        page.goto(report.resolve().as_uri())
        page.screenshot(path=IMAGES / screen)
        for name, figure in figures.items():
            page.locator(figure).screenshot(path=IMAGES / name)
        browser.close()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("report", type=Path)
    parser.add_argument("--vsae", action="store_true", help="the report of analyses/autism_vsae")
    chosen = parser.parse_args()
    report, text = chosen.report, chosen.report.read_text(encoding="utf-8")
    browser_path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser_path is None:
        sys.exit("The pictures need Chromium, and it is not installed.")
    if chosen.vsae and "autism-vsae" not in text:
        sys.exit(f"{report} is not the report of analyses/autism_vsae.")
    if not chosen.vsae and "Simulated data." not in text:
        sys.exit(f"{report} is not a report on simulated data.")
    take(report, browser_path, "vsae.png" if chosen.vsae else "report.png", {} if chosen.vsae else FIGURES)
    return 0


if __name__ == "__main__":
    sys.exit(main())
