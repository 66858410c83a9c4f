"""Clips to landmark sequences, kept by the hash of the video so that each is read once."""

from __future__ import annotations

import json
import os
import zipfile
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
import numpy.typing as npt

from emostats.errors import UsageError
from emostats.inference import models
from emostats.inference.datasets import Clip, LeakageError
from emostats.inference.datasets.frames import clip_frames, clip_hash
from emostats.inference.errors import VideoError
from emostats.inference.frames import SUBSET
from emostats.inference.graph import mean_face, normalise, own_reference, relative_to
from emostats.inference.landmarks import FaceReader

VERSION = 2
"""Raised when the same clip gives another sequence: kept ones are then read anew."""

Progress = Callable[[str, float, float], None]


@dataclass(frozen=True, eq=False)
class LandmarkSequence:
    """The landmarks of a clip.

    Attributes
    ----------
    clip: which. points: (frames, 146, 3) normalised (see `graph.normalise`), NaN in frames that are not
        usable. time: (frames,) seconds. sha256: of the clip.
    """

    clip: Clip
    points: npt.NDArray[np.float32]
    time: npt.NDArray[np.float64]
    sha256: str

    @property
    def usable(self) -> npt.NDArray[np.bool_]:
        """(frames,) whether the frame has a face that counts."""
        return np.asarray(np.isfinite(self.points).all(axis=(1, 2)))


@dataclass(frozen=True)
class Reading:
    """What came of reading: the sequences, and clips that cannot be used with the reason."""

    sequences: tuple[LandmarkSequence, ...]
    left_out: tuple[tuple[Clip, str], ...]


def read_sequences(
    clips: Sequence[Clip],
    cache: Path,
    *,
    fps: float,
    least_frames: int,
    progress: Progress | None = None,
) -> Reading:
    """The landmark sequence of every clip, from `cache` where it is kept.

    A clip that cannot be read, or has fewer usable frames than `least_frames`, is left out with the reason.

    Raises
    ------
    LeakageError: the same video under two subjects or labels. UsageError: no clip is left.
    """
    reader: list[FaceReader] = []
    kept, left_out = [], []
    for number, clip in enumerate(clips):
        if progress is not None:
            progress("Reading clips", number, len(clips))
        try:
            sequence = _sequence(clip, cache, fps, reader)
        except VideoError as error:
            left_out.append((clip, str(error)))
            continue
        n = int(sequence.usable.sum())
        if n < least_frames:
            left_out.append((clip, f"{n} frames with a usable face; {least_frames} are needed"))
        else:
            kept.append(sequence)
    _check_copies(kept)
    if not kept:
        raise UsageError(f"None of the {len(clips)} clips can be used; the first: {left_out[0][1]}")
    return Reading(tuple(kept), tuple(left_out))


def _check_copies(sequences: Sequence[LandmarkSequence]) -> None:
    first: dict[str, Clip] = {}
    for item in sequences:
        other = first.setdefault(item.sha256, item.clip)
        if (other.subject, other.label) != (item.clip.subject, item.clip.label):
            raise LeakageError(
                f"'{other.path}' and '{item.clip.path}' are the same video, but are said to show "
                f"{other.subject} ({other.label}) and {item.clip.subject} ({item.clip.label})."
            )


def _sequence(clip: Clip, cache: Path, fps: float, reader: list[FaceReader]) -> LandmarkSequence:
    try:
        content = clip_hash(clip.path)
    except OSError as error:
        raise VideoError("file-missing", f"{clip.path} cannot be read: {error.strerror}.") from None
    what = {"version": VERSION, "clip": content, "models": models.fingerprint(), "fps": fps}
    place = cache / f"{sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()}.npz"
    found = _kept(place)
    if found is None:
        if not reader:
            reader.append(FaceReader(blendshapes=False))
        found = _read(clip.path, fps, reader[0])
        _keep(place, *found)
    return LandmarkSequence(clip, *found, content)


def _read(
    path: Path, fps: float, reader: FaceReader
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float64]]:
    nothing = np.full((len(SUBSET), 3), np.nan, dtype=np.float32)
    points, times = [], []
    for result in reader.video(clip_frames(path, fps=fps)):
        seen = result.points if result.usable else None
        points.append(nothing if seen is None else normalise(seen))
        times.append(result.time)
    if not points:
        raise VideoError("no-frames", f"{path} has no frame.")
    return np.stack(points), np.array(times, dtype=np.float64)


def _kept(place: Path) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float64]] | None:
    try:
        with place.open("rb") as stream, np.load(stream, allow_pickle=False) as stored:
            return stored["points"], stored["time"]
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error):
        return None


def _keep(place: Path, points: npt.NDArray[np.float32], time: npt.NDArray[np.float64]) -> None:
    """Writes a sequence in one step, so that a kill leaves no half file under the name."""
    place.parent.mkdir(parents=True, exist_ok=True)
    part = place.with_suffix(f".{os.getpid()}.part")
    try:
        with part.open("wb") as stream:
            np.savez_compressed(stream, points=points, time=time)
        part.replace(place)
    finally:
        part.unlink(missing_ok=True)


def without_own_face(sequences: Sequence[LandmarkSequence]) -> tuple[LandmarkSequence, ...]:
    """The sequences with each person's usual face taken out: the median over all their usable frames.

    The rule needs no label, so it serves people of the test set in the same way.
    """
    frames: dict[str, list[npt.NDArray[np.float32]]] = {}
    for item in sequences:
        frames.setdefault(item.clip.subject, []).append(item.points[item.usable])
    own = {subject: own_reference(np.concatenate(parts)) for subject, parts in frames.items()}
    mean = mean_face()
    return tuple(
        LandmarkSequence(
            item.clip, relative_to(item.points, own[item.clip.subject], mean), item.time, item.sha256
        )
        for item in sequences
    )
