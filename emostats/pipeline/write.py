"""Fourth step: a run's files. The manifest comes last; until then nothing looks like a run."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from emostats.errors import PrivacyError
from emostats.estimates import AnalysisResults
from emostats.pipeline.describe import findings_table
from emostats.pipeline.folder import RunIdentity
from emostats.pipeline.hashing import records_below
from emostats.pipeline.load import LoadedStudy, own_instruments
from emostats.pipeline.logfile import LOGGER
from emostats.pipeline.manifest import MANIFEST, manifest_of
from emostats.pipeline.public import PUBLIC, public_edition
from emostats.pipeline.tables_io import plain, write_csv, write_estimates, write_json
from emostats.privacy import scan
from emostats.report import ReportModel, build_report
from emostats.study.spec import StudySpec

RESULTS, TABLES, FIGURES, REPORT = "results", "results/tables", "figures", "report.html"
WORKBOOK, TEMPLATES = "tables.xlsx", "templates"


def write_results(results: AnalysisResults, study: LoadedStudy, folder: Path) -> None:
    """The numbers: tidy estimates, descriptive tables, facts, and the study file they answer."""
    _copy_plan(study.spec, folder)
    write_estimates(results.estimates, folder / RESULTS)
    write_json(results.facts, folder / RESULTS / "facts.json")
    for name, table in results.tables.items():
        write_csv(table, folder / TABLES / f"{name}.csv")
    write_csv(findings_table(study.data.findings), folder / RESULTS / "findings.csv")


def _copy_plan(spec: StudySpec, folder: Path) -> None:
    """The study file, its instruments and templates, so that the report can be written again from here."""
    shutil.copyfile(spec.path, folder / "study.toml")
    for name, path in own_instruments(spec).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, folder / name)
    if (templates := own_templates(spec)) is not None:
        shutil.copytree(templates, folder / TEMPLATES)


def own_templates(spec: StudySpec) -> Path | None:
    """The folder ``templates`` beside the study file, where there is one."""
    folder = spec.folder / TEMPLATES
    return folder if folder.is_dir() else None


def write_views(
    results: AnalysisResults, spec: StudySpec, manifest: dict[str, Any], folder: Path
) -> tuple[str, ...]:
    """What people look at: the workbook of tables, the figures and the report, as the study file asks.

    In the public profile they hide small groups; ``results/`` always has all numbers. A view that cannot be
    made does not cost the results: it is left out.

    Returns
    -------
    One line for each view that could not be made, with the reason.
    """
    if spec.outputs.profile == PUBLIC:
        results, manifest = public_edition(results, spec, manifest, spec.outputs.rule)
    said = []
    if spec.outputs.tables:
        made = [folder / WORKBOOK]
        said.append(
            _failure("the workbook of tables", made, lambda: write_tables(results, spec, manifest, folder))
        )
    if spec.outputs.figures or spec.outputs.report:
        made = [folder / REPORT, folder / FIGURES]
        said.append(_failure("the report", made, lambda: _write_report(results, spec, manifest, folder)))
    return tuple(filter(None, said))


def _failure(name: str, made: Iterable[Path], write: Callable[[], object]) -> str:
    """Why a view could not be made, ``""`` if it was. Half of a view (the disk is full) is taken away."""
    try:
        write()
    except PrivacyError:
        raise
    except Exception as error:  # the numbers are computed: whatever goes wrong here must not lose them
        LOGGER.exception("%s could not be made", name)
        for path in made:
            _remove(path)
        return f"{name} could not be made: {type(error).__name__}: {error}"
    return ""


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def write_tables(
    results: AnalysisResults, spec: StudySpec, manifest: Mapping[str, Any], folder: Path
) -> Path:
    """All tables as ``tables.xlsx`` in `folder`; the path of the file."""
    from emostats.render import write_workbook

    tables = {"estimates": results.estimates, **results.tables}
    about = _about(spec, manifest)
    write_workbook(tables, folder / WORKBOOK, about=about, simulated=spec.study.simulated)
    return folder / WORKBOOK


def _write_report(results: AnalysisResults, spec: StudySpec, manifest: dict[str, Any], folder: Path) -> None:
    from emostats.render import html

    model = build_report(spec, results, manifest)
    page = html(model, own_templates(spec)) if spec.outputs.report else ""
    if spec.outputs.figures:
        write_figures(model, folder / FIGURES)
    if page:
        (folder / REPORT).write_text(page, encoding="utf-8", newline="\n")


def _about(spec: StudySpec, manifest: Mapping[str, Any]) -> dict[str, str]:
    """What the workbook says about itself: nothing that differs from run to run, so that its bytes do not."""
    public = manifest.get("public")
    edition = {"Edition": f"public: {public['words']} (rule '{public['rule']}')"} if public else {}
    return {
        **edition,
        "Study": spec.study.title,
        "Study id": spec.study.id,
        "Made by": f"emostats {manifest['emostats']}",
        "Plan": f"hash {manifest['plan']['hash']}, {manifest['plan']['state']}",
        "Numbers": "rounded, so that they do not tell how many children are behind them"
        if public
        else "at full precision; results/estimates.csv has the same",
    }


def write_figures(model: ReportModel, folder: Path) -> None:
    """Each figure of the report as an SVG file of its own, in colours that follow the viewer's theme."""
    from emostats.figures import standalone

    folder.mkdir(exist_ok=True)
    for figure in model.figures():
        (folder / f"{figure.id}.svg").write_text(standalone(figure.svg), encoding="utf-8", newline="\n")


def finish(study: LoadedStudy, identity: RunIdentity, study_file: str, folder: Path) -> None:
    """Looks for identifiers, then writes the manifest with the hash of every file.

    Raises
    ------
    PrivacyError: an output would identify a child.
    """
    scan(folder, study.spec, study.data)
    outputs = records_below(folder, without=[MANIFEST])
    write_json(plain(manifest_of(study, identity, study_file, outputs)), folder / MANIFEST)


def path_between(folder: Path, file: Path) -> str:
    """The path from a run folder to a file, with forward slashes; absolute when there is no relative one."""
    try:
        return Path(os.path.relpath(file.resolve(), folder.resolve())).as_posix()
    except ValueError:  # another drive on Windows
        return file.resolve().as_posix()
