"""music: which piece next, replayed, simulated, live; and the evidence that it matched."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from emostats.cli.console import put, put_json
from emostats.cli.music_compare_commands import off_policy_command, simulate
from emostats.cli.music_evidence_commands import ratings_make, ratings_read
from emostats.cli.music_library_commands import library_check, library_scan
from emostats.cli.music_live import live
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
    ScoresOption,
    SeedOption,
    SessionOption,
    TargetOption,
    make_setup,
    open_library,
    open_scores,
)
from emostats.cli.options import JsonOption

if TYPE_CHECKING:
    from emostats.music.scores import Scores
    from emostats.music.session import Setup
    from emostats.music.tracks import Library

music = typer.Typer(help="Which music next, and the evidence that it matched.", no_args_is_help=True)
library = typer.Typer(help="Libraries of tracks: check one, make one from audio files.", no_args_is_help=True)
ratings = typer.Typer(help="Blind expert ratings: sheets out, ratings back.", no_args_is_help=True)
music.add_typer(library, name="library")
music.add_typer(ratings, name="ratings")


@music.command("recommend")
def recommend_command(
    scores: ScoresOption,
    library_file: LibraryOption = None,
    session: SessionOption = None,
    target: TargetOption = TARGET,
    policy: PolicyOption = "thompson",
    child: ChildOption = "",
    limits: LimitsOption = None,
    avoid: AvoidOption = None,
    learn_from: LogsOption = None,
    last: Annotated[
        str | None, typer.Option("--last", help="The track that was heard last: nothing abrupt after it.")
    ] = None,
    count: Annotated[int, typer.Option("--count", "-n", help="How many tracks to list.", min=1)] = 5,
    seed: SeedOption = 0,
    as_json: JsonOption = False,
) -> None:
    """List the tracks that come next, after the last frame of the scores, and say why.

    **Example:** `emostats music recommend --scores frames.csv --library library.csv --target 0.4 0`
    """
    from emostats.cli.music_table import show_rows
    from emostats.music.recommend import recommend

    tracks = open_library(library_file)
    seen = open_scores(scores, session)
    setup = make_setup(
        tracks, target=target, child=child or seen.child, session=seen.session, policy=policy,
        limits=limits, avoid=avoid, learn_from=learn_from, seed=seed,
    )  # fmt: skip
    found = recommend(seen, tracks, setup, last=last, count=count)
    if as_json:
        state = {"state": found.state.mean, "sd": found.state.sd, "target": list(target)}
        put_json({**state, "tracks": found.tracks, "reason": found.reason})
        return
    show_rows(found.tracks, "Next tracks")
    put(found.reason)


@music.command("replay")
def replay_command(
    recorded: Annotated[Path, typer.Argument(help="A session's log (.jsonl), or scores to walk through.")],
    library_file: LibraryOption = None,
    session: SessionOption = None,
    target: TargetOption = TARGET,
    policy: PolicyOption = "thompson",
    limits: LimitsOption = None,
    avoid: AvoidOption = None,
    seed: SeedOption = 0,
    piece_seconds: PieceOption = 60.0,
    log: Annotated[Path | None, typer.Option("--log", help="For scores: write the new log here.")] = None,
    timeline: PageOption = None,
    step: Annotated[bool, typer.Option("--step", help="Wait for Enter after each decision.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Step through a recorded session, and check that its log leads to the same choices again.

    A log brings its own target, limits, policy and seed. Scores have none: the policy walks through them and
    shows what it would have chosen. Nobody heard those pieces, so such a log teaches nothing about music.
    Exit code 1 when a choice differs or a safety rule was broken.

    **Example:** `emostats music replay session.jsonl --library library.csv --timeline session.html`
    """
    from emostats.errors import UsageError
    from emostats.music.record import read_log
    from emostats.music.timeline import check_page

    check_page(timeline)
    of_scores = recorded.suffix.lower() in (".csv", ".parquet")
    if log and not of_scores:
        raise UsageError(f"--log is for scores (CSV or Parquet); {recorded} would be a log already.")
    tracks = open_library(library_file)
    if of_scores:
        seen = open_scores(recorded, session)
        setup = make_setup(
            tracks, target=target, child=seen.child, session=seen.session, policy=policy, limits=limits,
            avoid=avoid, seed=seed,
        )  # fmt: skip
        records = _walked(seen, tracks, setup, log, piece_seconds)
    else:
        records = read_log(recorded)
    _say(records, tracks, timeline, step=step, as_json=as_json)


def _walked(
    seen: Scores, tracks: Library, setup: Setup, log: Path | None, piece_seconds: float
) -> list[dict[str, Any]]:
    """The log of a policy's walk through scores."""
    from emostats.music.record import Recorder
    from emostats.music.walk import walk

    recorder = Recorder(log)
    try:
        walk(seen, tracks, setup, recorder, piece_seconds=piece_seconds)
    finally:
        recorder.close()
    return recorder.records


def _say(
    records: list[dict[str, Any]], tracks: Library, timeline: Path | None, *, step: bool, as_json: bool
) -> None:
    from emostats.cli.music_audit import as_mapping, audited, fail_unless_clean, say_audit, say_decisions

    found = audited(records, tracks, timeline)
    if as_json:
        keys = ("decision", "time", "track", "propensity", "state", "reason")
        choices = [{key: each[key] for key in keys} for each in records if each["type"] == "choice"]
        put_json({**as_mapping(found), "choices": choices, "timeline": timeline})
    else:
        say_decisions(records, step=step)
        say_audit(found)
        if timeline:
            put(str(timeline))
    fail_unless_clean(found)


music.command("simulate")(simulate)
music.command("off-policy")(off_policy_command)
music.command("live")(live)
library.command("scan")(library_scan)
library.command("check")(library_check)
ratings.command("make")(ratings_make)
ratings.command("read")(ratings_read)
