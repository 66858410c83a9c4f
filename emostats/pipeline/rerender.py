"""Writes the report of a run again, from its numbers, without fitting anything."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from emostats.errors import UsageError, did_you_mean
from emostats.estimates import AnalysisResults
from emostats.pipeline.manifest import read_manifest
from emostats.pipeline.new_file import write_new
from emostats.pipeline.public import PUBLIC, checked_profile, public_edition, refuse_identifiers
from emostats.pipeline.tables_io import read_csv, read_estimates
from emostats.pipeline.write import RESULTS, TABLES, own_templates, write_tables
from emostats.report import ReportModel, build_report
from emostats.study.spec import StudySpec, read_spec

FORMATS = ("html", "pdf", "docx", "xlsx")
ORDER = (
    *("flow", "baseline", "visits", "missingness", "prepost", "events", "burden", "findings"),
    *("courses", "model_card"),
)


def read_results(run: Path) -> AnalysisResults:
    """The numbers of a run folder.

    Raises
    ------
    UsageError: a file of the results is missing or damaged.
    """
    try:
        estimates = read_estimates(run / RESULTS)
        facts = json.loads((run / RESULTS / "facts.json").read_text(encoding="utf-8"))
        tables = {path.stem: read_csv(path) for path in sorted((run / TABLES).glob("*.csv"), key=_place)}
    except (OSError, ValueError, KeyError) as error:
        raise UsageError(f"the results of '{run}' cannot be read: {error}.") from error
    return AnalysisResults(estimates, tables, facts)


def _place(path: Path) -> tuple[int, str]:
    """Tables come in the order of the run, others after them by name."""
    return (ORDER.index(path.stem) if path.stem in ORDER else len(ORDER), path.stem)


def rerender(
    run: str | Path,
    output: str | Path,
    *,
    audience: str = "",
    format: str = "html",
    profile: str = "",
    rule: str = "",
    language: str = "",
    templates: Path | None = None,
) -> Path:
    """Renders the report of a run into `output`; the run folder stays as it is.

    Parameters
    ----------
    audience: ``"clinician"``, ``"ethics"``, ``"statistician"``, ``"family"``, or ``""`` for the full report.
    format: one of `FORMATS`; ``"xlsx"`` has all tables at full precision and is the same for every audience.
    profile: ``"internal"``, or ``"public"``: small groups hidden by `rule`, in texts, figures, tables and the
        explorer alike, and the file looked through for what may name a person. By default the run's own.
    rule: the public profile's rule for small groups (`emostats.privacy.RULES`), or the smallest count that
        is shown. By default the study file's.
    templates: a folder of templates and a style file; without one, those that the run has kept.
    language: such as ``"zh"``; by default that of the study file.

    Raises
    ------
    PrivacyError: a small group cannot be protected, or the public file may name a person. Nothing is written.
    UsageError: this is no run folder, there is a file at `output` already, audience, format, profile or rule
        are unknown, a rule is given for an internal report, or the format needs a package that is not
        installed.
    """
    if format not in FORMATS:
        raise UsageError(f"the format '{format}' is unknown. {did_you_mean(format, FORMATS)}")
    if format == "xlsx" and audience:
        raise UsageError(
            "xlsx holds all tables whoever reads it; leave out --audience, or take another format."
        )
    folder, target = Path(run), Path(output)
    if templates is not None and not templates.is_dir():
        raise UsageError(f"there is no folder '{templates}' with templates.")
    manifest = read_manifest(folder)
    public = checked_profile(profile or manifest["profile"]) == PUBLIC
    if rule and not public:
        raise UsageError("small groups are hidden in the public profile only; add --profile public.")
    if target.exists():
        raise UsageError(f"'{target}' exists already; give another name with --output.")
    before_outputs = {**manifest, "outputs": []}  # as it was when the run wrote its report
    spec, results = read_spec(folder / "study.toml"), read_results(folder)
    if public:
        results, before_outputs = public_edition(results, spec, before_outputs, rule or spec.outputs.rule)
    if format == "xlsx":
        content = _workbook(spec, results, before_outputs)
    else:
        model = build_report(spec, results, before_outputs, audience, language)
        content = _rendered(model, format, templates or own_templates(spec))
    if public:
        refuse_identifiers(content, target.name, (folder / "study.toml").read_text(encoding="utf-8"))
    return write_new(target, content)


def _workbook(spec: StudySpec, results: AnalysisResults, manifest: Mapping[str, Any]) -> bytes:
    with TemporaryDirectory() as place:
        return write_tables(results, spec, manifest, Path(place)).read_bytes()


def _rendered(model: ReportModel, format: str, templates: Path | None) -> bytes:
    from emostats.figures import png
    from emostats.render import docx, html, pdf

    if format == "docx":
        return docx(model, png, templates)
    return pdf(model, templates) if format == "pdf" else html(model, templates).encode("utf-8")
