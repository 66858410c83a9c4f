"""What `emostats privacy` finds, and how it is printed."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emostats.cli.codes import Exit
from emostats.cli.console import put, put_json, say

if TYPE_CHECKING:
    from emostats.privacy.anonymity import Anonymity
    from emostats.privacy.deidentify import TellingColumn
    from emostats.privacy.outputs import ScanReport
    from emostats.study.data import StudyData
    from emostats.study.spec import StudySpec

MANY = 12
"""Variables with more different values than this are no groups that an outsider would know."""


@dataclass(frozen=True)
class StudyPrivacy:
    """How alike children look, and the telling columns of the inputs."""

    anonymity: Anonymity
    columns: tuple[TellingColumn, ...]

    @property
    def unexpected(self) -> tuple[TellingColumn, ...]:
        """Columns that look like identifiers and that nobody declared."""
        return tuple(column for column in self.columns if column.unexpected)


def study_privacy(path: Path, quasi: tuple[str, ...], sensitive: tuple[str, ...]) -> StudyPrivacy:
    """Reads a study and looks at its children and its inputs."""
    from emostats.cli.deidentify_files import copies, read_sheets
    from emostats.ingest import read_study
    from emostats.privacy.anonymity import anonymity
    from emostats.privacy.deidentify import telling_columns
    from emostats.study import read_spec

    spec, data = read_spec(path), read_study(path)
    chosen = quasi or default_quasi(spec, data, sensitive)
    declared = copies(path, {}, shift=0, bands="", age_on="").declared
    return StudyPrivacy(
        anonymity(data.subjects, chosen, sensitive=sensitive),
        telling_columns(read_sheets(path), declared),
    )


def default_quasi(spec: StudySpec, data: StudyData, sensitive: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Sex, age band and site first, then the other variables of the children that are groups."""
    from emostats.privacy import IDENTIFIERS

    without = {*IDENTIFIERS, *sensitive, "AGE", "SOURCE_ID"}
    groups = [
        str(name)
        for name in data.subjects
        if name not in without and 1 < data.subjects[name].nunique() <= MANY
    ]
    first = [name for name in ("SEX", "AGEBAND", "SITE") if name in groups]
    return (*first, *(name for name in groups if name not in first))


def tell_study(report: StudyPrivacy) -> None:
    """Prints the report of a study."""
    found = report.anonymity
    put(f"{found.n} children, known by {', '.join(found.quasi)}: k = {found.k}, {found.classes} groups")
    put("")
    put(f"{'known':<24}{'k':>6}{'alone':>8}{'groups':>8}")
    for number, step in enumerate(found.steps):
        name = step.added if number == 0 else f"+ {step.added}"
        put(f"{name:<24}{step.k:>6}{step.alone:>8}{step.classes:>8}")
    put("")
    put("Smallest groups")
    for small in found.smallest:
        put(f"{small.n:>6}  " + ", ".join(f"{name} {value}" for name, value in small.values.items()))
    put("")
    put(
        f"Risk of being recognised: at most {found.risk.prosecutor:.3g} for someone who knows the child is "
        f"in the study, {found.risk.prosecutor_mean:.3g} on average."
    )
    for item in found.diversity:
        put(
            f"{item.variable}: at least {item.distinct} different values in a group (entropy "
            f"{item.entropy:.3g}), at most {item.closeness:.3g} away from all children."
        )
    _tell_columns(report)


def _tell_columns(report: StudyPrivacy) -> None:
    put("")
    put("Columns of the inputs that may tell who a child is")
    for column in report.columns:
        place = f"{column.file}, sheet '{column.sheet}'" if column.sheet else column.file
        known = "" if column.declared else "  (not named in the study file)"
        put(f"  {place}: '{column.header}': {column.what}{known}")
    if not report.columns:
        put("  none")


def tell_outputs(path: Path, *, as_json: bool) -> Exit:
    """Searches a run folder, or any folder or file, and prints what was seen; the exit code."""
    from emostats.privacy.outputs import scan_outputs
    from emostats.privacy.scan import INTERNAL

    names, meant = _known(path)
    found = scan_outputs(path, names=names, meant=meant, internal=INTERNAL)
    if as_json:
        put_json({**asdict(found), "stopped": found.stopped})
    else:
        _tell_scan(found)
    return Exit.PRIVACY if found.stopped else Exit.OK


def _known(run: Path) -> tuple[set[str], str]:
    """The IDs of the children of a run, where its study can still be read, and the text of the study file."""
    from emostats.errors import EmostatsError

    try:
        manifest: Any = json.loads((run / "manifest.json").read_text(encoding="utf-8"))
        study = (run / str(manifest.get("study_file", ""))).resolve()
    except (OSError, ValueError):
        return set(), ""
    from emostats.ingest import read_study
    from emostats.privacy.scan import study_words, subject_identifiers, vocabulary
    from emostats.study import read_spec

    try:
        spec, data = read_spec(study), read_study(study)
    except (EmostatsError, OSError):
        say("The study of this run cannot be read any more, so its IDs are not looked for.")
        return set(), ""
    words = " ".join((study_words(spec), json.dumps(manifest), *vocabulary(spec, data)))
    return subject_identifiers(data), words


def _tell_scan(found: ScanReport) -> None:
    for item in found.sightings:
        stops = "" if item.stops else "  (internal file)" if item.internal else "  (noted)"
        put(
            f"{item.file}: {item.kind}, {item.n} times{stops}"
            if item.n > 1
            else f"{item.file}: {item.kind}{stops}"
        )
    for name, why in found.unread.items():
        put(f"{name}: not searched, {why}")
    say(f"{len(found.files)} files searched: {'stopped' if found.stopped else 'nothing that names a child'}.")
