"""One-way comparison of several groups with effect sizes of explained variance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import chdtrc, fdtrc

from emostats.errors import ModelError, UsageError
from emostats.statistics.effects.effect import Effect, FloatArray
from emostats.statistics.effects.noncentral import noncentral_f_limits
from emostats.statistics.effects.spread_tests import FTest


@dataclass(frozen=True)
class OneWay:
    """Sums of squares of a one-way layout: between and within `k` groups of `n` values."""

    between: float
    within: float
    k: int
    n: int

    @property
    def num_df(self) -> float:
        return float(self.k - 1)

    @property
    def den_df(self) -> float:
        return float(self.n - self.k)

    @property
    def test(self) -> FTest:
        """The F test of equal means."""
        f = (self.between / self.num_df) / (self.within / self.den_df)
        return FTest(f, self.num_df, self.den_df, float(fdtrc(self.num_df, self.den_df, f)))


def one_way(values: npt.ArrayLike, groups: npt.ArrayLike | pd.Series) -> OneWay:
    """Sums of squares by group; rows with a missing value or group are left out.

    Raises
    ------
    UsageError: lengths differ. ModelError: fewer than two groups, or no variation within groups.
    """
    parts = split(values, groups)
    everything = np.concatenate(parts)
    between = float(sum(len(p) * (p.mean() - everything.mean()) ** 2 for p in parts))
    within = float(sum(((p - p.mean()) ** 2).sum() for p in parts))
    if len(everything) <= len(parts) or not within > 0:
        raise ModelError("Values do not vary within groups, so there is no error variance.")
    return OneWay(between, within, len(parts), len(everything))


def split(values: npt.ArrayLike, groups: npt.ArrayLike | pd.Series) -> list[FloatArray]:
    """Values by group, groups in sorted (or categorical) order."""
    y = np.asarray(values, dtype=float)
    labels = groups if isinstance(groups, pd.Series) else pd.Series(list(np.asarray(groups)))
    if len(y) != len(labels):
        raise UsageError(f"{len(y)} values but {len(labels)} group labels; there must be one a value.")
    categorical = labels.astype("category").cat.remove_unused_categories()
    codes = categorical.cat.codes.to_numpy()
    present = np.isfinite(y)
    parts = [y[(codes == code) & present] for code in range(len(categorical.cat.categories))]
    parts = [part for part in parts if len(part)]
    if len(parts) < 2:
        raise ModelError(f"There is {len(parts)} group with values; at least two are needed.")
    return parts


def welch_anova(values: npt.ArrayLike, groups: npt.ArrayLike | pd.Series) -> FTest:
    """Welch's (1951) test of equal means without equal variances.

    Raises
    ------
    ModelError: a group with fewer than two values or without variation.
    """
    parts = split(values, groups)
    sizes = np.array([len(part) for part in parts], dtype=float)
    if (sizes < 2).any() or any(part.var() == 0 for part in parts):
        raise ModelError("Welch's test needs two or more different values in every group.")
    weights = sizes / np.array([part.var(ddof=1) for part in parts])
    means = np.array([part.mean() for part in parts])
    k = len(parts)
    total = weights.sum()
    mean = float(weights @ means / total)
    imbalance = float(((1 - weights / total) ** 2 / (sizes - 1)).sum()) / (k**2 - 1)
    f = float((weights * (means - mean) ** 2).sum() / (k - 1) / (1 + 2 * (k - 2) * imbalance))
    den_df = 1 / (3 * imbalance)
    return FTest(f, k - 1, den_df, float(fdtrc(k - 1, den_df, f)))


def kruskal_wallis(values: npt.ArrayLike, groups: npt.ArrayLike | pd.Series) -> tuple[float, float, float]:
    """H corrected for ties, its degrees of freedom and p (Kruskal & Wallis, 1952).

    Raises
    ------
    ModelError: all values are equal.
    """
    from scipy.stats import rankdata

    parts = split(values, groups)
    ranks = rankdata(np.concatenate(parts))
    n = len(ranks)
    variance = float(((ranks - (n + 1) / 2) ** 2).sum()) / (n - 1)
    if not variance > 0:
        raise ModelError("All values are equal, so ranks do not differ.")
    stops = np.cumsum([len(part) for part in parts])
    means = [chunk.mean() for chunk in np.split(ranks, stops[:-1])]
    h = sum(len(p) * (m - (n + 1) / 2) ** 2 for p, m in zip(parts, means, strict=True)) / variance
    df = len(parts) - 1
    return float(h), float(df), float(chdtrc(df, h))


def eta_squared(layout: OneWay, *, convention: str = "total", conf_level: float = 0.90) -> Effect:
    """η² = SS_between / SS_total, with limits from the noncentral F (Steiger, 2004).

    `convention`: λ / (λ + N) (``"total"``), or λ / (λ + df_within) (``"within"``), as some software has it.
    90 % is customary, since η² cannot be negative.
    """
    if convention not in ("total", "within"):
        raise UsageError(f"convention={convention!r} is unknown: 'total' or 'within'.")
    test = layout.test
    offset = layout.n if convention == "total" else layout.den_df
    low, high = (
        value / (value + offset)
        for value in noncentral_f_limits(test.statistic, test.num_df, test.den_df, conf_level)
    )
    return Effect(
        "eta_squared",
        "η²",
        layout.between / (layout.between + layout.within),
        statistic=test.statistic,
        p_value=test.p_value,
        conf_low=low,
        conf_high=high,
        conf_level=conf_level,
        n=layout.n,
        method=f"noncentral F, λ/(λ + {'N' if convention == 'total' else 'df within'})",
    )


def omega_squared(layout: OneWay) -> float:
    """ω² = (SS_b - df_b MS_w) / (SS_t + MS_w) (Hays, 1963)."""
    mean_square = layout.within / layout.den_df
    excess = layout.between - layout.num_df * mean_square
    return excess / (layout.between + layout.within + mean_square)


def epsilon_squared(layout: OneWay) -> float:
    """ε² = (SS_b - df_b MS_w) / SS_t (Kelley, 1935)."""
    mean_square = layout.within / layout.den_df
    return (layout.between - layout.num_df * mean_square) / (layout.between + layout.within)


def cohen_f(layout: OneWay) -> float:
    """Cohen's f = sqrt(η² / (1 - η²)) = sqrt(SS_b / SS_w)."""
    return float(np.sqrt(layout.between / layout.within))
