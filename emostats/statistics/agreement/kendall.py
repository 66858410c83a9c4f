"""Kendall's W: do the raters put the targets in the same order?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from emostats.errors import UsageError
from emostats.statistics.agreement.ratings import read_ratings

Array = NDArray[np.float64]


@dataclass(frozen=True)
class KendallW:
    """Coefficient of concordance.

    Attributes
    ----------
    estimate: in [0, 1], corrected for ties. uncorrected: without the correction.
    statistic, df, p_value: χ² test of no concordance. f_statistic, f_num_df, f_den_df, f_p_value: the F
        form, better for few targets (Kendall & Babington Smith 1939; Legendre 2005).
    mean_rank_correlation: average Spearman correlation of pairs of raters, (kW − 1)/(k − 1).
    n_left_out: targets without all ratings.
    """

    estimate: float
    uncorrected: float
    statistic: float
    df: float
    p_value: float
    f_statistic: float
    f_num_df: float
    f_den_df: float
    f_p_value: float
    mean_rank_correlation: float
    n_targets: int
    n_raters: int
    n_left_out: int
    method: str = "Kendall's W with correction for ties"
    reason: str = ""

    def table(self) -> pd.DataFrame:
        """One row, with the attributes as columns."""
        return pd.DataFrame([{name: getattr(self, name) for name in self.__dataclass_fields__}])


def kendall_w(
    data: Any, *, targets: str | None = None, raters: str | None = None, ratings: str | None = None
) -> KendallW:
    """Kendall's W over the targets that every rater rated.

    Raises
    ------
    UsageError, FindingsError: as in `icc`; fewer than two targets rated by all.
    """
    from scipy.special import chdtrc, fdtrc

    table = read_ratings(data, targets=targets, raters=raters, ratings=ratings)
    full = ~np.isnan(table.values).any(axis=1)
    values = table.values[full]
    n, k = values.shape
    if n < 2:
        raise UsageError(f"Kendall's W needs at least two targets rated by all {k} raters; found {n}.")
    ranks, ties = _midranks(values)
    s = float(((ranks.sum(axis=1) - k * (n + 1) / 2.0) ** 2).sum())
    whole = k**2 * (n**3 - n)
    below = whole - k * ties
    w = 12.0 * s / below if below > 0 else float("nan")
    chi2 = k * (n - 1) * w
    df1 = n - 1 - 2.0 / k
    f = (k - 1) * w / (1.0 - w) if w < 1.0 else float("inf")
    defined = w == w
    return KendallW(
        estimate=w,
        uncorrected=12.0 * s / whole,
        statistic=chi2,
        df=float(n - 1),
        p_value=float(chdtrc(n - 1, chi2)) if defined else float("nan"),
        f_statistic=f if defined else float("nan"),
        f_num_df=df1,
        f_den_df=df1 * (k - 1),
        f_p_value=(float(fdtrc(df1, df1 * (k - 1), f)) if np.isfinite(f) else 0.0)
        if defined
        else float("nan"),
        mean_rank_correlation=(k * w - 1.0) / (k - 1.0),
        n_targets=n,
        n_raters=k,
        n_left_out=int((~full).sum()),
        reason="" if defined else "undefined (0/0): no rater tells the targets apart",
    )


def _midranks(values: Array) -> tuple[Array, float]:
    """Ranks within each rater, ties sharing their mean rank, and Σ(t³ − t) over all ties."""
    n, k = values.shape
    ranks, ties = np.empty((n, k)), 0.0
    for j in range(k):
        _, where, count = np.unique(values[:, j], return_inverse=True, return_counts=True)
        last = np.cumsum(count)
        ranks[:, j] = (last - (count - 1) / 2.0)[where]
        ties += float((count.astype(np.float64) ** 3 - count).sum())
    return ranks, ties
