"""Off-policy rounds from session logs: each log runs again, and the other policy is asked at every choice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emostats.errors import UsageError
from emostats.music.belief import Belief
from emostats.music.off_policy import Rounds
from emostats.music.policy import Choice, PolicySettings, Situation, choose, features_now
from emostats.music.record import UNHEARD, unheard
from emostats.music.replay import run_again
from emostats.music.tracks import Library

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Asked:
    """What another policy would do in one situation: its choice, and the features of all its candidates."""

    choice: Choice
    features: Array

    @property
    def expected(self) -> Array:
        """Mean of the features over its choices, (d,)."""
        return self.choice.probabilities @ self.features

    def chances(self, library: Library) -> list[tuple[str, float]]:
        """Track and probability of each candidate; none for a pause."""
        rows, chances = self.choice.candidates, self.choice.probabilities
        return [(library.track[row], float(chance)) for row, chance in zip(rows, chances, strict=True)]

    def probability(self, row: int) -> float:
        """Of choosing this row."""
        found = np.flatnonzero(self.choice.candidates == row)
        return float(self.choice.probabilities[found[0]]) if found.size else 0.0


Round = tuple[str, float, float, float, Array, Array, float]
"""Unit, reward, propensity, probability under the other policy, features logged and expected, share that
the log could never have chosen."""


def reward_features(now: Situation, belief: Belief, rows: NDArray[np.intp]) -> Array:
    """Features of the progress towards the target, (pieces, 19): the displacement's features along the way to
    the target, and the distance to it."""
    psi = features_now(now, rows, belief)
    gap = now.target - now.state.mean[:2]
    far = float(np.hypot(gap[0], gap[1]))
    along = gap / far if far > 0 else np.zeros(2)
    return np.column_stack([along[0] * psi[0], along[1] * psi[1], np.full(len(rows), far)])


def ask(now: Situation, belief: Belief, settings: PolicySettings, rng: np.random.Generator) -> Asked:
    """What a policy would do now."""
    choice = choose(now, belief, settings, rng, now.history.plays)
    return Asked(choice, reward_features(now, belief, choice.candidates))


def rounds_of(
    logs: Mapping[str, Sequence[Mapping[str, Any]]], library: Library, settings: PolicySettings, seed: int = 0
) -> Rounds:
    """The rounds of several logs (by name) for a policy with these settings and the log's beliefs.

    The unit is the child, whose sessions resemble each other; a log that names none is a unit of its own, and
    where all logs are of one child their sessions are the units.

    Only pieces that were heard to their end count; vetoed and interrupted ones and pauses are left out, and
    with them the situations in which vetoes are likely.

    Raises
    ------
    UsageError: another library; pieces that nobody heard; no round with an outcome.
    """
    parts: list[Round] = []
    units = _units(logs)
    for number, (name, records) in enumerate(logs.items()):
        if unheard(records):
            raise UsageError(f"{name} cannot be used: {UNHEARD}")
        rng = np.random.default_rng([seed, number])
        try:
            parts += _of_one(units[name], records, library, settings, rng)
        except UsageError as error:
            raise UsageError(f"{name}: {error}") from None
    if not parts:
        raise UsageError(
            "The logs hold no piece that was heard to its end: there is nothing to estimate from."
        )
    unit, reward, propensity, target, logged, expected, uncovered = zip(*parts, strict=True)
    return Rounds(
        unit=unit,
        reward=np.array(reward),
        propensity=np.array(propensity),
        target=np.array(target),
        logged=np.array(logged),
        expected=np.array(expected),
        uncovered=np.array(uncovered),
        kind="session" if set(units.values()) <= set(logs) else "child",
    )


def _units(logs: Mapping[str, Sequence[Mapping[str, Any]]]) -> dict[str, str]:
    """What is resampled, by log: the child, or the session where there is no other child."""
    children = {name: str(records[0]["child"]) for name, records in logs.items()}
    if len(set(children.values())) == 1:
        return {name: name for name in logs}
    return {name: child or f"({name})" for name, child in children.items()}


def _of_one(
    unit: str,
    records: Sequence[Mapping[str, Any]],
    library: Library,
    settings: PolicySettings,
    rng: np.random.Generator,
) -> list[Round]:
    choices = [record for record in records if record["type"] == "choice"]
    outcomes = {record["decision"]: record for record in records if record["type"] == "outcome"}
    found: list[Round] = []

    def watch(now: Situation, belief: Belief) -> None:
        record = choices[len(seen)]
        seen.append(record)
        outcome = outcomes.get(record["decision"])
        if outcome is None or record["track"] is None:
            return
        row = library.index[record["track"]]
        asked = ask(now, belief, settings, rng)
        logged = reward_features(now, belief, np.array([row]))[0]
        probability = asked.probability(row)
        could = {track for track, chance in _chances(record) if chance > 0}
        never = sum(chance for track, chance in asked.chances(library) if track not in could)
        found.append(
            (unit, outcome["progress"], record["propensity"], probability, logged, asked.expected, never)
        )

    seen: list[Mapping[str, Any]] = []
    run_again(records, library, watcher=watch)
    return found


def _chances(record: Mapping[str, Any]) -> list[tuple[str, float]]:
    return list(zip(record["candidates"], record["probabilities"], strict=True))
