"""The page of a session, and the preview in which nobody can be recognised."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image as Pictures

from emostats.inference.batch import Plan, Scored, score_video
from emostats.inference.demo import CLIP, STIMULI
from emostats.inference.errors import OutputError
from emostats.inference.faces import FaceFinder
from emostats.inference.preview import FPS, annotate, blurred, write_preview, write_still
from emostats.inference.scores import Gates
from emostats.inference.sessions import Session
from emostats.inference.timeline import timeline_page
from emostats.inference.timeline.bands import bands_of, binned, spans
from emostats.inference.timeline.drawing import Axis, clock, describe
from emostats.inference.timeline.page import entries
from emostats.inference.video import read_video


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Scored:
    """The clip that travels with the package, at five frames a second."""
    from emostats.inference.reading import Reading

    plan = Plan(reading=Reading(fps=5), cache=tmp_path_factory.mktemp("kept"))
    return score_video(Session(CLIP, "<demo> & co", "00<7", "WEEK4", stimuli=STIMULI), plan)


class Outline(HTMLParser):
    """Tags with their attributes, ids and headings of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def outline(page: str) -> Outline:
    parser = Outline()
    parser.feed(page)
    return parser


def test_the_demo_clip_shows_what_it_was_made_to_show(demo: Scored) -> None:
    assert demo.status == "scored" and CLIP.stat().st_size < 500_000
    quality, scores = demo.result.quality, demo.result.scores
    assert quality["SECONDS"] == pytest.approx(20, abs=0.3) and quality["MAX_FACES"] == 2
    assert quality["NO_FACE"] == pytest.approx(0.1, abs=0.03) and quality["TOO_DARK"] == pytest.approx(
        0.05, abs=0.03
    )
    first, second = demo.result.smiles
    assert first == pytest.approx((4.3, 6.8), abs=0.4) and second == pytest.approx((13.6, 15.4), abs=0.4)
    assert scores["RESPONSES"] == 1 and 0.5 < scores["LATENCY"] < 1.6
    assert scores["HAPPINESS"] + scores["NEUTRAL"] > 0.98
    notice = (CLIP.parent / "NOTICE").read_text()
    assert "CC BY 4.0" in notice and "DeBruine" in notice and "no child is shown" in notice


def test_the_page_loads_nothing_runs_nothing_and_holds_no_picture(demo: Scored) -> None:
    page = timeline_page(demo, note="Made of stills")
    tags = outline(page).tags
    assert not {"script", "img", "link", "iframe", "video", "image"} & {tag for tag, _ in tags}
    assert not re.findall(
        r"(?:src|href|url)\s*[=(]\s*[\"']?(?!#)[a-z]", page.replace("http://www.w3.org/2000/svg", "")
    )
    assert "default-src 'none'" in page and "data:" not in page
    assert timeline_page(demo, note="Made of stills") == page


def test_texts_from_outside_are_escaped(demo: Scored) -> None:
    page = timeline_page(demo)
    assert "<demo>" not in page and "&lt;demo&gt; &amp; co" in page and "00<7" not in page


def test_the_page_can_be_read_without_seeing_it(demo: Scored) -> None:
    page = timeline_page(demo)
    tags = outline(page).tags
    ids = [attributes["id"] for _, attributes in tags if attributes.get("id")]
    assert len(ids) == len(set(ids))
    for tag, attributes in tags:
        for name in ("aria-labelledby", "aria-describedby"):
            assert attributes.get(name) is None or attributes[name] in ids, (tag, attributes)
    assert [dict(a).get("lang") for t, a in tags if t == "html"] == ["en"]
    assert sum(tag == "h1" for tag, _ in tags) == 1 and sum(tag == "main" for tag, _ in tags) == 1
    assert all("scope" in attributes for tag, attributes in tags if tag == "th")
    assert all(attributes.get("role") == "img" for tag, attributes in tags if tag == "svg")
    text = describe(bands_of(demo.result))
    assert (
        text in page and "Smiles: 2 times" in text and "No face: 2 s." in text and "Stimuli at 0:03" in text
    )


def test_the_page_shows_the_scores_and_says_what_they_are_not(demo: Scored) -> None:
    page = timeline_page(demo)
    assert "have not been validated on children with autism" in page
    shown = {entry.code: entry.text for entry in entries(demo.result)}
    assert shown["VALENCE"] == f"{demo.result.scores['VALENCE']:.2f}" and "LATENCY" in shown
    assert "SMILE_MODEL" in shown or np.isnan(demo.result.scores["SMILE_MODEL"])
    assert all(entry.code in page and entry.text in page for entry in entries(demo.result))


