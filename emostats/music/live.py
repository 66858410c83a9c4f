"""The loop while a child is there: frames to state to the next piece, with the therapist in command.

It knows nothing of cameras or terminals: frames come from an iterable, keys from a function, and whoever
shows the session is called after each frame. A source that gives no more frames holds nobody up: keys act at
once, the music pauses after `Watchdog.pause` seconds and the session stops after `Watchdog.stop`. The latency
is the time from a frame's arrival to the state that includes it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from time import perf_counter

import numpy as np

from emostats.errors import UsageError
from emostats.music.feed import EndedError, Feed
from emostats.music.session import Session
from emostats.music.walk import check_length

BUDGET = 0.150
"""Seconds from a frame to the state that includes it, at most."""
LOOK_SECONDS = 10.0
TICK = 0.05
"""Seconds within which a key is obeyed."""
FRESH = 1.0
"""Seconds after a frame during which its time is the time of the session."""

KEYS = {"a": "accept", "v": "veto", "d": "veto: distress", "s": "stop", "q": "stop"}
"""What the therapist's keys do."""


@dataclass(frozen=True)
class Reading:
    """One scored frame: seconds in the session, (valence, arousal, engagement), when the frame arrived
    (`perf_counter`)."""

    time: float
    scores: tuple[float, float, float]
    arrived: float


@dataclass
class Latency:
    """Seconds from frame to state, and of decisions."""

    frames: list[float] = field(default_factory=list)
    decisions: list[float] = field(default_factory=list)

    def summary(self) -> dict[str, float]:
        """Frames; median, 95th percentile and worst of frame to state; share within `BUDGET`; the slowest
        decision. Milliseconds."""
        if not self.frames:
            return {"frames": 0}
        waits = 1000.0 * np.array(self.frames)
        return {
            "frames": len(waits),
            "median_ms": float(np.median(waits)),
            "p95_ms": float(np.quantile(waits, 0.95)),
            "worst_ms": float(waits.max()),
            "within_budget": float((waits <= 1000.0 * BUDGET).mean()),
            "slowest_decision_ms": 1000.0 * max(self.decisions, default=0.0),
        }

    @property
    def in_words(self) -> str:
        """The summary as a sentence or two; '' without frames."""
        found = self.summary()
        if not self.frames:
            return ""
        return (
            f"Frame to state ({found['frames']:g} frames): median {found['median_ms']:.0f} ms, 95 % within "
            f"{found['p95_ms']:.0f} ms, worst {found['worst_ms']:.0f} ms; {found['within_budget']:.1%} "
            f"within the budget of {1000 * BUDGET:.0f} ms. The slowest decision took "
            f"{found['slowest_decision_ms']:.1f} ms."
        )


Keys = Callable[[float], Iterable[str]]
Show = Callable[[Session, Reading, Latency], None]


@dataclass(frozen=True)
class Watchdog:
    """How long a source may stay silent: seconds until the music pauses, and until the session stops."""

    pause: float = 10.0
    stop: float = 60.0


