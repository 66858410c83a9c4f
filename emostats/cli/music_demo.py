"""demo --music: the loop over simulated scores, and over the bundled clip where videos can be read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from emostats.cli.console import progress_bar, put, put_json, say

if TYPE_CHECKING:
    from emostats.music.tracks import Library

NOTE = (
    "Simulated scores and synthesized pieces: nobody was filmed, nobody rated the music, and nothing here is "
    "evidence about music or children."
)
CLIP_NOTE = "The clip is made from stills of adults, who never moved like this; no child is shown."
VETOES = {155.0: "the child covers the ears"}


def music_demo(output: Path, *, as_json: bool, quiet: bool) -> None:
    """Writes session.jsonl and session.html into `output`, and clip.jsonl and clip.html where it can."""
    from emostats.music.files import make_folder
    from emostats.music.library import bundled_library, read_library
    from emostats.music.scores import read_scores
    from emostats.music.session import Setup
    from emostats.music.walk import walk

    make_folder(output, "the demo")
    library, _ = read_library(bundled_library())
    scores = read_scores(bundled_library().parent / "scores.csv")
    setup = Setup(target=(0.4, -0.1), child=scores.child, session=scores.session, seed=1)
    with progress_bar(quiet=quiet) as progress:
        progress("Choosing music for a simulated session", 0, 2)
        recorder = _new(output / "session.jsonl")
        walk(scores, library, setup, recorder, vetoes=VETOES)
        recorder.close()
        done = _page(recorder.records, library, output / "session.html", NOTE)
        progress("Watching the bundled clip", 1, 2)
        clip = _clip(output, library)
    say(NOTE)
    if as_json:
        put_json({"session": done, "clip": clip})
        return
    for found in (done, clip):
        if found:
            same = "the same" if found["same"] else "NOT the same"
            put(f"{found['timeline']}: {found['n_choices']} choices, {same} when the log is replayed.")
    if clip is None:
        say('With pip install "emostats[inference]" the loop also watches a clip.')
    say(f"Step through it: emostats music replay {output / 'session.jsonl'} --step")


def _new(path: Path) -> Any:
    """A recorder; the demo replaces its own earlier log."""
    from emostats.music.record import Recorder

    path.unlink(missing_ok=True)
    return Recorder(path)


def _page(records: list[dict[str, Any]], library: Library, page: Path, note: str) -> dict[str, Any]:
    from emostats.music.replay import replay
    from emostats.music.timeline import timeline, write_timeline

    found = replay(records, library)
    write_timeline(timeline(records, library, found, note=note), page)
    return {
        "timeline": page,
        "log": page.with_suffix(".jsonl"),
        "same": found.same,
        "n_choices": found.n_choices,
        "violations": len(found.violations),
    }


def _clip(output: Path, library: Library) -> dict[str, Any] | None:
    """The loop over the bundled clip of adults' stills; None where videos cannot be read."""
    from emostats.errors import EmostatsError

    try:
        from emostats.inference.demo import CLIP
        from emostats.inference.setup import check_ready

        check_ready()
    except EmostatsError:
        return None
    from emostats.cli.music_sources import readings, video
    from emostats.music.live import run_live
    from emostats.music.session import Session, Setup

    recorder = _new(output / "clip.jsonl")
    session = Session(
        library, Setup(target=(0.4, 0.0), session="clip of stills", seed=1, heard=False), recorder
    )
    frames = readings(video(CLIP, 10.0, fast=True))
    latency = run_live(session, frames, piece_seconds=5.0, watchdog=None)
    recorder.close()
    done = _page(recorder.records, library, output / "clip.html", CLIP_NOTE)
    return {**done, "latency": latency.summary()}
