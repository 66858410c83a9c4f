"""What changed between two runs of a study, by how much, and why: data, plan or versions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from emostats.errors import EmostatsError
from emostats.pipeline.manifest import read_manifest
from emostats.pipeline.tables_io import read_estimates
from emostats.pipeline.verify import NUMBERS, TOLERANCE, compare_tables
from emostats.pipeline.write import RESULTS
from emostats.study.lock import LOCK_FILE
from emostats.study.plan import difference, plan_of
from emostats.study.spec import StudySpec, read_spec

NOT_DATA = "study.toml"
"""The study file as the copy in a run folder is called: what it changes shows in the plan."""


@dataclass(frozen=True)
class NumberChange:
    """One number of one estimate in both runs; None where a run has none."""

    estimate_id: str
    column: str
    before: float | None
    after: float | None

    @property
    def by(self) -> float | None:
        """After minus before."""
        return None if self.before is None or self.after is None else self.after - self.before


@dataclass(frozen=True)
class RunDifference:
    """Two runs side by side; empty tuples where nothing differs.

    Attributes
    ----------
    first, second: the run folders. compared: estimates that both have.
    numbers: what changed beyond a relative difference of 1e-8. gone, new: ids of estimates that only one has.
    tables: descriptive tables that differ, in words.
    data, plan, versions: what may be the reason, in words.
    """

    first: Path
    second: Path
    compared: int
    numbers: tuple[NumberChange, ...] = ()
    gone: tuple[str, ...] = ()
    new: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
    data: tuple[str, ...] = ()
    plan: tuple[str, ...] = ()
    versions: tuple[str, ...] = ()

    @property
    def same(self) -> bool:
        """Whether all numbers are the same, whatever else changed."""
        return not (self.numbers or self.gone or self.new or self.tables)


def compare_runs(first: str | Path, second: str | Path) -> RunDifference:
    """Compares the numbers of two finished runs, and what went into them.

    Raises
    ------
    UsageError: one of them is no complete run, or its results cannot be read.
    """
    folders = (Path(first), Path(second))
    before, after = (read_manifest(folder) for folder in folders)
    old, new = (read_estimates(folder / RESULTS).set_index("estimate_id") for folder in folders)
    common = old.index.intersection(new.index, sort=False)
    return RunDifference(
        *folders,
        compared=len(common),
        numbers=tuple(_numbers(old.loc[common], new.loc[common])),
        gone=tuple(old.index.difference(new.index, sort=False)),
        new=tuple(new.index.difference(old.index, sort=False)),
        tables=tuple(compare_tables(*(folder / RESULTS for folder in folders))),
        data=tuple(_data(before, after)),
        plan=tuple(_plan(folders, before, after)),
        versions=tuple(_versions(before, after)),
    )


def _numbers(old: Any, new: Any) -> Iterator[NumberChange]:
    for column in NUMBERS:
        a, b = old[column].to_numpy(float), new[column].to_numpy(float)
        differs = ~np.isclose(a, b, rtol=TOLERANCE, atol=1e-300, equal_nan=True)
        for i in np.flatnonzero(differs):
            yield NumberChange(str(old.index[i]), column, _known(a[i]), _known(b[i]))


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _data(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    """Input files that differ, apart from the study file and its lock."""
    old, new = ({item["path"]: item["sha256"] for item in manifest["inputs"]} for manifest in (before, after))
    for name in sorted(old.keys() | new.keys()):
        if name in (_study_name(before), _study_name(after), LOCK_FILE):
            continue
        if name not in old:
            yield f"{name} was added"
        elif name not in new:
            yield f"{name} is no longer read"
        elif old[name] != new[name]:
            yield f"{name} has changed (SHA-256 {old[name][:12]} … → {new[name][:12]} …)"


def _study_name(manifest: Mapping[str, Any]) -> str:
    return str(manifest["study_file"]).rsplit("/", 1)[-1]


def _plan(folders: tuple[Path, Path], before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    """Keys of the plan that differ; the hashes, where a study file cannot be read any more."""
    if before["plan"]["hash"] == after["plan"]["hash"]:
        return
    try:
        plans = [plan_of(_spec(folder)) for folder in folders]
    except EmostatsError:
        yield f"plan hash {before['plan']['hash'][:12]} … → {after['plan']['hash'][:12]} …"
        return
    for key, old, new in difference(*plans):
        yield f"{key}: {old} → {new}"


def _spec(folder: Path) -> StudySpec:
    return read_spec(folder / NOT_DATA)


def _versions(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    old, new = (
        {"emostats": manifest["emostats"], "Python": manifest["python"], **manifest["packages"]}
        for manifest in (before, after)
    )
    for name in dict.fromkeys((*old, *new)):
        if old.get(name) != new.get(name):
            yield f"{name} {old.get(name, 'absent')} → {new.get(name, 'absent')}"
