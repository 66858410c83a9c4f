"""Roots of monotone functions of one variable, without scipy.optimize (a heavy import for a short task)."""

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
    """Root between `low` and `high`, where f changes sign: false position, the stale end's value halved."""
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


_FARTHEST = 23.0  # logit beyond which 1 − ρ < 1e-10 and criteria drown in rounding


def logit_root(f: Function, start: float = 0.0, step: float = 3.0, ftol: float = 1e-12) -> float:
    """Root in (0, 1) of an increasing f, sought on the logit scale outwards from `start`; else 0 or 1."""
    low, high = start - step, start + step
    f_low, f_high = f(expit(low)), f(expit(high))
    while f_low > 0.0:
        if low < -700.0:
            return 0.0
        low, high, f_high = low - 2.0 * (start - low), low, f_low
        f_low = f(expit(low))
    while f_high < 0.0:
        if high >= _FARTHEST:
            return 1.0
        low, high, f_low = high, min(high + 2.0 * (high - start), _FARTHEST), f_high
        f_high = f(expit(high))
    return expit(illinois(lambda x: f(expit(x)), low, high, f_low, f_high, xtol=1e-11, ftol=ftol))


def quantile_root(cdf: Function, probability: float, start: float, step: float) -> float:
    """ρ in (0, 1) with cdf(ρ) = `probability`, for a smooth cdf that is about normal in logit ρ.

    Secant steps on the normal-score scale, kept inside a bracket. `start` and `step` are the median and the
    sd of logit ρ to expect. 1 if there is no such ρ.
    """
    from scipy.special import ndtri

    goal = float(ndtri(probability))

    def score(x: float) -> float:
        return float(ndtri(min(max(cdf(expit(x)), 1e-15), 1.0 - 1e-15))) - goal

    x = start + step * goal
    fx = score(x)
    low, high = -np.inf, np.inf
    slope = 1.0 / step
    for _ in range(80):
        if fx < 0.0:
            low = x
        else:
            high = x
        if abs(fx) < 1e-10 or high - low < 1e-12:
            return expit(x)
        new = x - fx / slope
        if not low < new < high:
            new = (low + high) / 2.0 if np.isfinite(low + high) else x + np.sign(new - x) * 2.0 * step
        if new > 36.0:
            return 1.0
        f_new = score(float(new))
        slope = (f_new - fx) / (new - x) if f_new != fx and (f_new - fx) / (new - x) > 0 else slope
        x, fx = float(new), f_new
    return expit(x)
