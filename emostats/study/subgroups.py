"""Subgroups: half-open age bands from the age at baseline, and factors with their levels in order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class AgeBand:
    """Ages from `low` (inclusive) to `high` (exclusive), in years."""

    low: float
    high: float

    @property
    def label(self) -> str:
        """``"1–6"`` for [1, 7) when the edges are whole years, else ``"1.5 to <3"``."""
        if float(self.low).is_integer() and float(self.high).is_integer():
            last = int(self.high) - 1
            return f"{int(self.low)}–{last}" if last > self.low else f"{int(self.low)}"
        return f"{self.low:g} to <{self.high:g}"


def age_bands(edges: Sequence[float]) -> tuple[AgeBand, ...]:
    """Bands between increasing edges: ``[1, 7, 13]`` gives [1, 7) and [7, 13)."""
    return tuple(AgeBand(low, high) for low, high in pairwise(edges))


def band_of(ages: Iterable[float], edges: Sequence[float]) -> pd.Categorical[str]:
    """The band of each age as an ordered categorical; missing where the age is missing or in no band."""
    labels = [band.label for band in age_bands(edges)]
    values = np.asarray(list(ages), dtype=np.float64)
    codes = np.searchsorted(np.asarray(edges, dtype=np.float64), values, side="right") - 1
    codes = np.where(outside(values, edges) | np.isnan(values), -1, codes)
    return pd.Categorical(np.array([*labels, None], dtype=object)[codes], categories=labels, ordered=True)


def outside(ages: Iterable[float], edges: Sequence[float]) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Which ages lie in no band; a missing age does not count as outside."""
    values = np.asarray(list(ages), dtype=np.float64)
    return (values < edges[0]) | (values >= edges[-1])


def factor(values: pd.Series[str], levels: Sequence[str] | None = None) -> pd.Categorical[str]:
    """Values as an ordered categorical: levels in the given order, or sorted when none are given."""
    order = list(levels) if levels is not None else sorted(str(value) for value in values.dropna().unique())
    return pd.Categorical(values, categories=order, ordered=True)
