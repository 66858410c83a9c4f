"""demo and init: the first minutes with emostats."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from emostats.cli.console import progress_bar, put, put_json, say
from emostats.cli.options import JsonOption, QuietOption
from emostats.cli.study_commands import announce


def demo(
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Folder for the simulated study and its runs.")
    ] = Path("emostats-demo"),
    video: Annotated[
        bool, typer.Option("--video", help="Score a short clip instead, and write the timeline of it.")
    ] = False,
    music: Annotated[
        bool, typer.Option("--music", help="Run the music loop instead: choices, replay, timeline.")
    ] = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Write a simulated study of 182 children, analyse it, and say where the report is.

    A second demo in the same folder analyses the study that is there (change study.toml and see) and adds a
    run. With --video, a clip of twenty seconds made from stills of adults is scored instead; this needs the
    extra: `pip install "emostats[inference]"`. With --music, music is chosen for a simulated session (and,
    with that extra, for the clip) from a small synthesized library.

    **Example:** `emostats demo`
    """
    if video:
        from emostats.cli.video_demo import video_demo

        video_demo(output, as_json=as_json, quiet=quiet)
        return
    if music:
        from emostats.cli.music_demo import music_demo

        music_demo(output, as_json=as_json, quiet=quiet)
        return
    from emostats.pipeline import execute

    study = output / "study.toml"
    with progress_bar(quiet=quiet) as progress:
        if not study.exists():
            from emostats.simulate import write_study

            progress("Simulating 182 children", 0, 1)
            write_study(output)
        outcome = execute(study, output / "runs", progress)
    say("These are simulated children; nothing here is evidence about a treatment.")
    announce(outcome, as_json=as_json)


def init(
    workbook: Annotated[
        Path | None,
        typer.Argument(help="The study's workbook (.xlsx) or table (.csv); by default the only one here."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="The new study file; by default study.toml beside the workbook."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Write a commented study.toml for a workbook: its sheets and columns are listed, the rest is to fill in.

    Never overwrites a file.

    **Example:** `emostats init answers.xlsx`
    """
    from emostats.cli.draft import draft_study, only_table
    from emostats.pipeline.new_file import write_new

    source = workbook or only_table(Path())
    target = output or source.parent / "study.toml"
    write_new(target, draft_study(source, target))
    if as_json:
        put_json({"study": target})
    else:
        put(str(target))
        say("Now fill in what is marked TODO, then: emostats validate " + str(target))
