"""Logs of simulated children, with what another policy would in truth have earned in the same situations.

At every logged decision a copy of the child hears a piece drawn from the other policy; the copy's measured
progress is a draw of the value that off-policy estimates aim at. Its mean over very many sessions is the
truth that intervals from single logs should cover.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from emostats.music.belief import Belief
from emostats.music.iso import distance
from emostats.music.off_policy import Rounds
from emostats.music.policy import PolicySettings, choose
from emostats.music.rounds import Asked, ask, reward_features
from emostats.music.simulation import dynamics
from emostats.music.simulation.run import Batch, Plan, Record, Wing
from emostats.music.simulation.scenario import SEGMENT_SECONDS
from emostats.music.state import State

Array = NDArray[np.float64]
Rows = NDArray[np.intp]


@dataclass
class _Parts:
    """Rounds as they come in."""

    unit: list[int] = field(default_factory=list)
    reward: list[float] = field(default_factory=list)
    propensity: list[float] = field(default_factory=list)
    target: list[float] = field(default_factory=list)
    logged: list[Array] = field(default_factory=list)
    expected: list[Array] = field(default_factory=list)
    truth: list[float] = field(default_factory=list)


def draw_log(
    plan: Plan, logging: PolicySettings, other: PolicySettings, *, decisions: int = 8, number: int = 0
) -> tuple[Rounds, Array]:
    """One session of every child of a wing (`number` seeds it): the rounds of a log made with `logging`, for
    the policy `other`, and the progress of the copies, one a round."""
    wing = Wing(plan, logging, number)
    batch, records, others = wing.begin()
    parts = _Parts()
    for _ in range(decisions):
        _decide(wing, batch, records, others, other, parts)
    rounds = Rounds(
        unit=[f"{number}-{i}" for i in parts.unit],
        reward=np.array(parts.reward),
        propensity=np.array(parts.propensity),
        target=np.array(parts.target),
        logged=np.array(parts.logged),
        expected=np.array(parts.expected),
    )
    return rounds, np.array(parts.truth)


def _decide(
    wing: Wing,
    batch: Batch,
    records: list[Record],
    others: list[Belief],
    other: PolicySettings,
    parts: _Parts,
) -> None:
    """One piece for all children, and one for their copies."""
    n = len(records)
    start = batch.estimate
    rows, levels, plays = np.full(n, dynamics.SILENCE), np.full(n, np.nan), np.zeros(n)
    copies = rows.copy(), levels.copy(), plays.copy()
    asked: list[Asked | None] = [None] * n
    choices = []
    for i, record in enumerate(records):
        now = wing.situation(i, batch, record)
        choice = choose(now, record.belief, wing.settings, wing.chance, record.history.plays)
        choices.append(choice)
        if choice.row < 0:
            continue
        rows[i], levels[i], plays[i] = choice.row, choice.level, record.history.plays[choice.row]
        answer = asked[i] = ask(now, record.belief, other, wing.chance)
        drawn = answer.choice.row
        copies[0][i], copies[1][i] = drawn, answer.choice.level
        copies[2][i] = record.history.plays[drawn]
        parts.logged.append(reward_features(now, record.belief, np.array([choice.row]))[0])
    fork = copy(batch)
    _play(wing, fork, records, *copies)
    _play(wing, batch, records, rows, levels, plays)
    for i, record in enumerate(records):
        question = asked[i]
        if question is not None:
            parts.unit.append(i)
            parts.reward.append(_progress(start, batch, i))
            parts.truth.append(_progress(start, fork, i))
            parts.propensity.append(choices[i].propensity)
            parts.target.append(question.probability(int(rows[i])))
            parts.expected.append(question.expected)
        wing.learn(i, batch, record, start, others[i], int(rows[i]), float(levels[i]))


def _play(wing: Wing, batch: Batch, records: list[Record], rows: Rows, levels: Array, plays: Array) -> None:
    before = np.array([record.history.last for record in records])
    last = np.array([record.history.last_level for record in records])
    jump = dynamics.jump(wing.world, before=before, after=rows, levels_before=last, levels_after=levels)
    batch.state = dynamics.startled(wing.children, batch.state, jump)
    wing.listen(batch, rows, levels, plays, SEGMENT_SECONDS)


def _progress(start: State, batch: Batch, i: int) -> float:
    before = distance(start.mean[i], batch.target[i])
    return before - distance(batch.estimate.mean[i], batch.target[i])
