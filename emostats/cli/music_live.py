"""music live: a video file or a camera, a terminal view, and the therapist's keys."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from emostats.cli.console import put, put_json, say
from emostats.cli.music_options import (
    TARGET,
    AvoidOption,
    ChildOption,
    LibraryOption,
    LimitsOption,
    LogsOption,
    PageOption,
    PieceOption,
    PolicyOption,
    SeedOption,
    TargetOption,
    make_setup,
    open_library,
)
from emostats.cli.options import JsonOption, QuietOption

if TYPE_CHECKING:
    from emostats.music.live import Keys, Latency
    from emostats.music.session import Setup
    from emostats.music.tracks import Library


def live(
    source: Annotated[str, typer.Argument(help="A video file, or a camera: camera:0.")],
    library_file: LibraryOption = None,
    target: TargetOption = TARGET,
    policy: PolicyOption = "thompson",
    child: ChildOption = "",
    session: Annotated[str, typer.Option("--session", help="Code of the session, for the log.")] = "",
    limits: LimitsOption = None,
    avoid: AvoidOption = None,
    learn_from: LogsOption = None,
    seed: SeedOption = 0,
    piece_seconds: PieceOption = 60.0,
    log: Annotated[Path | None, typer.Option("--log", help="The session's log; never overwritten.")] = None,
    timeline: PageOption = None,
    fps: Annotated[float, typer.Option(help="Look at so many frames a second at most.", min=0.5)] = 10.0,
    fast: Annotated[
        bool, typer.Option("--fast", help="A file: as fast as it can be read, not in real time.")
    ] = False,
    rehearse: Annotated[
        str, typer.Option(help="Keys at given seconds, e.g. '20v 40a 60s', to try a session out.")
    ] = "",
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Run the loop: face to state to the next piece. Keys: a accept, v veto, d veto and calm down, s stop.

    The loop names the piece; the therapist plays it. Keys act at once, also while no frame comes; after 10 s
    without a frame the music is to pause, after 60 s the session stops. No picture is kept. In a video file
    nobody hears the pieces, so its log teaches nothing. Needs `pip install "emostats[inference]"`.

    **Example:** `emostats music live session.mp4 --library library.csv --log session.jsonl`
    """
    from emostats.music.live import rehearsed
    from emostats.music.timeline import check_page

    check_page(timeline)
    run = _loop(source, fps, piece_seconds, fast=fast)
    planned, tracks = rehearsed(rehearse), open_library(library_file)
    setup = make_setup(
        tracks, target=target, child=child, session=session, policy=policy, limits=limits, avoid=avoid,
        learn_from=learn_from, seed=seed, heard=source.startswith("camera:"),
    )  # fmt: skip
    records, latency = _held(tracks, setup, log, planned, run, quiet=quiet or as_json)
    _say(records, tracks, latency, log, timeline, as_json=as_json)


def _loop(source: str, fps: float, piece_seconds: float, *, fast: bool) -> Callable[..., Latency]:
    """The loop over a source; a file that is read fast has no clock but its own."""
    from emostats.cli.music_sources import opened, readings
    from emostats.inference.setup import check_ready
    from emostats.music.live import Watchdog, run_live

    check_ready()
    seen = readings(opened(source, fps, fast=fast))
    watchdog = None if fast else Watchdog()
    return partial(run_live, readings=seen, piece_seconds=piece_seconds, watchdog=watchdog)


def _held(
    tracks: Library,
    setup: Setup,
    log: Path | None,
    planned: Keys,
    run: Callable[..., Latency],
    *,
    quiet: bool,
) -> tuple[list[dict[str, Any]], Latency]:
    """A session at this terminal: its records, and how fast it was."""
    from emostats.cli.music_terminal import both, keyboard, view
    from emostats.music.record import Recorder
    from emostats.music.session import Session

    recorder = Recorder(log)
    try:
        session = Session(tracks, setup, recorder)
        with keyboard() as pressed, view(quiet=quiet) as seen:
            latency = run(session, keys=both(planned, pressed), show=seen.show, tell=seen.tell)
    finally:
        recorder.close()
    return recorder.records, latency


def _say(
    records: list[dict[str, Any]],
    tracks: Library,
    latency: Latency,
    log: Path | None,
    timeline: Path | None,
    *,
    as_json: bool,
) -> None:
    from emostats.cli.music_audit import audited, say_audit
    from emostats.music.live import BUDGET

    found = audited(records, tracks, timeline)
    if as_json:
        put_json({
            "latency": latency.summary(), "budget_ms": 1000 * BUDGET, "choices": found.n_choices,
            "replays": found.same, "violations": len(found.violations), "stopped": records[-1]["why"],
            "log": log, "timeline": timeline,
        })  # fmt: skip
        return
    choices = [record for record in records if record["type"] == "choice"]
    if choices and not any(record["n_frames"] for record in choices):
        say("No face gave a score before a choice: the state stayed unknown; only matching music was chosen.")
    say_audit(found)
    put(f"Ended: {records[-1]['why']}. {latency.in_words}")
    for path in (log, timeline):
        if path:
            put(str(path))
