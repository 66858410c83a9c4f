"""Which piece next: candidates on the way to the target, and the probability of each.

The way: the iso principle gives a waypoint, a bounded step from the state towards the target. Tracks that
pass the safety rules and lie near the waypoint are the candidates (the nearest few, when hardly any is near).

The choice among them, by `PolicySettings.method`:

- ``thompson``: a piece is as likely as it is to be the best one under the belief (Thompson 1933, Biometrika
  25:285; Agrawal & Goyal 2013, ICML, for linear rewards), its standard deviations multiplied by `spread`. The
  best piece is the one that leaves the child nearest to the target. `draws` samples of the belief vote; the
  shares of votes, mixed with a floor, are the probabilities, and one piece is drawn from them. Given the
  votes these are the exact probabilities of the draw: what the log holds is valid for off-policy weights.
- ``linucb``: the best optimistic score, mean progress plus `optimism` standard deviations (Li et al. 2010,
  WWW), with the floor for the others: without one a log could not be used to judge another policy.
- ``iso``: the piece nearest to the waypoint; nothing is learned.
- ``popularity``: the most played piece that is allowed; ``random``: any that is allowed. To compare with.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from emostats.errors import UsageError, did_you_mean
from emostats.music import iso
from emostats.music.belief import Belief
from emostats.music.response import engaged, features
from emostats.music.safety import Fixed, Flags, History, Limits, allowed, barred
from emostats.music.state import State
from emostats.music.tracks import Library

Array = NDArray[np.float64]
Rows = NDArray[np.intp]

Method = Literal["thompson", "linucb", "iso", "random", "popularity"]
METHODS: tuple[str, ...] = ("thompson", "linucb", "iso", "random", "popularity")


@dataclass(frozen=True)
class PolicySettings:
    """How a piece is chosen.

    Attributes
    ----------
    method: one of `METHODS`.
    step: longest step of the iso principle, in units of affect. match_pieces: pieces that only match.
    match_radius, radius: how far from the waypoint a candidate may lie, while matching and after.
    enough: with fewer near, so many of the nearest allowed ones are candidates.
    most: at most so many candidates, the ones with the best optimistic score.
    draws: votes of Thompson sampling. spread: by which the standard deviations of the belief are multiplied
        in a vote; below 1 it explores less (Chapelle & Li 2011, NIPS), 1 is Thompson's own rule.
    floor: probability that is shared evenly over the candidates.
    optimism: standard deviations, for the short list and for LinUCB.
    """

    method: Method = "thompson"
    step: float = 0.75
    match_pieces: int = 1
    match_radius: float = 0.35
    radius: float = 0.6
    enough: int = 5
    most: int = 32
    draws: int = 100
    spread: float = 0.25
    floor: float = 0.02
    optimism: float = 1.0

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise UsageError(f"There is no policy '{self.method}'. {did_you_mean(self.method, METHODS)}")
        if not 0.0 <= self.floor <= 1.0 or self.draws < 1 or self.most < 1 or not self.step > 0:
            raise UsageError("floor must lie in 0–1, draws and most at least at 1, step above 0.")


@dataclass(frozen=True)
class Choice:
    """One decision.

    Attributes
    ----------
    row: of the library, −1 for a pause. level: as played, dB; NaN for a pause.
    candidates: rows. probabilities: of each. propensity: of the one chosen (1 for a pause).
    progress: mean progress towards the target that the belief expects of each candidate.
    waypoint: (2,). n_allowed: tracks that pass all rules. barred: rule → number of tracks it bars.
    """

    row: int
    level: float
    candidates: Rows
    probabilities: Array
    propensity: float
    progress: Array
    waypoint: Array
    n_allowed: int
    barred: Mapping[str, int]


@dataclass(frozen=True)
class Situation:
    """What a choice looks at: library and limits, the history, state and target."""

    library: Library
    fixed: Fixed
    limits: Limits
    history: History
    state: State
    target: Array


def choose(
    now: Situation,
    belief: Belief,
    settings: PolicySettings,
    rng: np.random.Generator,
    popularity: Array | None = None,
) -> Choice:
    """The next piece, or a pause where the rules leave none."""
    rules = barred(now.library, now.fixed, now.limits, now.history, state=now.state.mean, time=now.state.time)
    free = allowed(rules, len(now.library))
    way = _waypoint(now, settings)
    counts = {name: int(flags.sum()) for name, flags in rules.items()}
    n_allowed = int(free.sum())
    if n_allowed == 0:
        nothing = np.empty(0)
        return Choice(-1, float("nan"), np.empty(0, np.intp), nothing, 1.0, nothing, way, 0, counts)
    rows, progress, optimistic = _candidates(now, belief, settings, free, way)
    chances = _chances(now, belief, settings, rng, rows, optimistic, way, popularity)
    pick = _draw(chances, rng)
    row = int(rows[pick])
    level = float(now.fixed.levels[row])
    return Choice(row, level, rows, chances, float(chances[pick]), progress, way, n_allowed, counts)


def _waypoint(now: Situation, settings: PolicySettings) -> Array:
    matching = now.history.n_pieces < settings.match_pieces
    length = iso.step_size(now.state.sd, step=settings.step, matching=matching)
    return iso.waypoint(now.state.mean, now.target, length)


def _candidates(
    now: Situation, belief: Belief, settings: PolicySettings, free: Flags, way: Array
) -> tuple[Rows, Array, Array]:
    """Rows, mean progress and optimistic progress of the candidates."""
    rows = np.flatnonzero(free)
    if settings.method not in ("random", "popularity"):
        gap = now.library.affect[rows] - way
        matching = now.history.n_pieces < settings.match_pieces
        radius = settings.match_radius if matching else settings.radius
        squared = (gap * gap).sum(axis=1)
        near = squared <= radius**2
        if near.sum() < settings.enough < len(rows):
            near = np.zeros(len(rows), dtype=bool)
            near[np.argpartition(squared, settings.enough)[: settings.enough]] = True
        rows = rows[near] if near.sum() >= settings.enough else rows
    psi = features_now(now, rows, belief)
    progress, sd = expected_progress(psi, belief, now.state.mean, now.target)
    optimistic = progress + settings.optimism * sd
    if len(rows) > settings.most and settings.method in ("thompson", "linucb"):
        best = np.argpartition(-optimistic, settings.most)[: settings.most]
        best.sort()
        rows, progress, optimistic = rows[best], progress[best], optimistic[best]
    return rows, progress, optimistic


def features_now(now: Situation, rows: Rows, belief: Belief) -> Array:
    """ψ of the tracks of these rows, with the engagement that the belief expects."""
    library = now.library
    psi = features(library.affect[rows], library.traits[rows], now.history.plays[rows], now.state.mean)
    return engaged(psi, psi[2] @ belief.mean[2])


def expected_progress(psi: Array, belief: Belief, state: Array, target: Array) -> tuple[Array, Array]:
    """Mean and standard deviation of the progress towards the target, one a piece.

    The mean is the distance to the target now, less the distance after the mean displacement; the standard
    deviation is that of the displacement along the way to the target.
    """
    gap = target - state[:2]
    far = float(np.hypot(gap[0], gap[1]))
    along = gap / far if far > 0 else np.zeros(2)
    psi = psi[:2]
    moved = (psi @ belief.mean[:2, :, None])[..., 0]
    mean = far - np.hypot(gap[0] - moved[0], gap[1] - moved[1])
    variance = ((psi @ belief.covariance[:2]) * psi).sum(axis=2)
    return mean, np.sqrt(np.maximum(along[0] ** 2 * variance[0] + along[1] ** 2 * variance[1], 0.0))


def _chances(
    now: Situation,
    belief: Belief,
    settings: PolicySettings,
    rng: np.random.Generator,
    rows: Rows,
    optimistic: Array,
    way: Array,
    popularity: Array | None,
) -> Array:
    n = len(rows)
    even = np.full(n, 1.0 / n)
    if settings.method == "random":
        return even
    if settings.method == "thompson":
        best = votes(features_now(now, rows, belief), belief, now.state.mean, now.target, settings, rng)
    elif settings.method == "linucb":
        best = _all_on(int(np.argmax(optimistic)), n)
    elif settings.method == "iso":
        gap = now.library.affect[rows] - way
        return _all_on(int(np.argmin((gap * gap).sum(axis=1))), n)
    else:
        likes = np.zeros(len(now.library)) if popularity is None else popularity
        most = likes[rows] == likes[rows].max()
        return np.asarray(most / most.sum())
    return (1.0 - settings.floor) * best + settings.floor * even


def votes(
    psi: Array,
    belief: Belief,
    state: Array,
    target: Array,
    settings: PolicySettings,
    rng: np.random.Generator,
) -> Array:
    """Share of draws from the belief in which each piece leaves the child nearest to the target."""
    noise = settings.spread * rng.standard_normal((2, psi.shape[2], settings.draws))
    theta = belief.mean[:2, :, None] + belief.root[:2] @ noise
    moved = psi[:2] @ theta
    gap = (target - state[:2])[:, None, None] - moved
    winners = np.argmin((gap * gap).sum(axis=0), axis=0)
    return np.bincount(winners, minlength=psi.shape[1]) / settings.draws


def _all_on(best: int, n: int) -> Array:
    chances = np.zeros(n)
    chances[best] = 1.0
    return chances


def _draw(chances: Array, rng: np.random.Generator) -> int:
    """An index drawn with these probabilities, never one of probability 0."""
    total = np.cumsum(chances)
    return int(np.searchsorted(total, rng.random() * total[-1], side="right"))
