"""The numbers that describe one variable in one group, and the standardized difference of two groups."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping
from typing import TypeAlias

import numpy as np
import pandas as pd

Groups: TypeAlias = Mapping[str, Collection[Hashable]]
"""Shown label → the subjects (USUBJID) it covers. Groups may overlap."""


def summarize(values: pd.Series) -> dict[str, float]:
    """n, mean, sd (n − 1), median, quartiles (linear, as R's type 7) and range of the values that exist.

    With no value all but ``n`` are NaN; with one the sd is NaN.
    """
    x = values.dropna().to_numpy(dtype=float)
    if x.size == 0:
        blank = dict.fromkeys(("mean", "sd", "median", "q1", "q3", "minimum", "maximum"), float("nan"))
        return {"n": 0.0, **blank}
    q1, median, q3 = np.quantile(x, [0.25, 0.5, 0.75])
    return {
        "n": float(x.size),
        "mean": float(x.mean()),
        "sd": float(x.std(ddof=1)) if x.size > 1 else float("nan"),
        "median": float(median),
        "q1": float(q1),
        "q3": float(q3),
        "minimum": float(x.min()),
        "maximum": float(x.max()),
    }


def standardized_difference(first: pd.Series, second: pd.Series) -> float:
    """Difference of means (first − second) in units of the pooled sd, sqrt((s1² + s2²) / 2).

    For an indicator (0/1) the variance is p(1 − p), as for proportions in Austin (2009), Stat Med 28:3083,
    equations 1 and 2. NaN where either group is empty or the pooled sd is zero with unequal means; 0 where
    both groups are constant and equal.
    """
    a, b = first.dropna().to_numpy(dtype=float), second.dropna().to_numpy(dtype=float)
    if a.size == 0 or b.size == 0:
        return float("nan")
    difference = float(a.mean() - b.mean())
    pooled = (_variance(a) + _variance(b)) / 2
    if not np.isfinite(pooled):
        return float("nan")
    if pooled > 0:
        return difference / float(np.sqrt(pooled))
    return 0.0 if difference == 0 else float("nan")


def _variance(x: np.ndarray) -> float:
    if np.isin(x, (0.0, 1.0)).all():
        p = float(x.mean())
        return p * (1 - p)
    return float(x.var(ddof=1)) if x.size > 1 else float("nan")
