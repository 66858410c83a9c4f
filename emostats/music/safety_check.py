"""Looks through what was played, and lists what the rules forbid.

It derives everything from the record, track by track, and shares no code with `safety`: a mistake there would
not hide itself here.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from emostats.music.safety import Limits
from emostats.music.tracks import Library


@dataclass(frozen=True)
class Played:
    """A piece as it was played, or a pause (row −1).

    start, end: seconds. level: dB as played. state: estimated valence and arousal when it was chosen.
    vetoed: rows that had been vetoed before. cooling: a cool-down that the therapist called was on.
    alarm: when the estimated arousal last signalled distress before the piece was chosen, −inf for never.
    """

    row: int
    start: float
    end: float
    level: float
    state: tuple[float, float]
    vetoed: frozenset[int] = frozenset()
    cooling: bool = False
    alarm: float = -math.inf


@dataclass(frozen=True)
class Violation:
    """A piece that should not have been played: its place in the session, and the rule it broke."""

    place: int
    rule: str
    detail: str


def violations(library: Library, limits: Limits, session: Sequence[Played]) -> list[Violation]:
    """All violations of one session, in order; silence breaks no rule."""
    found = []
    for place, piece in enumerate(session):
        if piece.row >= 0:
            broken = [
                *_by_itself(library, limits, piece),
                *_after(library, limits, session[:place], piece),
                *_in_state(library, limits, session[:place], piece),
            ]
            found += [Violation(place, rule, detail) for rule, detail in broken]
    return found


def _by_itself(library: Library, limits: Limits, piece: Played) -> Iterator[tuple[str, str]]:
    name, tempo = library.track[piece.row], library.tempo[piece.row]
    if piece.row in piece.vetoed:
        yield "veto", name
    if name in limits.never or library.contraindications[piece.row] & limits.avoid:
        yield "contraindication", name
    if tempo < limits.min_tempo or tempo > limits.max_tempo:
        yield "tempo", f"{tempo:g} beats a minute"
    if not limits.min_level <= piece.level <= limits.max_level:
        yield "level", f"{piece.level:g} dB"
    if piece.level - library.loudness[piece.row] > limits.max_boost + 1e-9:
        yield "level", f"turned up by {piece.level - library.loudness[piece.row]:g} dB"


def _after(
    library: Library, limits: Limits, before: Sequence[Played], piece: Played
) -> Iterator[tuple[str, str]]:
    if before and before[-1].row >= 0:
        last = before[-1].row
        ratio = library.tempo[piece.row] / library.tempo[last]
        if max(ratio, 1 / ratio) > limits.max_tempo_ratio * (1 + 1e-9):
            yield "abrupt tempo", f"factor {ratio:g}"
        if abs(library.energy[piece.row] - library.energy[last]) > limits.max_energy_step + 1e-9:
            yield "abrupt energy", f"{library.energy[last]:g} to {library.energy[piece.row]:g}"
    sounding = [earlier for earlier in before if earlier.row >= 0]
    if sounding and abs(piece.level - sounding[-1].level) > limits.max_level_step + 1e-9:
        yield "abrupt level", f"{sounding[-1].level:g} to {piece.level:g} dB"
    if any(
        earlier.row == piece.row and piece.start - earlier.end < limits.rest_seconds for earlier in before
    ):
        yield "rest", library.track[piece.row]


def _in_state(
    library: Library, limits: Limits, before: Sequence[Played], piece: Played
) -> Iterator[tuple[str, str]]:
    looks = [*before, piece]
    alarmed = any(
        look.state[1] >= limits.distress and piece.start - look.start < limits.cool_seconds - 1e-9
        for look in looks
    )
    arousal, tempo = library.arousal[piece.row], library.tempo[piece.row]
    if alarmed or piece.cooling or piece.start - piece.alarm < limits.cool_seconds - 1e-9:
        calm = arousal <= limits.calm_arousal and tempo <= limits.calm_tempo
        if not calm or library.energy[piece.row] > limits.calm_energy:
            yield "cool-down", library.track[piece.row]
        return
    gap = math.dist(piece.state, (library.valence[piece.row], arousal))
    if gap > limits.max_step + 1e-9:
        yield "step", f"{gap:g} from the state"
