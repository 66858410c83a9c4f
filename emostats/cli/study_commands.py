"""validate, plan lock, run, report, verify, diff: the life of a study."""

from __future__ import annotations

from dataclasses import asdict
from os.path import realpath
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from emostats.cli.codes import Exit
from emostats.cli.console import progress_bar, put, put_json, say
from emostats.cli.listing import SHOWN, shortened
from emostats.cli.options import JsonOption, OutputOption, QuietOption, RunArgument, StudyArgument

if TYPE_CHECKING:
    from emostats.pipeline import Outcome, RunDifference, Verification

HERE = Path("study.toml")


def validate(
    study: StudyArgument = HERE,
    everything: Annotated[
        bool, typer.Option("--all", help="List every finding, also hundreds of one kind.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Check the study file and all data, without analysing anything.

    Lists what was found with file, sheet and cell; of many findings of one kind in one sheet the first five.
    Exit code 1 if one of them is an error.

    **Example:** `emostats validate study.toml`
    """
    from emostats.ingest import ingest
    from emostats.pipeline.load import check_outputs
    from emostats.study.spec import read_spec

    spec = read_spec(study)
    check_outputs(spec)
    data, findings = ingest(spec)
    errors = [finding for finding in findings if finding.severity == "error"]
    if as_json:
        put_json(
            {"study": spec.study.id, "errors": len(errors), "findings": [asdict(item) for item in findings]}
        )
    else:
        for line in shortened(findings, None if everything else SHOWN):
            put(line)
        children = f"{len(data.subjects)} children, " if data is not None else ""
        put(f"{children}{len(errors)} errors, {len(findings) - len(errors)} other findings.")
    raise typer.Exit(Exit.FINDINGS if errors or data is None else Exit.OK)


def lock(
    study: StudyArgument = HERE,
    replace: Annotated[
        bool, typer.Option("--replace", help="Replace an earlier lock, which is kept in the history.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Hash the plan and write it beside the study file, before outcomes are read.

    Opens no data file. Each later run says whether the plan has changed since, and where.

    **Example:** `emostats plan lock study.toml`
    """
    from emostats.study.lock import lock_plan

    made = lock_plan(study, replace=replace)
    if as_json:
        put_json({"hash": made.hash, "locked": made.locked, "study": made.study})
    else:
        put(f"Plan of '{made.study}' locked at {made.locked}, hash {made.hash}.")


def run(
    study: StudyArgument = HERE,
    output: OutputOption = Path("runs"),
    profile: Annotated[
        str,
        typer.Option(help="internal or public: the report's, if not the study file's.", show_default=False),
    ] = "",
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Analyse a study and write a new run folder with the report.

    Earlier runs are never touched; an interrupted run leaves nothing that looks complete. If a model fails,
    its rows hold the reason, everything else is written, and the exit code is 3. In the public profile the
    report, figures and workbook hide small groups; the folder results has all numbers and stays internal.

    **Example:** `emostats run study.toml --output runs`
    """
    from emostats.pipeline import execute

    with progress_bar(quiet=quiet) as progress:
        outcome = execute(study, output, progress, profile)
    announce(outcome, as_json=as_json)


def announce(outcome: Outcome, *, as_json: bool) -> None:
    """Says where a run is and what failed; ends the command with its exit code."""
    page = outcome.folder / "report.html"
    for failure in outcome.failures:
        say(failure, "bold red")
    if outcome.warnings:
        say(f"{outcome.warnings} notes and warnings about the data; they stand in the report.")
    if outcome.small:
        say(f"{outcome.small} numbers rest on few children and carry a warning.")
    for warning in outcome.editions:
        say(warning)
    if as_json:
        put_json({**asdict(outcome), "report": page if page.exists() else None})
    else:
        put(str(page if page.exists() else outcome.folder))
    raise typer.Exit(Exit.MODEL if outcome.failures else Exit.OK)


def report(
    run: RunArgument,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="The new file; by default report-RUN.html in this folder."),
    ] = None,
    audience: Annotated[
        str,
        typer.Option(help="For whom: clinician, ethics, statistician or family; by default the full report."),
    ] = "",
    format: Annotated[
        str, typer.Option(help="html, pdf or docx (need the extras 'pdf' and 'docx'), or xlsx.")
    ] = "html",
    profile: Annotated[
        str,
        typer.Option(
            help="internal, or public: small groups hidden, looked through for names; by default the run's."
        ),
    ] = "",
    rule: Annotated[
        str,
        typer.Option(
            help="Public profile: cms, trial, opensafely, manitoba, five, or the smallest count shown; by "
            "default the study file's."
        ),
    ] = "",
    templates: Annotated[
        Path | None, typer.Option(help="Folder with templates and style.toml; else those the run has kept.")
    ] = None,
    language: Annotated[str, typer.Option(help="en or zh; by default the language of the study file.")] = "",
    as_json: JsonOption = False,
) -> None:
    """Write the report of a run again, from its numbers, without fitting anything.

    The run folder stays as it is, so that `emostats verify` still holds. With `--profile public` small groups
    are hidden everywhere by one rule, which the report states; exit code 4 if the file would name a person.

    All editions show the same numbers; they differ in which sections they have and how they are worded.

    **Example:** `emostats report runs/20250102T030405Z-1a2b3c4d --audience ethics --format pdf`
    """
    from emostats.pipeline import note_edition, rerender

    kind = "tables" if format == "xlsx" else "report"
    public = "public" if profile == "public" else ""
    name = "-".join(filter(None, (kind, audience, public, language, Path(realpath(run)).name)))
    target = output or Path(f"{name}.{format}")
    how = {"audience": audience, "format": format, "profile": profile, "rule": rule, "language": language}
    page = rerender(run, target, templates=templates, **how)
    put_json({"report": page}) if as_json else put(str(page))
    for warning in note_edition(run, page.name, profile=profile, rule=rule):
        say(warning)


def verify(
    run: RunArgument,
    study: Annotated[
        Path | None, typer.Option("--study", help="Where the study file is now, if it has moved.")
    ] = None,
    hashes_only: Annotated[
        bool, typer.Option("--hashes-only", help="Do not compute again, only compare files.")
    ] = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Check that a run still holds: no file changed, and the same numbers when computed again.

    Prints which files and numbers differ. Exit code 1 if any do.

    **Example:** `emostats verify runs/20250102T030405Z-1a2b3c4d`
    """
    from emostats.pipeline import verify_run

    with progress_bar(quiet=quiet) as progress:
        found = verify_run(run, study=study, repeat=not hashes_only, progress=progress)
    if as_json:
        put_json({**asdict(found), "holds": found.holds})
    else:
        _print_verification(found)
    raise typer.Exit(Exit.OK if found.holds else Exit.FINDINGS)


def _print_verification(found: Verification) -> None:
    for text in (*found.inputs, *found.outputs, *found.numbers):
        put(text)
    for text in found.versions:
        say(f"Note: {text}.")
    if not found.repeated:
        done = "not computed again"
    elif found.numbers:
        done = f"computed again, {len(found.numbers)} numbers or tables differ"
    else:
        done = f"{found.compared} estimates computed again, all the same"
        done += ", byte for byte" if found.identical else ""
    verdict = "The run holds" if found.holds else "The run does not hold"
    put(f"{verdict}: {len(found.inputs)} inputs and {len(found.outputs)} outputs changed; {done}.")


MOST = 40
"""Changed numbers that are listed in words; ``--json`` has all."""


def diff(
    run1: Annotated[Path, typer.Argument(help="The earlier run folder.")],
    run2: Annotated[Path, typer.Argument(help="The later run folder.")],
    as_json: JsonOption = False,
) -> None:
    """Say which numbers differ between two runs, by how much, and why.

    The reason is read from what went in: data files and plan by their hashes, versions of the software.
    Exit code 0 if all numbers are the same, 1 if not.

    **Example:** `emostats diff runs/20250102T030405Z-1a2b3c4d runs/20250203T040506Z-5e6f7a8b`
    """
    from emostats.pipeline import compare_runs

    found = compare_runs(run1, run2)
    if as_json:
        numbers = [{**asdict(item), "by": item.by} for item in found.numbers]
        put_json({**asdict(found), "numbers": numbers, "same": found.same})
    else:
        _print_difference(found)
    raise typer.Exit(Exit.OK if found.same else Exit.FINDINGS)


def _print_difference(found: RunDifference) -> None:
    for item in found.numbers[:MOST]:
        by = "" if item.by is None else f" (by {item.by:+.6g})"
        put(f"{item.estimate_id}: {item.column} {_number(item.before)} → {_number(item.after)}{by}")
    if len(found.numbers) > MOST:
        put(f"… and {len(found.numbers) - MOST} more numbers; --json lists all.")
    for text in (
        *(f"{name}: only in the first run" for name in found.gone),
        *(f"{name}: only in the second run" for name in found.new),
        *found.tables,
    ):
        put(text)
    changed = len({item.estimate_id for item in found.numbers})
    put(
        "The same numbers"
        if found.same
        else f"{changed} of {found.compared} shared estimates differ, "
        f"{len(found.gone) + len(found.new)} stand in one run only, {len(found.tables)} tables differ"
    )
    for name, causes in (("Data", found.data), ("Plan", found.plan), ("Versions", found.versions)):
        put(f"{name}: {'; '.join(causes) or 'unchanged'}")


def _number(value: float | None) -> str:
    return "none" if value is None else f"{value:.10g}"
