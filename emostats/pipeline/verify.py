"""Does a run still hold? Hashes of what went in and came out, and the same numbers when computed again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd

from emostats.errors import UsageError
from emostats.pipeline.hashing import records_below, sha256_of
from emostats.pipeline.load import SHIPPED
from emostats.pipeline.manifest import MANIFEST, package_versions, read_manifest
from emostats.pipeline.progress import Progress, silent
from emostats.pipeline.run import execute
from emostats.pipeline.tables_io import read_csv, read_estimates
from emostats.pipeline.write import RESULTS

TOLERANCE = 1e-8
"""Numbers count as the same within this relative difference: other machines may round the last digits."""

NUMBERS = ("estimate", "std_error", "num_df", "den_df", "conf_low", "conf_high", "statistic", "p_value", "n")


@dataclass(frozen=True)
class Verification:
    """What a verification found; lists are empty when all is well.

    Attributes
    ----------
    run: the run folder. outputs, inputs: files that changed, are missing or are new, in words.
    numbers: estimates that come out differently, in words. compared: how many estimates were compared.
    repeated: whether the computation was repeated. identical: whether it gave the same bytes.
    versions: packages whose version differs from the run's, in words.
    """

    run: Path
    outputs: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    compared: int = 0
    repeated: bool = False
    identical: bool = False
    versions: tuple[str, ...] = field(default=())

    @property
    def holds(self) -> bool:
        """Whether nothing changed, and the computation (if repeated) gave the same numbers."""
        return not (self.outputs or self.inputs or self.numbers)


def verify_run(
    run: str | Path, *, study: str | Path | None = None, repeat: bool = True, progress: Progress = silent
) -> Verification:
    """Compares a run folder with its manifest and, if its inputs are unchanged, computes it again.

    Parameters
    ----------
    run: the run folder. study: where the study file is now, if it has moved.
    repeat: whether to compute again; the second run is made in a temporary folder.

    Raises
    ------
    UsageError: this is no run folder, or the study file is not to be found.
    FindingsError: the inputs are unchanged but cannot be read.
    """
    folder = Path(run)
    manifest = read_manifest(folder)
    file = _study_file(folder, manifest, study)
    outputs = tuple(_output_changes(folder, manifest))
    inputs = tuple(_input_changes(file.parent, manifest))
    found = Verification(folder, outputs, inputs, versions=tuple(_version_changes(manifest)))
    if not repeat or inputs or any(RESULTS in text for text in outputs):
        return found
    with TemporaryDirectory() as place:
        again = execute(file, place, progress).folder
        return _compared(found, folder / RESULTS, again / RESULTS)


def _study_file(folder: Path, manifest: Mapping[str, Any], given: str | Path | None) -> Path:
    file = Path(given) if given is not None else folder / manifest["study_file"]
    file = file / "study.toml" if file.is_dir() else file
    if not file.is_file():
        raise UsageError(f"the study file is no longer at '{file}'. Say where it is with --study.")
    return file


def _output_changes(folder: Path, manifest: Mapping[str, Any]) -> Iterator[str]:
    listed = {item["path"]: item["sha256"] for item in manifest["outputs"]}
    there = {item.path: item.sha256 for item in records_below(folder, without=[MANIFEST])}
    for name in sorted(listed.keys() | there.keys()):
        if name not in there:
            yield f"{name} is missing"
        elif name not in listed:
            yield f"{name} was added after the run"
        elif listed[name] != there[name]:
            yield f"{name} was changed after the run"


def _input_changes(folder: Path, manifest: Mapping[str, Any]) -> Iterator[str]:
    from emostats.study.instruments import instruments_folder

    for item in manifest["inputs"]:
        shipped = item["path"].startswith(SHIPPED)
        name = item["path"].removeprefix(SHIPPED)
        path = instruments_folder() / f"{name}.toml" if shipped else folder / name
        if not path.is_file():
            yield f"{item['path']} is missing"
        elif sha256_of(path) != item["sha256"]:
            yield f"{item['path']} has changed since the run"


def _version_changes(manifest: Mapping[str, Any]) -> Iterator[str]:
    now = package_versions()
    for name, version in manifest.get("packages", {}).items():
        if now.get(name) != version:
            yield f"{name} was {version}, is {now.get(name, 'not installed')}"


def _compared(found: Verification, before: Path, after: Path) -> Verification:
    old, new = read_estimates(before), read_estimates(after)
    same = records_below(before) == records_below(after)
    return Verification(
        found.run,
        found.outputs,
        found.inputs,
        numbers=(*compare_estimates(old, new), *compare_tables(before, after)),
        compared=len(old),
        repeated=True,
        identical=same,
        versions=found.versions,
    )


def compare_tables(before: Path, after: Path) -> Iterator[str]:
    """Each descriptive table that comes out differently, in words."""
    names = {path.name for folder in (before, after) for path in (folder / "tables").glob("*.csv")}
    for name in sorted(names):
        pair = [folder / "tables" / name for folder in (before, after)]
        if not all(path.is_file() for path in pair) or not _same_table(*map(read_csv, pair)):
            yield f"tables/{name}: its numbers differ"


def _same_table(old: pd.DataFrame, new: pd.DataFrame) -> bool:
    if old.shape != new.shape or list(old) != list(new):
        return False
    return all(
        np.isclose(old[name], new[name], rtol=TOLERANCE, atol=1e-12, equal_nan=True).all()
        if pd.api.types.is_numeric_dtype(old[name]) and pd.api.types.is_numeric_dtype(new[name])
        else old[name].equals(new[name])
        for name in old
    )


def compare_estimates(old: pd.DataFrame, new: pd.DataFrame) -> Iterator[str]:
    """Each estimate that is missing, new, or has a number beyond `TOLERANCE`, in words."""
    old, new = old.set_index("estimate_id"), new.set_index("estimate_id")
    yield from (f"{name}: is not computed any more" for name in old.index.difference(new.index, sort=False))
    yield from (f"{name}: was not computed before" for name in new.index.difference(old.index, sort=False))
    common = old.index.intersection(new.index, sort=False)
    names = list(map(str, common))
    for column in NUMBERS:
        a, b = old.loc[common, column].to_numpy(float), new.loc[common, column].to_numpy(float)
        differs = ~np.isclose(a, b, rtol=TOLERANCE, atol=1e-300, equal_nan=True)
        for i in np.flatnonzero(differs):
            yield f"{names[i]}: {column} was {a[i]!r}, is {b[i]!r}"
