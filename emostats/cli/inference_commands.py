"""score: session videos to a table of scores."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from emostats.cli.codes import Exit
from emostats.cli.console import progress_bar, put, put_json, say
from emostats.cli.options import JsonOption, QuietOption

if TYPE_CHECKING:
    from emostats.inference.batch import Plan, Scored
    from emostats.inference.reading import Reading
    from emostats.inference.sessions import Session


def score(
    videos: Annotated[
        list[Path] | None, typer.Argument(help="The videos; none for all that --sessions lists.")
    ] = None,
    out: Annotated[
        Path, typer.Option("--out", "-o", help="The table of scores (CSV); it is replaced.")
    ] = Path("scores.csv"),
    sessions: Annotated[
        Path | None,
        typer.Option(
            help="CSV file that says which child a video shows: video, child, session, visit, date, box, "
            "choose, stimuli."
        ),
    ] = None,
    frames: Annotated[
        Path | None, typer.Option(help="Write every frame too, to this .parquet or .csv file.")
    ] = None,
    timelines: Annotated[
        Path | None, typer.Option(help="Write a page for each session into this folder.")
    ] = None,
    previews: Annotated[
        Path | None,
        typer.Option(
            help="Write an annotated video for each session into this folder; the picture is blurred."
        ),
    ] = None,
    show_faces: Annotated[
        bool,
        typer.Option(
            "--show-faces", help="Leave the picture of the previews sharp: people can be recognised."
        ),
    ] = False,
    choose: Annotated[
        str, typer.Option(help="Which face is the child's: largest, central or smallest.")
    ] = "largest",
    fps: Annotated[
        float | None,
        typer.Option(help="Look at so many frames a second at most; by default at all.", min=0.1),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            help="Weights that emostats train wrote (.safetensors): adds the mean probability of each of "
            "their classes. The videos are read at the frame rate of their training."
        ),
    ] = None,
    min_seconds: Annotated[
        float, typer.Option(help="Usable seconds that a session needs to be scored.", min=0.0)
    ] = 10.0,
    min_share: Annotated[
        float,
        typer.Option(help="Usable share of a session (0 to 1) that it needs to be scored.", min=0.0, max=1.0),
    ] = 0.0,
    jobs: Annotated[int, typer.Option(help="Videos that are read at the same time.", min=1)] = 1,
    cache: Annotated[
        Path | None,
        typer.Option(
            help="Folder where frames are kept, so that a second call goes on where the first one ended; "
            "by default beside the table of scores."
        ),
    ] = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Score session videos: what share is usable, smiles, valence, expressions, movement, responses.

    One row a session. A video that cannot be read keeps its row, with the reason, and stops no other; the
    exit code is then 1, also for a session with too little usable time or a page that cannot be written. No
    picture is written unless you ask
    for previews. Needs the extra: `pip install "emostats[inference]"`.

    **Example:** `emostats score --sessions sessions.csv --out scores.csv --jobs 2`
    """
    from emostats.inference.batch import Plan, summary
    from emostats.inference.errors import OutputError
    from emostats.inference.files import check_writable
    from emostats.inference.outputs import frame_writer, write_scores
    from emostats.inference.scores import Gates
    from emostats.inference.setup import check_ready

    check_ready(choose)
    chosen = _chosen(videos or [], sessions)
    plan = Plan(
        reading=_reading(fps, choose, model),
        gates=Gates(min_seconds, min_share),
        cache=cache or out.with_name(f".{out.stem}-frames"),
    )
    check_writable(out)
    done: list[Scored] = []
    lost: list[str] = []
    with ExitStack() as stack:
        keep = stack.enter_context(frame_writer(frames)) if frames else (lambda scored: None)
        for scored in _each(chosen, plan, jobs, quiet):
            keep(scored)
            done.append(_with_pages(scored, timelines, previews, show_faces=show_faces))
        try:
            stack.close()
        except OutputError as error:  # the scores are written all the same
            lost.append(str(error))
    write_scores(summary(done), out)
    _announce(done, lost, out, as_json=as_json)


