"""Synthesizes the bundled library: 24 pieces of eight seconds, meant to be looped.

    python -m emostats.music.bundled.make FOLDER

Each piece follows from a recipe for the valence and arousal it aims at: faster, brighter, busier and more
staccato for arousal; major, higher and more consonant for valence (the directions that listening studies
report, Gabrielsson & Lindström 2010, in Juslin & Sloboda, Handbook of Music and Emotion). The aims stand in
the library as valence and arousal, and nobody has rated the result.
"""

from __future__ import annotations

import csv
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emostats.music.library import fields
from emostats.music.loudness import loudness

Array = NDArray[np.float64]

RATE = 16_000
SECONDS = 8.0
LOUDNESS = -23.0

MAJOR, MINOR = (0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10)
PROGRESSIONS = {"major": (0, 3, 4, 0), "minor": (0, 5, 3, 0)}
"""Degrees of the scale: I–IV–V–I and i–VI–iv–i."""

GRID = [(v, a) for a in (-0.7, -0.35, 0.0, 0.35, 0.7) for v in (-0.6, -0.2, 0.2, 0.6)]
EXTRA = [(0.4, -0.5), (0.8, 0.2), (0.4, 0.55), (-0.4, 0.5)]


@dataclass(frozen=True)
class Recipe:
    """A piece: what it aims at, and what follows from that."""

    number: int
    valence: float
    arousal: float

    @property
    def name(self) -> str:
        """Its id."""
        return f"syn{self.number:02d}"

    @property
    def mode(self) -> str:
        """Major for pleasant aims."""
        return "major" if self.valence > 0 else "minor"

    @property
    def tempo(self) -> float:
        """Beats a minute, half an octave about 96; a number of beats that fills the loop."""
        beats = round(96.0 * 2.0 ** (0.55 * self.arousal) * SECONDS / 60.0 / 2.0) * 2
        return float(beats * 60.0 / SECONDS)

    @property
    def energy(self) -> float:
        """0 to 1."""
        return round(0.5 + 0.4 * self.arousal, 2)

    @property
    def percussion(self) -> bool:
        """Whether there is a soft beat of noise."""
        return self.arousal >= 0.35

    @property
    def tonic(self) -> int:
        """MIDI note, higher for pleasant aims; another one from piece to piece."""
        return 52 + round(4 * self.valence) + (5 * self.number) % 7


def recipes() -> list[Recipe]:
    """The 24 pieces."""
    return [Recipe(number, v, a) for number, (v, a) in enumerate([*GRID, *EXTRA], start=1)]


def synthesize(recipe: Recipe) -> Array:
    """Samples at `RATE`, `SECONDS` long, a loop at `LOUDNESS`."""
    rng = np.random.default_rng(recipe.number)
    scale = MAJOR if recipe.mode == "major" else MINOR
    n_beats = round(recipe.tempo * SECONDS / 60.0)
    beat = SECONDS / n_beats
    out = np.zeros(round(RATE * SECONDS))
    per_chord = max(1, n_beats // 4)
    for number in range(n_beats):
        degree = PROGRESSIONS[recipe.mode][min(number // per_chord, 3)]
        if number % per_chord == 0:
            for step in (0, 2, 4):
                _add(
                    out,
                    number * beat,
                    per_chord * beat,
                    _pitch(recipe, scale, degree + step) - 12,
                    0.25,
                    recipe,
                )
        halves = 2 if recipe.arousal > 0.2 else 1
        for half in range(halves):
            step = int(rng.choice([0, 2, 4, 1 if recipe.valence > 0 else 5]))
            start, length = (
                (number + half / halves) * beat,
                beat / halves * (0.95 - 0.35 * max(recipe.arousal, 0)),
            )
            _add(out, start, length, _pitch(recipe, scale, degree + step), 0.5, recipe)
        if recipe.percussion:
            _tap(out, number * beat, 0.12 + 0.2 * recipe.arousal, rng)
    gain = 10.0 ** ((LOUDNESS - loudness(out, RATE)) / 20.0)
    return np.asarray(gain * out)


def _pitch(recipe: Recipe, scale: tuple[int, ...], degree: int) -> int:
    return recipe.tonic + 12 * (degree // 7) + scale[degree % 7]


def _add(out: Array, start: float, length: float, pitch: int, gain: float, recipe: Recipe) -> None:
    """Adds a note of a few harmonics, brighter for arousal; what hangs over the end goes to the start."""
    n = round(length * RATE)
    t = np.arange(n) / RATE
    attack = 0.02 + 0.08 * (1.0 - recipe.energy)
    envelope = np.minimum(1.0, t / attack) * np.exp(-t * (1.2 + 2.0 * recipe.energy))
    envelope *= np.minimum(1.0, (length - t) / 0.03)
    frequency = 440.0 * 2.0 ** ((pitch - 69) / 12.0)
    tone = np.zeros(n)
    for harmonic in range(1, 9):
        if harmonic * frequency < 0.45 * RATE:
            tone += np.sin(2.0 * np.pi * harmonic * frequency * t) / harmonic ** (2.6 - 1.4 * recipe.energy)
    rows = (round(start * RATE) + np.arange(n)) % out.size
    np.add.at(out, rows, gain * envelope * tone)


def _tap(out: Array, start: float, gain: float, rng: np.random.Generator) -> None:
    n = round(0.08 * RATE)
    noise = rng.standard_normal(n) * np.exp(-np.arange(n) / (0.02 * RATE))
    rows = (round(start * RATE) + np.arange(n)) % out.size
    np.add.at(out, rows, gain * noise)


def row(recipe: Recipe, samples: Array) -> dict[str, str]:
    """The piece's row of the library file."""
    spectrum = np.abs(np.fft.rfft(samples)) ** 2
    centroid = float((np.fft.rfftfreq(samples.size, 1 / RATE) * spectrum).sum() / spectrum.sum())
    known = {
        "track": recipe.name,
        "title": f"Synthesized {recipe.mode} {recipe.tempo:g}",
        "file": f"{recipe.name}.ogg",
        "valence": f"{recipe.valence:g}",
        "arousal": f"{recipe.arousal:g}",
        "tempo": f"{recipe.tempo:g}",
        "mode": recipe.mode,
        "energy": f"{recipe.energy:g}",
        "loudness": f"{loudness(samples, RATE):.1f}",
        "duration": f"{SECONDS:g}",
        "licence": "Apache-2.0",
        "contraindications": "percussion" if recipe.percussion else "",
        "brightness": f"{centroid:.0f}",
        "rated_by": "aim of the recipe that synthesized it; rated by nobody",
    }
    return {field["name"]: known.get(field["name"], "") for field in fields()}


def main(folder: Path) -> None:
    """Writes the pieces and library.csv."""
    import soundfile  # type: ignore[import-untyped]

    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "library.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, [field["name"] for field in fields()], lineterminator="\n")
        writer.writeheader()
        for recipe in recipes():
            samples = synthesize(recipe)
            writer.writerow(row(recipe, samples))
            soundfile.write(folder / f"{recipe.name}.ogg", samples, RATE, format="OGG", subtype="VORBIS")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent)
