"""trace, withdraw, audit, export, schema new: where values come from, who left, what was done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from emostats.cli.codes import Exit
from emostats.cli.console import put, put_json, say
from emostats.cli.options import JsonOption, StudyArgument
from emostats.errors import UsageError

if TYPE_CHECKING:
    from emostats.errors import Finding
    from emostats.ingest.trace import Trace
    from emostats.study.data import StudyData
    from emostats.study.spec import StudySpec

HERE = Path("study.toml")
FINDING_COLUMNS = (
    "severity", "rule", "file", "sheet", "cell", "subject", "visit", "parameter", "message", "action",
)  # fmt: skip
StudyOption = Annotated[Path, typer.Option("--study", help="The study file, or its folder.")]
RunsOption = Annotated[Path, typer.Option("--runs", help="The folder of runs, with the audit log.")]


def trace(
    child: Annotated[str, typer.Argument(help="The child's ID.")],
    visit: Annotated[str, typer.Argument(help="Name or label of the visit.")],
    parameter: Annotated[str, typer.Argument(help="The outcome's code (PARAMCD).")],
    study: StudyOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Print the way from an analysis value back to file, sheet, cell and rule.

    **Example:** `emostats trace 017 WEEK12 SOCINT`
    """
    from emostats.ingest import read_study
    from emostats.ingest.trace import trace as way
    from emostats.study import read_spec

    found = way(read_study(study), read_spec(study), child, visit, parameter)
    if as_json:
        put_json(asdict(found))
    else:
        _print_trace(found)


def _print_trace(found: Trace) -> None:
    put(f"{found.parameter} of child {found.child} at {found.visit} = {found.value:g}")
    put(f"  by the {found.rule}" if not found.rule.startswith("the ") else f"  {found.rule}")
    for cell in found.cells:
        sheet = f", sheet '{cell.sheet}'" if cell.sheet else ""
        shown = "blank" if cell.item and cell.content is None else f"{cell.content:g}" if cell.item else ""
        counts = "" if cell.counts == cell.content else f", counts {cell.counts:g}"
        item = f"  {cell.item} = {shown}{counts}" if cell.item else ""
        put(f"  {cell.file}{sheet}, cell {cell.cell}{item}")
    for note in found.notes:
        put(f"  {note}")
    for digest in dict.fromkeys((cell.file, cell.sha256) for cell in found.cells):
        put(f"  {digest[0]}: SHA-256 {digest[1]}")


def quality(
    study: StudyArgument,
    output: Annotated[Path, typer.Argument(help="The new page (.html) or table (.csv).")],
    as_json: JsonOption = False,
) -> None:
    """Write everything that is to be said about the data: findings with their cells, gaps, losses, sources.

    As a page to read (.html), or the findings alone as a table (.csv). Names children: it is for the study
    office. Never overwrites a file. Exit code 1 if a finding is an error.

    **Example:** `emostats quality study.toml quality.html`
    """
    from emostats.ingest import ingest
    from emostats.pipeline.new_file import write_new
    from emostats.study import read_spec

    writers = {".csv": _findings_csv, ".html": _quality_html}
    if output.suffix.lower() not in writers:
        raise UsageError(f"expected a new file that ends in .html or .csv; found '{output}'.")
    spec = read_spec(study)
    data, findings = ingest(spec)
    write_new(output, writers[output.suffix.lower()](spec, data, findings))
    put_json({"file": output, "findings": len(findings)}) if as_json else put(str(output))
    raise typer.Exit(Exit.FINDINGS if data is None else Exit.OK)


def _findings_csv(spec: StudySpec, data: StudyData | None, findings: Sequence[Finding]) -> str:
    import csv
    import io

    from emostats.ingest.harmless import harmless

    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(FINDING_COLUMNS)
    for finding in findings:
        writer.writerow([harmless(str(getattr(finding, name))) for name in FINDING_COLUMNS])
    return stream.getvalue()


def _quality_html(spec: StudySpec, data: StudyData | None, findings: Sequence[Finding]) -> str:
    from emostats.pipeline.quality_page import quality_page
    from emostats.render.page import html

    return html(quality_page(spec, data, findings))


def export_sessions(
    study: StudyArgument,
    output: Annotated[Path, typer.Argument(help="The new CSV file.")],
    as_json: JsonOption = False,
) -> None:
    """Write sessions and expert ratings that belong together, one row a session × clip × rater.

    Sessions without a rating and ratings without a session are counted. Never overwrites a file.

    **Example:** `emostats export sessions study.toml matched.csv`
    """
    from emostats.ingest import read_study
    from emostats.ingest.harmless import harmless
    from emostats.ingest.matching import matched_sessions
    from emostats.pipeline.new_file import write_new
    from emostats.study import read_spec

    merged = matched_sessions(read_study(study), read_spec(study))
    table = merged.pairs.map(harmless)
    write_new(output, table.to_csv(index=False, lineterminator="\n"))
    counts = {"pairs": len(table), "sessions": len(merged.sessions), "ratings": len(merged.ratings)}
    if as_json:
        put_json({"file": output, **counts})
        return
    put(str(output))
    say(
        f"{counts['pairs']} pairs; {counts['sessions']} sessions without a rating, "
        f"{counts['ratings']} ratings without a session."
    )


