"""F tests and F intervals of the ICC from mean squares (McGraw & Wong 1996, Tables 7 and 8).

For ICC(1) and ICC(C) they are exact under normality. For ICC(A) the interval rests on a Satterthwaite
approximation that covers too seldom when few raters differ; it is here because it is customary, and
`generalized` is the one to use.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from emostats.statistics.agreement.anova import MeanSquares
from emostats.statistics.agreement.forms import Form, spearman_brown

NAN = float("nan")


@dataclass(frozen=True)
class FTest:
    """Upper-tailed F test of ICC ≤ rho0; NaN where it is undefined."""

    statistic: float
    num_df: float
    den_df: float
    p_value: float


@lru_cache(maxsize=512)
def f_quantile(probability: float, df1: float, df2: float) -> float:
    """Quantile of F(df1, df2); df2 may be fractional. NaN when a df is not positive."""
    from scipy.special import fdtri

    if not (df1 > 0 and df2 > 0):
        return NAN
    return float(fdtri(df1, df2, probability))


def f_upper_tail(statistic: float, df1: float, df2: float) -> float:
    """P(F(df1, df2) > statistic), accurate for tiny probabilities."""
    from scipy.special import fdtrc

    if np.isnan(statistic) or not (df1 > 0 and df2 > 0):
        return NAN
    if np.isinf(statistic):
        return 0.0
    return float(fdtrc(df1, df2, max(statistic, 0.0)))


def ratio(numerator: float, denominator: float) -> float:
    """numerator / denominator, infinite for x/0 and NaN for 0/0."""
    if denominator == 0.0:
        return NAN if numerator == 0.0 or np.isnan(numerator) else float(np.copysign(np.inf, numerator))
    return numerator / denominator


def f_test(ms: MeanSquares, form: Form, rho0: float = 0.0) -> FTest:
    """Test of H0: ICC ≤ rho0 (McGraw & Wong 1996, Table 8)."""
    n, k = ms.n, ms.k
    if form.key == "A" and rho0 != 0.0:
        a, b = _satterthwaite_coefficients(rho0, n, k, form.average)
        statistic, df2 = ratio(ms.msr, a * ms.msc + b * ms.mse), satterthwaite_df(ms, a, b)
    else:
        error, df2 = (ms.msw, float(ms.df_w)) if form.key == "1" else (ms.mse, float(ms.df_e))
        shrink = (1 - rho0) if form.average else (1 - rho0) / (1 + (k - 1) * rho0)
        statistic = ratio(ms.msr, error) * shrink
    return FTest(statistic, float(ms.df_r), df2, f_upper_tail(statistic, ms.df_r, df2))


def f_interval(ms: MeanSquares, form: Form, conf_level: float) -> tuple[float, float]:
    """Two-sided limits by the plain formulas; average forms are the Spearman–Brown step of the single form.

    The limits of ICC(A,k) step up those of ICC(A,1) (psych's and pingouin's convention; `irr` puts ICC(A,k)
    and the factor k into one formula and gets others). Limits that come out reversed or unbounded are left
    for the caller to flag.
    """
    upper_p = 1.0 - (1.0 - conf_level) / 2.0
    if form.key == "A":
        low, high = _agreement_limits(ms, upper_p)
        return (spearman_brown(low, ms.k), spearman_brown(high, ms.k)) if form.average else (low, high)
    error, df_error = (ms.msw, ms.df_w) if form.key == "1" else (ms.mse, ms.df_e)
    f = ratio(ms.msr, error)
    f_low = f / f_quantile(upper_p, ms.df_r, df_error)
    f_high = f * f_quantile(upper_p, df_error, ms.df_r)
    return f_limit(f_low, ms.k, form.average), f_limit(f_high, ms.k, form.average)


def f_limit(f: float, k: float, average: bool) -> float:
    """ICC at which the F ratio would be `f`: (f − 1)/(f + k − 1), or 1 − 1/f for the average."""
    if np.isinf(f):
        return 1.0
    if average:
        return 1.0 - 1.0 / f if f > 0 else NAN
    return (f - 1.0) / (f + k - 1.0)


def satterthwaite_df(ms: MeanSquares, a: float, b: float) -> float:
    """Degrees of freedom of a·MSC + b·MSE (Satterthwaite 1946)."""
    first, second = a * ms.msc, b * ms.mse
    if abs(first + second) <= 1e-12 * (abs(first) + abs(second)):
        return NAN  # the combination is zero: there is no variance to give degrees of freedom to
    below = first**2 / ms.df_c + second**2 / ms.df_e if ms.df_e else NAN
    return (first + second) ** 2 / below if below > 0 else NAN


def _satterthwaite_coefficients(rho: float, n: int, k: int, average: bool) -> tuple[float, float]:
    """a, b (single) or c, d (average) of McGraw & Wong (1996), Tables 7 and 8."""
    factor = 1 if average else k
    a = factor * rho / (n * (1.0 - rho))
    b = 1.0 + factor * rho * (n - 1) / (n * (1.0 - rho))
    return a, b


def customary_df(ms: MeanSquares) -> float:
    """The Satterthwaite df behind the customary limits of ICC(A,1): coefficients at the estimate."""
    msr, msc, mse, n, k = ms.msr, ms.msc, ms.mse, ms.n, ms.k
    denominator = msr + (k - 1) * mse + k * (msc - mse) / n
    rho = (msr - mse) / denominator if denominator else NAN
    if np.isnan(rho):
        return NAN
    if rho == 1.0:
        return float(ms.df_e)
    return satterthwaite_df(ms, *_satterthwaite_coefficients(rho, n, k, average=False))


def _agreement_limits(ms: MeanSquares, upper_p: float) -> tuple[float, float]:
    msr, msc, mse, n, k = ms.msr, ms.msc, ms.mse, ms.n, ms.k
    if mse == 0.0 and msc == 0.0:
        return (1.0, 1.0) if msr > 0 else (NAN, NAN)
    v = customary_df(ms)
    spread = k * msc + (k * n - k - n) * mse
    f_low = f_quantile(upper_p, n - 1, v)
    f_high = f_quantile(upper_p, v, n - 1)
    low = ratio(n * (msr - f_low * mse), f_low * spread + n * msr)
    high = ratio(n * (f_high * msr - mse), spread + n * f_high * msr)
    return low, high
