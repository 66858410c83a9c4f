"""As many digits of model results as do not tell how many children are behind them.

A standard error is a spread divided by the root of a number of children, so at full precision it tells that
number, and the ratio of an interval to its standard error tells the degrees of freedom. A relative change of
the standard error by t/(2n) is what t children more or less make of it. Estimates and intervals are therefore
given in steps of at least t/n of half an interval's width, t being the threshold of the rule: twice that,
because several results tell of the same children. Standard errors, degrees of freedom and what gives them
are left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from emostats.privacy.public.collect import is_difference

STEPS = (1.0, 2.0, 5.0, 10.0)
P_PLACES = 3
"""Decimals of p-values."""
UNTOLD_SIZE = 50.0
"""Children that a result without a number of them is taken to have."""


def step(half_width: float, n: float, threshold: int) -> float:
    """The unit (1, 2 or 5 times a power of ten) to which a result of `n` children is rounded.

    >>> step(0.11, 182, 11), step(0.25, 30, 11)
    (0.01, 0.1)
    """
    least = half_width * min(threshold / n, 1.0)
    power = 10.0 ** np.floor(np.log10(least))
    return float(next(unit * power for unit in STEPS if unit * power >= least * (1 - 1e-9)))


def to_step(value: float, unit: float) -> float:
    """A value as a multiple of a unit, without the noise of floating point."""
    places = int(max(0, 1 - np.floor(np.log10(unit))))
    return float(np.round(np.round(value / unit) * unit, places) + 0.0)  # no negative zero


def digits(value: float, number: int) -> float:
    """A value with so many significant digits."""
    return float(f"{value:.{number - 1}e}")


def round_result(record: Mapping[Any, Any], threshold: int) -> dict[str, float]:
    """The numbers of a row of the estimates that are published otherwise than they are; NaN for left out.

    Standard errors, degrees of freedom and test statistics of one degree of freedom go: an estimate and its
    statistic give its standard error. Fit and variance parameters stay, which no number of children follows
    from.
    """
    if record["kind"] in ("fit", "variance"):
        return {}
    told = {name: round(float(record[name]), P_PLACES) for name in ("p_value", "p_adjusted")}
    told |= dict.fromkeys(("std_error", "den_df"), np.nan)
    if record["kind"] != "test" or record["num_df"] == 1:
        told["statistic"] = np.nan
    unit = _unit(record, threshold)
    for name in ("estimate", "conf_low", "conf_high"):
        value = float(record[name])
        told[name] = to_step(value, unit) if unit else _if_known(value, 3)
    return told


def _unit(record: Mapping[Any, Any], threshold: int) -> float:
    """0 where a row has no interval and no standard error."""
    width = float(record["conf_high"]) - float(record["conf_low"])
    half = width / 2 if width > 0 and np.isfinite(width) else 1.96 * float(record["std_error"])
    n = float(record["n"]) if record["n"] == record["n"] and record["n"] else UNTOLD_SIZE
    if is_difference(record) or record["kind"] == "coefficient":
        n /= 2
    return step(half, n, threshold) if half > 0 else 0.0


def _if_known(value: float, number: int) -> float:
    return digits(value, number) if np.isfinite(value) else value


def round_shrinkage(table: pd.DataFrame) -> pd.DataFrame:
    """The table of shrinkage to two digits, its standard error to one."""
    numbers = [str(name) for name in table.select_dtypes("number") if name not in ("df", "p_value")]
    rounded: dict[str, Any] = {
        name: [_if_known(float(value), 1 if name == "mean_error" else 2) for value in table[name]]
        for name in numbers
    }
    return table.assign(**rounded, p_value=table["p_value"].round(P_PLACES))


def round_curves(table: pd.DataFrame, sizes: Mapping[str, float], threshold: int) -> pd.DataFrame:
    """The bands of curves in the same steps as other results; `sizes` are the children by estimate."""
    low, high = (table[name].to_numpy(dtype=np.float64, copy=True) for name in ("band_low", "band_high"))
    for row, estimate in enumerate(table["estimate_id"]):
        half, n = (high[row] - low[row]) / 2, sizes.get(estimate, np.nan)
        if half > 0:
            unit = step(half, n / 2 if n > 0 else UNTOLD_SIZE, threshold)
            low[row], high[row] = to_step(low[row], unit), to_step(high[row], unit)
    return table.assign(band_low=low, band_high=high)


def public_tipping(table: pd.DataFrame, estimates: pd.DataFrame) -> pd.DataFrame:
    """The p-values of shifted answers, for outcomes of which the change is shown.

    The shifted means are left out: their slope is the share of children without an answer.
    """
    keys = ["analysis", "parameter"]
    known = estimates.loc[estimates["estimate"].notna(), keys]
    shown = set(known.itertuples(index=False, name=None))
    keep = [key in shown for key in table[keys].itertuples(index=False, name=None)]
    part = table[keep].reset_index(drop=True)
    return part.assign(estimate=np.nan, p_value=part["p_value"].round(P_PLACES))
