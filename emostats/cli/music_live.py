"""music live: a video file or a camera, a terminal view, and the therapist's keys."""

from __future__ import annotations

import os
import sys
import time as clock
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
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
    PieceOption,
    PolicyOption,
    SeedOption,
    TargetOption,
    make_setup,
    open_library,
)
from emostats.cli.options import JsonOption, QuietOption

if TYPE_CHECKING:
    from emostats.inference.frames import VideoFrame
    from emostats.music.live import Latency, Reading
    from emostats.music.session import Session


def live(
    source: Annotated[str, typer.Argument(help="A video file, or a camera: camera:0.")],
    library_file: LibraryOption = None,
    target: TargetOption = TARGET,
    policy: PolicyOption = "thompson",
    child: ChildOption = "",
    limits: LimitsOption = None,
    avoid: AvoidOption = None,
    learn_from: LogsOption = None,
    seed: SeedOption = 0,
    piece_seconds: PieceOption = 60.0,
    log: Annotated[Path | None, typer.Option("--log", help="The session's log; never overwritten.")] = None,
    timeline: Annotated[Path | None, typer.Option("--timeline", help="Write the timeline page here.")] = None,
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

    The loop names the piece; the therapist plays it. No picture is kept. A video file is a rehearsal: nobody
    in it hears the pieces, so its log teaches nothing. Needs `pip install "emostats[inference]"`.

    **Example:** `emostats music live session.mp4 --library library.csv --log session.jsonl`
    """
    from emostats.inference.setup import check_ready
    from emostats.music.live import run_live
    from emostats.music.record import Recorder
    from emostats.music.session import Session as NewSession

    check_ready()
    frames = camera(source, fps) if source.startswith("camera:") else video(Path(source), fps, fast=fast)
    planned = parse_keys(rehearse)
    tracks = open_library(library_file)
    setup = make_setup(
        tracks, target=target, child=child, session=Path(source).stem, policy=policy, limits=limits,
        avoid=avoid, learn_from=learn_from, seed=seed,
    )  # fmt: skip
    setup = replace(setup, heard=source.startswith("camera:"))  # a child in a file hears nothing of it
    recorder = Recorder(log)
    try:
        session = NewSession(tracks, setup, recorder)
        with keyboard() as pressed, view(quiet=quiet or as_json) as show:
            latency = run_live(
                session, readings(frames), keys=both(planned, pressed), show=show, piece_seconds=piece_seconds
            )
    finally:
        recorder.close()
    _finish(recorder.records, tracks, latency, log, timeline, as_json=as_json)


def _finish(
    records: list[dict[str, Any]],
    tracks: Any,
    latency: Latency,
    log: Path | None,
    timeline: Path | None,
    *,
    as_json: bool,
) -> None:
    from emostats.music.live import BUDGET
    from emostats.music.replay import replay
    from emostats.music.timeline import timeline as page

    found = replay(records, tracks)
    if timeline:
        timeline.parent.mkdir(parents=True, exist_ok=True)
        timeline.write_text(page(records, tracks, found), encoding="utf-8")
    summary = latency.summary()
    if as_json:
        put_json({
            "latency": summary, "budget_ms": 1000 * BUDGET, "choices": found.n_choices, "replays": found.same,
            "violations": len(found.violations), "log": log, "timeline": timeline,
        })  # fmt: skip
        return
    same = "the same" if found.same else "NOT the same"
    if not any(record["type"] == "choice" and record["n_frames"] for record in records):
        say(
            "No face gave a score before a choice: the state stayed unknown, and only matching music was "
            "chosen."
        )
    put(
        f"Choices: {found.n_choices}; replay: {same}; safety rules broken: {len(found.violations) or 'none'}."
    )
    if summary["frames"]:
        wait = {name: f"{summary[name]:.0f} ms" for name in ("median_ms", "p95_ms", "worst_ms")}
        put(
            f"Frame to state ({summary['frames']:g} frames): median {wait['median_ms']}, 95 % within "
            f"{wait['p95_ms']}, worst {wait['worst_ms']}; {summary['within_budget']:.1%} within the budget "
            f"of {1000 * BUDGET:.0f} ms. Slowest decision {summary['slowest_decision_ms']:.1f} ms."
        )
    for path in (log, timeline):
        if path:
            put(str(path))


def video(path: Path, fps: float, *, fast: bool) -> Iterator[VideoFrame]:
    """Frames of a file; in real time unless `fast`, and then late frames are skipped, as a camera would."""
    from emostats.inference.video import read_video

    start = clock.perf_counter()
    for frame in read_video(path, fps=fps):
        if not fast:
            wait = frame.time - (clock.perf_counter() - start)
            if wait > 0:
                clock.sleep(wait)
            elif wait < -0.5:
                continue
        yield frame


def camera(source: str, fps: float) -> Iterator[VideoFrame]:
    """Frames of a camera, through FFmpeg's device input of this system.

    Raises
    ------
    UsageError: there is no such camera, or it cannot be opened.
    """
    import av
    import numpy as np

    from emostats.errors import UsageError
    from emostats.inference.frames import VideoFrame as Frame

    number = source.removeprefix("camera:") or "0"
    name, form = {
        "darwin": (f"{number}:none", "avfoundation"),
        "win32": (f"video={number}", "dshow"),
    }.get(sys.platform, (f"/dev/video{number}", "v4l2"))
    try:
        container = av.open(name, format=form)
    except (av.error.FFmpegError, ValueError, OSError) as error:
        raise UsageError(
            f"Camera {number} cannot be opened ({error}). Check that it is connected and that no other "
            "program uses it, or give a video file."
        ) from None
    start, last = clock.perf_counter(), -1.0
    with container:
        for index, picture in enumerate(container.decode(video=0)):
            now = clock.perf_counter() - start
            if now - last >= 1.0 / fps:
                last = now
                yield Frame(index, now, np.asarray(picture.to_ndarray(format="rgb24"), dtype=np.uint8))


def readings(frames: Iterable[VideoFrame]) -> Iterator[Reading]:
    """Faces read from the frames, scored by the rules of `emostats.music.scores.by_rule`."""
    import numpy as np

    from emostats.inference.frames import BLENDSHAPES
    from emostats.inference.landmarks import FaceReader
    from emostats.inference.pose import yaw
    from emostats.inference.scores.movement import Movement
    from emostats.music.live import Reading
    from emostats.music.scores import by_rule

    arrived: list[float] = []

    def stamped() -> Iterator[VideoFrame]:
        for frame in frames:
            arrived.append(clock.perf_counter())
            yield frame

    smile = [BLENDSHAPES.index(f"mouthSmile{side}") for side in ("Left", "Right")]
    frown = [BLENDSHAPES.index(f"browDown{side}") for side in ("Left", "Right")]
    movement = Movement()
    for result in FaceReader().video(stamped()):
        moved = movement(result)
        scores = np.full(3, np.nan)
        if result.usable and result.blendshapes is not None and result.points is not None:
            shapes = result.blendshapes
            parts = shapes[smile].mean(), shapes[frown].mean(), moved, yaw(result.points)
            scores = by_rule(*(np.asarray(float(part)) for part in parts))
        yield Reading(result.time, (float(scores[0]), float(scores[1]), float(scores[2])), arrived[-1])


Keys = Callable[[float], Iterable[str]]


def parse_keys(text: str) -> Keys:
    """Keys at given seconds from ``"20v 40a"``.

    Raises
    ------
    UsageError: not of this form, or an unknown key.
    """
    from emostats.errors import UsageError
    from emostats.music.live import KEYS

    planned = []
    for part in text.split():
        try:
            planned.append((float(part[:-1]), part[-1]))
        except ValueError:
            raise UsageError(f"'{part}' is no second and key; write for example '20v 40a 60s'.") from None
        if part[-1] not in KEYS:
            raise UsageError(f"There is no key '{part[-1]}'; there are {', '.join(KEYS)}.")
    planned.sort()

    def keys(time: float) -> list[str]:
        due = []
        while planned and planned[0][0] <= time:
            due.append(planned.pop(0)[1])
        return due

    return keys


def both(first: Keys, second: Keys) -> Keys:
    """Keys of two sources."""
    return lambda time: [*first(time), *second(time)]


@contextmanager
def keyboard() -> Iterator[Keys]:
    """Single keys from the terminal, without Enter; none where there is no terminal."""
    if not sys.stdin.isatty():
        yield lambda time: ()
    elif sys.platform == "win32":  # pragma: no cover
        import msvcrt

        yield lambda time: [msvcrt.getwch() for _ in iter(msvcrt.kbhit, False)]
    else:  # pragma: no cover  needs a terminal
        import select
        import termios
        import tty

        before = termios.tcgetattr(sys.stdin)
        tty.setcbreak(sys.stdin.fileno())
        try:
            yield lambda time: _waiting(select.select)
        finally:
            termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)


def _waiting(select: Any) -> list[str]:  # pragma: no cover  needs a terminal
    text = ""
    while select([sys.stdin], [], [], 0)[0]:
        pressed = os.read(sys.stdin.fileno(), 64)
        if not pressed:
            break
        text += pressed.decode(errors="ignore")
    return list(text)


Show = Callable[["Session", "Reading", "Latency"], None]


@contextmanager
def view(*, quiet: bool) -> Iterator[Show]:
    """The session on the terminal: a panel that renews itself, or a line a choice where there is none."""
    if quiet:
        yield lambda session, reading, latency: None
    elif sys.stderr.isatty():  # pragma: no cover  needs a terminal
        from rich.console import Console
        from rich.live import Live

        with Live(console=Console(stderr=True), refresh_per_second=8, transient=True) as panel:
            yield lambda session, reading, latency: panel.update(picture(session, latency))
    else:
        said = 0

        def lines(session: Session, reading: Reading, latency: Latency) -> None:
            nonlocal said
            if session.playing is not None and session.decisions > said:
                said = session.decisions
                say(f"{reading.time:.0f} s  {session.reason(session.playing)}")

        yield lines


def picture(session: Session, latency: Latency) -> Any:
    """What the therapist sees: state, piece, reason, keys, latency."""
    from rich.panel import Panel
    from rich.table import Table

    from emostats.music.live import BUDGET
    from emostats.music.state import AXES

    table = Table.grid(padding=(0, 2))
    for axis, name in enumerate(AXES):
        low = 0.0 if axis == 2 else -1.0
        mean, sd = float(session.state.mean[axis]), float(session.state.sd[axis])
        place = round(30 * (mean - low) / (1.0 - low))
        bar = "".join("●" if spot == place else "·" for spot in range(31))
        table.add_row(name.capitalize(), bar, f"{mean:+.2f} ± {1.96 * sd:.2f}")
    choice = session.playing
    piece = "looking …" if choice is None else "pause"
    if choice is not None and choice.row >= 0:
        piece = f"{session.library.track[choice.row]}: {session.library.title[choice.row]}"
    table.add_row("Piece", piece, "")
    if choice is not None:
        table.add_row("Why", session.reason(choice), "")
    if latency.frames:
        late = 1000 * latency.frames[-1]
        table.add_row(
            "Latency", f"{late:.0f} ms of {1000 * BUDGET:.0f} ms", "LATE" if late > 1000 * BUDGET else ""
        )
    return Panel(table, title="emostats music", subtitle="a accept · v veto · d veto, calm down · s stop")
