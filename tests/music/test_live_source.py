"""The loop when its source hangs: keys act at once, music pauses, the session stops, the log stays whole."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Event, current_thread, main_thread
from time import sleep
from typing import Any

import numpy as np
import pytest

from emostats.errors import UsageError
from emostats.music.feed import EndedError, Feed
from emostats.music.library import bundled_library, read_library
from emostats.music.live import LOOK_SECONDS, Reading, Watchdog, run_live
from emostats.music.record import Recorder
from emostats.music.replay import played, replay
from emostats.music.session import Session, Setup
from emostats.music.tracks import Library

GIVE_UP = 30.0
"""Seconds after which a hanging source ends by itself: a loop that waits for it fails, and does not hang."""


@pytest.fixture(scope="module")
def library() -> Library:
    return read_library(bundled_library())[0]


class Frozen:
    """Frames at whole seconds until `freeze`, then none until `go` is set, then more until `end`."""

    def __init__(self, freeze: int, end: int = 0, resume: float = 0.0) -> None:
        self.freeze, self.end, self.resume = freeze, end, resume
        self.go, self.closed, self.thread = Event(), False, ""

    def __iter__(self) -> Iterator[Reading]:
        self.thread = current_thread().name
        for second in range(1, self.freeze + 1):
            yield Reading(float(second), (-0.2, 0.3, 0.6), 0.0)
        self.go.wait(GIVE_UP)
        for second in range(self.end):
            yield Reading(self.resume + second, (-0.2, 0.3, 0.6), 0.0)

    def close(self) -> None:
        self.closed = True


class Hands:
    """A clock that goes on by a second each time the keys are read with nothing coming, and keys by count."""

    def __init__(self, source: Frozen, keys: dict[int, str]) -> None:
        self.source, self.planned = source, keys
        self.now, self.looks = 0.0, 0
        self.said: list[str] = []

    def clock(self) -> float:
        return self.now

    def keys(self, time: float) -> list[str]:
        if time < self.source.freeze or self.source.go.is_set():
            return []
        self.looks += 1
        self.now += 1.0
        return list(self.planned.get(self.looks, ""))

    def tell(self, text: str) -> None:
        self.said.append(text)


def held(
    library: Library, source: Frozen, keys: dict[int, str], **settings: Any
) -> tuple[list[dict[str, Any]], Hands]:
    hands, recorder = Hands(source, keys), Recorder()
    session = Session(library, Setup(seed=2), recorder)
    settings = {"watchdog": Watchdog(pause=4.0, stop=9.0), "tell": hands.tell, **settings}
    try:
        run_live(session, source, keys=hands.keys, clock=hands.clock, **settings)
    finally:
        source.go.set()
    assert replay(recorder.records, library).same
    return recorder.records, hands


def kinds(records: list[dict[str, Any]]) -> list[str]:
    return [record["type"] for record in records if record["type"] not in ("header", "observe")]


def test_stop_and_veto_act_while_the_camera_is_frozen(library: Library) -> None:
    records, hands = held(library, Frozen(12), {1: "v", 2: "a", 3: "s"})
    assert kinds(records) == ["choice", "veto", "choice", "accept", "stop"]
    assert records[-1]["why"] == "stopped by the therapist" and hands.said == []
    veto, stop = (next(r for r in records if r["type"] == kind) for kind in ("veto", "stop"))
    assert veto["time"] == pytest.approx(13.0)  # a second after the last frame
    assert stop["time"] == pytest.approx(15.0)


def test_a_silent_source_pauses_the_music_and_then_stops_the_session(library: Library) -> None:
    records, hands = held(library, Frozen(12), {})
    assert kinds(records) == ["choice", "pause", "stop"]
    assert records[-1]["why"] == "no frame for 9 s" and "Pause the music" in hands.said[0]
    pause = next(record for record in records if record["type"] == "pause")
    assert pause["time"] == pytest.approx(16.0) and pause["why"] == "no frame for 4 s"
    pieces = played(records, library)
    assert [piece.row < 0 for piece in pieces] == [False, True] and pieces[0].end == pause["time"]


def test_a_source_that_never_gives_a_frame_stops_the_session(library: Library) -> None:
    records, hands = held(library, Frozen(0), {})
    assert kinds(records) == ["stop"] and records[-1]["why"] == "no frame for 9 s"
    assert len(hands.said) == 2


def test_distress_counts_during_the_pause_and_music_returns_calm_with_the_frames(library: Library) -> None:
    source = Frozen(12, end=30, resume=40.0)

    class Waker(Hands):
        def keys(self, time: float) -> list[str]:
            pressed = super().keys(time)
            if "d" in pressed:
                source.go.set()
            return pressed

    hands, recorder = Waker(source, {6: "d"}), Recorder()
    session = Session(library, Setup(seed=2), recorder)
    run_live(
        session, source, keys=hands.keys, clock=hands.clock, tell=hands.tell, watchdog=Watchdog(4.0, 60.0)
    )
    records = recorder.records
    assert kinds(records) == ["choice", "pause", "pause", "choice", "stop"]
    calm = [record for record in records if record["type"] == "pause"][1]
    again = [record for record in records if record["type"] == "choice"][1]
    assert calm["distress"] and again["time"] == 40.0 + LOOK_SECONDS
    assert again["cool_until"] == calm["time"] + 120.0
    assert library.arousal[library.index[again["track"]]] <= 0.1
    found = replay(records, library)
    assert found.same and not found.violations and "Frames come again" in hands.said[-1]


def test_a_fast_file_has_no_clock_but_its_own(library: Library) -> None:
    source = Frozen(12)
    hands, recorder = Hands(source, {12: "s"}), Recorder()
    run_live(
        Session(library, Setup(), recorder), source, keys=hands.keys, clock=hands.clock, tell=hands.tell,
        watchdog=None,
    )  # fmt: skip
    source.go.set()
    assert hands.said == [] and recorder.records[-1]["time"] == 12.0


@pytest.mark.parametrize("seconds", [0.5, float("nan"), float("inf")])
def test_how_long_a_piece_plays_is_a_number(library: Library, seconds: float) -> None:
    with pytest.raises(UsageError, match="at least 1 second"):
        run_live(Session(library, Setup()), [], piece_seconds=seconds)


def test_the_stop_is_on_record_before_the_source_is_waited_for(library: Library) -> None:
    recorder, pressed = Recorder(), Event()
    seen: list[str] = []

    def slow() -> Iterator[Reading]:
        """Ends only a while after the stop key, and looks whether the stop is on record by then."""
        yield Reading(1.0, (0.1, 0.1, 0.5), 0.0)
        pressed.wait(GIVE_UP)
        for _ in range(75):
            if recorder.records[-1]["type"] == "stop":
                seen.append("stop")
                return
            sleep(0.02)

    def keys(time: float) -> list[str]:
        pressed.set()
        return ["s"]

    run_live(Session(library, Setup(), recorder), slow(), keys=keys)
    assert seen == ["stop"]


def test_feed_reads_elsewhere_in_order_and_closes_its_source() -> None:
    source = Frozen(5)
    source.go.set()
    with Feed(source) as feed:
        got = [feed.next(GIVE_UP) for _ in range(5)]
        with pytest.raises(EndedError):
            feed.next(GIVE_UP)
    assert [reading.time for reading in got if reading] == [1, 2, 3, 4, 5]
    assert source.closed and source.thread != main_thread().name


def test_feed_hands_on_what_the_source_raises_and_gives_none_when_nothing_comes() -> None:
    gate = Event()

    def broken() -> Iterator[int]:
        yield 1
        gate.wait(GIVE_UP)
        raise ValueError("lost")

    with Feed(broken()) as feed:
        assert feed.next(GIVE_UP) == 1 and feed.next(0.01) is None
        gate.set()
        with pytest.raises(ValueError, match="lost"):
            feed.next(GIVE_UP)


def test_a_piece_that_was_paused_teaches_nothing(library: Library) -> None:
    session = Session(library, Setup())
    for second in range(1, 40):
        session.observe(float(second), [0.1, 0.2, 0.6])
        if second == 10:
            row = session.choose(10.0).row
    session.pause(39.0, why="no frame")
    assert session.playing is None and session.evidence.n == 0 and session.history.plays[row] == 1
    session.observe(50.0, [0.1, np.nan, 0.5])
    assert session.choose(50.0).row != row and session.evidence.n == 0
