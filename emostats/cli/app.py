"""The commands and how they hang together. Each imports what it needs when it is called."""

from __future__ import annotations

from typing import Annotated

import typer

from emostats._version import __version__
from emostats.cli.codes import EPILOG
from emostats.cli.data_commands import (
    audit,
    export_adqs,
    export_sessions,
    quality,
    schema_new,
    trace,
    withdraw,
)
from emostats.cli.evaluation_commands import evaluate_command, train_command
from emostats.cli.group import EmostatsGroup
from emostats.cli.inference_commands import score
from emostats.cli.model_commands import icc_command, mmrm_command
from emostats.cli.music_commands import music
from emostats.cli.privacy_commands import deidentify, privacy
from emostats.cli.start_commands import demo, init
from emostats.cli.study_commands import diff, lock, report, run, validate, verify
from emostats.cli.template_commands import eject

app = typer.Typer(
    cls=EmostatsGroup,
    name="emostats",
    help="Statistics and reports for paediatric intervention studies: from a study file to a report.",
    epilog=EPILOG,
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
)
plan = typer.Typer(help="Fix the plan before outcomes are read.", no_args_is_help=True)

schema = typer.Typer(help="Instrument files: what a questionnaire is.", no_args_is_help=True)
export = typer.Typer(help="The data of a study in the formats of others.", no_args_is_help=True)
templates = typer.Typer(help="How reports look: templates to change.", no_args_is_help=True)

START, STUDY, FILE = "To start", "A study, from file to report", "One table, one question"
DATA = "The data: origin, consent, record"
PRIVACY = "What may leave the study office"
VIDEO = "Session videos"
MUSIC = "Music"

app.command("demo", rich_help_panel=START)(demo)
app.command("init", rich_help_panel=START)(init)
app.command("validate", rich_help_panel=STUDY)(validate)
app.add_typer(plan, name="plan", rich_help_panel=STUDY)
app.command("run", rich_help_panel=STUDY)(run)
app.command("report", rich_help_panel=STUDY)(report)
app.add_typer(templates, name="templates", rich_help_panel=STUDY)
app.command("verify", rich_help_panel=STUDY)(verify)
app.command("diff", rich_help_panel=STUDY)(diff)
app.command("score", rich_help_panel=VIDEO)(score)
app.command("evaluate", rich_help_panel=VIDEO)(evaluate_command)
app.command("train", rich_help_panel=VIDEO)(train_command)
app.add_typer(music, name="music", rich_help_panel=MUSIC)
app.command("trace", rich_help_panel=DATA)(trace)
app.command("quality", rich_help_panel=DATA)(quality)
app.command("withdraw", rich_help_panel=DATA)(withdraw)
app.command("audit", rich_help_panel=DATA)(audit)
app.command("deidentify", rich_help_panel=PRIVACY)(deidentify)
app.command("privacy", rich_help_panel=PRIVACY)(privacy)
app.add_typer(export, name="export", rich_help_panel=DATA)
app.add_typer(schema, name="schema", rich_help_panel=DATA)
app.command("mmrm", rich_help_panel=FILE)(mmrm_command)
app.command("icc", rich_help_panel=FILE)(icc_command)
plan.command("lock")(lock)
templates.command("eject")(eject)
export.command("adqs")(export_adqs)
export.command("sessions")(export_sessions)
schema.command("new")(schema_new)


def _version(value: bool) -> None:
    if value:
        typer.echo(f"emostats {__version__}")
        raise typer.Exit


@app.callback()
def emostats(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and stop.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """Statistics and reports for paediatric intervention studies: from a study file to a report.

    Try it on simulated children: `emostats demo`. For a study of your own: `emostats init workbook.xlsx`,
    then `emostats run`.
    """
