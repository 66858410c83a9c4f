"""Rules that no policy can overrule: what may not be played now, and why. A pause is always allowed."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emostats.errors import Finding, Severity, UsageError, did_you_mean
from emostats.music.files import expecting
from emostats.music.tracks import Library

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

TEXTS = ("avoid", "never")
"""Limits that are sets of texts; all others are numbers."""
NOT_NEGATIVE = ("max_boost", "max_level_step", "max_energy_step", "rest_seconds", "cool_seconds")

RULES = {
    "veto": "vetoed by the therapist",
    "contraindication": "with a contraindication of this child",
    "tempo": "too slow or too fast for this child",
    "level": "that cannot be played at a level within bounds",
    "abrupt tempo": "with too sudden a change of tempo",
    "abrupt level": "with too sudden a change of level",
    "abrupt energy": "with too sudden a change of energy",
    "rest": "heard a short while ago",
    "step": "too far from the state",
    "cool-down": "not calm enough for the cool-down",
}
"""Name of each rule, and what it says about a track that it bars."""


@dataclass(frozen=True)
class Limits:
    """Bounds for one child, set by the therapist.

    Attributes
    ----------
    avoid: contraindication tags that bar a track for this child; case does not matter.
    never: ids of tracks that are barred for this child.
    level: comfortable level in dB re full scale that tracks are brought to (turned up by `max_boost` at
        most). max_level, min_level: bounds of the level as played.
    min_tempo, max_tempo: beats a minute. max_tempo_ratio, max_level_step (dB), max_energy_step: the largest
        change from one piece to the next. max_step: the largest distance of a track from the state.
    rest_seconds: a track is not heard again before.
    distress: arousal at which a cool-down begins by itself; cool_seconds: how long one lasts.
    calm_arousal, calm_tempo, calm_energy: the most a track may have in a cool-down.
    """

    avoid: frozenset[str] = frozenset()
    never: frozenset[str] = frozenset()
    level: float = -23.0
    max_boost: float = 6.0
    max_level: float = -18.0
    min_level: float = -45.0
    min_tempo: float = 40.0
    max_tempo: float = 180.0
    max_tempo_ratio: float = 1.4
    max_level_step: float = 6.0
    max_energy_step: float = 0.5
    max_step: float = 0.75
    rest_seconds: float = 600.0
    distress: float = 0.85
    cool_seconds: float = 120.0
    calm_arousal: float = 0.1
    calm_tempo: float = 100.0
    calm_energy: float = 0.5

    def __post_init__(self) -> None:
        for name in TEXTS:  # tags as `library.tags` writes them
            given = getattr(self, name)
            if isinstance(given, str) or not all(isinstance(item, str) for item in given):
                raise UsageError(f"{name} is a set of texts; found {given!r}.")
            clean = (item.strip().casefold() if name == "avoid" else item for item in given)
            object.__setattr__(self, name, frozenset(clean))
        numbers = {name: value for name, value in vars(self).items() if isinstance(value, int | float)}
        wrong = [name for name, value in numbers.items() if not np.isfinite(value)]
        if wrong:
            raise UsageError(f"Limits must be numbers; these are not: {', '.join(wrong)}.")
        if not self.min_tempo < self.max_tempo or not self.min_level <= self.level <= self.max_level:
            raise UsageError(
                "Limits contradict each other: min_tempo < max_tempo and min_level ≤ level ≤ max_level are "
                f"needed; found tempo {self.min_tempo:g}–{self.max_tempo:g} and level {self.min_level:g} ≤ "
                f"{self.level:g} ≤ {self.max_level:g}."
            )
        if self.max_tempo_ratio < 1 or self.max_step <= 0:
            raise UsageError("max_tempo_ratio must be at least 1 and max_step above 0.")
        negative = [name for name in NOT_NEGATIVE if numbers[name] < 0]
        if negative:
            raise UsageError(f"Limits must not be negative; these are: {', '.join(negative)}.")


def read_limits(path: str | Path | None = None, avoid: Iterable[str] = ()) -> Limits:
    """Limits from a TOML file (none: the defaults), with more tags to avoid; case does not matter in tags.

    Raises
    ------
    UsageError: no such file, no TOML, an unknown key, a value of the wrong kind, limits that contradict each
        other.
    """
    given = {} if path is None else _toml(Path(path))
    sets: dict[str, Any] = {name: frozenset(given.pop(name, ())) for name in TEXTS}
    sets["avoid"] |= frozenset(avoid)
    numbers: dict[str, Any] = {name: float(value) for name, value in given.items()}
    try:
        return Limits(**numbers, **sets)
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from None


def _toml(path: Path) -> dict[str, Any]:
    with expecting(path, "safety limits of a child (TOML)"):
        text = path.read_text(encoding="utf-8")
    try:
        given = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(
            f"{path} is no TOML file: {error}. A line is, for example: max_tempo = 120"
        ) from None
    known = [item.name for item in fields(Limits)]
    for name, value in given.items():
        if name not in known:
            raise UsageError(f"{path}: there is no limit '{name}'. {did_you_mean(name, known)}")
        if name in TEXTS:
            right = isinstance(value, list) and all(isinstance(item, str) for item in value)
        else:
            right = isinstance(value, int | float) and not isinstance(value, bool)
        if not right:
            wanted = "a list of texts" if name in TEXTS else "a number"
            raise UsageError(f"{path}: {name} must be {wanted}; found {value!r}.")
    return given


def unmatched(limits: Limits, library: Library) -> Iterator[Finding]:
    """Warnings for tags and ids that no track of the library has: a misspelt one would bar nothing."""
    tags = sorted(frozenset[str]().union(*library.contraindications))
    for tag in sorted(limits.avoid - set(tags)):
        near = did_you_mean(tag, tags) or "No track states a contraindication."
        what = f"No track has the contraindication '{tag}', so it bars nothing."
        yield Finding("avoid-unknown", what, near, Severity.WARNING)
    for track in sorted(limits.never - set(library.track)):
        near = did_you_mean(track, library.track) if len(library) < 30 else ""
        what = f"There is no track '{track}', so 'never' bars nothing by it."
        yield Finding("never-unknown", what, near, Severity.WARNING)


@dataclass
class History:
    """What was played in a session, for one library; `note` keeps it up to date.

    plays: how often each track was heard. ended: when it last was, −inf for never. vetoed: by the therapist.
    last: row of the piece before, −1 after silence; last_level: its level. n_pieces: so far.
    cool_until: end of the cool-down, −inf for none.
    """

    plays: Array
    ended: Array
    vetoed: Flags
    last: int = -1
    last_level: float = float("nan")
    n_pieces: int = 0
    cool_until: float = float("-inf")

    @classmethod
    def of(cls, library: Library) -> History:
        """Nothing was played yet."""
        n = len(library)
        return cls(np.zeros(n), np.full(n, -np.inf), np.zeros(n, dtype=bool))

    def note(self, row: int, level: float, ended: float) -> None:
        """A piece was played until `ended`; row −1 for a pause."""
        if row >= 0:
            self.plays[row] += 1
            self.ended[row] = ended
            self.n_pieces += 1
            self.last_level = level
        self.last = row


@dataclass(frozen=True)
class Fixed:
    """What does not change in a session: levels as played, and tracks barred by rules about the child."""

    levels: Array
    log_tempo: Array
    barred: dict[str, Flags] = field(default_factory=dict)


def prepare(library: Library, limits: Limits) -> Fixed:
    """Levels, and the rules that look at child and track alone."""
    levels = library.loudness + np.minimum(limits.level - library.loudness, limits.max_boost)
    tags = [bool(limits.avoid & found) for found in library.contraindications]
    barred = {
        "contraindication": np.array(tags, dtype=bool) | np.isin(library.track, list(limits.never)),
        "tempo": ~((library.tempo >= limits.min_tempo) & (library.tempo <= limits.max_tempo)),
        "level": ~((levels >= limits.min_level) & (levels <= limits.max_level)),
    }
    return Fixed(levels, np.log2(library.tempo), barred)


def barred(
    library: Library, fixed: Fixed, limits: Limits, history: History, *, state: Array, time: float
) -> dict[str, Flags]:
    """For each rule in `RULES` that bars something now, which tracks it bars.

    In a cool-down calm tracks are allowed however far from the state; all other rules hold.
    """
    rules = {"veto": history.vetoed, **fixed.barred}
    rules["rest"] = time - history.ended < limits.rest_seconds
    if history.last >= 0:
        octaves = np.abs(fixed.log_tempo - fixed.log_tempo[history.last])
        rules["abrupt tempo"] = octaves > np.log2(limits.max_tempo_ratio)
        energy = np.abs(library.energy - library.energy[history.last])
        rules["abrupt energy"] = energy > limits.max_energy_step
    if np.isfinite(history.last_level):
        rules["abrupt level"] = np.abs(fixed.levels - history.last_level) > limits.max_level_step
    if time < history.cool_until:
        calm = (library.arousal <= limits.calm_arousal) & (library.tempo <= limits.calm_tempo)
        rules["cool-down"] = ~(calm & (library.energy <= limits.calm_energy))
    else:
        gap = library.affect - state[:2]
        rules["step"] = (gap * gap).sum(axis=1) > limits.max_step**2
    return rules


def allowed(rules: dict[str, Flags], n: int) -> Flags:
    """Tracks that no rule bars."""
    free = np.ones(n, dtype=bool)
    for flags in rules.values():
        free &= ~flags
    return free


def watch(history: History, limits: Limits, state: Array, time: float) -> None:
    """Begins a cool-down, or makes it last longer, where the estimated arousal signals distress."""
    if state[1] >= limits.distress:
        history.cool_until = max(history.cool_until, time + limits.cool_seconds)
