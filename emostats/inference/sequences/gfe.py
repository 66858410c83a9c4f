"""Reads folders in the form of the UCI Grammatical Facial Expressions (Freitas et al. 2014).

A recording is a pair of files, plain or xz-compressed:

- ``<signer>_<expression>_datapoints.txt``: a header, then a frame a line: its timestamp and x, y (pixels), z
  (millimetres, 0 where the depth camera saw nothing) of 100 points;
- ``<signer>_<expression>_targets.txt``: 0 or 1 for each frame.

The timestamps read *seconds.milliseconds* with the milliseconds written without leading zeros ("7.63" is 7
seconds and 63 milliseconds, "7.125" comes after it). Read as decimal numbers they jump back by up to 0.8 s
once a second and tear each film into a hundred pieces; read as they are meant they rise throughout.
"""

from __future__ import annotations

import lzma
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from emostats.errors import Finding, Severity, UsageError
from emostats.inference.sequences.recording import Recording

N_POINTS = 100
KINDS = ("datapoints", "targets")
_ENDINGS = (".txt.xz", ".txt")


@dataclass(frozen=True)
class Folder:
    """What a folder holds: recordings ordered by expression and signer, and a warning for each half pair."""

    recordings: tuple[Recording, ...]
    findings: tuple[Finding, ...]

    @property
    def subjects(self) -> tuple[str, ...]:
        """The signers, sorted."""
        return tuple(sorted({recording.subject for recording in self.recordings}))

    def complete(self) -> tuple[str, ...]:
        """Expressions of which every signer of the folder has a recording, sorted."""
        seen = {(recording.subject, recording.expression) for recording in self.recordings}
        names = sorted({expression for _, expression in seen})
        return tuple(name for name in names if all((subject, name) in seen for subject in self.subjects))

    def of(self, subject: str, expression: str) -> Recording:
        """One recording. UsageError: it is not there."""
        for recording in self.recordings:
            if (recording.subject, recording.expression) == (subject, expression):
                return recording
        held = ", ".join(recording.name for recording in self.recordings)
        raise UsageError(f"There is no recording of {subject}_{expression}; the folder holds {held}.")


def read_folder(folder: str | Path) -> Folder:
    """Every complete pair of a folder; a pair of which one file is missing is left out with a finding.

    Raises
    ------
    UsageError: no such folder, no pair in it, or a file in another form (the message names file and line).
    """
    place = Path(folder)
    if not place.is_dir():
        raise UsageError(
            f"{place} is not a folder. Name the folder that holds the *_datapoints.txt.xz files."
        )
    found = {kind: _files(place, kind) for kind in KINDS}
    names = sorted(set(found["datapoints"]) | set(found["targets"]), key=lambda n: n.partition("_")[::-1])
    whole = [name for name in names if all(name in files for files in found.values())]
    findings = tuple(_half(place, name, found["datapoints"]) for name in names if name not in whole)
    if not whole:
        half = f" Only halves of pairs are there: {', '.join(names)}." if names else ""
        raise UsageError(
            f"{place} holds no pair <signer>_<expression>_datapoints.txt.xz and …_targets.txt.xz.{half}"
        )
    return Folder(tuple(read_pair(*(found[kind][name] for kind in KINDS)) for name in whole), findings)


def read_pair(datapoints: Path, targets: Path) -> Recording:
    """One recording from its two files.

    Raises
    ------
    UsageError: columns, numbers or lengths that are not as the form says.
    """
    subject, _, expression = _stem(datapoints.name, KINDS[0]).partition("_")
    times, points = _read_points(datapoints)
    labels = _read_labels(targets)
    if len(labels) != len(times):
        raise UsageError(
            f"{targets.name} has {len(labels)} labels and {datapoints.name} {len(times)} frames; "
            "expected one label a frame."
        )
    return Recording(subject, expression, times, points, labels)


def seconds(timestamp: str) -> float:
    """A timestamp *seconds.milliseconds* whose milliseconds have no leading zeros, in seconds.

    Raises
    ------
    ValueError: not two whole numbers, or more than 999 milliseconds.
    """
    whole, _, thousandths = timestamp.partition(".")
    milliseconds = int(thousandths or 0)
    if not 0 <= milliseconds <= 999:
        raise ValueError(timestamp)
    return int(whole) + milliseconds / 1000


def _stem(name: str, kind: str) -> str:
    for ending in _ENDINGS:
        tail = f"_{kind}{ending}"
        if name.endswith(tail):
            return name.removesuffix(tail)
    return ""


def _files(folder: Path, kind: str) -> dict[str, Path]:
    """Recording name → its file of one kind; the compressed one where both are there."""
    stems = [(_stem(path.name, kind), path) for path in sorted(folder.iterdir())]
    return {stem: path for stem, path in stems if stem.partition("_")[2]}


def _half(folder: Path, name: str, datapoints: Iterable[str]) -> Finding:
    there, missing = KINDS if name in datapoints else KINDS[::-1]
    return Finding(
        "incomplete-recording",
        f"{name} has {there} but no {missing}; it is left out.",
        f"Add {name}_{missing}.txt.xz to use it.",
        Severity.WARNING,
        str(folder),
    )


def _lines(path: Path) -> list[str]:
    try:
        data = path.read_bytes()
        return (lzma.decompress(data) if path.suffix == ".xz" else data).decode("ascii").splitlines()
    except (lzma.LZMAError, UnicodeDecodeError) as error:
        raise UsageError(f"{path.name} cannot be read ({error}); expected text or text in xz.") from error


def _read_points(path: Path) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    times, rows = [], []
    for number, line in enumerate(_lines(path)[1:], start=2):
        values = line.split()
        if not values:
            continue
        try:
            times.append(seconds(values[0]))
            rows.append([float(value) for value in values[1:]])
        except ValueError:
            raise UsageError(f"{path.name}, line {number}: expected numbers, found {line[:40]!r}.") from None
        if len(values) != 1 + 3 * N_POINTS:
            raise UsageError(
                f"{path.name}, line {number}: expected a timestamp and x, y, z of {N_POINTS} points "
                f"({1 + 3 * N_POINTS} values), found {len(values)}."
            )
    return np.array(times), np.array(rows).reshape(-1, N_POINTS, 3)


def _read_labels(path: Path) -> npt.NDArray[np.int64]:
    labels = " ".join(_lines(path)).split()
    wrong = [place for place, label in enumerate(labels, start=1) if label not in ("0", "1")]
    if wrong:
        raise UsageError(
            f"{path.name}, label {wrong[0]}: expected 0 (absent) or 1 (present), "
            f"found {labels[wrong[0] - 1]!r}."
        )
    return np.array(labels, dtype=np.int64)
