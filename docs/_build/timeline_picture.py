"""Takes the documentation's picture of a session timeline, in headless Chromium.

    emostats demo --video --output demo && python docs/_build/timeline_picture.py demo/timeline.html

The picture must be of the demo clip; another timeline is refused, since a real session belongs to a child.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

TARGET = Path(__file__).resolve().parents[1] / "images" / "timeline.png"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--hide-scrollbars"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("timeline", type=Path)
    timeline = parser.parse_args().timeline
    browser_path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser_path is None:
        sys.exit("The picture needs Chromium, and it is not installed.")
    if "Demo clip, made from stills of adults" not in timeline.read_text(encoding="utf-8"):
        sys.exit(f"{timeline} is not the timeline of the demo clip.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=OPTIONS)
        page = browser.new_page(viewport={"width": 940, "height": 1060}, color_scheme="light")
        page.goto(timeline.resolve().as_uri())
        page.screenshot(path=TARGET)
        browser.close()


if __name__ == "__main__":
    main()
