"""A linear scale from values to pixels, with round ticks."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import median

TickText = Callable[[float, int], str]
"""Writes a tick: its value and its decimal places. Text of numbers is made in one place, and not here."""


@dataclass(frozen=True)
class Scale:
    """Maps values from `low` to `high` onto pixels from `start` to `stop`; `ticks` have `places` decimals."""

    low: float
    high: float
    start: float
    stop: float
    ticks: tuple[float, ...]
    places: int

    def __call__(self, value: float) -> float:
        return self.start + (value - self.low) / (self.high - self.low) * (self.stop - self.start)

    def clipped(self, value: float) -> float:
        """Pixel of `value`, moved to the nearer end when it lies outside."""
        return self(min(max(value, self.low), self.high))


def finite(values: Iterable[float | None]) -> list[float]:
    """The values that are numbers."""
    return [float(value) for value in values if value is not None and math.isfinite(value)]


def linear(
    values: Sequence[float], start: float, stop: float, *, n_ticks: int = 5, pad: float = 0.04
) -> Scale:
    """A scale that shows all of `values` (finite) with some air, and about `n_ticks` round ticks."""
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    if high - low <= 1e-12 * max(abs(low), abs(high), 1e-300):
        reach = abs(low) * 0.1 or 1.0
        low, high = low - reach, high + reach
    margin = (high - low) * pad
    return _with_ticks(low - margin, high + margin, start, stop, n_ticks)


def covering(
    estimates: Iterable[float | None],
    intervals: Iterable[tuple[float | None, float | None]],
    start: float,
    stop: float,
    *,
    n_ticks: int = 5,
) -> Scale:
    """A scale for `estimates` with their `intervals` (low, high).

    One very wide interval is cut where the scale ends, rather than squeezing the rest: limits count only up
    to four times the median width beyond the outermost estimate.
    """
    points, pairs = finite(estimates), list(intervals)
    limits = finite(limit for pair in pairs for limit in pair)
    widths = finite(None if low is None or high is None else high - low for low, high in pairs)
    if widths and points:
        reach = 4 * median(widths)
        least, most = min(points) - reach, max(points) + reach
        limits = [min(max(limit, least), most) for limit in limits]
    return linear(points + limits, start, stop, n_ticks=n_ticks)


def _with_ticks(low: float, high: float, start: float, stop: float, n_ticks: int) -> Scale:
    step = _round_step((high - low) / max(n_ticks, 1))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    ticks = tuple(index * step for index in range(first, last + 1))
    return Scale(low, high, start, stop, ticks, max(0, -math.floor(math.log10(step) + 1e-9)))


def _round_step(rough: float) -> float:
    """The smallest of 1, 2, 5 × 10ᵏ that is not below three quarters of `rough`."""
    least = 0.75 * rough
    power = 10.0 ** math.floor(math.log10(least))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= least * (1 - 1e-9))
