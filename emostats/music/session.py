"""A session step by step: what is seen goes in, the next piece comes out, and everything is on record.

The same code runs live, over recorded scores, and when a log is replayed; a choice depends only on what the
log holds. Times are seconds since the session began and never go backwards: a frame that comes late is kept
in the log and not used.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emostats._version import __version__
from emostats.errors import UsageError
from emostats.music.belief import Belief, Evidence, Prior, new_child, updated
from emostats.music.iso import distance
from emostats.music.learning import learn
from emostats.music.policy import Choice, PolicySettings, Situation, choose
from emostats.music.record import FORMAT
from emostats.music.safety import History, Limits, prepare, watch
from emostats.music.state import FilterSettings, State, observe, predict, unknown
from emostats.music.tracks import Library
from emostats.music.words import reason

Array = NDArray[np.float64]
Sink = Callable[..., None]
Watcher = Callable[[Situation, Belief], None]
"""Sees what each choice looked at, before the history moves on."""

STOPPED = "The session was stopped; start a new one to go on."


@dataclass(frozen=True)
class Setup:
    """What a session starts from.

    target: valence and arousal, set by the therapist. belief: about this child, from earlier sessions and
    other children; without any, what the prior says. child, session: codes. created: ISO time, for the log.
    heard: whether the pieces are played; False where a policy only walks through a recording, whose log
    must neither teach nor judge a policy.
    """

    target: tuple[float, float] = (0.4, 0.0)
    child: str = ""
    session: str = ""
    limits: Limits = field(default_factory=Limits)
    policy: PolicySettings = field(default_factory=PolicySettings)
    filter: FilterSettings = field(default_factory=FilterSettings)
    noise: tuple[float, float, float] = Prior().noise
    belief: Belief = field(default_factory=lambda: new_child(Prior()))
    seed: int = 0
    created: str = ""
    heard: bool = True

    def __post_init__(self) -> None:
        if len(self.target) != 2 or not all(abs(value) <= 1.0 for value in self.target):
            raise UsageError(f"The target is valence and arousal, each in −1 to 1; found {self.target!r}.")


def _silent(type: str, **content: Any) -> None:
    """A sink that keeps nothing."""


class Session:
    """One session.

    Attributes
    ----------
    state: what is known now. history: what was played. evidence: what this session taught so far.
    playing: the choice that is playing or offered, None before the first and after a stop.
    late: frames that came out of order and were not used.

    Raises
    ------
    UsageError: the library has no tracks.
    """

    def __init__(
        self, library: Library, setup: Setup, sink: Sink | None = None, watcher: Watcher | None = None
    ) -> None:
        if len(library) == 0:
            raise UsageError("The library has no tracks: there is nothing to choose from.")
        self.library, self.setup, self._sink = library, setup, sink or _silent
        self._watcher = watcher
        self.target = np.array(setup.target, dtype=np.float64)
        self.fixed = prepare(library, setup.limits)
        self.history = History.of(library)
        self.state = unknown(setup.filter)
        self.evidence = Evidence()
        self.playing: Choice | None = None
        self.stopped = False
        self.decisions = 0
        self.late = 0
        self._belief = setup.belief
        self._start: State | None = None
        self._seen: list[tuple[float, Sequence[float | None]]] = []
        self._sink("header", **self._header())

    def observe(self, time: float, scores: Sequence[float]) -> None:
        """The scores of a frame (valence, arousal, engagement; NaN for none) at `time`.

        A frame that is not later than the one before is recorded as late, and left out.
        """
        values = [float(value) for value in scores]
        if not np.isfinite(time) or time < self.state.time or (self._seen and time <= self._seen[-1][0]):
            self.late += 1
            self._flush()
            self._sink("late", time=time, scores=values)
            return
        self._seen.append((time, values))
        self.state = observe(self.state, time, values, self.setup.filter)
        watch(self.history, self.setup.limits, self.state.mean, time)

    def choose(self, time: float) -> Choice:
        """Ends the piece that is playing, learns from it, and chooses the next.

        Raises
        ------
        UsageError: the session was stopped; the clock goes backwards.
        """
        self._go_to(time)
        self._finish()
        return self._choose()

    def accept(self, time: float) -> None:
        """The therapist agrees with the piece on offer."""
        self._go_to(time)
        self._sink("accept", time=time, decision=self.decisions)

    def veto(self, time: float, *, why: str = "", distress: bool = False) -> Choice:
        """The therapist rejects the piece that is playing or on offer; another is chosen at once.

        The piece is barred for the rest of the session. `distress` also begins a cool-down.
        """
        self._go_to(time)
        track = self._bar(time, distress)
        self._start = None  # an interrupted piece teaches nothing about whole pieces
        self._sink("veto", time=time, decision=self.decisions, track=track, why=why, distress=distress)
        return self._choose()

    def pause(self, time: float, *, why: str = "", distress: bool = False) -> None:
        """Ends the music without ending the session; the piece that was playing is not learned from.

        `distress` also begins a cool-down.
        """
        self._go_to(time)
        self._end_piece(time, distress)
        self.history.note(-1, float("nan"), time)
        self.playing = self._start = None
        self._sink("pause", time=time, decision=self.decisions, why=why, distress=distress)

    def stop(self, time: float, *, why: str = "") -> None:
        """Ends the session, at once and always; the piece that was playing is not learned from."""
        self.stopped, self.playing, self._start = True, None, None
        self._flush()
        time = max(time, self.state.time) if np.isfinite(time) else self.state.time
        self._sink("stop", time=time, why=why)

    @property
    def belief(self) -> Belief:
        """What is believed of the child now."""
        return self._belief

    def _go_to(self, time: float) -> None:
        if self.stopped:
            raise UsageError(STOPPED)
        self._flush()
        self.state = predict(self.state, time, self.setup.filter)

    def _end_piece(self, time: float, distress: bool) -> None:
        """The piece that is playing ends before its time. One that was begun counts as heard."""
        choice = self.playing
        if distress:
            until = time + self.setup.limits.cool_seconds
            self.history.cool_until = max(self.history.cool_until, until)
        if choice is not None and choice.row >= 0 and self._start is not None and time > self._start.time:
            self.history.note(choice.row, choice.level, time)

    def _bar(self, time: float, distress: bool) -> str:
        """Vetoes what is playing."""
        self._end_piece(time, distress)
        if self.playing is None or self.playing.row < 0:
            return ""
        self.history.vetoed[self.playing.row] = True
        return self.library.track[self.playing.row]

    def _finish(self) -> None:
        """Learns from the piece that has just been heard."""
        choice, start = self.playing, self._start
        if choice is None or start is None:
            return
        moved = distance(start.mean, self.target) - distance(self.state.mean, self.target)
        if choice.row >= 0:
            self.evidence = learn(
                self.evidence,
                self.library,
                self.history,
                choice.row,
                start,
                self.state,
                self.setup.noise,
            )
            self._belief = updated(self.setup.belief, self.evidence)
        self.history.note(choice.row, choice.level, self.state.time)
        self._sink(
            "outcome",
            decision=self.decisions,
            time=self.state.time,
            seconds=self.state.time - start.time,
            state=self.state.mean,
            sd=self.state.sd,
            progress=moved,
        )

    def _choose(self) -> Choice:
        watch(self.history, self.setup.limits, self.state.mean, self.state.time)
        self.decisions += 1
        rng = np.random.default_rng([self.setup.seed, self.decisions])
        now = Situation(self.library, self.fixed, self.setup.limits, self.history, self.state, self.target)
        choice = choose(now, self._belief, self.setup.policy, rng, self.history.plays)
        self.playing, self._start = choice, self.state
        if self._watcher:
            self._watcher(now, self._belief)
        self._sink("choice", **self._choice_record(choice))
        return choice

    def reason(self, choice: Choice) -> str:
        """Why `choice` was made now, in words."""
        return reason(choice, self.library, self.state, self.target, self.setup.policy)

    def _choice_record(self, choice: Choice) -> dict[str, Any]:
        track = self.library.track[choice.row] if choice.row >= 0 else None
        loudness = self.library.loudness[choice.row] if choice.row >= 0 else np.nan
        return {
            "decision": self.decisions,
            "time": self.state.time,
            "state": self.state.mean,
            "sd": self.state.sd,
            "n_frames": int(self.state.n_frames),
            "waypoint": choice.waypoint,
            "track": track,
            "level": choice.level,
            "gain": choice.level - loudness,
            "propensity": choice.propensity,
            "candidates": [self.library.track[row] for row in choice.candidates],
            "probabilities": choice.probabilities,
            "expected_progress": choice.progress,
            "n_allowed": choice.n_allowed,
            "barred": choice.barred,
            "cool_until": self.history.cool_until,
            "reason": self.reason(choice),
        }

    def _flush(self) -> None:
        """Records the frames since the last record."""
        if self._seen:
            times, scores = zip(*self._seen, strict=True)
            self._sink("observe", times=list(times), scores=list(scores))
            self._seen = []

    def _header(self) -> dict[str, Any]:
        setup = self.setup
        return {
            "format": FORMAT,
            "emostats": __version__,
            "created": setup.created,
            "heard": setup.heard,
            "child": setup.child,
            "session": setup.session,
            "library": {"digest": self.library.digest, "tracks": len(self.library)},
            "target": setup.target,
            "limits": asdict(setup.limits),
            "policy": asdict(setup.policy),
            "filter": asdict(setup.filter),
            "noise": setup.noise,
            "belief": {"mean": setup.belief.mean, "covariance": setup.belief.covariance},
            "seed": setup.seed,
        }
