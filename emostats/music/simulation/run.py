"""Sessions of simulated children under a policy, many clinics side by side.

A clinic has its own children, who come once a round. What is believed about a child when its session starts
comes from its own earlier sessions and, pooled, from the earlier sessions of the clinic's other children; in
the session it grows with every piece. The same seed gives every policy the same children, starts and noise.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from math import ceil
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from emostats.music.belief import Belief, Evidence, Prior, contribution, from_contributions, updated
from emostats.music.learning import learn as evidence_of
from emostats.music.policy import Choice, PolicySettings, Situation, choose
from emostats.music.safety import History, Limits, prepare
from emostats.music.safety_check import Played, violations
from emostats.music.simulation import dynamics
from emostats.music.simulation.children import KINDS, draw_children
from emostats.music.simulation.scenario import (
    ARRIVAL_RADIUS,
    ARRIVAL_SECONDS,
    SEGMENT_SECONDS,
    SESSION_SECONDS,
    STARTS,
    draw_library,
    draw_starts,
)
from emostats.music.state import FilterSettings, State, observe, unknown

Array = NDArray[np.float64]
Rows = NDArray[np.intp]


ARRIVAL_LOOK = 10
"""Seconds that the camera looks before the first choice."""


@dataclass(frozen=True)
class Plan:
    """What to simulate: `libraries` × `clinics` × `children` × `rounds` sessions.

    tracks: of each library. kind: of child, None for the family. veto_rate: how often the therapist vetoes a
    piece that was chosen, for reasons of her own. guard: whether the safety rules hold.
    """

    libraries: int = 5
    clinics: int = 10
    children: int = 25
    rounds: int = 8
    tracks: int = 120
    kind: str | None = None
    seed: int = 20250
    veto_rate: float = 0.02
    guard: bool = True
    limits: Limits = field(default_factory=Limits)
    filter: FilterSettings = field(default_factory=FilterSettings)
    prior: Prior = field(default_factory=Prior)

    @classmethod
    def of_size(cls, sessions: int, **settings: Any) -> Plan:
        """At least so many sessions: whole clinics of 25 children who come 8 times; below 200 sessions one
        smaller clinic whose children come twice. `settings`: the other fields."""
        clinics, small = ceil(sessions / 200), sessions < 200
        libraries, rounds = min(5, clinics), 2 if small else 8
        children = ceil(sessions / rounds) if small else 25
        per_library = ceil(clinics / libraries)
        return cls(libraries=libraries, clinics=per_library, children=children, rounds=rounds, **settings)


OPEN = Limits(
    max_level=0.0,
    min_level=-90.0,
    min_tempo=1.0,
    max_tempo=1000.0,
    max_tempo_ratio=1000.0,
    max_level_step=200.0,
    max_energy_step=2.0,
    max_step=4.0,
    rest_seconds=0.0,
    distress=9.0,
)
"""No bounds: what a policy without the safety layer is run with."""


def simulate(
    plan: Plan, settings: PolicySettings, progress: Callable[[int, int], None] | None = None
) -> pd.DataFrame:
    """One row a session.

    Columns: library, clinic, child, round, kind, start, seconds (time to target, the whole session where it
    was not reached), reached, pieces, pauses, vetoes, regret (per minute, see `_regret`), violations.
    """
    parts = []
    for number in range(plan.libraries):
        wing = Wing(plan, settings, number)
        for round_ in range(plan.rounds):
            parts.append(wing.hold(round_))
            if progress:
                progress(number * plan.rounds + round_ + 1, plan.libraries * plan.rounds)
    return pd.concat(parts, ignore_index=True)


@dataclass
class Batch:
    """Where the children of a round are: true state, engagement, camera, filter, and what they hear.

    alarm: when the estimated arousal last signalled distress, −inf for never.
    """

    state: Array
    engagement: Array
    home: Array
    camera: dynamics.Camera
    estimate: State
    target: Array
    start: Rows
    inside: Array
    arrived: Array
    alarm: Array

    @property
    def active(self) -> Rows:
        return np.flatnonzero(np.isnan(self.arrived))


@dataclass
class Record:
    """What is kept of one session."""

    history: History
    belief: Belief
    played: list[Played] = field(default_factory=list)
    vetoed: frozenset[int] = frozenset()
    regret: float = 0.0
    alarm: float = float("-inf")


class Wing:
    """The clinics that share a library."""

    def __init__(self, plan: Plan, settings: PolicySettings, number: int) -> None:
        self.plan, self.settings, self.number = plan, settings, number
        seeds = np.random.SeedSequence([plan.seed, number])
        people, self.noise, self.chance = (np.random.default_rng(seed) for seed in seeds.spawn(3))
        n = plan.clinics * plan.children
        self.children = draw_children(n, people, plan.kind)
        self.library, felt = draw_library(plan.tracks, people)
        self.world = dynamics.World(self.library, felt, dynamics.draw_favourites(n, plan.tracks, people))
        self.limits = plan.limits if plan.guard else OPEN
        self.fixed = prepare(self.library, self.limits)
        self.clinic = np.repeat(np.arange(plan.clinics), plan.children)
        self.likes = np.zeros((plan.clinics, plan.tracks))
        self.evidence = [Evidence() for _ in range(n)]

    def hold(self, round_: int) -> pd.DataFrame:
        """All sessions of a round."""
        batch, records, others = self.begin()
        before, level = np.full(len(records), dynamics.SILENCE), np.full(len(records), np.nan)
        while batch.estimate.time < SESSION_SECONDS and len(batch.active):
            before, level = self._piece(batch, records, others, before, level)
        return self._table(batch, records, round_)

    def begin(self) -> tuple[Batch, list[Record], list[Belief]]:
        """Children who have just come in and were looked at for ten seconds, empty records, and what the
        other children of the clinic taught about each."""
        n, noise = len(self.children), self.noise
        state, target, start = draw_starts(n, noise)
        batch = Batch(
            state=state,
            engagement=np.full(n, 0.5),
            home=self.children.home,
            camera=dynamics.first_look(self.children, noise),
            estimate=unknown(self.plan.filter, shape=(n,)),
            target=target,
            start=start,
            inside=np.zeros(n),
            arrived=np.full(n, np.nan),
            alarm=np.full(n, -np.inf),
        )
        others = self._from_others()
        records = [Record(History.of(self.library), updated(others[i], self.evidence[i])) for i in range(n)]
        self.listen(batch, np.full(n, dynamics.SILENCE), np.full(n, np.nan), np.zeros(n), ARRIVAL_LOOK)
        return batch, records, others

    def _piece(
        self, batch: Batch, records: list[Record], others: list[Belief], before: Rows, level: Array
    ) -> tuple[Rows, Array]:
        """Chooses for all, plays for all, and learns."""
        n = len(records)
        rows, levels, plays = np.full(n, dynamics.SILENCE), np.full(n, np.nan), np.zeros(n)
        start, active = batch.estimate, batch.active
        for i in active:
            choice = self._choose(i, batch, records[i])
            rows[i], levels[i] = choice.row, choice.level
            plays[i] = records[i].history.plays[choice.row] if choice.row >= 0 else 0
        regret = self._regret(batch, rows, levels, plays)
        jump = dynamics.jump(self.world, before=before, after=rows, levels_before=level, levels_after=levels)
        batch.state = dynamics.startled(self.children, batch.state, jump)
        self.listen(batch, rows, levels, plays, SEGMENT_SECONDS)
        for i in active:
            self.learn(i, batch, records[i], start, others[i], int(rows[i]), float(levels[i]))
            records[i].regret += regret[i]
        return rows, levels

    def _choose(self, i: int, batch: Batch, record: Record) -> Choice:
        now = self.situation(i, batch, record)
        while True:
            choice = choose(now, record.belief, self.settings, self.chance, self.likes[self.clinic[i]])
            if choice.row < 0 or self.chance.random() >= self.plan.veto_rate:
                return choice
            record.history.vetoed[choice.row] = self.plan.guard
            record.vetoed |= {choice.row}

    def situation(self, i: int, batch: Batch, record: Record) -> Situation:
        """What the next choice for a child looks at; distress since the last one counts."""
        seen = one(batch.estimate, i)
        record.alarm = float(batch.alarm[i])
        calm = record.alarm + self.limits.cool_seconds
        record.history.cool_until = max(record.history.cool_until, calm)
        return Situation(self.library, self.fixed, self.limits, record.history, seen, batch.target[i])

    def learn(
        self, i: int, batch: Batch, record: Record, start: State, others: Belief, row: int, level: float
    ) -> None:
        before, after = one(start, i), one(batch.estimate, i)
        state = (float(before.mean[0]), float(before.mean[1]))
        piece = Played(row, before.time, after.time, level, state, record.vetoed, alarm=record.alarm)
        record.played.append(piece)
        if row >= 0:
            learned = evidence_of(
                self.evidence[i], self.library, record.history, row, before, after, self.plan.prior.noise
            )
            self.evidence[i] = learned
            record.belief = updated(others, learned)
            self.likes[self.clinic[i], row] += after.mean[2] > 0.65
        record.history.note(row, level, after.time)

    def listen(self, batch: Batch, rows: Rows, levels: Array, plays: Array, seconds: int) -> None:
        """`seconds` of hearing, or of silence, seen by the camera."""
        heard = dynamics.hear(self.children, self.world, tracks=rows, levels=levels, plays=plays)
        towards = batch.home - batch.target
        drift = self.children.drift / np.maximum(np.hypot(*towards.T), 1e-9) / SESSION_SECONDS
        for _ in range(seconds):
            time = batch.estimate.time + 1.0
            batch.home = np.clip(batch.home + drift[:, None] * towards, -1.0, 1.0)
            batch.state, batch.engagement = dynamics.advance(
                self.children, heard, batch.state, batch.engagement, batch.home, self.noise
            )
            batch.camera, scores = dynamics.look(
                self.children, batch.camera, batch.state, batch.engagement, self.noise
            )
            batch.estimate = observe(batch.estimate, time, scores, self.plan.filter)
            distressed = batch.estimate.mean[:, 1] >= self.limits.distress
            batch.alarm = np.where(distressed, time, batch.alarm)
            near = np.hypot(*(batch.state - batch.target).T) <= ARRIVAL_RADIUS
            batch.inside = np.where(near, batch.inside + 1, 0.0)
            there = (batch.inside >= ARRIVAL_SECONDS) & np.isnan(batch.arrived)
            batch.arrived[there] = time - ARRIVAL_SECONDS

    def _from_others(self) -> list[Belief]:
        """For each child, the belief from the other children of its clinic."""
        precision = np.array([evidence.precision for evidence in self.evidence])
        information = np.array([evidence.information for evidence in self.evidence])
        own = contribution(self.plan.prior, Evidence(precision, information))
        sums = []
        for part in own:
            total = np.zeros((self.plan.clinics, *part.shape[1:]))
            np.add.at(total, self.clinic, part)
            sums.append(total[self.clinic] - part)
        all_of_them = from_contributions(self.plan.prior, *sums)
        return [Belief(all_of_them.mean[i], all_of_them.covariance[i]) for i in range(len(precision))]

    def _regret(self, batch: Batch, rows: Rows, levels: Array, plays: Array) -> Array:
        """Progress per minute, by the true dynamics at this moment, that the best piece of the whole library
        would have made beyond the chosen one."""
        speeds = np.stack(
            [
                self._speed(batch, np.full(len(rows), track), np.full(len(rows), self.fixed.levels[track]))
                for track in range(len(self.library))
            ]
        )
        mine = self._speed(batch, rows, np.where(rows < 0, -60.0, levels), plays)
        return np.asarray(np.maximum(speeds.max(axis=0) - mine, 0.0))

    def _speed(self, batch: Batch, rows: Rows, levels: Array, plays: Array | None = None) -> Array:
        fresh = np.zeros(len(rows)) if plays is None else plays
        heard = dynamics.hear(self.children, self.world, tracks=rows, levels=levels, plays=fresh)
        rate = dynamics.drift_of_state(self.children, heard, batch.state, heard.invites, batch.home)
        gap = batch.target - batch.state
        along = gap / np.maximum(np.hypot(*gap.T), 1e-9)[:, None]
        return np.asarray(60.0 * (rate * along).sum(axis=1))

    def _table(self, batch: Batch, records: list[Record], round_: int) -> pd.DataFrame:
        reached = ~np.isnan(batch.arrived)
        kinds, starts = np.array(list(KINDS)), np.array([each.name for each in STARTS])
        n_choices = np.array([len(record.played) for record in records])
        return pd.DataFrame(
            {
                "library": self.number,
                "clinic": self.clinic,
                "child": np.arange(len(records)) % self.plan.children,
                "round": round_ + 1,
                "kind": kinds[self.children.kind],
                "start": starts[batch.start],
                "seconds": np.where(reached, np.maximum(batch.arrived, 0.0), SESSION_SECONDS),
                "reached": reached,
                "pieces": n_choices,
                "pauses": [sum(piece.row < 0 for piece in record.played) for record in records],
                "vetoes": [len(record.vetoed) for record in records],
                "regret": [record.regret for record in records] / np.maximum(n_choices, 1),
                "violations": [
                    len(violations(self.library, self.plan.limits, record.played)) for record in records
                ],
            }
        )


def one(state: State, i: int) -> State:
    return State(state.time, state.mean[i], state.variance[i], state.n_frames[i], state.seen[i])
