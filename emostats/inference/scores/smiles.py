"""Smiles as episodes: they begin above one level and end below a lower one, so noise does not split them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class SmileRule:
    """When a smile begins and ends.

    Attributes
    ----------
    begin, end: activation of AU12 above the child's own neutral face.
    least: seconds that a smile lasts at least; shorter ones are not counted.
    gap: seconds without a usable frame that end a smile.
    """

    begin: float = 0.4
    end: float = 0.25
    least: float = 0.3
    gap: float = 0.5


def smile_episodes(time: Array, smile: Array, rule: SmileRule | None = None) -> list[tuple[float, float]]:
    """Begin and end (s) of each smile. `time` rises; `smile` is NaN where the frame is not usable."""
    rule = rule or SmileRule()
    seen = np.flatnonzero(~np.isnan(smile))
    episodes: list[tuple[float, float]] = []
    start = last = None
    for now, level in zip(time[seen].tolist(), smile[seen].tolist(), strict=True):
        if start is not None and last is not None and (level < rule.end or now - last > rule.gap):
            episodes.append((start, now if now - last <= rule.gap else last))
            start = None
        if start is None and level >= rule.begin:
            start = now
        last = now
    if start is not None and last is not None:
        episodes.append((start, last))
    return [(begin, end) for begin, end in episodes if end - begin >= rule.least]