def _reading(fps: float | None, choose: str, model: str | None) -> Reading:
    """How the videos are read; trained weights set the frame rate."""
    from emostats.errors import UsageError
    from emostats.inference.clip_model import about
    from emostats.inference.reading import Reading

    plain = Reading(fps=fps, choose=choose, smile_weights=_smile_weights())
    if model is None:
        return plain
    sha256, trained_fps = about(model)
    if fps not in (None, trained_fps):
        raise UsageError(
            f"The weights were trained on {trained_fps:g} frames a second; at {fps:g} they would see other "
            "movements. Leave out --fps."
        )
    return replace(plain, fps=trained_fps, model=model, model_sha256=sha256)


def _smile_weights() -> str:
    from emostats.inference.smile_model import weights_sha256

    return weights_sha256()


def _chosen(videos: list[Path], sessions: Path | None) -> tuple[Session, ...]:
    from emostats.errors import UsageError
    from emostats.inference.sessions import read_sessions, sessions_of

    if sessions is not None:
        return read_sessions(sessions, videos)
    if not videos:
        raise UsageError("Expected videos to score, found none. Name them, or a list with --sessions.")
    return sessions_of(videos)


def _each(sessions: tuple[Session, ...], plan: Plan, jobs: int, quiet: bool) -> Iterator[Scored]:
    """Scores one session after the other and shows how far it is."""
    from emostats.inference.batch import score_video, score_videos

    with progress_bar(quiet=quiet) as progress:
        if jobs == 1:
            for number, session in enumerate(sessions):
                with _seconds(session, number, len(sessions), progress) as read:
                    yield score_video(session, plan, read)
            return
        for number, scored in enumerate(score_videos(sessions, plan, jobs=jobs), 1):
            progress(f"{number} of {len(sessions)} videos", number, len(sessions))
            yield scored


@contextmanager
def _seconds(
    session: Session, number: int, total: int, progress: Callable[[str, float, float], None]
) -> Iterator[Callable[[float], None]]:
    """A callback that turns seconds of video into progress."""
    from emostats.inference.errors import VideoError
    from emostats.inference.video import video_info

    try:
        length = video_info(session.video).seconds or 0.0
    except VideoError:
        length = 0.0
    step = f"{session.video.name} ({number + 1} of {total})"
    progress(step, 0.0, length or 1.0)
    yield lambda seconds: progress(step, seconds, length or seconds + 1.0)


def _with_pages(scored: Scored, timelines: Path | None, previews: Path | None, *, show_faces: bool) -> Scored:
    """Writes the pages of a session; what cannot be written is said in its row, and the scores stand."""
    from emostats.inference.errors import OutputError, VideoError
    from emostats.inference.outputs import write_text
    from emostats.inference.preview import write_preview
    from emostats.inference.timeline import timeline_page

    if scored.result is None:
        return scored
    name, unwritten = scored.name, list(scored.unwritten)
    try:
        if timelines is not None:
            write_text(timeline_page(scored), timelines / f"{name}.html")
        if previews is not None:
            write_preview(scored, previews / f"{name}.mp4", show_faces=show_faces)
    except (OutputError, VideoError) as error:
        unwritten.append(str(error))
    return replace(scored, unwritten=tuple(unwritten))


def _announce(done: list[Scored], unwritten: list[str], out: Path, *, as_json: bool) -> None:
    from emostats.inference.batch import failures, unwritten_of

    lost, unwritten = failures(done), [*unwritten_of(done), *unwritten]
    for line in [*lost, *unwritten]:
        say(line, "bold red")
    if as_json:
        put_json({"scores": out, "sessions": [scored.row() for scored in done]})
    else:
        kept = sum(scored.kept for scored in done)
        again = f" ({kept} read before)" if kept else ""
        say(f"{len(done)} session{'' if len(done) == 1 else 's'}{again}, {len(done) - len(lost)} scored.")
        put(str(out))
    raise typer.Exit(Exit.FINDINGS if lost or unwritten else Exit.OK)
