"""music: which piece next, replayed, simulated, live; and the evidence that it matched."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from emostats.cli.codes import Exit
from emostats.cli.console import progress_bar, put, put_json, say
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
    PieceOption,
    PolicyOption,
    ScoresOption,
    SeedOption,
    SessionOption,
    TargetOption,
    make_setup,
    notes,
    open_library,
    read_logs,
)
from emostats.cli.options import JsonOption, QuietOption

if TYPE_CHECKING:
    from emostats.music.policy import Choice
    from emostats.music.session import Session
    from emostats.music.simulation.run import Plan
    from emostats.music.tracks import Library

music = typer.Typer(help="Which music next, and the evidence that it matched.", no_args_is_help=True)
library = typer.Typer(help="Libraries of tracks: check one, make one from audio files.", no_args_is_help=True)
ratings = typer.Typer(help="Blind expert ratings: sheets out, ratings back.", no_args_is_help=True)
music.add_typer(library, name="library")
music.add_typer(ratings, name="ratings")


@music.command("recommend")
def recommend(
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
    from emostats.errors import UsageError, did_you_mean
    from emostats.music.scores import read_scores
    from emostats.music.walk import state_after

    tracks = open_library(library_file)
    seen = read_scores(scores, session)
    notes(seen.findings)
    setup = make_setup(
        tracks, target=target, child=child or seen.child, session=seen.session, policy=policy,
        limits=limits, avoid=avoid, learn_from=learn_from, seed=seed,
    )  # fmt: skip
    now = state_after(seen, tracks, setup)
    if last is not None:
        if last not in tracks.index:
            raise UsageError(f"The library has no track '{last}'. {did_you_mean(last, tracks.track)}")
        row = tracks.index[last]
        now.history.note(row, float(now.fixed.levels[row]), float(seen.time[-1]))
    choice = now.choose(float(seen.time[-1]))
    rows = _most_likely(choice, now, count)
    reason = now.reason(choice)
    if as_json:
        put_json({
            "state": now.state.mean, "sd": now.state.sd, "target": list(target), "tracks": rows,
            "reason": reason,
        })  # fmt: skip
        return
    _show(rows, "Next tracks")
    put(reason)


def _most_likely(choice: Choice, now: Session, count: int) -> list[dict[str, Any]]:
    """The candidates with the largest probabilities, a row each."""
    import numpy as np

    tracks = now.library
    return [
        {
            "track": tracks.track[row],
            "title": tracks.title[row],
            "probability": float(choice.probabilities[place]),
            "expected_progress": float(choice.progress[place]),
            "valence": float(tracks.valence[row]),
            "arousal": float(tracks.arousal[row]),
            "level": float(now.fixed.levels[row]),
        }
        for place in np.argsort(-choice.probabilities, kind="stable")[:count]
        for row in [choice.candidates[place]]
    ]


def _show(rows: list[dict[str, Any]], title: str) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    for name in rows[0] if rows else ():
        words = name.replace("_", " ").capitalize()
        right = isinstance(rows[0][name], float | int)
        table.add_column(words, justify="right" if right else "left", no_wrap=True)
    for row in rows:
        table.add_row(*(_cell(name, value) for name, value in row.items()))
    wide = None if sys.stdout.isatty() else 160  # a file or a pipe has no width of its own
    Console(highlight=False, width=wide).print(table)


def _cell(name: str, value: Any) -> str:
    if value is None or value != value:
        return "–"
    if isinstance(value, float):
        places = (
            0 if name == "seconds" else 3 if name in ("estimate", "std_error", "conf_low", "conf_high") else 2
        )
        return f"{value:.{places}f}".replace("-", "−")
    return str(value)


@music.command("replay")
def replay(
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
    timeline: Annotated[Path | None, typer.Option("--timeline", help="Write the timeline page here.")] = None,
    step: Annotated[bool, typer.Option("--step", help="Wait for Enter after each decision.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Step through a recorded session, and check that its log leads to the same choices again.

    A log brings its own target, limits, policy and seed. Scores have none: the policy walks through them and
    shows what it would have chosen. Nobody heard those pieces, so such a log teaches nothing about music.
    Exit code 1 when a choice differs or a safety rule was broken.

    **Example:** `emostats music replay session.jsonl --library library.csv --timeline session.html`
    """
    from emostats.music.record import Recorder, read_log

    tracks = open_library(library_file)
    if recorded.suffix.lower() in (".csv", ".parquet"):
        from emostats.music.scores import read_scores
        from emostats.music.walk import walk

        seen = read_scores(recorded, session)
        notes(seen.findings)
        setup = make_setup(
            tracks, target=target, child=seen.child, session=seen.session, policy=policy, limits=limits,
            avoid=avoid, seed=seed,
        )  # fmt: skip
        recorder = Recorder(log)
        walk(seen, tracks, setup, recorder, piece_seconds=piece_seconds)
        recorder.close()
        records = recorder.records
    else:
        records = read_log(recorded)
    finish(records, tracks, timeline, step=step, as_json=as_json)


