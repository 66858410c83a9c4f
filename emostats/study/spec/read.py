"""Reads a study file: parse, check each key, check what refers to what, and report every problem together."""

from __future__ import annotations

from pathlib import Path

from emostats.errors import Finding, did_you_mean
from emostats.study.checked import StudyFileError, TomlFile, check_model, read_toml
from emostats.study.instruments import Instrument, instruments_folder, load_instrument, shipped_instruments
from emostats.study.keys import Loc
from emostats.study.spec.check_analyses import check_analyses
from emostats.study.spec.check_plan import check_plan
from emostats.study.spec.check_sources import check_sources
from emostats.study.spec.draft import Draft
from emostats.study.spec.paths import OutsideError, inside
from emostats.study.spec.study import StudySpec

STUDY_FILE = "study.toml"


def read_spec(path: str | Path) -> StudySpec:
    """Reads and checks a study file and the instrument files it names. No data file is opened.

    Parameters
    ----------
    path: the study file, or the folder that holds ``study.toml``.

    Raises
    ------
    StudyFileError: the file cannot be read or does not fit; `findings` holds every problem of it, each with
        its key path, what was expected, what was found and the nearest name. Exit code 2.
    """
    path = Path(path)
    path = path / STUDY_FILE if path.is_dir() else path
    file = read_toml(path, path.name, "study file")
    instruments, findings = _load_instruments(file)
    draft = Draft(file, instruments)
    spec, problems = check_model(StudySpec, file, {"path": path, "instruments": instruments})
    findings = [*problems, *findings, *check_sources(draft), *check_plan(draft), *check_analyses(draft)]
    if spec is None or findings:
        raise StudyFileError(findings, heading=_heading(file, findings))
    return spec


def _heading(file: TomlFile, findings: list[Finding]) -> str:
    count = "one problem" if len(findings) == 1 else f"{len(findings)} problems"
    return f"The study file {file.name} has {count}."


def _load_instruments(file: TomlFile) -> tuple[dict[str, Instrument], list[Finding]]:
    loaded: dict[str, Instrument] = {}
    findings: list[Finding] = []
    for loc, entry in Draft(file).tables("instruments"):
        name = entry.get("name")
        if isinstance(name, str) and name and name not in loaded:
            instrument, problems = _load_one(file, (*loc, "name"), name)
            findings += problems
            if instrument is not None:
                loaded[name] = instrument
    return loaded, findings


def _load_one(file: TomlFile, loc: Loc, name: str) -> tuple[Instrument | None, list[Finding]]:
    if not _is_path(name):
        shipped = shipped_instruments()
        if name in shipped:
            return load_instrument(instruments_folder() / f"{name}.toml")
        message = f"there is no instrument '{name}' with emostats."
        action = (
            did_you_mean(name, shipped) + " Give a file of your own by its path, 'instruments/mine.toml'."
        )
        return None, [file.finding("unknown-instrument", loc, message, action)]
    try:
        return load_instrument(inside(file.path.parent, name), name)
    except OutsideError as error:
        message = f"expected a path inside the study folder; found '{name}': {error}."
        return None, [file.finding("path-outside", loc, message, "Put the file in the study folder.")]


def _is_path(name: str) -> bool:
    return name.endswith(".toml") or "/" in name or "\\" in name
