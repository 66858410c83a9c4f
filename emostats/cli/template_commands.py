"""templates: the report's own templates, for those who want to change them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from emostats.cli.console import put, put_json
from emostats.cli.options import JsonOption


def eject(
    folder: Annotated[
        Path, typer.Argument(help="Where to; in a study: the folder templates beside the study file.")
    ] = Path("templates"),
    as_json: JsonOption = False,
) -> None:
    """Copy the report's templates, style sheet and style file, to change them.

    A study uses what it finds in its folder `templates` before what emostats brings, file by file: keep what
    you change and delete the rest. Colours and logo are set in `style.toml` alone, and colours that are hard
    to read are refused. Nothing is overwritten.

    **Example:** `emostats templates eject templates`
    """
    from emostats.render.templates import eject as copy

    written = copy(folder)
    if as_json:
        put_json({"folder": folder, "files": written})
        return
    for path in written:
        put(str(path))
