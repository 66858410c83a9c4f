"""How a simulated child responds to what it hears: a noisy dynamical system in steps of one second.

For state s (valence, arousal), engagement e, and a piece that this child perceives as p:

    ds = [ κ e w(|p − s|) (p − s) + ρ (h − s) + overload ] dt + σ dW,     w(d) = exp(−d² / 2ℓ²)
    de = (e* − e) / τ dt
    e* = logistic(usual + liking·traits + favourite − habituation·plays − 0.5·dB over)

s stays in [−1, 1]². Overload: γ per dB above the child's limit raises arousal and takes half as much from
valence. A jump from one piece to the next startles: arousal rises at once. `laws.LAWS` has the numbers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emostats.music.simulation.children import Children
from emostats.music.simulation.laws import JUMP_LEVEL, JUMP_TEMPO, LAWS, MISSING_BOUT, NOISE_MEMORY
from emostats.music.tracks import Library

Array = NDArray[np.float64]
Rows = NDArray[np.intp]

SILENCE = -1
"""Row of a library that stands for a pause."""


@dataclass(frozen=True)
class World:
    """A library as these children hear it.

    felt: affect that listeners on average feel, (tracks, 2): the ratings without their error.
    favourite: liking of single pieces, (children, tracks), logit.
    """

    library: Library
    felt: Array
    favourite: Array


def draw_favourites(n_children: int, n_tracks: int, rng: np.random.Generator) -> Array:
    """Likings of single pieces."""
    return LAWS["favourite"].draw(rng, (n_children, n_tracks))


@dataclass(frozen=True)
class Heard:
    """What playing a piece means to each child: perceived affect (n, 2), engagement it invites (n,),
    overload in dB (n,), whether there is music (n,)."""

    perceived: Array
    invites: Array
    decibels_over: Array
    playing: NDArray[np.bool_]


def hear(children: Children, world: World, *, tracks: Rows, levels: Array, plays: Array) -> Heard:
    """The piece of each child's row of the library (`SILENCE` for none), at `levels` dB, heard for the
    (`plays` + 1)-th time."""
    playing = tracks != SILENCE
    rows = np.where(playing, tracks, 0)
    traits = world.library.traits[rows]
    own = np.einsum("nk,nka->na", traits, children.idiosyncrasy)
    perceived = np.clip(children.gain * world.felt[rows] + own, -1.0, 1.0)
    over = np.where(playing, np.maximum(levels - children.sound_limit, 0.0), 0.0)
    liking = (traits * children.liking).sum(axis=1) + world.favourite[np.arange(len(rows)), rows]
    logit = children.engagement + liking - children.habituation * plays - 0.5 * over
    return Heard(perceived, np.where(playing, _logistic(logit), 0.2), over, playing)


def jump(world: World, *, before: Rows, after: Rows, levels_before: Array, levels_after: Array) -> Array:
    """Units of jump between two pieces, beyond the first of each sort; 0 next to silence."""
    both = (before != SILENCE) & (after != SILENCE)
    tempo = np.log2(world.library.tempo)
    octaves = np.abs(tempo[np.where(both, after, 0)] - tempo[np.where(both, before, 0)]) / JUMP_TEMPO
    level = np.abs(levels_after - levels_before) / JUMP_LEVEL
    return np.where(both, np.maximum(octaves - 1.0, 0.0) + np.maximum(level - 1.0, 0.0), 0.0)


def startled(children: Children, state: Array, units: Array) -> Array:
    """The state right after a jump."""
    moved = state.copy()
    moved[:, 1] = np.clip(moved[:, 1] + children.startle * units, -1.0, 1.0)
    return moved


def drift_of_state(children: Children, heard: Heard, state: Array, engagement: Array, home: Array) -> Array:
    """The deterministic part of ds/dt, shape (n, 2)."""
    gap = heard.perceived - state
    kernel = np.exp(-(gap**2).sum(axis=1) / (2.0 * children.reach**2))
    pull = np.where(heard.playing, children.entrainment * engagement * kernel, 0.0)
    rate = pull[:, None] * gap + children.home_pull[:, None] * (home - state)
    overload = children.overload * heard.decibels_over
    return np.asarray(rate + overload[:, None] * np.array([-0.5, 1.0]))


def advance(
    children: Children, heard: Heard, state: Array, engagement: Array, home: Array, rng: np.random.Generator
) -> tuple[Array, Array]:
    """State and engagement one second later (Euler–Maruyama)."""
    noise = children.noise[:, None] * rng.standard_normal(state.shape)
    moved = state + drift_of_state(children, heard, state, engagement, home) + noise
    invited = engagement + (heard.invites - engagement) / children.engagement_time
    return np.clip(moved, -1.0, 1.0), np.clip(invited, 0.0, 1.0)


@dataclass(frozen=True)
class Camera:
    """Carried from second to second: the error of the scores (n, 3), whether there is a usable face (n,)."""

    error: Array
    seen: NDArray[np.bool_]


def first_look(children: Children, rng: np.random.Generator) -> Camera:
    """The camera when a session starts."""
    error = children.face_noise[:, None] * rng.standard_normal((len(children), 3))
    return Camera(error, rng.random(len(children)) >= children.missing)


def look(
    children: Children, camera: Camera, state: Array, engagement: Array, rng: np.random.Generator
) -> tuple[Camera, Array]:
    """The scores of one second, shape (n, 3): valence, arousal, engagement; NaN where no face was usable."""
    fresh = np.sqrt(1.0 - NOISE_MEMORY**2) * children.face_noise[:, None]
    error = NOISE_MEMORY * camera.error + fresh * rng.standard_normal((len(children), 3))
    leave = 1.0 / MISSING_BOUT
    lost = leave * children.missing / (1.0 - children.missing)
    turn = rng.random(len(children))
    seen = np.where(camera.seen, turn >= np.minimum(lost, 1.0), turn < leave)
    shown = children.face_gain[:, None] * state + children.face_bias
    scores = np.column_stack([shown, engagement]) + error * np.array([1.0, 1.0, 0.5])
    scores = np.clip(scores, [-1.0, -1.0, 0.0], 1.0)
    return Camera(error, seen), np.where(seen[:, None], scores, np.nan)


def _logistic(x: Array) -> Array:
    return np.asarray(1.0 / (1.0 + np.exp(-x)))
