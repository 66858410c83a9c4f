"""Sessions and libraries to simulate: where children start, where they should go, what there is to play."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emostats.music.simulation.laws import RATING_ERROR
from emostats.music.tracks import Library

Array = NDArray[np.float64]

SESSION_SECONDS = 1200
"""A session ends after 20 minutes, or when the target was held."""
SEGMENT_SECONDS = 60
"""A piece plays for a minute before the next choice (or for its length, if shorter)."""
ARRIVAL_RADIUS, ARRIVAL_SECONDS = 0.25, 15
"""At the target: the *true* state this near for this long. The time to target is when that begins."""


@dataclass(frozen=True)
class Start:
    """A way to arrive: mean state, its SD, the therapist's target, and how often."""

    name: str
    state: tuple[float, float]
    sd: float
    target: tuple[float, float]
    share: float


STARTS = (
    Start("agitated", (-0.5, 0.6), 0.15, (0.5, -0.2), 0.4),
    Start("withdrawn", (-0.4, -0.5), 0.15, (0.5, 0.3), 0.35),
    Start("flat", (0.0, 0.0), 0.15, (0.6, 0.3), 0.25),
)
"""Calming after agitation, drawing out, and cheering up: what such sessions are booked for."""


def draw_starts(n: int, rng: np.random.Generator) -> tuple[Array, Array, NDArray[np.intp]]:
    """States (n, 2), targets (n, 2) and indices into `STARTS` of n sessions."""
    which = rng.choice(len(STARTS), size=n, p=[start.share for start in STARTS])
    mean = np.array([start.state for start in STARTS])[which]
    sd = np.array([start.sd for start in STARTS])[which]
    state = np.clip(mean + sd[:, None] * rng.standard_normal((n, 2)), -1.0, 1.0)
    return state, np.array([start.target for start in STARTS])[which], which


def draw_library(n: int, rng: np.random.Generator) -> tuple[Library, Array]:
    """A library of n invented tracks, and what listeners on average feel, (n, 2).

    Felt affect is even over the circumplex (±0.9). Tempo and energy go with arousal (correlations 0.6, 0.7)
    and major mode with valence, as listening studies find; the rest is chance. Loudness as of unmastered
    recordings, −20 dB with SD 4. Rated affect is felt affect with an error of SD `RATING_ERROR`.
    """
    felt = rng.uniform(-0.9, 0.9, (n, 2))
    valence, arousal = felt.T
    z = rng.standard_normal((4, n))
    energy = np.clip(0.5 + 0.25 * (0.7 * 1.9 * arousal + 0.7 * z[1]), 0.0, 1.0)
    rated = np.clip(felt + RATING_ERROR * rng.standard_normal((n, 2)), -1.0, 1.0)
    library = Library(
        track=tuple(f"S{row + 1:05d}" for row in range(n)),
        title=tuple(f"Simulated track {row + 1}" for row in range(n)),
        valence=rated[:, 0],
        arousal=rated[:, 1],
        tempo=np.clip(100.0 * 2.0 ** (0.5 * (0.6 * 1.9 * arousal + 0.8 * z[0])), 40.0, 200.0),
        mode=np.where(rng.random(n) < 1.0 / (1.0 + np.exp(-2.0 * valence)), 1.0, -1.0),
        energy=energy,
        loudness=np.clip(-20.0 + 4.0 * z[2], -40.0, -6.0),
        duration=rng.uniform(60.0, 240.0, n),
        brightness=2000.0 * 2.0 ** (0.4 * arousal + 0.6 * z[3]),
        licence=("simulated",) * n,
        contraindications=_tags(energy, rng),
    )
    return library, felt


def _tags(energy: Array, rng: np.random.Generator) -> tuple[frozenset[str], ...]:
    """Drums go with energy; high pitch, voices and sudden loudness come by chance."""
    shares: dict[str, Array | float] = {
        "percussion": 0.15 + 0.4 * energy,
        "high-pitch": 0.1,
        "sudden-loud": 0.08,
        "voice": 0.3,
    }
    drawn = {name: rng.random(len(energy)) < share for name, share in shares.items()}
    return tuple(frozenset(name for name, has in drawn.items() if has[row]) for row in range(len(energy)))
