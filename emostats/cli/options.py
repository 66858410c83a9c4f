"""Arguments and options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from emostats.cli.console import remember_json

StudyArgument = Annotated[
    Path, typer.Argument(help="The study file, or the folder that holds study.toml.", show_default=True)
]
RunArgument = Annotated[Path, typer.Argument(help="The run folder, e.g. runs/20250102T030405Z-1a2b3c4d.")]
JsonOption = Annotated[
    bool,
    typer.Option("--json", help="Print the result as JSON on standard output.", callback=remember_json),
]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")]
OutputOption = Annotated[
    Path, typer.Option("--output", "-o", help="Folder that receives the run folder.", show_default=True)
]
