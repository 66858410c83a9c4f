"""music library: check a library, make one from audio files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from emostats.cli.codes import Exit
from emostats.cli.console import progress_bar, put, put_json, say
from emostats.cli.music_options import notes
from emostats.cli.options import JsonOption, QuietOption


def library_check(
    library: Annotated[Path, typer.Argument(help="The library (CSV).")], as_json: JsonOption = False
) -> None:
    """Say which tracks can be played, and what the others lack. Exit code 1 when a track is left out.

    **Example:** `emostats music library check library.csv`
    """
    from dataclasses import asdict

    from emostats.music.library import read_library

    tracks, findings = read_library(library)
    if as_json:
        put_json(
            {"tracks": len(tracks), "digest": tracks.digest, "findings": [asdict(item) for item in findings]}
        )
    else:
        notes(findings)
        put(f"{len(tracks)} tracks can be played.")
    if findings:
        raise typer.Exit(Exit.FINDINGS)


def library_scan(
    folder: Annotated[Path, typer.Argument(help="The folder with the audio files.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The new library (CSV).")] = Path(
        "library.csv"
    ),
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Measure audio files: tempo, loudness, onset rate, brightness, key. What people must rate stays blank.

    Needs `pip install "emostats[music]"`. The first call on a machine takes up to a minute. Never overwrites
    a file.

    **Example:** `emostats music library scan recordings/ --output library.csv`
    """
    from emostats.errors import UsageError
    from emostats.music.files import check_new
    from emostats.music.scan import PROPOSED, RATED, scan, write_rows

    check_new(output, "a library, with what people rated in it,")
    with progress_bar(quiet=quiet) as progress:
        measured, findings = scan(folder, lambda done, total: progress("Measuring", done, total))
    notes(findings)
    if not measured:
        raise UsageError(f"No file in {folder} could be measured.")
    write_rows(measured, output, folder)
    if as_json:
        put_json({"library": output, "tracks": len(measured), "to_rate": RATED, "to_check": PROPOSED})
    else:
        put(str(output))
        say(f"People must fill in: {', '.join(RATED)} (contraindications may stay blank knowingly).")
        say(f"People should check: {', '.join(PROPOSED)}; a tempo may be halved or doubled.")
    if findings:
        raise typer.Exit(Exit.FINDINGS)
