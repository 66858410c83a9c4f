"""Measures audio files with librosa: what a machine can say about a track, and what people must add.

Needs ``pip install "emostats[music]"``. librosa's first call on a machine takes up to a minute (it compiles).
"""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emostats.errors import Finding, Severity, UsageError
from emostats.music.files import writing
from emostats.music.library import fields
from emostats.music.loudness import SILENT, loudness

Array = NDArray[np.float64]

SUFFIXES = frozenset({".wav", ".flac", ".ogg", ".mp3", ".aif", ".aiff", ".opus", ".m4a"})
RATE = 22_050
SHORTEST = 1.0
"""Seconds below which nothing can be measured."""

RATED = ("valence", "arousal", "licence", "contraindications", "title", "rated_by")
"""Fields that the scan leaves blank, because people must state them."""
PROPOSED = ("energy", "mode", "key", "tempo")
"""Fields that the scan estimates and people should check: tempo may be halved or doubled."""

PITCHES = ("C", "C♯", "D", "E♭", "E", "F", "F♯", "G", "A♭", "A", "B♭", "B")
_MAJOR = (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88)
_MINOR = (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17)
"""Key profiles (Krumhansl & Kessler 1982, Psychol Rev 89:334)."""


@dataclass(frozen=True)
class Measured:
    """What was measured of one file. Units as in data_schema/tracks.json; `key` e.g. ``"A minor"``."""

    file: str
    tempo: float
    mode: str
    energy: float
    loudness: float
    duration: float
    brightness: float
    onset_rate: float
    key: str


def _librosa() -> Any:
    try:
        import librosa
    except ImportError:
        raise UsageError(
            'Scanning audio needs librosa, which is not installed: pip install "emostats[music]".'
        ) from None
    return librosa


