"""Pairs of measurements by two methods, single or repeated, read for a comparison of methods."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from emostats.errors import UsageError, did_you_mean
from emostats.statistics.agreement.ratings import read_ratings

Array = NDArray[np.float64]

_FEWEST = 3


@dataclass(frozen=True)
class MethodPairs:
    """Differences (first minus second method) and means.

    Attributes
    ----------
    differences, means: per pair (per target when replicates are unpaired).
    target_differences, target_means: per target, of the means of its replicates.
    within_parts: (variance, df) to add to the variance of target differences, for one more measurement.
    within_sd: standard deviation of repeated differences of one target, NaN without repeats.
    """

    differences: Array
    means: Array
    target_differences: Array
    target_means: Array
    within_parts: tuple[tuple[float, int], ...]
    within_sd: float
    n_left_out: int
    methods: tuple[str, str]
    repeated: bool

    @property
    def n_targets(self) -> int:
        return len(self.target_differences)


def read_pairs(
    data: Any,
    targets: str | None,
    raters: str | None,
    ratings: str | None,
    occasions: str | None,
    *,
    repeated: str,
    log: bool,
) -> MethodPairs:
    """Read single pairs (no `occasions`) or repeated ones.

    Raises
    ------
    UsageError, FindingsError: as in `read_ratings`; not two methods; fewer than three targets; log of a
        value ≤ 0.
    """
    if occasions is None:
        return _single(data, targets, raters, ratings, log)
    frame = _long_frame(data, targets, raters, ratings, occasions)
    if repeated == "paired":
        return _paired(frame, log)
    return _unpaired(frame, log)


def _single(
    data: Any, targets: str | None, raters: str | None, ratings: str | None, log: bool
) -> MethodPairs:
    table = read_ratings(data, targets=targets, raters=raters, ratings=ratings)
    both = ~np.isnan(table.values).any(axis=1)
    x, y = _two([_scaled(table.values[both][:, j], log) for j in range(table.n_raters)])
    d, m = x - y, (x + y) / 2.0
    return _checked(
        MethodPairs(d, m, d, m, (), float("nan"), int((~both).sum()), _names(table.raters), False)
    )


def _long_frame(
    data: Any, targets: str | None, raters: str | None, ratings: str | None, occasions: str
) -> pd.DataFrame:
    """Columns target, method, occasion, value; every combination once."""
    if not isinstance(data, pd.DataFrame) or targets is None or raters is None or ratings is None:
        raise UsageError(
            "Repeated measurements need a long DataFrame with targets, raters, ratings and occasions named."
        )
    if occasions not in data.columns:
        raise UsageError(
            f"No column '{occasions}' for occasions. {did_you_mean(occasions, map(str, data.columns))}"
        )
    blocks = []
    for occasion, block in data.groupby(occasions, sort=False, observed=True):
        table = read_ratings(block, targets=targets, raters=raters, ratings=ratings, min_raters=1)
        n, k = table.values.shape
        blocks.append(
            pd.DataFrame(
                {
                    "target": np.repeat(pd.Index(list(table.targets)), k),
                    "method": np.tile(pd.Index(list(table.raters)), n),
                    "occasion": str(occasion),
                    "value": table.values.ravel(),
                }
            )
        )
    return pd.concat(blocks, ignore_index=True).dropna(subset=["value"])


def _paired(frame: pd.DataFrame, log: bool) -> MethodPairs:
    """Differences on the same occasion; the true value may change between occasions."""
    wide = frame.pivot(index=["target", "occasion"], columns="method", values="value")
    names = _names(tuple(wide.columns))
    full = wide.dropna()
    x, y = _two([_scaled(full[name].to_numpy(dtype=np.float64), log) for name in full.columns])
    d, m = x - y, (x + y) / 2.0
    groups = pd.factorize(full.index.get_level_values("target"))[0]
    size = np.bincount(groups).astype(np.float64)
    mean_d, mean_m = np.bincount(groups, d) / size, np.bincount(groups, m) / size
    df = len(d) - len(size)
    within = float(((d - mean_d[groups]) ** 2).sum()) / df if df > 0 else 0.0
    share = 1.0 - float((1.0 / size).mean())
    parts = ((share * within, df),) if df > 0 else ()
    sd = float(np.sqrt(within)) if df > 0 else float("nan")
    return _checked(MethodPairs(d, m, mean_d, mean_m, parts, sd, len(wide) - len(full), names, True))


def _unpaired(frame: pd.DataFrame, log: bool) -> MethodPairs:
    """Replicates by method; the true value of a target is constant."""
    frame = frame.assign(value=_scaled(frame["value"].to_numpy(dtype=np.float64), log))
    names = _names(tuple(sorted(frame["method"].unique())))
    mean = frame.groupby(["target", "method"])["value"].mean().unstack("method")
    full = mean.dropna()
    frame = frame[frame["target"].isin(full.index)]
    x, y = _two([full[name].to_numpy(dtype=np.float64) for name in full.columns])
    parts = []
    for name in full.columns:
        own = frame[frame["method"] == name].groupby("target")["value"]
        size = own.count().to_numpy(dtype=np.float64)
        df = int((size - 1).sum())
        variance = float((own.var(ddof=1).fillna(0.0) * (own.count() - 1)).sum()) / df if df > 0 else 0.0
        if df > 0:
            parts.append(((1.0 - float((1.0 / size).mean())) * variance, df))
    d, m = x - y, (x + y) / 2.0
    sd = float(np.sqrt(sum(value for value, _ in parts))) if parts else float("nan")
    return _checked(MethodPairs(d, m, d, m, tuple(parts), sd, len(mean) - len(full), names, True))


def _two(columns: list[Array]) -> tuple[Array, Array]:
    if len(columns) != 2:
        raise UsageError(
            f"Limits of agreement compare two methods; found {len(columns)}. Use icc or g_study for more."
        )
    return columns[0], columns[1]


def _names(labels: Any) -> tuple[str, str]:
    names = [str(label) for label in labels]
    return (names[0], names[1]) if len(names) == 2 else ("", "")


def _scaled(values: Array, log: bool) -> Array:
    if not log:
        return values
    if (values <= 0).any():
        raise UsageError("Ratios need values above 0; found one that is not. Use scale='difference'.")
    return np.asarray(np.log(values))


def _checked(pairs: MethodPairs) -> MethodPairs:
    if pairs.n_targets < _FEWEST:
        raise UsageError(
            f"Limits of agreement need at least {_FEWEST} targets with both values; found {pairs.n_targets}."
        )
    return pairs
