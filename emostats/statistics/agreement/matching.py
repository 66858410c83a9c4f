"""Matching accuracy: the share of blind ratings at or above a stated threshold.

Ratings of one clip resemble each other, and so do ratings by one expert: the standard error counts both
    (Cameron,
Gelbach & Miller 2011, J Bus Econ Stat 29:238, eq. 2.10: variance by clip + by rater − by rating), with
Satterthwaite's df and limits on the logit scale.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import log
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from emostats.errors import UsageError, check_level, did_you_mean
from emostats.statistics.agreement.clusters import clustered_error
from emostats.statistics.agreement.ratings import RatingTable, read_ratings
from emostats.statistics.agreement.roots import expit

Array = NDArray[np.float64]


@dataclass(frozen=True)
class MatchingAccuracy:
    """Share of ratings at or above `threshold`.

    Attributes
    ----------
    estimate: in [0, 1]. std_error: clustered by rater and target. df: Satterthwaite's.
    conf_low, conf_high: at `conf_level`, within [0, 1].
    n_matching, n_ratings, n_targets, n_raters: counts.
    by_rater: one row a rater: rater, n_ratings, n_matching, share.
    method: how. reason: what a reader must know; '' when there is nothing.
    """

    estimate: float
    std_error: float
    df: float
    conf_low: float
    conf_high: float
    conf_level: float
    threshold: float
    n_matching: int
    n_ratings: int
    n_targets: int
    n_raters: int
    by_rater: pd.DataFrame = field(repr=False, compare=False)
    method: str = ""
    reason: str = ""

    def table(self) -> pd.DataFrame:
        """One row, with the attributes as columns (without `by_rater`)."""
        names = [name for name in self.__dataclass_fields__ if name != "by_rater"]
        return pd.DataFrame([{name: getattr(self, name) for name in names}])


def matching_accuracy(
    data: Any,
    *,
    threshold: float,
    targets: str | None = None,
    raters: str | None = None,
    ratings: str | None = None,
    within: str | None = None,
    conf_level: float = 0.95,
) -> MatchingAccuracy:
    """Share of ratings ≥ `threshold`, with limits that count clips and raters as clusters.

    Parameters
    ----------
    data, targets, raters, ratings: as in `icc`; one rater is allowed.
    threshold: lowest rating that counts as a match, in rating units; state it before looking at the data.
    within: column of larger units that hold the targets (the child, where a child has several clips); these
        then are the clusters. Long data only.

    Raises
    ------
    UsageError, FindingsError: as in `icc`; a target in two of the larger units.
    """
    check_level(conf_level)
    if not np.isfinite(threshold):
        raise UsageError(f"threshold must be a finite rating; found {threshold!r}.")
    table = read_ratings(data, targets=targets, raters=raters, ratings=ratings, min_raters=1)
    rated = ~np.isnan(table.values)
    match = np.where(rated, table.values >= threshold, 0.0)
    units = np.arange(table.n_targets) if within is None else _units(data, targets, within, table)
    estimate = float(match.sum() / rated.sum())
    std_error, df = clustered_error(match - estimate * rated, rated, units)
    low, high, method, reason = _limits(
        estimate, std_error, df, int(rated.sum()), len(np.unique(units)), conf_level
    )
    return MatchingAccuracy(
        estimate=estimate,
        std_error=std_error,
        df=df,
        conf_low=low,
        conf_high=high,
        conf_level=conf_level,
        threshold=float(threshold),
        n_matching=int(match.sum()),
        n_ratings=int(rated.sum()),
        n_targets=table.n_targets,
        n_raters=table.n_raters,
        by_rater=_by_rater(table, match, rated),
        method=method,
        reason=reason,
    )


def _units(data: Any, targets: str | None, within: str, table: RatingTable) -> NDArray[np.intp]:
    """The larger unit of each target, as codes."""
    if not isinstance(data, pd.DataFrame) or targets is None:
        raise UsageError("within= names a column of a long DataFrame; name targets, raters and ratings too.")
    if within not in data.columns:
        raise UsageError(f"No column '{within}' for within. {did_you_mean(within, map(str, data.columns))}")
    pairs = data[[targets, within]].drop_duplicates().dropna()
    twice = pairs[targets][pairs[targets].duplicated()]
    if len(twice):
        raise UsageError(
            f"Target '{twice.iloc[0]}' stands in more than one '{within}'; targets must be nested in it."
        )
    codes, _ = pd.factorize(pairs.set_index(targets)[within].reindex(list(table.targets)))
    return np.asarray(codes, dtype=np.intp)


def _limits(
    p: float, std_error: float, df: float, n: int, n_units: int, conf_level: float
) -> tuple[float, float, str, str]:
    from scipy.special import betaincinv, stdtrit

    tail = (1.0 - conf_level) / 2.0
    if p in (0.0, 1.0) or not df > 0.0:
        low = 0.0 if p == 0.0 else float(betaincinv(p * n_units, (1 - p) * n_units + 1, tail))
        high = 1.0 if p == 1.0 else float(betaincinv(p * n_units + 1, (1 - p) * n_units, 1.0 - tail))
        reason = f"all or none of the {n} ratings match: limits count the {n_units} targets as the units"
        return low, high, "exact binomial (Clopper–Pearson) with targets as units", reason
    reach = float(stdtrit(df, 1.0 - tail)) * std_error / (p * (1.0 - p))
    middle = log(p / (1.0 - p))
    method = "clustered by rater and target (Cameron–Gelbach–Miller), logit limits with Satterthwaite df"
    return expit(middle - reach), expit(middle + reach), method, ""


def _by_rater(table: RatingTable, match: Array, rated: NDArray[np.bool_]) -> pd.DataFrame:
    n, matching = rated.sum(axis=0), match.sum(axis=0)
    return pd.DataFrame(
        {
            "rater": list(table.raters),
            "n_ratings": n,
            "n_matching": matching.astype(int),
            "share": matching / n,
        }
    )
