"""Replays a session's log: the same observations and commands must lead to the same choices."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from emostats._version import __version__
from emostats.errors import UsageError
from emostats.music.belief import Belief
from emostats.music.policy import PolicySettings
from emostats.music.safety import Limits
from emostats.music.safety_check import Played, Violation, violations
from emostats.music.session import Session, Setup, Sink, Watcher
from emostats.music.state import FilterSettings, State, observe, unknown
from emostats.music.tracks import Library

TOLERANCE = 1e-9
"""Probabilities and states may differ so much between machines (order of summation), and no more."""


@dataclass(frozen=True)
class Replay:
    """What a replay found.

    n_choices: in the log. different: decisions that came out differently, in words. violations: of the safety
    rules, by a check that shares no code with them. written_by: version of emostats that wrote the log.
    ended: whether it ends with a stop; a log without one was cut off, and what is missing nobody knows.
    """

    n_choices: int
    different: tuple[str, ...]
    violations: tuple[Violation, ...]
    written_by: str = __version__
    ended: bool = True

    @property
    def same(self) -> bool:
        """Whether every choice came out as it is recorded."""
        return not self.different

    @property
    def remarks(self) -> tuple[str, ...]:
        """What else a reader of the log must know."""
        said = []
        if not self.ended:
            said.append(
                "The log does not end with a stop: the session was cut off, or lines at its end are gone."
            )
        if self.different and self.written_by != __version__:
            said.append(
                f"The log was written by emostats {self.written_by} and replayed by {__version__}: what "
                "chooses may have changed in between."
            )
        return tuple(said)


def setup_of(header: Mapping[str, Any]) -> Setup:
    """The setup that a log's header describes.

    Raises
    ------
    UsageError: the header is not one that this version writes.
    """
    try:
        return _setup(header)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UsageError(
            f"The log's header is not one that emostats {__version__} can read ({error}): it was written by "
            f"emostats {header.get('emostats', 'of an unknown version')}. Replay it with that version."
        ) from None


def _setup(header: Mapping[str, Any]) -> Setup:
    limits: dict[str, Any] = {
        name: frozenset(value) if isinstance(value, list) else value
        for name, value in header["limits"].items()
    }
    filters: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in header["filter"].items()
    }
    belief = Belief(np.array(header["belief"]["mean"]), np.array(header["belief"]["covariance"]))
    return Setup(
        target=tuple(header["target"]),
        child=header["child"],
        session=header["session"],
        limits=Limits(**limits),
        policy=PolicySettings(**header["policy"]),
        filter=FilterSettings(**filters),
        noise=tuple(header["noise"]),
        belief=belief,
        seed=header["seed"],
        created=header["created"],
        heard=header.get("heard", True),
    )


def replay(records: Sequence[Mapping[str, Any]], library: Library) -> Replay:
    """Runs a log (`record.read_log`) again and compares every choice.

    Raises
    ------
    UsageError: the library is not the one of the session.
    """
    again: list[dict[str, Any]] = []

    def keep(type: str, **content: Any) -> None:
        if type == "choice":
            again.append(content)

    run_again(records, library, keep)
    recorded = [record for record in records if record["type"] == "choice"]
    different = _differences(recorded, again)
    return Replay(
        len(recorded),
        different,
        tuple(check(records, library)),
        str(records[0].get("emostats", "unknown")),
        records[-1]["type"] == "stop",
    )


def run_again(
    records: Sequence[Mapping[str, Any]],
    library: Library,
    sink: Sink | None = None,
    watcher: Watcher | None = None,
) -> Session:
    """A session with the observations and commands of a log.

    Raises
    ------
    UsageError: the library is not the one of the session.
    """
    header = records[0]
    if header["library"]["digest"] != library.digest:
        raise UsageError(
            f"This library ({len(library)} tracks) is not the one of the session "
            f"({header['library']['tracks']} tracks, digest {header['library']['digest'][:12]}…). A replay "
            "needs the same tracks with the same values: name that library (--library)."
        )
    session = Session(library, setup_of(header), sink, watcher)
    for record in records[1:]:
        _act(session, record)
    return session


def _act(session: Session, record: Mapping[str, Any]) -> None:
    """Does again what a record says was done; choices and outcomes follow by themselves."""
    kind = record["type"]
    if kind == "observe":
        for time, scores in zip(record["times"], record["scores"], strict=True):
            session.observe(time, [np.nan if value is None else value for value in scores])
    elif kind == "outcome" or (kind == "choice" and session.decisions < record["decision"]):
        session.choose(record["time"])
    elif kind == "accept":
        session.accept(record["time"])
    elif kind == "veto":
        session.veto(record["time"], why=record["why"], distress=record["distress"])
    elif kind == "pause":
        session.pause(record["time"], why=record["why"], distress=record["distress"])
    elif kind == "stop":
        session.stop(record["time"], why=record["why"])


COMPARED = {
    "probabilities": "other probabilities",
    "state": "another state",
    "propensity": "another propensity",
    "level": "another level",
}
"""What of a choice must come out again beside track and candidates."""


def _close(before: Any, now: Any) -> bool:
    first, second = (np.array(each, dtype=float) for each in (before, now))  # None is NaN
    same = first.shape == second.shape
    return same and np.allclose(first, second, rtol=0, atol=TOLERANCE, equal_nan=True)


def _differences(
    recorded: Sequence[Mapping[str, Any]], again: Sequence[Mapping[str, Any]]
) -> tuple[str, ...]:
    found = []
    for before, now in zip(recorded, again, strict=False):
        number = before["decision"]
        if before["track"] != now["track"]:
            old, new = (each["track"] or "a pause" for each in (before, now))
            found.append(f"decision {number}: recorded {old}, replayed {new}")
        elif list(before["candidates"]) != list(now["candidates"]):
            found.append(f"decision {number}: other candidates")
        else:
            off = [words for key, words in COMPARED.items() if not _close(before[key], now[key])]
            found += [f"decision {number}: {words}" for words in off[:1]]
    if len(recorded) != len(again):
        found.append(f"recorded {len(recorded)} choices, replayed {len(again)}")
    return tuple(found)


def check(records: Sequence[Mapping[str, Any]], library: Library) -> list[Violation]:
    """Violations of the safety rules in a log."""
    return violations(library, setup_of(records[0]).limits, played(records, library))


def played(records: Sequence[Mapping[str, Any]], library: Library) -> list[Played]:
    """Pieces and pauses of a log as they were played; pieces vetoed before they began are left out."""
    limits = setup_of(records[0]).limits
    alarms = _alarms(records, limits)
    end = max((record.get("time") or 0.0 for record in records), default=0.0)
    pieces: list[Played] = []
    vetoed: frozenset[int] = frozenset()
    cool = -np.inf
    for place, record in enumerate(records):
        kind, time = record["type"], float(record.get("time") or 0.0)
        if kind == "veto" and record["track"]:
            vetoed |= {library.index[record["track"]]}
        if kind in ("veto", "pause") and record["distress"]:
            cool = max(cool, time + limits.cool_seconds)
        if kind not in ("choice", "pause"):
            continue
        track = record.get("track")
        ended = next((each["time"] for each in records[place + 1 :] if each["type"] in ENDERS), end)
        if ended > time or track is None:
            row = -1 if track is None else library.index[track]
            alarm = max((when for when in alarms if when <= time), default=-np.inf)
            heard = (vetoed, time < cool, alarm)
            pieces.append(Played(row, time, ended, _level(record), _state(record), *heard))
    return pieces


ENDERS = ("choice", "pause", "stop")
"""Records that end the piece before."""


def _level(record: Mapping[str, Any]) -> float:
    level = record.get("level")
    return float("nan") if level is None else float(level)


def _state(record: Mapping[str, Any]) -> tuple[float, float]:
    state = record.get("state") or (0.0, 0.0)  # a pause that was ordered looks at no state
    return float(state[0]), float(state[1])


def _alarms(records: Sequence[Mapping[str, Any]], limits: Limits) -> list[float]:
    """Times of the frames after which the estimated arousal signalled distress (with room for rounding)."""
    return [state.time for state in states_of(records) if state.mean[1] >= limits.distress + 1e-9]


def states_of(records: Sequence[Mapping[str, Any]]) -> Iterator[State]:
    """The filtered state after each observation of a log."""
    settings = setup_of(records[0]).filter
    state = unknown(settings)
    for record in records:
        if record["type"] == "observe":
            for time, scores in zip(record["times"], record["scores"], strict=True):
                values = [np.nan if value is None else value for value in scores]
                state = observe(state, time, values, settings)
                yield state
