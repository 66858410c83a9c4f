"""Roots of monotone functions of one variable, without scipy.optimize (a heavy import for so short a task)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Function = Callable[[float], float]


def expit(x: float) -> float:
    """1/(1 + e^−x), in (0, 1)."""
    return float(1.0 / (1.0 + np.exp(-x)))


def illinois(
    f: Function, low: float, high: float, f_low: float, f_high: float, xtol: float, ftol: float = 0.0
) -> float:
    """Root between `low` and `high`, where f changes sign: false position, with the stale end's value halved."""
    side = 0
    for _ in range(200):
        if f_low == f_high or abs(high - low) < xtol:
            break
        x = (low * f_high - high * f_low) / (f_high - f_low)
        if not min(low, high) < x < max(low, high):
            x = (low + high) / 2.0
        fx = f(x)
        if abs(fx) <= ftol:
            return x
        if (fx < 0.0) == (f_low < 0.0):
            low, f_low = x, fx
            f_high = f_high / 2.0 if side == -1 else f_high
            side = -1
        else:
            high, f_high = x, fx
            f_low = f_low / 2.0 if side == 1 else f_low
            side = 1
    return (low + high) / 2.0


def logit_root(f: Function, start: float = 0.0, step: float = 3.0, ftol: float = 1e-12) -> float:
    """Root in (0, 1) of an increasing f, sought on the logit scale from `start` outwards; 0 or 1 when there is none."""
    low, high = start - step, start + step
    f_low, f_high = f(expit(low)), f(expit(high))
    while f_low > 0.0:
        if low < -700.0:
            return 0.0
        low, high, f_high = low - 2.0 * (start - low), low, f_low
        f_low = f(expit(low))
    while f_high < 0.0:
        if high > 36.0:
            return 1.0
        low, high, f_low = high, high + 2.0 * (high - start), f_high
        f_high = f(expit(min(high, 36.5)))
    return expit(illinois(lambda x: f(expit(x)), low, high, f_low, f_high, xtol=1e-11, ftol=ftol))
