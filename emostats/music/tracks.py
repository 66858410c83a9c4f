"""A music library as a value: one entry a track, columns as read-only arrays.

Affect is stated on the circumplex (Russell 1980, J Pers Soc Psychol 39:1161): valence from −1 (unpleasant) to
1 (pleasant), arousal from −1 (calm) to 1 (excited).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from emostats.errors import UsageError

Array = NDArray[np.float64]

MEASURED = ("valence", "arousal", "tempo", "mode", "energy", "loudness", "duration", "brightness")
"""Columns of numbers."""
TRAITS = ("tempo", "mode", "energy", "brightness")
"""What is heard of a track beside its affect, in the order of `Library.traits`."""


@dataclass(frozen=True)
class Library:
    """Tracks, in the order of their file.

    Attributes
    ----------
    track: unique ids. title, licence: texts.
    valence, arousal: rated affect in [−1, 1].
    tempo: beats a minute. mode: 1 major, −1 minor, 0 other. energy: 0 to 1.
    loudness: dB relative to full scale (integrated, K-weighted where the scan made it), negative.
    duration: seconds.
    brightness: spectral centroid in Hz, NaN where unknown.
    contraindications: tags of what may hurt a child (``"percussion"``, ``"high-pitch"`` …).
    file: path of the audio relative to the library file, '' where there is none.

    Raises
    ------
    UsageError: columns of different lengths, an id twice, a value that is no number (brightness may be NaN).
    """

    track: tuple[str, ...]
    title: tuple[str, ...]
    valence: Array
    arousal: Array
    tempo: Array
    mode: Array
    energy: Array
    loudness: Array
    duration: Array
    brightness: Array
    licence: tuple[str, ...]
    contraindications: tuple[frozenset[str], ...]
    file: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        for name in MEASURED:
            values = np.array(getattr(self, name), dtype=np.float64)
            values.setflags(write=False)
            object.__setattr__(self, name, values)
        if not self.file:
            object.__setattr__(self, "file", ("",) * len(self.track))
        self._check()

    def _check(self) -> None:
        sizes = {
            name: len(getattr(self, name)) for name in (*MEASURED, "title", "licence", "contraindications")
        }
        odd = [name for name, size in sizes.items() if size != len(self.track)]
        if odd:
            raise UsageError(
                f"A library of {len(self.track)} tracks needs as many values of {', '.join(odd)}."
            )
        if len(set(self.track)) < len(self.track):
            raise UsageError("Two tracks of the library have the same id.")
        known = [name for name in MEASURED if name != "brightness"]
        bad = np.any([~np.isfinite(getattr(self, name)) for name in known], axis=0) | (self.tempo <= 0)
        if bad.any():
            who = ", ".join(self.track[row] for row in np.flatnonzero(bad)[:5])
            raise UsageError(
                f"Every track needs numbers for {', '.join(known)}, and a tempo above 0; see {who}."
            )

    def __len__(self) -> int:
        return len(self.track)

    @cached_property
    def affect(self) -> Array:
        """Valence and arousal, shape (tracks, 2)."""
        return np.column_stack([self.valence, self.arousal])

    @cached_property
    def traits(self) -> Array:
        """`TRAITS` on scales that do not depend on the library, shape (tracks, 4), mostly within ±2.

        Half octaves of tempo around 100 a minute; mode as it is; energy from 0.5 in quarters; octaves of
        brightness around 2,000 Hz (0 where unknown).
        """
        brightness = np.nan_to_num(np.log2(np.where(self.brightness > 0, self.brightness, np.nan) / 2000.0))
        columns = [np.log2(self.tempo / 100.0) / 0.5, self.mode, (self.energy - 0.5) / 0.25, brightness]
        return np.column_stack(columns)

    @cached_property
    def index(self) -> dict[str, int]:
        """Row of each track id."""
        return {name: row for row, name in enumerate(self.track)}

    @cached_property
    def digest(self) -> str:
        """SHA-256 of everything a choice can depend on."""
        hasher = hashlib.sha256()
        for row in range(len(self)):
            numbers = (
                self.valence[row],
                self.arousal[row],
                self.tempo[row],
                self.mode[row],
                self.energy[row],
                self.loudness[row],
                self.duration[row],
                self.brightness[row],
            )
            tags = ";".join(sorted(self.contraindications[row]))
            hasher.update(
                "\x1f".join([self.track[row], *(repr(float(x)) for x in numbers), tags]).encode() + b"\n"
            )
        return hasher.hexdigest()
