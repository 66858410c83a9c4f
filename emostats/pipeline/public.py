"""The public profile: what may be published of a run, by a rule for small groups, looked through for ids."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from emostats.errors import PrivacyError, UsageError, did_you_mean
from emostats.estimates import AnalysisResults
from emostats.privacy import public_results
from emostats.privacy.outputs import scan_outputs
from emostats.study.spec import StudySpec

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