def finish(
    records: list[dict[str, Any]],
    tracks: Library,
    timeline: Path | None,
    *,
    step: bool = False,
    as_json: bool = False,
) -> None:
    """Says what a log holds, replays it, and writes its page; exit code 1 where it does not replay."""
    from emostats.music.replay import replay as audit
    from emostats.music.timeline import timeline as page

    found = audit(records, tracks)
    if not as_json:
        _say_decisions(records, step)
    if timeline:
        timeline.parent.mkdir(parents=True, exist_ok=True)
        timeline.write_text(page(records, tracks, found), encoding="utf-8")
    broken = [{"rule": item.rule, "detail": item.detail, "place": item.place} for item in found.violations]
    if as_json:
        choices = [
            {key: record[key] for key in ("decision", "time", "track", "propensity", "state", "reason")}
            for record in records
            if record["type"] == "choice"
        ]
        put_json(
            {"same": found.same, "n_choices": found.n_choices, "different": found.different,
             "violations": broken, "choices": choices, "timeline": timeline}
        )  # fmt: skip
    else:
        put(f"Replay: {'the same' if found.same else 'NOT the same'} {found.n_choices} choices.")
        for line in found.different:
            put(f"  {line}")
        put(f"Safety rules broken: {len(broken) or 'none'}.")
        for item in found.violations:
            put(f"  piece {item.place + 1}: {item.rule} ({item.detail})")
        if timeline:
            put(str(timeline))
    if not found.same or broken:
        raise typer.Exit(Exit.FINDINGS)


def _say_decisions(records: list[dict[str, Any]], step: bool) -> None:
    for record in records:
        kind, clock = (
            record["type"],
            f"{int(record.get('time') or 0) // 60}:{int(record.get('time') or 0) % 60:02d}",
        )
        if kind == "choice":
            put(f"{clock}  {record['track'] or 'pause'}  {record['reason']}")
            if step:
                typer.prompt("Enter for the next", default="", show_default=False, err=True)
        elif kind == "veto":
            what = f"veto of {record['track']}" if record["track"] else "veto"
            calm = ", cool-down" if record["distress"] else ""
            put(f"{clock}  {what}{calm}{': ' + record['why'] if record['why'] else ''}")
        elif kind == "late":
            put(f"{clock}  a frame came late or its clock went backwards; kept in the log, not used")


