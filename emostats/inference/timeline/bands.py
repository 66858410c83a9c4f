"""What a timeline shows, as values: curves over time and bars from one moment to another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from emostats.inference.frames import FrameStatus
from emostats.inference.scores import expressions
from emostats.inference.scores.session import SessionScores
from emostats.inference.scores.table import durations

Array = NDArray[np.float64]
Span = tuple[float, float]

STATUS_WORDS = {
    FrameStatus.OK: "Usable",
    FrameStatus.NO_FACE: "No face",
    FrameStatus.TOO_SMALL: "Face too small",
    FrameStatus.TURNED_AWAY: "Turned away",
    FrameStatus.TOO_DARK: "Too dark",
}
POINTS = 400
"""Most points of a curve: more than a screen can show."""


@dataclass(frozen=True)
class Curve:
    """A number over time: centres of equal bins (s) and their means; NaN where nothing was usable."""

    name: str
    time: Array
    value: Array
    low: float
    high: float


@dataclass(frozen=True)
class Bars:
    """Spans of time (begin, end in s) in which something was so."""

    name: str
    spans: tuple[Span, ...]


@dataclass(frozen=True)
class Bands:
    """Everything that is drawn: length (s), curves, bars of the face and of the picture, stimuli (s)."""

    seconds: float
    curves: tuple[Curve, ...]
    face: tuple[Bars, ...]
    picture: tuple[Bars, ...]
    stimuli: tuple[float, ...]


def bands_of(result: SessionScores) -> Bands:
    """The bands of a scored session. States that never occur have no bar, but usable and smiles always do."""
    frames = result.frames
    time = frames["TIME"].to_numpy(float)
    ends = time + durations(time)
    seconds = float(ends[-1]) if len(ends) else 0.0
    valence, movement = (frames[name].to_numpy(float) for name in ("VALENCE", "MOVEMENT"))
    highest = float(np.nanquantile(movement, 0.99)) if np.isfinite(movement).any() else 0.0
    return Bands(
        seconds=seconds,
        curves=(
            Curve("Valence", *binned(time, valence, seconds), -1.0, 1.0),
            Curve("Movement", *binned(time, movement, seconds), 0.0, _round_up(highest)),
        ),
        face=(Bars("Smiles", tuple(result.smiles)), *_expression_bars(frames, time, ends)),
        picture=_status_bars(frames, time, ends),
        stimuli=tuple(answer.time for answer in result.answers),
    )


def _round_up(value: float) -> float:
    """The next of 0.2, 0.4, 1, 2, 4 and 10, so that the scale of most sessions is the same."""
    return next((each for each in (0.2, 0.4, 1.0, 2.0, 4.0) if each >= value), 10.0)


def binned(time: Array, value: Array, seconds: float) -> tuple[Array, Array]:
    """Centres of at most `POINTS` bins, none shorter than a frame, and their means; NaN for empty bins."""
    count = max(1, min(POINTS, len(time)))
    edges = np.linspace(0.0, max(seconds, 1e-9), count + 1)
    there = np.isfinite(value)
    place = np.clip(np.searchsorted(edges, time[there] + 1e-9, side="right") - 1, 0, count - 1)
    total = np.bincount(place, weights=value[there], minlength=count)
    number = np.bincount(place, minlength=count)
    mean = np.divide(total, number, out=np.full(count, np.nan), where=number > 0)
    return (edges[:-1] + edges[1:]) / 2, mean


def _expression_bars(frames: pd.DataFrame, time: Array, ends: Array) -> tuple[Bars, ...]:
    labels = frames["EXPRESSION"].to_numpy(object)
    names = [name for name in expressions.NAMES if name != expressions.NEUTRAL]
    found = (Bars(name.capitalize(), spans(labels == name, time, ends)) for name in names)
    return tuple(each for each in found if each.spans)


def _status_bars(frames: pd.DataFrame, time: Array, ends: Array) -> tuple[Bars, ...]:
    status = frames["STATUS"].to_numpy(object)
    found = [Bars(words, spans(status == each.value, time, ends)) for each, words in STATUS_WORDS.items()]
    return tuple(each for each in found if each.spans or each.name == STATUS_WORDS[FrameStatus.OK])


def spans(where: NDArray[np.bool_], time: Array, ends: Array) -> tuple[Span, ...]:
    """Runs of frames in which `where` holds, as (begin, end)."""
    steps = np.diff(np.concatenate([[False], np.asarray(where, dtype=bool), [False]]).astype(int))
    first, last = np.flatnonzero(steps == 1), np.flatnonzero(steps == -1) - 1
    return tuple(zip(time[first].tolist(), ends[last].tolist(), strict=True))