@dataclass
class _Loop:
    """The loop's own memory: when the next choice is due, and when the last frame came."""

    session: Session
    keys: Keys
    show: Show
    tell: Callable[[str], None]
    piece_seconds: float
    watchdog: Watchdog | None
    clock: Callable[[], float]
    latency: Latency = field(default_factory=Latency)
    due: float = LOOK_SECONDS
    last: Reading | None = None
    came: float = 0.0
    paused: bool = False

    def run(self, feed: Feed[Reading]) -> str:
        """Until the frames end or something stops the session; says what."""
        self.came = self.clock()
        while True:
            try:
                reading = feed.next(TICK)
            except EndedError:
                return "end of the frames"
            if reading is not None:
                self._see(reading)
            pressed = [KEYS.get(key.lower(), "") for key in self.keys(self.now())]
            if "stop" in pressed:
                return "stopped by the therapist"
            if why := self._watch():
                return why
            self._act(pressed)
            if reading is not None:
                self.show(self.session, reading, self.latency)

    def _see(self, reading: Reading) -> None:
        self.session.observe(reading.time, reading.scores)
        self.latency.frames.append(perf_counter() - reading.arrived)
        self.last, self.came = reading, self.clock()
        if self.paused:
            self.paused, self.due = False, self.session.state.time + LOOK_SECONDS
            self.tell("Frames come again; the next piece is chosen after a look of 10 s.")

    def now(self) -> float:
        """Seconds in the session: the last frame's time, and what has passed since where frames stay away."""
        time, silent = self.session.state.time, self.clock() - self.came
        if self.watchdog is None or self.last is None or silent < FRESH:
            return time
        return max(time, self.last.time + silent)

    def _watch(self) -> str:
        """Pauses the music when the source is silent; why the session must stop when it stays so."""
        silent = self.clock() - self.came
        if self.watchdog is None or silent < self.watchdog.pause:
            return ""
        if not self.paused:
            self.paused = True
            self.tell(
                f"No frame for {self.watchdog.pause:g} s: is the camera frozen or disconnected? Pause the "
                f"music. The session stops after {self.watchdog.stop:g} s."
            )
            if self.session.playing is not None:
                self.session.pause(self.now(), why=f"no frame for {self.watchdog.pause:g} s")
        if silent < self.watchdog.stop:
            return ""
        self.tell(f"No frame for {self.watchdog.stop:g} s: the session is stopped.")
        return f"no frame for {self.watchdog.stop:g} s"

    def _act(self, pressed: Iterable[str]) -> None:
        now = self.now()
        for action in pressed:
            if self._obey(action, now):
                self.due = now + self.piece_seconds
        if now >= self.due and not self.paused:
            self._timed(self.session.choose, now)
            self.due = now + self.piece_seconds

    def _obey(self, action: str, now: float) -> bool:
        """Carries out a key; True when a new piece was chosen. Distress counts while nothing plays, too."""
        distress = action == "veto: distress"
        if not action or (self.session.playing is None and not distress):
            return False
        if action == "accept":
            self.session.accept(now)
            return False
        if self.paused:
            self.session.pause(now, why="distress", distress=True)
            return False
        self._timed(lambda time: self.session.veto(time, distress=distress), now)
        return True

    def _timed(self, choose: Callable[[float], object], now: float) -> None:
        start = perf_counter()
        choose(now)
        self.latency.decisions.append(perf_counter() - start)


def run_live(
    session: Session,
    readings: Iterable[Reading],
    *,
    keys: Keys = lambda time: (),
    show: Show = lambda session, reading, latency: None,
    tell: Callable[[str], None] = lambda text: None,
    piece_seconds: float = 60.0,
    watchdog: Watchdog | None = Watchdog(),
    clock: Callable[[], float] = perf_counter,
) -> Latency:
    """Runs until the readings end or the therapist stops; the session is stopped in any case.

    The readings come from a thread of their own: keys are obeyed within `TICK` seconds whether frames come or
    not.

    Parameters
    ----------
    keys: called with the time after each frame and at least every `TICK` seconds, returns the keys pressed
        since (`KEYS`; others are ignored).
    show: called after each frame. tell: called with what the therapist must know at once.
    watchdog: what happens when no frame comes; None where the frames' own times are all the time there is (a
        file that is read faster than it was recorded).

    Raises
    ------
    UsageError: `piece_seconds` is below 1 or no number. Whatever the source raises.
    """
    check_length(piece_seconds)
    loop = _Loop(session, keys, show, tell, piece_seconds, watchdog, clock)
    why = "interrupted"
    with Feed(readings) as feed:
        try:
            why = loop.run(feed)
        finally:
            session.stop(loop.now(), why=why)  # before anybody waits for the source to end
    return loop.latency


def rehearsed(text: str) -> Keys:
    """Keys at given seconds, from ``"20v 40a 60s"``.

    Raises
    ------
    UsageError: not of this form, or an unknown key.
    """
    planned = []
    for part in text.split():
        try:
            planned.append((float(part[:-1]), part[-1]))
        except ValueError:
            raise UsageError(f"'{part}' is no second and key; write for example '20v 40a 60s'.") from None
        if part[-1] not in KEYS:
            raise UsageError(f"There is no key '{part[-1]}'; there are {', '.join(KEYS)}.")
    planned.sort()

    def keys(time: float) -> list[str]:
        due = []
        while planned and planned[0][0] <= time:
            due.append(planned.pop(0)[1])
        return due

    return keys