@music.command("simulate")
def simulate(
    sessions: Annotated[
        int, typer.Option(help="Sessions of each policy; rounded up to whole clinics.", min=1)
    ] = 1000,
    policies: Annotated[
        list[str] | None, typer.Option("--policy", help="Policies to compare; repeat it. By default all.")
    ] = None,
    kind: Annotated[
        str | None, typer.Option(help="One kind of simulated child; by default the family.")
    ] = None,
    tracks: Annotated[int, typer.Option(help="Tracks of each simulated library.", min=10)] = 120,
    by_kind: Annotated[bool, typer.Option("--by-kind", help="Show each kind of child.")] = False,
    seed: Annotated[
        int, typer.Option(help="Seed; the same seed gives the same children to all.", min=0)
    ] = 20250,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Compare policies on simulated children: regret, time to target, safety violations.

    The children and every number about them are described in docs/music-simulator.md. A clinic is 25 children
    with 8 sessions each (below 200 sessions: one clinic, 2 sessions each); 10,000 sessions take minutes a
    policy.

    **Example:** `emostats music simulate --sessions 1000`
    """
    from functools import partial

    from emostats.music.policy import METHODS, PolicySettings
    from emostats.music.simulation.run import simulate as run
    from emostats.music.simulation.summary import ALL, compare

    plan = _clinics(sessions, kind=kind, tracks=tracks, seed=seed)
    names = policies or [*METHODS]
    results = {}
    with progress_bar(quiet=quiet) as progress:
        for name in names:
            settings = PolicySettings(method=name)  # type: ignore[arg-type]
            results[name] = run(plan, settings, partial(progress, name))
    reference = "iso" if "iso" in results else names[-1]
    table = compare(results, reference)
    shown = table if by_kind else table[table["kind"] == (kind or ALL)]
    rows = shown.to_dict("records")
    if as_json:
        put_json({"reference": reference, "rows": rows, "simulated": True})
        return
    _show(
        [{str(key): value for key, value in row.items()} for row in rows],
        f"Simulated children; shorter: than {reference}",
    )
    say("Simulated: no evidence about music or children. A session that never arrives counts 1,200 s.")


def _clinics(sessions: int, *, kind: str | None, tracks: int, seed: int) -> Plan:
    """At least so many sessions: whole clinics of 25 children, or one small one below 200."""
    from math import ceil

    from emostats.music.simulation.run import Plan

    clinics, small = ceil(sessions / 200), sessions < 200
    libraries, rounds = min(5, clinics), 2 if small else 8
    return Plan(
        libraries=libraries,
        clinics=ceil(clinics / libraries),
        children=ceil(sessions / rounds) if small else 25,
        rounds=rounds,
        kind=kind,
        tracks=tracks,
        seed=seed,
    )


@music.command("off-policy")
def off_policy_command(
    logs: Annotated[list[Path], typer.Argument(help="Session logs (.jsonl), or folders of them.")],
    library_file: LibraryOption = None,
    policy: PolicyOption = "iso",
    seed: SeedOption = 0,
    as_json: JsonOption = False,
) -> None:
    """Estimate from logs what another policy would have earned (progress a piece): IPS, SNIPS, doubly robust.

    **Example:** `emostats music off-policy logs/ --library library.csv --policy linucb`
    """
    from emostats.errors import UsageError
    from emostats.music.off_policy import off_policy
    from emostats.music.policy import PolicySettings
    from emostats.music.rounds import rounds_of

    tracks = open_library(library_file)
    found = read_logs(logs)
    named = dict(found)
    if len(named) < len(found):
        raise UsageError("Two logs have the same file name; give them different names.")
    settings = PolicySettings(method=policy)  # type: ignore[arg-type]
    result = off_policy(rounds_of(named, tracks, settings, seed), seed=seed)
    rows = result.table().to_dict("records")
    if as_json:
        put_json({
            "rows": rows, "n_rounds": result.n_rounds, "n_sessions": result.n_sessions,
            "effective": result.effective, "largest_weight": result.largest_weight,
            "uncovered": result.uncovered,
        })  # fmt: skip
        return
    shown = ("estimator", "estimate", "std_error", "conf_low", "conf_high")
    _show([{name: row[name] for name in shown} for row in rows], f"Progress a piece under '{policy}'")
    if result.uncovered > 0.01:
        say(
            f"{result.uncovered:.0%} of the choices of '{policy}' could never have been made in these logs: "
            "the estimates are biased. Log with a policy that gives every candidate a chance."
        )
    for warning in dict.fromkeys(str(row["warning"]) for row in rows if row["warning"]):
        say(warning)
    put(
        f"{result.n_rounds} pieces of {result.n_sessions} sessions; they tell as much as "
        f"{result.effective:.0f} pieces chosen by this policy (largest weight {result.largest_weight:.1f})."
    )


music.command("live")(live)
library.command("scan")(library_scan)
library.command("check")(library_check)
ratings.command("make")(ratings_make)
ratings.command("read")(ratings_read)
