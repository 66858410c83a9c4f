"""How fast a face answers a stimulus."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class ResponseRule:
    """What counts as an answer.

    Attributes
    ----------
    before: seconds before the stimulus that give the level to compare with.
    window: seconds after the stimulus in which an answer counts.
    change: least change of any action unit.
    least: seconds that the change holds at least.
    known: share of the seconds before, and of the window, that must be usable.
    """

    before: float = 1.0
    window: float = 5.0
    change: float = 0.2
    least: float = 0.2
    known: float = 0.5


@dataclass(frozen=True)
class Response:
    """A stimulus at `time` (s): whether enough was seen, and the seconds to the answer (NaN without)."""

    time: float
    evaluable: bool
    latency: float


def responses(
    stimuli: Sequence[float], time: Array, duration: Array, units: Array, rule: ResponseRule | None = None
) -> list[Response]:
    """The first lasting change of any action unit after each stimulus.

    `units` (frames, units) is NaN where a frame is not usable; `time` and `duration` in seconds.
    """
    rule = rule or ResponseRule()
    return [_response(float(stimulus), time, duration, units, rule) for stimulus in stimuli]


def _response(stimulus: float, time: Array, duration: Array, units: Array, rule: ResponseRule) -> Response:
    usable = ~np.isnan(units).any(axis=1)
    before = usable & (time >= stimulus - rule.before) & (time < stimulus)
    after = usable & (time >= stimulus) & (time <= stimulus + rule.window)
    known = duration[before].sum() >= rule.known * rule.before
    if not known or duration[after].sum() < rule.known * rule.window:
        return Response(stimulus, False, float("nan"))
    change = np.abs(units[after] - units[before].mean(axis=0)).max(axis=1)
    return Response(stimulus, True, _onset(time[after], change >= rule.change, rule.least) - stimulus)


def _onset(time: Array, changed: NDArray[np.bool_], least: float) -> float:
    """Begin of the first run of changed frames that lasts long enough; NaN if there is none."""
    start = None
    for now, yes in zip(time.tolist(), changed.tolist(), strict=True):
        start = (now if start is None else start) if yes else None
        if start is not None and now - start >= least - 1e-9:
            return float(start)
    return float("nan")
