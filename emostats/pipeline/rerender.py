"""Writes the report of a run again, from its numbers, without fitting anything."""

from __future__ import annotations

import json
from pathlib import Path

from emostats.errors import UsageError
from emostats.estimates import AnalysisResults
from emostats.pipeline.tables_io import read_csv, read_estimates
from emostats.pipeline.verify import read_manifest
from emostats.pipeline.write import RESULTS, TABLES
from emostats.report import build_report
from emostats.study.spec import read_spec


def read_results(run: Path) -> AnalysisResults:
    """The numbers of a run folder.

    Raises
    ------
    UsageError: a file of the results is missing or damaged.
    """
    try:
        estimates = read_estimates(run / RESULTS)
        facts = json.loads((run / RESULTS / "facts.json").read_text(encoding="utf-8"))
        tables = {path.stem: read_csv(path) for path in sorted((run / TABLES).glob("*.csv"))}
    except (OSError, ValueError, KeyError) as error:
        raise UsageError(f"the results of '{run}' cannot be read: {error}.") from error
    return AnalysisResults(estimates, tables, facts)


def rerender(run: str | Path, output: str | Path) -> Path:
    """Renders the report of a run into `output`; the run folder stays as it is.

    Raises
    ------
    UsageError: this is no run folder, or there is a file at `output` already.
    """
    from emostats.render import html

    folder, target = Path(run), Path(output)
    manifest = read_manifest(folder)
    before_outputs = {**manifest, "outputs": []}  # as it was when the run wrote its report
    model = build_report(read_spec(folder / "study.toml"), read_results(folder), before_outputs)
    try:
        with target.open("x", encoding="utf-8", newline="\n") as stream:
            stream.write(html(model))
    except FileExistsError:
        raise UsageError(f"'{target}' exists already; give another name with --output.") from None
    except OSError as error:
        raise UsageError(f"the report cannot be written to '{target}': {error.strerror}.") from error
    return target
