"""The page of a music session in a browser: accessible, self-contained, fit for a desk and a phone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from emostats.music.library import bundled_library, read_library
from emostats.music.record import Recorder
from emostats.music.replay import replay
from emostats.music.scores import read_scores
from emostats.music.session import Setup
from emostats.music.timeline import timeline
from emostats.music.walk import walk

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def music_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's session, with a veto."""
    library, _ = read_library(bundled_library())
    recorder = Recorder()
    scores = read_scores(bundled_library().parent / "scores.csv")
    walk(scores, library, Setup(target=(0.4, -0.1), seed=1), recorder, vetoes={155.0: "covers the ears"})
    path = tmp_path_factory.mktemp("music") / "session.html"
    audit = replay(recorder.records, library)
    path.write_text(timeline(recorder.records, library, audit, note="Simulated scores"), encoding="utf-8")
    return path


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [(1280, 900), (390, 844)])
def test_the_music_timeline_breaks_no_accessibility_rule(
    browser: Any, axe: str, music_page: Path, size: tuple[int, int], scheme: str
) -> None:
    page = browser.new_page(
        viewport={"width": size[0], "height": size[1]}, color_scheme=scheme, bypass_csp=True
    )
    page.goto(music_page.as_uri())
    page.evaluate(axe)
    found = page.evaluate("axe.run()")["violations"]
    page.close()
    assert [(each["id"], each["nodes"][0]["html"][:90]) for each in found] == []


def test_the_music_timeline_asks_for_nothing_and_fits(browser: Any, music_page: Path) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 844})
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(music_page.as_uri())
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    triangles = page.locator("svg polygon[fill='var(--bad)']").count()
    page.close()
    assert asked == [music_page.as_uri()] and wide <= 0 and triangles == 1