def withdraw(
    child: Annotated[str, typer.Argument(help="The child's ID.")],
    by: Annotated[str, typer.Option("--by", help="Who writes the decision down.")],
    reason: Annotated[str, typer.Option("--reason", help="Why, without personal details.")] = "",
    absent: Annotated[
        bool, typer.Option("--absent", help="The child's rows are gone from the sources already.")
    ] = False,
    study: StudyOption = HERE,
    runs: RunsOption = Path("runs"),
    as_json: JsonOption = False,
) -> None:
    """Take a child out of every later run, after consent was withdrawn.

    Lists the earlier runs that hold the child. The decision stays in withdrawals.csv and in the audit log;
    sources and earlier runs are not changed. An ID that is not in the roster is refused: mistyped, it would
    leave the child in.

    **Example:** `emostats withdraw 017 --by "A. Weber"`
    """
    from emostats.ingest.hints import hint
    from emostats.ingest.roster import known_children
    from emostats.study import read_spec
    from emostats.study.withdraw import withdraw as take_out

    spec = read_spec(study)
    known = known_children(spec)
    if known is not None and child.strip() and child.strip() not in known and not absent:
        raise UsageError(
            f"child '{child}' is not in the roster; nothing was written. {hint(child, known)}".rstrip()
            + " If the child's rows are gone already, add --absent."
        )
    done = take_out(spec, child, by=by, reason=reason, runs=runs)
    if known is None:
        say("The roster could not be read, so nobody checked that it has this ID: run emostats validate.")
    if as_json:
        put_json(asdict(done))
        return
    put(f"Child {done.decision.child} is left out of every later run (since {done.decision.withdrawn}).")
    for run in done.runs:
        named = f"; the ID itself stands in {', '.join(run.naming)}" if run.naming else ""
        put(f"  {run.folder} of {run.created} was made before: {len(run.outputs)} outputs{named}")
    put("  No earlier run of this study is in that folder.") if not done.runs else None
    say("The child's rows are still in your source files; remove them there if the consent form says so.")


def audit(
    runs: Annotated[Path, typer.Argument(help="The folder of runs, with audit.jsonl.")] = Path("runs"),
    as_json: JsonOption = False,
) -> None:
    """Check the audit log: an unbroken chain, and every run in it.

    **Example:** `emostats audit runs`
    """
    from emostats.study.audit import AUDIT_FILE, verify_audit

    found = verify_audit(runs)
    if found.holds and not (runs / AUDIT_FILE).exists():
        raise UsageError(
            f"expected a folder of runs with {AUDIT_FILE}; found neither in '{runs}'. Give the folder that "
            "`emostats run` writes to."
        )
    if as_json:
        put_json({**asdict(found), "holds": found.holds})
    else:
        for problem in found.problems:
            put(problem)
        verdict = "The audit log holds" if found.holds else "The audit log does not hold"
        put(f"{verdict}: {found.n_events} events, {len(found.problems)} problems.")
    raise typer.Exit(Exit.OK if found.holds else Exit.FINDINGS)


def export_adqs(
    study: StudyArgument,
    output: Annotated[Path, typer.Argument(help="The new file, .csv or .xpt.")],
    as_json: JsonOption = False,
) -> None:
    """Write the outcomes as a CDISC ADaM data set (ADQS), as CSV or SAS transport file.

    Never overwrites a file.

    **Example:** `emostats export adqs study.toml adqs.xpt`
    """
    from tempfile import TemporaryDirectory

    from emostats.ingest import read_study
    from emostats.ingest.adqs import adqs, write_adqs
    from emostats.pipeline.new_file import write_new
    from emostats.study import read_spec

    if output.exists():
        raise UsageError(f"{output} exists already. Give another name, or move it away.")
    table = adqs(read_study(study), read_spec(study))
    with TemporaryDirectory() as place:
        made = Path(place) / output.name
        write_adqs(table, made)
        write_new(output, made.read_bytes())
    put_json({"file": output, "rows": len(table)}) if as_json else put(str(output))


def schema_new(
    workbook: Annotated[Path, typer.Argument(help="The workbook or table with the answers.")],
    sheet: Annotated[str | None, typer.Option("--sheet", help="The sheet; by default the first.")] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The new file; by default NAME.toml beside it.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Start an instrument file for a questionnaire of your own from the columns of a workbook.

    Columns of whole numbers in a small range are taken for items; what only people know is marked TODO.
    Never overwrites a file.

    **Example:** `emostats schema new answers.xlsx --sheet "Week 0"`
    """
    from emostats.cli.draft.sheets import by_header
    from emostats.cli.one_table import header_row, raw_columns, sheet_names
    from emostats.pipeline.new_file import write_new
    from emostats.study.scaffold import draft_instrument, item_columns

    cells = raw_columns(workbook, sheet)
    items = item_columns(by_header(cells, header_row(cells)))
    if not items:
        names = sheet_names(workbook)
        here = sheet or names[0]
        others = ", ".join(f"'{name}'" for name in names if name != here)
        named = f" sheet '{here}':" if here else ""
        hint = f" Name another sheet by --sheet: {others}." if others else ""
        raise UsageError(
            f"{workbook.name}:{named} no column looks like an item (whole numbers in a small range).{hint}"
        )
    target = output or workbook.with_suffix(".toml")
    write_new(target, draft_instrument(workbook.stem, items))
    put_json({"instrument": target, "items": len(items)}) if as_json else put(str(target))
    if not as_json:
        say(f"{len(items)} columns look like items. Now fill in what is marked TODO.")