def test_a_session_without_scores_shows_why(demo: Scored) -> None:
    from dataclasses import replace

    from emostats.inference.scores import score_session

    poor = score_session(demo.frames, gates=Gates(seconds=60))
    page = timeline_page(replace(demo, result=poor, reason=poor.reason))
    assert "Not scored" in page and "at least 60 s are needed" in page and "Mean valence" in page
    assert 'id="scores-title"' not in page
    with pytest.raises(ValueError, match="no timeline"):
        timeline_page(replace(demo, result=None, reason="gone"))


def test_curves_have_gaps_where_nothing_was_seen() -> None:
    time = np.arange(10) / 10
    value = np.array([1, 1, np.nan, np.nan, 2, 2, 2, 2, np.nan, 3.0])
    middle, mean = binned(time, value, 1.0)
    np.testing.assert_allclose(middle, time + 0.05)
    np.testing.assert_allclose(mean, value)
    _, coarse = binned(np.arange(4000) / 100, np.ones(4000), 40.0)
    assert len(coarse) == 400 and (coarse == 1).all()


def test_spans_are_runs_of_frames() -> None:
    time = np.arange(6) / 2
    where = np.array([True, True, False, False, True, True])
    assert spans(where, time, time + 0.5) == ((0.0, 1.0), (2.0, 3.0))
    assert spans(np.zeros(6, bool), time, time + 0.5) == ()


@pytest.mark.parametrize(("seconds", "step"), [(20, 2), (95, 10), (1800, 300), (50000, 7200)])
def test_the_axis_has_round_times(seconds: float, step: float) -> None:
    axis = Axis(0, 100, seconds)
    assert axis.ticks(10)[:2] == [0.0, step] and axis(seconds / 2) == 50
    assert clock(65.9) == "1:05"


def test_a_preview_shows_points_and_nobody(smiling_clip: Path, tmp_path: Path) -> None:
    scored = score_video(Session(smiling_clip, "s"), Plan(gates=Gates(seconds=1)))
    write_preview(scored, tmp_path / "preview.mp4")
    with av.open(str(tmp_path / "preview.mp4")) as container:
        assert not container.streams.audio
        shown = [(frame.time, frame.to_ndarray(format="rgb24")) for frame in container.decode(video=0)]
    read = list(read_video(smiling_clip, fps=FPS))
    assert [time for time, _ in shown] == pytest.approx([frame.time for frame in read], abs=2e-3)
    for (_, image), frame in list(zip(shown, read, strict=True))[::5]:
        points = (image[..., 1] > 200) & (image[..., 0] < 90)
        assert image.shape == (360, 640, 3) and points.sum() > 300
        difference = np.abs(image.astype(int) - blurred(frame.image)).mean(axis=2)
        difference[:20] = 0  # the line of text
        assert (
            np.median(difference) < 4 and (difference > 40).sum() < 12_000
        )  # points and box, and nothing else


def test_blurring_removes_every_face_also_those_that_were_not_found(make) -> None:  # type: ignore[no-untyped-def]
    crowd = make.on_canvas(make.picture("118_neutral"), 300, (10, 30))
    crowd[100:260, 420:580] = make.scaled(make.picture("004_neutral"), 160, 160)
    finder = FaceFinder()
    assert len(finder.both(crowd)) == 2 and not any(map(len, finder.stages(blurred(crowd))))
    few = np.asarray(Pictures.fromarray(blurred(crowd)).resize((16, 9), Pictures.Resampling.BOX))
    again = np.asarray(Pictures.fromarray(crowd).resize((16, 9), Pictures.Resampling.BOX))
    assert np.abs(few.astype(int) - again).mean() < 12  # only sixteen by nine colours are left


def test_faces_are_shown_only_when_asked_for(make, reader, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    image = make.on_canvas(make.picture("004_smiling"), 300, (150, 30))
    result = reader.still(image)
    hidden, open_ = annotate(image, result), annotate(image, result, show_faces=True)
    corner = (slice(330, 345), slice(160, 440))
    assert np.abs(open_[corner].astype(int) - image[corner]).max() == 0
    assert np.abs(hidden[corner].astype(int) - image[corner]).mean() > 3
    found = write_still(image, tmp_path / "still.png")
    with Pictures.open(tmp_path / "still.png") as still:
        assert found.usable and still.size == (640, 360)
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written"):
        write_still(image, tmp_path / "file" / "still.png")
