"""The manifest: what went in, what came out, with which versions. It is the last file a run writes."""

from __future__ import annotations

import json
import platform
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from emostats._version import __version__
from emostats.errors import UsageError
from emostats.pipeline.folder import PARTIAL, RunIdentity
from emostats.pipeline.hashing import FileRecord
from emostats.pipeline.load import LoadedStudy
from emostats.study.lock import PlanStatus

MANIFEST = "manifest.json"
PACKAGES = (
    "numpy",
    "pandas",
    "scipy",
    "statsmodels",
    "pingouin",
    "formulaic",
    "matplotlib",
    "jinja2",
    "openpyxl",
)


def manifest_of(
    study: LoadedStudy, identity: RunIdentity, study_file: str, outputs: Iterable[FileRecord] = ()
) -> dict[str, Any]:
    """The manifest as plain values. `study_file` is the path from the run folder to the study file."""
    return {
        "run_id": identity.run_id,
        "created": identity.created,
        "emostats": __version__,
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        "packages": package_versions(),
        "seed": study.spec.study.seed,
        "study": study.spec.study.id,
        "study_file": study_file,
        "inputs": [asdict(item) for item in study.inputs],
        "outputs": [asdict(item) for item in outputs],
        "plan": plan_facts(study.plan),
        "profile": study.spec.outputs.profile,
        "status": "complete",
    }


def plan_facts(plan: PlanStatus) -> dict[str, Any]:
    """The plan's hash, when it was locked, and what has changed since."""
    return {
        "hash": plan.hash,
        "state": plan.state,
        "locked": plan.locked,
        "locked_hash": plan.locked_hash,
        "times_replaced": plan.times_replaced,
        "changed": [asdict(change) for change in plan.changes],
    }


def package_versions() -> dict[str, str]:
    """Versions of the packages whose numbers or pictures reach a run."""
    found = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


def read_manifest(folder: Path) -> Mapping[str, Any]:
    """The manifest of a complete run.

    Raises
    ------
    UsageError: there is none.
    """
    if not folder.is_dir():
        raise UsageError(f"there is no run folder '{folder}'.")
    if folder.name.startswith(PARTIAL):
        raise UsageError(
            f"'{folder}' was left by an interrupted run; it is not complete. Run the study again."
        )
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UsageError(f"'{folder}' is no run folder: it has no {MANIFEST}.") from None
    except ValueError as error:
        raise UsageError(f"{MANIFEST} of '{folder}' cannot be read: {error}.") from None
    if not isinstance(manifest, dict) or manifest.get("status") != "complete":
        raise UsageError(f"'{folder}' is no complete run. Run the study again.")
    return manifest
