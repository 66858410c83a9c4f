"""The scores of one session. Everything is weighted by the time for which a frame stands, not by frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from emostats.inference.clip_model import PREFIX
from emostats.inference.frames import FrameStatus
from emostats.inference.scores import expressions
from emostats.inference.scores.action_units import action_units
from emostats.inference.scores.expressions import label_expressions
from emostats.inference.scores.responses import Response, responses
from emostats.inference.scores.smiles import smile_episodes
from emostats.inference.scores.table import durations
from emostats.inference.scores.valence import valence

Array = NDArray[np.float64]

SHARES = tuple(name.upper() for name in expressions.NAMES)
SCORES = (
    "VALENCE", "VALENCE_SD", "SMILE_RATE", "SMILE_SHARE", "EXPRESSIVITY", "STABILITY", "LATENCY", "RESPONSES",
    *SHARES, "SMILE_MODEL",
)  # fmt: skip
"""The scores that are blank when a session has too little usable time."""
QUALITY = (
    "SECONDS",
    "FRAMES",
    "USABLE",
    "USABLE_S",
    "NO_FACE",
    "TOO_SMALL",
    "TURNED_AWAY",
    "TOO_DARK",
    "MAX_FACES",
    "TRACKS",
)
"""What describes the recording; always given."""


@dataclass(frozen=True)
class Gates:
    """Least usable seconds, and least usable share of the recording, for a session to be scored."""

    seconds: float = 10.0
    share: float = 0.0


@dataclass(frozen=True)
class SessionScores:
    """What a session gave.

    Attributes
    ----------
    quality: `QUALITY`, shares of time 0–1. scores: `SCORES`, and the mean probability of each class of
    trained weights (``P_…``); NaN where it could not be computed. Empty if `reason` says why the session was
    not scored. reason: why there are no scores, or "". frames: the frames with TIME, STATUS, VALENCE,
    EXPRESSION, SMILE (activation of AU12), MOVEMENT and the probabilities. smiles: begin and end of each
    smile (s). answers: to each stimulus.
    """

    quality: dict[str, float]
    scores: dict[str, float]
    reason: str
    frames: pd.DataFrame
    smiles: list[tuple[float, float]] = field(default_factory=list)
    answers: list[Response] = field(default_factory=list)


def score_session(
    frames: pd.DataFrame,
    *,
    stimuli: Sequence[float] = (),
    gates: Gates | None = None,
    own_neutral: bool = True,
) -> SessionScores:
    """Scores a session from its table of frames (`emostats.inference.scores.table.frame_table`).

    `stimuli` are seconds from the first frame. Frames that are not usable enter no score, and nothing is put
    in their place.
    """
    gates = gates or Gates()
    time = frames["TIME"].to_numpy(float)
    weight, usable = durations(time), (frames["STATUS"] == FrameStatus.OK).to_numpy()
    units = action_units(frames, usable, own_neutral=own_neutral)
    derived = _derived(frames, units)
    quality = _quality(frames, weight, usable)
    if reason := _too_little(quality, gates):
        return SessionScores(quality, {}, reason, derived)
    smiles = smile_episodes(time, units["AU12"].to_numpy())
    answers = responses(stimuli, time, weight, units.to_numpy())
    scores = {
        **_means(derived, weight, usable),
        **_smiling(smiles, quality["USABLE_S"]),
        **_answering(answers),
        "STABILITY": stability(derived["EXPRESSION"].to_numpy(), frames["TRACK"].to_numpy()),
        **_shares(derived["EXPRESSION"].to_numpy(), weight),
    }
    scores = {name: scores[name] for name in SCORES} | _classes(derived, weight, usable)
    return SessionScores(quality, scores, "", derived, smiles, answers)


def _derived(frames: pd.DataFrame, units: pd.DataFrame) -> pd.DataFrame:
    return frames[["FRAME", "TIME", "STATUS", "MOVEMENT"]].assign(
        VALENCE=valence(units),
        SMILE=units["AU12"],
        EXPRESSION=label_expressions(units),
        SMILE_MODEL=frames.get("SMILE_MODEL", np.nan),
        **{name: frames[name] for name in frames.columns if name.startswith(PREFIX)},
    )


def _quality(frames: pd.DataFrame, weight: Array, usable: NDArray[np.bool_]) -> dict[str, float]:
    total = float(weight.sum())
    status = frames["STATUS"].to_numpy()
    shares = {
        each.name: float(weight[status == each].sum()) / total if total else 0.0
        for each in FrameStatus
        if each is not FrameStatus.OK
    }
    return {
        "SECONDS": total,
        "FRAMES": float(len(frames)),
        "USABLE": float(weight[usable].sum()) / total if total else 0.0,
        "USABLE_S": float(weight[usable].sum()),
        **shares,
        "MAX_FACES": float(frames["N_FACES"].max()) if len(frames) else 0.0,
        "TRACKS": float(frames["TRACK"].max()) if len(frames) else 0.0,
    }


def _too_little(quality: dict[str, float], gates: Gates) -> str:
    usable, share = quality["USABLE_S"], quality["USABLE"]
    why = _most_frequent(quality)
    if usable == 0.0:
        return "no usable frame" + why
    if usable < gates.seconds:
        return f"{usable:.1f} s usable, at least {gates.seconds:g} s are needed" + why
    if share < gates.share:
        return f"{share:.0%} of the time usable, at least {gates.share:.0%} are needed" + why
    return ""


def _most_frequent(quality: dict[str, float]) -> str:
    """In words, with a colon before, what most of the lost time was lost to."""
    words = {
        "NO_FACE": "no face", "TOO_SMALL": "face too small",
        "TURNED_AWAY": "face turned away", "TOO_DARK": "face too dark",
    }  # fmt: skip
    worst = max(words, key=lambda name: quality[name])
    return f": {words[worst]} for {quality[worst]:.0%} of the time" if quality[worst] > 0 else ""


def _means(derived: pd.DataFrame, weight: Array, usable: NDArray[np.bool_]) -> dict[str, float]:
    level = derived["VALENCE"].to_numpy()
    mean = _mean(level, weight)
    return {
        "VALENCE": mean,
        "VALENCE_SD": float(np.sqrt(_mean((level - mean) ** 2, weight))),
        "EXPRESSIVITY": _mean(derived["MOVEMENT"].to_numpy(), weight),
        "SMILE_MODEL": _mean(np.where(usable, derived["SMILE_MODEL"].to_numpy(float), np.nan), weight),
    }


def _classes(derived: pd.DataFrame, weight: Array, usable: NDArray[np.bool_]) -> dict[str, float]:
    """Mean probability over the usable time of each class of trained weights."""
    names = [name for name in derived.columns if name.startswith(PREFIX)]
    return {name: _mean(np.where(usable, derived[name].to_numpy(float), np.nan), weight) for name in names}


def _mean(values: Array, weight: Array) -> float:
    """Mean over time of the values that are there; NaN without any."""
    there = ~np.isnan(values)
    total = weight[there].sum()
    return float((values[there] * weight[there]).sum() / total) if total > 0 else float("nan")


def _smiling(smiles: list[tuple[float, float]], usable_seconds: float) -> dict[str, float]:
    """Smiles a usable minute, and share of the usable time spent in them."""
    spent = sum(end - begin for begin, end in smiles)
    return {
        "SMILE_RATE": 60.0 * len(smiles) / usable_seconds,
        "SMILE_SHARE": min(1.0, spent / usable_seconds),
    }


def _answering(answers: list[Response]) -> dict[str, float]:
    """Median latency of the answers (s), and the share of evaluable stimuli that were answered."""
    evaluable = [each for each in answers if each.evaluable]
    latencies = [each.latency for each in evaluable if not np.isnan(each.latency)]
    return {
        "LATENCY": float(np.median(latencies)) if latencies else float("nan"),
        "RESPONSES": len(latencies) / len(evaluable) if evaluable else float("nan"),
    }


def stability(labels: NDArray[np.object_], track: NDArray[np.int64]) -> float:
    """Share of neighbouring usable frames of one track with the same expression; NaN without neighbours."""
    known = ~np.asarray(pd.isna(labels))
    pair = known[1:] & known[:-1] & (track[1:] == track[:-1])
    return float((labels[1:] == labels[:-1])[pair].mean()) if pair.any() else float("nan")


def _shares(labels: NDArray[np.object_], weight: Array) -> dict[str, float]:
    """Share of the usable time that each expression has."""
    known = ~np.asarray(pd.isna(labels))
    total = weight[known].sum()
    return {
        name.upper(): float(weight[labels == name].sum() / total) if total > 0 else float("nan")
        for name in expressions.NAMES
    }
