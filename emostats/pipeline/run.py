"""`run_study`: the whole path from a study file to a run folder."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from pathlib import Path

from emostats._version import __version__
from emostats.errors import EmostatsWarning
from emostats.pipeline.analyse import analyse
from emostats.pipeline.assemble import assemble
from emostats.pipeline.folder import run_folder
from emostats.pipeline.hashing import run_hash
from emostats.pipeline.load import LoadedStudy, load
from emostats.pipeline.logfile import log_to
from emostats.pipeline.manifest import manifest_of
from emostats.pipeline.progress import Progress, silent
from emostats.pipeline.public import checked_profile, note_edition
from emostats.pipeline.write import (
    FIGURES,
    REPORT,
    WORKBOOK,
    finish,
    path_between,
    write_results,
    write_views,
)
from emostats.statistics.subgroups import SMALL_CELL
from emostats.study.audit import append_event

LOG = "log.txt"


@dataclass(frozen=True)
class Outcome:
    """A finished run.

    Attributes
    ----------
    folder: the run folder. failures: one line for each analysis that lost rows, and for a report or workbook
        that could not be made, with the reason.
    warnings: number of findings that were no errors. small: number of estimates with few children behind.
    editions: of a public run, what earlier public editions add to it (see `note_edition`).
    """

    folder: Path
    failures: tuple[str, ...] = ()
    warnings: int = 0
    small: int = 0
    editions: tuple[str, ...] = ()


def run_study(path: str | Path, output: str | Path) -> Path:
    """Analyses a study and writes a new run folder; earlier ones are never touched.

    Parameters
    ----------
    path: the study file, or the folder that holds ``study.toml``.
    output: the folder that receives the run folder, e.g. ``"runs"``; created when missing.

    Returns
    -------
    The run folder: ``report.html``, ``results/`` (estimates as CSV and JSON, tables), ``figures/``,
    ``tables.xlsx``, ``manifest.json``, ``log.txt`` and a copy of the study file.

    Raises
    ------
    FindingsError: the study file or the data have errors; it carries all of them. Nothing is written.
    PrivacyError: an output would identify a child. Nothing is written.
    UsageError: the run folder cannot be created.

    Warns
    -----
    EmostatsWarning: an analysis failed (its rows hold the reason), or the report could not be made; all other
        results are there. Or the run is public, and an earlier public edition adds to what it tells.
    """
    outcome = execute(path, output)
    for said in (*outcome.failures, *outcome.editions):
        warnings.warn(said, EmostatsWarning, stacklevel=2)
    return outcome.folder


def execute(path: str | Path, output: str | Path, progress: Progress = silent, profile: str = "") -> Outcome:
    """As `run_study`; says what failed instead of warning, and how far it is.

    profile: of report, figures and workbook, ``"internal"`` or ``"public"``; ``""`` is the study file's.
    """
    progress("Reading the study", 0, 1)
    study = load(path)
    if profile:
        study = _with_profile(study, profile)
    progress("Reading the study", 1, 1)
    return run_loaded(study, Path(output), progress)


def _with_profile(study: LoadedStudy, profile: str) -> LoadedStudy:
    outputs = study.spec.outputs.model_copy(update={"profile": checked_profile(profile)})
    return replace(study, spec=study.spec.model_copy(update={"outputs": outputs}))


def run_loaded(study: LoadedStudy, output: Path, progress: Progress = silent) -> Outcome:
    """Analyses a study that was read already and writes its run folder."""
    with run_folder(output, run_hash(study.inputs, __version__)) as (folder, identity):
        study_file = path_between(output / identity.run_id, study.spec.path)
        with log_to(folder / LOG) as log:
            log.info("emostats %s, study '%s', run %s", __version__, study.spec.study.id, identity.run_id)
            runs = analyse(study, progress)
            results = assemble(study, runs)
            progress("Writing", 0, 1)
            write_results(results, study, folder)
            lost = write_views(results, study.spec, manifest_of(study, identity, study_file), folder)
            log.info("%d estimates written", len(results.estimates))
        finish(study, identity, study_file, folder)
    append_event(output, "run", study.spec.study.id, {"run_id": identity.run_id})
    editions = _note_public(output / identity.run_id)
    progress("Writing", 1, 1)
    failures = tuple(
        f"analysis '{name}': {_reasons([row.error for row in run.failures])}"
        for name, run in runs.items()
        if run.failures
    )
    small = int((results.estimates["n"] <= SMALL_CELL).sum())
    return Outcome(output / identity.run_id, failures + lost, len(study.data.findings), small, editions)


def _note_public(run: Path) -> tuple[str, ...]:
    """Notes the views of a public run in the audit log, under the first of them; see `note_edition`."""
    views = [name for name in (REPORT, WORKBOOK, FIGURES) if (run / name).exists()]
    return note_edition(run, views[0]) if views else ()


def _reasons(errors: list[str]) -> str:
    different = list(dict.fromkeys(errors))
    more = f" (and {len(different) - 1} other reasons)" if len(different) > 1 else ""
    return f"{len(errors)} numbers could not be computed: {different[0]}{more}"