def scan(
    folder: str | Path, progress: Callable[[int, int], None] | None = None
) -> tuple[list[Measured], tuple[Finding, ...]]:
    """Measures every audio file in a folder and below; a file that cannot be read is a warning.

    Raises
    ------
    UsageError: no such folder, no audio file in it, or librosa is not installed.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise UsageError(f"{folder} is no folder. Name the folder that holds the audio files.")
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
    if not paths:
        raise UsageError(f"{folder} holds no audio file ({', '.join(sorted(SUFFIXES))}).")
    _librosa()
    measured, findings = [], []
    for number, path in enumerate(paths, start=1):
        name = path.relative_to(folder).as_posix()
        try:
            measured.append(measure(path, name))
        except UsageError as error:
            findings.append(Finding("audio-unreadable", str(error), "Left out.", Severity.WARNING, file=name))
        if progress:
            progress(number, len(paths))
    return measured, tuple(findings)


def measure(path: Path, name: str = "") -> Measured:
    """Measures one file.

    Raises
    ------
    UsageError: unreadable, silent, or shorter than `SHORTEST` seconds.
    """
    librosa = _librosa()
    samples, rate = _load(path)
    seconds = samples.shape[1] / rate
    if seconds < SHORTEST:
        raise UsageError(f"The recording has {seconds:.2f} s; at least {SHORTEST:g} s are needed.")
    level = loudness(samples, rate)
    if level <= SILENT:
        raise UsageError("The recording is silent.")
    mono = samples.mean(axis=0)
    mono = mono if np.abs(mono).max() > 1e-6 else samples[0]  # channels that cancel each other
    mono = librosa.resample(mono, orig_sr=rate, target_sr=RATE) if rate != RATE else mono
    try:
        return _described(name or path.name, mono, level, seconds)
    except librosa.LibrosaError as error:
        raise UsageError(f"The recording cannot be measured ({error}).") from None


def _load(path: Path) -> tuple[Array, int]:
    """Samples (channels, n) and rate, read by soundfile, which librosa itself uses."""
    import soundfile  # type: ignore[import-untyped]

    try:
        samples, rate = soundfile.read(path, dtype="float64", always_2d=True)
    except (soundfile.LibsndfileError, RuntimeError, OSError) as error:
        raise UsageError(f"The file cannot be read as audio ({error}).") from None
    if not np.isfinite(samples).all():
        raise UsageError("The recording holds samples that are no numbers; export it again.")
    return samples.T, int(rate)


def _described(name: str, mono: Array, level: float, seconds: float) -> Measured:
    librosa = _librosa()
    spectrum = np.abs(librosa.stft(mono))
    mel = librosa.power_to_db(librosa.feature.melspectrogram(S=spectrum**2, sr=RATE))
    flux = np.concatenate([[0.0], np.maximum(np.diff(mel, axis=1), 0.0).mean(axis=0)])
    tempo = float(np.atleast_1d(librosa.feature.tempo(onset_envelope=flux, sr=RATE))[0])
    n_onsets = len(onsets(flux))
    chroma = librosa.feature.chroma_stft(S=spectrum**2, sr=RATE, tuning=0.0).mean(axis=1)
    weights = (spectrum**2).sum(axis=0)
    centroid = librosa.feature.spectral_centroid(S=spectrum, sr=RATE)[0]
    key, mode = estimated_key(np.asarray(chroma, dtype=np.float64))
    rate = n_onsets / seconds
    brightness = float(np.average(centroid, weights=np.maximum(weights, 1e-12)))
    return Measured(
        name,
        round(tempo, 1),
        mode,
        round(proposed_energy(rate, brightness, tempo), 2),
        round(level, 1),
        round(seconds, 2),
        round(brightness),
        round(rate, 2),
        key,
    )


def onsets(flux: Array) -> NDArray[np.intp]:
    """Frames in which something begins: peaks of the spectral flux (n,), 0.07 of its range or more above the
    mean of the 0.2 s around them, two frames apart at least (the idea of Böck, Krebs & Schedl, 2012).

    Not by librosa: its peak picker is compiled at first use, and two processes that do so at once can leave
    a compiled file behind that crashes Python.
    """
    from scipy.ndimage import uniform_filter1d
    from scipy.signal import find_peaks

    height = float(np.ptp(flux))
    if height == 0:
        return np.zeros(0, dtype=np.intp)
    level = (flux - flux.min()) / height
    return np.asarray(find_peaks(level, height=uniform_filter1d(level, 9) + 0.07, distance=2)[0])


def estimated_key(chroma: Array) -> tuple[str, str]:
    """Key and mode whose profile correlates best with the twelve chroma values (Krumhansl & Schmuckler)."""
    best = max(
        (float(np.corrcoef(chroma, np.roll(profile, tonic))[0, 1]), tonic, mode)
        for mode, profile in (("major", _MAJOR), ("minor", _MINOR))
        for tonic in range(12)
    )
    return f"{PITCHES[best[1]]} {best[2]}", best[2]


def proposed_energy(onset_rate: float, brightness: float, tempo: float) -> float:
    """A proposal of energy, 0 to 1, from how busy, bright and fast a track is; not from its level, which the
    player sets. Logistic in half octaves about 2 onsets a second, 1,500 Hz and 100 beats a minute."""
    score = np.log2(max(onset_rate, 0.1) / 2.0) + np.log2(max(brightness, 100.0) / 1500.0)
    score += np.log2(max(tempo, 20.0) / 100.0)
    return float(1.0 / (1.0 + np.exp(-score)))


def rows(measured: Sequence[Measured]) -> Iterator[dict[str, str]]:
    """Rows of a library file; the fields that people must state are blank."""
    for number, item in enumerate(measured, start=1):
        filled = {name: str(getattr(item, name)) for name in Measured.__dataclass_fields__}
        yield {field["name"]: filled.get(field["name"], "") for field in fields()} | {
            "track": f"T{number:03d}"
        }


def write_rows(measured: Sequence[Measured], path: Path, folder: Path) -> None:
    """A new library file; `folder` is the one that was scanned, so that files are named from the library's.

    Raises
    ------
    UsageError: the file is there already, or cannot be written.
    """
    with writing(path, "the library"), path.open("x", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, [field["name"] for field in fields()], lineterminator="\n")
        writer.writeheader()
        start = os.path.relpath(folder.resolve(), path.resolve().parent)
        placed = (replace(item, file=(Path(start) / item.file).as_posix()) for item in measured)
        writer.writerows(rows(list(placed)))
