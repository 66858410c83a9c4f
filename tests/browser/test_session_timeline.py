"""The page of a scored session in a browser: accessible, self-contained, fit for a desk and a phone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from emostats.inference.batch import Scored
from emostats.inference.scores import score_session
from emostats.inference.scores.table import COLUMNS
from emostats.inference.sessions import Session
from emostats.inference.timeline import timeline_page

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A made-up session of a minute with everything in it."""
    count = 600
    frames = pd.DataFrame(0.0, index=range(count), columns=list(COLUMNS))
    frames["FRAME"], frames["TIME"] = range(count), np.arange(count) / 10
    frames["STATUS"] = np.where(
        np.arange(count) < 480, "ok", np.where(np.arange(count) < 540, "no_face", "too_dark")
    )
    frames["TRACK"], frames["MOVEMENT"] = 1, np.abs(np.sin(np.arange(count) / 40)) / 4
    wave = np.clip(np.sin(np.arange(count) / 30), 0, 1)
    frames["mouthSmileLeft"] = frames["mouthSmileRight"] = wave
    frames["browDownLeft"] = frames["browDownRight"] = frames["mouthPressLeft"] = frames[
        "mouthPressRight"
    ] = np.clip(-np.sin(np.arange(count) / 30), 0, 1)
    result = score_session(frames, stimuli=(3.0, 20.0))
    scored = Scored(
        Session(Path("a.mp4"), "3", "007", "WEEK4"), "scored", result=result, video_sha256="0" * 64
    )
    path = tmp_path_factory.mktemp("timeline") / "timeline.html"
    path.write_text(timeline_page(scored, note="Made-up data"), encoding="utf-8")
    return path


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [(1280, 900), (390, 844)])
def test_the_timeline_breaks_no_accessibility_rule(
    browser: Any, axe: str, page_file: Path, size: tuple[int, int], scheme: str
) -> None:
    page = browser.new_page(
        viewport={"width": size[0], "height": size[1]}, color_scheme=scheme, bypass_csp=True
    )
    page.goto(page_file.as_uri())
    page.evaluate(axe)
    found = page.evaluate("axe.run()")["violations"]
    page.close()
    assert [(each["id"], each["nodes"][0]["html"][:90]) for each in found] == []


def test_the_timeline_asks_for_nothing_and_fits(browser: Any, page_file: Path) -> None:
    for width in (1280, 320):
        page = browser.new_page(viewport={"width": width, "height": 800})
        asked: list[str] = []
        page.on("request", lambda request, asked=asked: asked.append(request.url))
        page.goto(page_file.as_uri())
        assert asked == [page_file.as_uri()]
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        drawn = [each for each in page.locator("figure svg").all() if each.is_visible()]
        assert len(drawn) == 1
        page.close()
