"""The public profile: what may be published of a run, by a rule for small groups, looked through for ids."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from emostats.errors import PrivacyError, UsageError, did_you_mean
from emostats.estimates import AnalysisResults
from emostats.privacy import public_results
from emostats.privacy.outputs import scan_outputs
from emostats.study.audit import AUDIT_FILE, AuditEvent, append_event, read_events
from emostats.study.spec import StudySpec, read_spec

INTERNAL, PUBLIC = "internal", "public"
PROFILES = (INTERNAL, PUBLIC)


def checked_profile(profile: str) -> str:
    """`profile`. Raises UsageError when there is no such profile."""
    if profile not in PROFILES:
        raise UsageError(f"the profile '{profile}' is unknown. {did_you_mean(profile, PROFILES)}")
    return profile


def public_edition(
    results: AnalysisResults, spec: StudySpec, manifest: Mapping[str, Any], rule: str
) -> tuple[AnalysisResults, dict[str, Any]]:
    """Results and manifest as they may be published; the manifest says which rule was used, under ``public``.

    Raises
    ------
    PrivacyError: a small count cannot be protected.
    UsageError: there is no such rule.
    """
    shown, report = public_results(results, spec, rule=rule)
    told = {
        "rule": report.rule.name,
        "words": report.rule.words,
        "statements": list(report.statements),
        "left_out": dict(report.left_out),
    }
    return shown, {**manifest, "public": told}


def refuse_identifiers(content: bytes, name: str, meant: str) -> None:
    """Looks through a file that is about to leave for what may name a person.

    Parameters
    ----------
    name: of the file; its ending says how it is read. meant: text that was meant to be shown.

    Raises
    ------
    PrivacyError: something looks like an identifier. The message says what it looks like, and not the text.
    """
    with TemporaryDirectory() as place:
        path = Path(place) / f"output{Path(name).suffix}"
        path.write_bytes(content)
        found = scan_outputs(path, meant=meant)
    kinds = sorted({sighting.kind for sighting in found.sightings if sighting.stops})
    if kinds:
        raise PrivacyError(
            f"'{name}' was not written, because it may name a person: {', '.join(kinds)}. Check titles, "
            "labels, sites and reasons in the study file and the data."
        )


def note_edition(run: Path, file: str, *, profile: str = "", rule: str = "") -> tuple[str, ...]:
    """Notes a public edition in the audit log beside the run, and says what earlier ones add to it.

    Two editions are two sets of equations: what a rule hides in one, another may show, and what differs
    between two runs is of the children who came or left in between. No rule for one edition prevents that.

    Parameters
    ----------
    file: the name of the edition. profile, rule: as for `rerender`; an internal edition is not noted.

    Returns
    -------
    Warnings for the study team. Without an audit log nothing is noted, and nothing is known.
    """
    from emostats.pipeline.manifest import read_manifest

    manifest, folder = read_manifest(run), run.resolve().parent
    if (profile or manifest["profile"]) != PUBLIC or not (folder / AUDIT_FILE).is_file():
        return ()
    spec = read_spec(run / "study.toml")
    details = {"run_id": str(manifest["run_id"]), "file": file, "rule": rule or spec.outputs.rule}
    try:
        events = [event for event in read_events(folder) if event.study == spec.study.id]
        append_event(folder, "publication", spec.study.id, details)
    except UsageError as error:
        return (f"The edition could not be noted, nor compared with earlier ones: {error}",)
    earlier = [event for event in events if event.kind == "publication"]
    return (*_by_other_rules(earlier, details), *_of_other_runs(earlier, events, details["run_id"], folder))


def _by_other_rules(earlier: Sequence[AuditEvent], own: Mapping[str, str]) -> tuple[str, ...]:
    rules = {
        event.details["rule"]: event
        for event in earlier
        if event.details["run_id"] == own["run_id"] and event.details["rule"] != own["rule"]
    }
    return tuple(
        f"'{event.details['file']}' of {event.time[:10]} shows this run by rule '{rule}', this edition by "
        f"'{own['rule']}'. Whoever has both knows what either shows: let only one of them leave."
        for rule, event in rules.items()
    )


def _of_other_runs(
    earlier: Sequence[AuditEvent], events: Sequence[AuditEvent], own: str, folder: Path
) -> tuple[str, ...]:
    """Warnings about published runs of other data, and of children withdrawn since."""
    others = {event.details["run_id"]: event for event in earlier}
    others.pop(own, None)
    said = []
    for run_id, event in others.items():
        gone = _withdrawn_between(events, run_id, own)
        if not gone and _inputs(folder / run_id) == _inputs(folder / own):
            continue
        who = (
            f"{gone} {'child was' if gone == 1 else 'children were'} withdrawn in between, and the "
            "difference of the two editions tells of them"
            if gone
            else "where their data differ by few children, the difference of the two editions tells of these"
        )
        said.append(
            f"'{event.details['file']}' of {event.time[:10]} shows run {run_id}: {who}. "
            "Ask who answers for data protection before both are in the world."
        )
    return tuple(said)


def _withdrawn_between(events: Sequence[AuditEvent], one: str, other: str) -> int:
    numbers = [
        event.number for event in events if event.kind == "run" and event.details["run_id"] in (one, other)
    ]
    if len(numbers) < 2:
        return 0
    return sum(event.kind == "withdrawal" and min(numbers) < event.number < max(numbers) for event in events)


def _inputs(run: Path) -> tuple[str, ...]:
    """The hashes of what a run has read; nothing of a run that is gone."""
    try:
        found = json.loads((run / "manifest.json").read_text(encoding="utf-8"))
        return tuple(sorted(str(item["sha256"]) for item in found["inputs"]))
    except (OSError, ValueError, KeyError, TypeError):
        return ()
