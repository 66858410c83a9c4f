"""The loop while a child is there: frames to state to the next piece, with the therapist in command.

It knows nothing of cameras or terminals: frames come from an iterable, keys from a function, and whoever
shows the session is called after each frame. The latency is the time from a frame's arrival to the state that
includes it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from time import perf_counter

import numpy as np

from emostats.music.session import Session

BUDGET = 0.150
"""Seconds from a frame to the state that includes it, at most."""
LOOK_SECONDS = 10.0

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


def run_live(
    session: Session,
    readings: Iterable[Reading],
    *,
    keys: Callable[[float], Iterable[str]] = lambda time: (),
    show: Callable[[Session, Reading, Latency], None] = lambda session, reading, latency: None,
    piece_seconds: float = 60.0,
) -> Latency:
    """Runs until the readings end or the therapist stops; the session is stopped in any case.

    Parameters
    ----------
    keys: called with the time after each frame, returns the keys pressed since (`KEYS`; others are ignored).
    show: called after each frame.
    """
    latency = Latency()
    due = LOOK_SECONDS
    why = "end of the frames"
    try:
        for reading in readings:
            session.observe(reading.time, reading.scores)
            latency.frames.append(perf_counter() - reading.arrived)
            pressed = [KEYS.get(key.lower(), "") for key in keys(reading.time)]
            if "stop" in pressed:
                why = "stopped by the therapist"
                break
            now = session.state.time
            for action in pressed:
                if _obey(session, action, now, latency):
                    due = now + piece_seconds
            if now >= due:
                _timed(session.choose, now, latency)
                due = now + piece_seconds
            show(session, reading, latency)
    except BaseException:
        why = "interrupted"
        raise
    finally:
        session.stop(session.state.time, why=why)
    return latency


def _obey(session: Session, action: str, now: float, latency: Latency) -> bool:
    """Carries out a key; True when a new piece was chosen. Distress counts before the first piece too."""
    if not action or (session.playing is None and action != "veto: distress"):
        return False
    if action == "accept":
        session.accept(now)
        return False
    _timed(lambda time: session.veto(time, distress=action == "veto: distress"), now, latency)
    return True


def _timed(choose: Callable[[float], object], now: float, latency: Latency) -> None:
    start = perf_counter()
    choose(now)
    latency.decisions.append(perf_counter() - start)
