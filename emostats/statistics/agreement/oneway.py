"""ICC of groups of unequal size (ratings nested in targets): one-way random effects.

The ANOVA estimate with n₀ = (N − Σnᵢ²/N)/(J − 1), the REML one, and four intervals: Wald's exact F, the F
with n₀ (Thomas & Hultquist 1978; Donner 1979), Smith's (1956) large-sample one, and the REML profile.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from emostats.errors import Finding, FindingsError, UsageError, check_level, did_you_mean
from emostats.statistics.agreement.components import VarianceComponents, fit_components
from emostats.statistics.agreement.crossed import CrossedSums, oneway_sums
from emostats.statistics.agreement.f_intervals import f_limit, f_quantile, f_upper_tail, ratio
from emostats.statistics.agreement.incomplete import wald_limit
from emostats.statistics.agreement.pivots import WaldSums
from emostats.statistics.agreement.profile import profile_limits

Array = NDArray[np.float64]

NAN = float("nan")


@dataclass(frozen=True)
class OneWayICC:
    """One-way ICC of unequal groups.

    Attributes
    ----------
    estimate: ANOVA with n₀; may be negative. estimate_reml, var_group, var_error, criterion: REML.
    statistic, num_df, den_df, p_value: F test of ICC ≤ 0.
    conf_low, conf_high: Wald's exact interval.
    f_low, f_high: F with n₀. smith_low, smith_high: Smith's. profile_low, profile_high: REML profile.
    n_groups, n_values, n0: sizes. reason: '' when there is nothing to say.
    """

    estimate: float
    statistic: float
    num_df: float
    den_df: float
    p_value: float
    conf_low: float
    conf_high: float
    conf_level: float
    f_low: float
    f_high: float
    smith_low: float
    smith_high: float
    profile_low: float
    profile_high: float
    estimate_reml: float
    var_group: float
    var_error: float
    criterion: float
    n_groups: int
    n_values: int
    n0: float
    method: str = "exact F (Wald)"
    reason: str = ""

    def table(self) -> pd.DataFrame:
        """One row, with the attributes as columns."""
        return pd.DataFrame([{name: getattr(self, name) for name in self.__dataclass_fields__}])


def icc_oneway(data: pd.DataFrame, *, groups: str, values: str, conf_level: float = 0.95) -> OneWayICC:
    """ICC of values within groups of any sizes; rows without a value are left out.

    Raises
    ------
    UsageError: an unknown column, fewer than two groups, no group with two values. FindingsError: not a
        number, infinite,
    a missing group.
    """
    check_level(conf_level)
    y, codes = _read(data, groups, values)
    size = np.bincount(codes).astype(np.float64)
    n0 = (len(y) - (size**2).sum() / len(y)) / (len(size) - 1)
    sums = oneway_sums(y, codes)
    within = sums.ss_w if sums.ss_w > sums.noise else 0.0
    wald = WaldSums(sums, "oneway_random", len(size) - 1, within, len(y) - len(size))
    between = float((sums.P / sums.sizes).sum()) - float(sums.C.sum()) ** 2 / len(y)
    msb, msw = between / wald.df, wald.ss_error / wald.df_error
    f = ratio(msb, msw)
    estimate = f_limit(f, n0, average=False)
    fit = fit_components(sums, "oneway_random") if wald.usable else None
    return OneWayICC(
        estimate=estimate,
        statistic=f,
        num_df=float(wald.df),
        den_df=float(wald.df_error),
        p_value=f_upper_tail(f, wald.df, wald.df_error),
        conf_level=conf_level,
        n_groups=len(size),
        n_values=len(y),
        n0=float(n0),
        reason=_reason(estimate, wald),
        **_intervals(wald, f, float(n0), estimate, size, conf_level),
        **_reml(sums, fit, conf_level),
    )


def _read(data: pd.DataFrame, groups: str, values: str) -> tuple[Array, NDArray[np.intp]]:
    """Values and group codes of the rows that have a value."""
    for role, name in (("groups", groups), ("values", values)):
        if name not in data.columns:
            raise UsageError(f"No column '{name}' for {role}. {did_you_mean(name, map(str, data.columns))}")
    if not pd.api.types.is_numeric_dtype(data[values].dtype):
        raise FindingsError(
            [Finding("not-a-number", f"Column '{values}' holds {data[values].dtype}, not numbers.")]
        )
    known = data.dropna(subset=[values])
    y = known[values].to_numpy(dtype=np.float64)
    if np.isinf(y).any():
        raise FindingsError([Finding("infinite-rating", f"Column '{values}' holds an infinite value.")])
    codes, labels = pd.factorize(known[groups])
    if (codes < 0).any():
        raise FindingsError([Finding("missing-label", f"Column '{groups}' has rows without a label.")])
    if len(labels) < 2 or np.bincount(codes).max() < 2:
        raise UsageError("A one-way ICC needs at least two groups, and one of them with two values.")
    return y, np.asarray(codes, dtype=np.intp)


def _reason(estimate: float, wald: WaldSums) -> str:
    if np.isnan(estimate):
        return "undefined (0/0): all values are equal"
    if not wald.usable:
        return "no variance within groups"
    return "negative: groups differ less than error alone would make them" if estimate < 0.0 else ""


def _intervals(
    wald: WaldSums, f: float, n0: float, rho: float, size: Array, conf_level: float
) -> dict[str, Any]:
    upper = 0.5 + conf_level / 2.0
    f_low = f_limit(f / f_quantile(upper, wald.df, wald.df_error), n0, average=False)
    f_high = f_limit(f * f_quantile(upper, wald.df_error, wald.df), n0, average=False)
    if wald.usable:
        low, high = (wald_limit(wald, f_quantile(p, wald.df, wald.df_error)) for p in (upper, 1.0 - upper))
    else:
        low = high = rho
    reach = _smith_error(rho, n0, size) * _z(upper)
    return {"conf_low": low, "conf_high": high, "f_low": f_low, "f_high": f_high,
            "smith_low": rho - reach, "smith_high": rho + reach}  # fmt: skip


def _z(probability: float) -> float:
    from scipy.special import ndtri

    return float(ndtri(probability))


def _smith_error(rho: float, n0: float, size: Array) -> float:
    """Standard error of the ANOVA estimate (Smith 1956, Ann Hum Genet 21:363)."""
    N, J = float(size.sum()), len(size)
    s2, s3 = float((size**2).sum()), float((size**3).sum())
    first = (1.0 + rho * (n0 - 1.0)) ** 2 / (N - J)
    second = (J - 1.0) * (1.0 - rho) * (1.0 + rho * (2.0 * n0 - 1.0))
    third = rho**2 * (s2 - 2.0 * s3 / N + s2**2 / N**2)
    variance = 2.0 * (1.0 - rho) ** 2 / n0**2 * (first + (second + third) / (J - 1.0) ** 2)
    return sqrt(variance) if variance >= 0.0 else NAN


def _reml(sums: CrossedSums, fit: VarianceComponents | None, conf_level: float) -> dict[str, Any]:
    if fit is None:
        names = ("estimate_reml", "var_group", "var_error", "criterion", "profile_low", "profile_high")
        return dict.fromkeys(names, NAN)
    low, high = profile_limits(sums, fit, conf_level)
    return {"estimate_reml": fit.icc_agreement, "var_group": fit.var_target, "var_error": fit.var_error,
            "criterion": fit.criterion, "profile_low": low, "profile_high": high}  # fmt: skip
