"""First step: the study file, the state of its plan, and the data."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from emostats.errors import FindingsError, UsageError, did_you_mean
from emostats.ingest import ingest
from emostats.pipeline.hashing import FileRecord, record
from emostats.study.data import StudyData
from emostats.study.instruments import instruments_folder, shipped_instruments
from emostats.study.lock import PlanStatus, compare_plan, lock_path
from emostats.study.spec import StudySpec, read_spec
from emostats.study.spec.paths import inside

SHIPPED = "emostats:"
"""Marks an input that comes with emostats: an instrument of its own collection."""


@dataclass(frozen=True)
class LoadedStudy:
    """A study, ready to be analysed. `inputs` are its files with paths relative to the study folder."""

    spec: StudySpec
    data: StudyData
    plan: PlanStatus
    inputs: tuple[FileRecord, ...]

    def planned(self, analysis: str) -> bool:
        """Whether the locked plan names the analysis as it is now; True where nothing was locked."""
        prefix = f"analyses.{analysis}."
        return not any(f"{change.key}.".startswith(prefix) for change in self.plan.changes)


def load(path: str | Path) -> LoadedStudy:
    """Reads a study file and all it names. The plan is compared with its lock before any data are opened.

    Raises
    ------
    FindingsError: the study file or the data have errors; it carries all of them.
    UsageError: the lock is damaged, or a file changed while it was read.
    """
    spec = read_spec(path)
    check_outputs(spec)
    plan = compare_plan(spec)
    inputs = tuple(input_records(spec))
    data, findings = ingest(spec)
    errors = [finding for finding in findings if finding.severity == "error"]
    if data is None or errors:
        raise FindingsError(errors or findings)
    if tuple(input_records(spec)) != inputs:
        raise UsageError("a file of the study was changed while it was read. Run it again.")
    return LoadedStudy(spec, data, plan, inputs)


def check_outputs(spec: StudySpec) -> None:
    """Refuses a language or a rule of [outputs] that does not exist, before hours of fitting.

    Raises
    ------
    UsageError: names the key and what there is.
    """
    from emostats.privacy.suppression.rules import rule_of
    from emostats.report.language import languages

    language = spec.outputs.language
    if language not in languages():
        hint = did_you_mean(language, languages())
        raise UsageError(
            f"{spec.path.name}, key outputs.language: there is no report in '{language}'. {hint}"
        )
    try:
        rule_of(spec.outputs.rule)
    except UsageError as error:
        raise UsageError(f"{spec.path.name}, key outputs.rule: {error}") from None


def own_instruments(spec: StudySpec) -> dict[str, Path]:
    """The instrument files in the study folder, by the path that the study file gives them."""
    names = [use.name for use in spec.instruments if use.name not in shipped_instruments()]
    return {name.replace("\\", "/"): inside(spec.folder, name) for name in names}


def input_records(spec: StudySpec) -> list[FileRecord]:
    """Hashes of everything a run depends on: study file, lock, data files, the study's own instruments.

    A data file that does not exist is left out here; ingestion reports it.
    """
    paths = {spec.path.name: spec.path, lock_path(spec).name: lock_path(spec)}
    paths |= {source.file: inside(spec.folder, source.file) for source in spec.sources.values()}
    used = {use.name for use in spec.instruments}.intersection(shipped_instruments())
    paths |= {f"{SHIPPED}{name}": instruments_folder() / f"{name}.toml" for name in used}
    paths |= own_instruments(spec)
    paths |= spec.companion_files
    return [record(path, name) for name, path in sorted(paths.items()) if path.is_file()]
