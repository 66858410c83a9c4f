"""Simulated children: the usual ones, and the worst cases that a policy must not be judged without."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from emostats.errors import UsageError, did_you_mean
from emostats.music.simulation.laws import LAWS
from emostats.music.tracks import TRAITS

Array = NDArray[np.float64]

KINDS: Mapping[str, str] = MappingProxyType(
    {
        "usual": "drawn from the laws as they stand",
        "unresponsive": "music hardly moves the child: entrainment a fifth",
        "contrary": "exciting music calms and calming music excites: the arousal gain is reversed",
        "hypersensitive": "sound overloads 6 dB earlier and threefold; sudden changes startle threefold",
        "volatile": "unexplained moves are two and a half times as large",
        "hidden face": "seven in ten seconds without a score, noise doubled, half of the feeling shows",
        "drifting": "the home state moves away from the target by 0.5 during the session",
        "own taste": "idiosyncrasy and likes twice as strong: ratings by others say little",
        "no iso": "music far from the child's state moves it just as well: the iso principle is false",
    }
)
"""Name of each kind of child, and what makes it hard. All but ``usual`` are worst cases."""

USUAL_SHARE = 0.6
"""Share of usual children in a family; the worst cases share the rest equally."""


@dataclass(frozen=True)
class Children:
    """Parameters of n children; arrays of shape (n,) unless said. Units as in `laws.LAWS`.

    kind: index into `KINDS`. gain: (n, 2), valence and arousal. home: (n, 2).
    idiosyncrasy: (n, 4 traits, 2). liking: (n, 4 traits). drift: affect during a session.
    """

    kind: NDArray[np.intp]
    entrainment: Array
    reach: Array
    home_pull: Array
    home: Array
    noise: Array
    gain: Array
    idiosyncrasy: Array
    liking: Array
    engagement: Array
    engagement_time: Array
    habituation: Array
    sound_limit: Array
    overload: Array
    startle: Array
    face_gain: Array
    face_bias: Array
    face_noise: Array
    missing: Array
    drift: Array

    def __len__(self) -> int:
        return len(self.kind)

    def take(self, rows: NDArray[np.intp]) -> Children:
        """The children of these rows."""
        return Children(**{item.name: getattr(self, item.name)[rows] for item in fields(self)})


def draw_kinds(n: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """Kinds of n children of the family, `USUAL_SHARE` of them usual."""
    others = len(KINDS) - 1
    return rng.choice(len(KINDS), size=n, p=[USUAL_SHARE, *[(1 - USUAL_SHARE) / others] * others])


def draw_children(n: int, rng: np.random.Generator, kind: str | None = None) -> Children:
    """n children of one kind, or of the whole family.

    Raises
    ------
    UsageError: there is no such kind.
    """
    if kind is not None and kind not in KINDS:
        raise UsageError(f"There is no kind of simulated child '{kind}'. {did_you_mean(kind, KINDS)}")
    kinds = draw_kinds(n, rng) if kind is None else np.full(n, list(KINDS).index(kind))
    return _made_hard(_as_usual(n, kinds, rng))


def _as_usual(n: int, kinds: NDArray[np.intp], rng: np.random.Generator) -> Children:
    def draw(name: str, *more: int) -> Array:
        return LAWS[name].draw(rng, (n, *more))

    plain = (
        "entrainment", "reach", "home_pull", "noise", "engagement", "engagement_time", "habituation",
        "sound_limit", "overload", "startle", "face_gain", "face_noise", "missing",
    )  # fmt: skip
    return Children(
        kind=kinds,
        home=np.column_stack([draw("home_valence"), draw("home_arousal")]),
        gain=np.column_stack([draw("valence_gain"), draw("arousal_gain")]),
        idiosyncrasy=draw("idiosyncrasy", len(TRAITS), 2),
        liking=draw("liking", len(TRAITS)),
        face_bias=draw("face_bias", 2),
        drift=np.zeros(n),
        **{name: draw(name) for name in plain},
    )


def _made_hard(children: Children) -> Children:
    """What the kinds in `KINDS` say, on top of the laws."""
    names = np.array(list(KINDS))[children.kind]

    def times(values: Array, kind: str, factor: float) -> Array:
        shape = (-1,) + (1,) * (values.ndim - 1)
        return np.where((names == kind).reshape(shape), factor * values, values)

    gain = children.gain.copy()
    gain[names == "contrary", 1] *= -1.0
    hidden = names == "hidden face"
    return replace(
        children,
        entrainment=times(children.entrainment, "unresponsive", 0.2),
        gain=gain,
        sound_limit=children.sound_limit - 6.0 * (names == "hypersensitive"),
        overload=times(children.overload, "hypersensitive", 3.0),
        startle=times(children.startle, "hypersensitive", 3.0),
        noise=times(children.noise, "volatile", 2.5),
        missing=np.where(hidden, 0.7, children.missing),
        face_noise=times(children.face_noise, "hidden face", 2.0),
        face_gain=np.where(hidden, 0.5, children.face_gain),
        drift=np.where(names == "drifting", 0.5, children.drift),
        idiosyncrasy=times(children.idiosyncrasy, "own taste", 2.0),
        liking=times(children.liking, "own taste", 2.0),
        reach=np.where(names == "no iso", np.inf, children.reach),
    )
