"""Replays a session's log: the same observations and commands must lead to the same choices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from emostats.errors import UsageError
from emostats.music.belief import Belief
from emostats.music.policy import PolicySettings
from emostats.music.safety import Limits
from emostats.music.safety_check import Played, Violation, violations
from emostats.music.session import Session, Setup, Sink, Watcher
from emostats.music.state import FilterSettings
from emostats.music.tracks import Library

TOLERANCE = 1e-9
"""Probabilities and states may differ so much between machines (order of summation), and no more."""


@dataclass(frozen=True)
class Replay:
    """What a replay found.

    n_choices: in the log. different: decisions that came out differently, in words. violations: of the safety
    rules, by a check that shares no code with them.
    """

    n_choices: int
    different: tuple[str, ...]
    violations: tuple[Violation, ...]

    @property
    def same(self) -> bool:
        """Whether every choice came out as it is recorded."""
        return not self.different


def setup_of(header: Mapping[str, Any]) -> Setup:
    """The setup that a log's header describes."""
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
    return Replay(len(recorded), different, tuple(check(records, library)))


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
            "needs the same tracks with the same values."
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
    elif kind == "stop":
        session.stop(record["time"], why=record["why"])


def _differences(
    recorded: Sequence[Mapping[str, Any]], again: Sequence[Mapping[str, Any]]
) -> tuple[str, ...]:
    found = []
    for before, now in zip(recorded, again, strict=False):
        number = before["decision"]
        if before["track"] != now["track"]:
            found.append(f"decision {number}: recorded {before['track']}, replayed {now['track']}")
        elif list(before["candidates"]) != list(now["candidates"]):
            found.append(f"decision {number}: other candidates")
        elif not np.allclose(before["probabilities"], now["probabilities"], rtol=0, atol=TOLERANCE):
            found.append(f"decision {number}: other probabilities")
        elif not np.allclose(before["state"], now["state"], rtol=0, atol=TOLERANCE):
            found.append(f"decision {number}: another state")
    if len(recorded) != len(again):
        found.append(f"recorded {len(recorded)} choices, replayed {len(again)}")
    return tuple(found)


def check(records: Sequence[Mapping[str, Any]], library: Library) -> list[Violation]:
    """Violations of the safety rules in a log."""
    return violations(library, setup_of(records[0]).limits, played(records, library))


def played(records: Sequence[Mapping[str, Any]], library: Library) -> list[Played]:
    """The pieces of a log as they were played, the ones vetoed before they began left out."""
    end = max((record.get("time") or 0.0 for record in records), default=0.0)
    pieces: list[Played] = []
    vetoed: frozenset[int] = frozenset()
    cool = -np.inf
    choices = [place for place, record in enumerate(records) if record["type"] == "choice"]
    for place, record in enumerate(records):
        if record["type"] == "veto":
            vetoed |= {library.index[record["track"]]} if record["track"] else frozenset()
            if record["distress"]:
                cool = record["time"] + setup_of(records[0]).limits.cool_seconds
        if record["type"] != "choice":
            continue
        later = [each for each in choices if each > place]
        stop = next((each["time"] for each in records[place:] if each["type"] == "stop"), end)
        ended = min(records[later[0]]["time"] if later else end, stop)
        row = -1 if record["track"] is None else library.index[record["track"]]
        if ended > record["time"] or row < 0:
            state = (float(record["state"][0]), float(record["state"][1]))
            level = float("nan") if record["level"] is None else record["level"]
            pieces.append(Played(row, record["time"], ended, level, state, vetoed, record["time"] < cool))
    return pieces
