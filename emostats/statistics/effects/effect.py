"""One effect with its interval, and tables of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields

import numpy as np
import numpy.typing as npt
import pandas as pd

from emostats.errors import ModelError, UsageError
from emostats.errors import check_level as check_level

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Effect:
    """An effect size or difference. Missing numbers are NaN.

    Attributes
    ----------
    name: stable name, e.g. ``"d_z"``. label: in words. estimate: see the function that made it.
    std_error, df, statistic, p_value: where the method has them.
    conf_low, conf_high: limits at `conf_level`. n: subjects (two groups: both together).
    method: how the interval was made. error: why there is no estimate, in words.
    """

    name: str
    label: str
    estimate: float
    std_error: float = float("nan")
    df: float = float("nan")
    statistic: float = float("nan")
    p_value: float = float("nan")
    conf_low: float = float("nan")
    conf_high: float = float("nan")
    conf_level: float = 0.95
    n: int = 0
    method: str = ""
    error: str = ""


EFFECT_COLUMNS: tuple[str, ...] = tuple(item.name for item in fields(Effect))


def effects_frame(effects: Iterable[Effect]) -> pd.DataFrame:
    """Effects as a table, one row each, columns `EFFECT_COLUMNS`."""
    return pd.DataFrame([asdict(effect) for effect in effects], columns=list(EFFECT_COLUMNS))


def failed(name: str, label: str, error: Exception, conf_level: float, n: int) -> Effect:
    """The row of an effect that cannot be computed, with the reason."""
    return Effect(name, label, float("nan"), conf_level=conf_level, n=n, error=str(error))


def sample(values: npt.ArrayLike, name: str, minimum: int = 2) -> FloatArray:
    """Values without missing ones.

    Raises
    ------
    UsageError: not one-dimensional numbers, or infinite ones. ModelError: fewer than `minimum` are left.
    """
    try:
        array = np.asarray(values, dtype=float)
    except (TypeError, ValueError) as error:
        raise UsageError(f"{name} must be numbers: {error}") from None
    if array.ndim != 1:
        raise UsageError(f"{name} must be one column of numbers; it has {array.ndim} dimensions.")
    if np.isinf(array).any():
        raise UsageError(f"{name} has infinite values; correct them or leave them out.")
    present = array[~np.isnan(array)]
    if len(present) < minimum:
        raise ModelError(f"{name} has {len(present)} value(s); at least {minimum} are needed.")
    return np.asarray(present)


def pairs(pre: npt.ArrayLike, post: npt.ArrayLike, minimum: int = 2) -> tuple[FloatArray, FloatArray]:
    """Complete pairs; pairs with a missing value are left out.

    Raises
    ------
    UsageError: different lengths, or not numbers. ModelError: fewer than `minimum` complete pairs.
    """
    first, second = np.asarray(pre, dtype=float), np.asarray(post, dtype=float)
    if first.ndim != 1 or first.shape != second.shape:
        raise UsageError(
            f"pre and post must be columns of the same length, one row a subject; found {first.shape} and "
            f"{second.shape}."
        )
    if np.isinf(first).any() or np.isinf(second).any():
        raise UsageError("pre or post has infinite values; correct them or leave them out.")
    complete = ~(np.isnan(first) | np.isnan(second))
    if complete.sum() < minimum:
        raise ModelError(f"There are {complete.sum()} complete pairs; at least {minimum} are needed.")
    return first[complete], second[complete]


def normal_share(d: Effect, name: str, label: str, *, scale: float = 1.0, method: str = "") -> Effect:
    """Φ(d/scale) of a standardized difference, with its limits transformed alike."""
    from scipy.special import ndtr

    value, low, high = map(float, ndtr(np.array([d.estimate, d.conf_low, d.conf_high]) / scale))
    method = method or "noncentral t, transformed"
    return Effect(
        name, label, value, conf_low=low, conf_high=high, conf_level=d.conf_level, n=d.n, method=method
    )


def normal_quantile(conf_level: float) -> float:
    """z with probability `conf_level` between -z and z."""
    from scipy.special import ndtri

    return float(-ndtri((1 - check_level(conf_level)) / 2))


def t_quantile(conf_level: float, df: float) -> float:
    """t with probability `conf_level` between -t and t."""
    from scipy.special import stdtrit

    return float(-stdtrit(df, (1 - check_level(conf_level)) / 2))


def t_two_sided(statistic: float, df: float) -> float:
    """Two-sided p-value of a t statistic."""
    from scipy.special import stdtr

    return float(2 * stdtr(df, -abs(statistic)))
