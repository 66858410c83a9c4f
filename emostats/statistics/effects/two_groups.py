"""Standardized differences of two independent groups, x minus y.

Every function takes the two samples, leaves missing values out, and raises ModelError where the effect is
undefined (a standard deviation of zero).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from emostats.errors import ModelError
from emostats.statistics.effects.effect import (
    Effect,
    normal_quantile,
    normal_share,
    sample,
    t_quantile,
    t_two_sided,
)
from emostats.statistics.effects.noncentral import (
    noncentrality_limits,
    small_sample_factor,
    small_sample_factor_approximate,
)


@dataclass(frozen=True)
class TwoSamples:
    """Sizes, means and variances (divisor n - 1) of x and y."""

    n_x: int
    n_y: int
    mean_x: float
    mean_y: float
    var_x: float
    var_y: float

    @property
    def n(self) -> int:
        return self.n_x + self.n_y

    @property
    def difference(self) -> float:
        return self.mean_x - self.mean_y

    @property
    def df(self) -> float:
        return float(self.n - 2)

    @property
    def pooled_sd(self) -> float:
        return float(np.sqrt(((self.n_x - 1) * self.var_x + (self.n_y - 1) * self.var_y) / self.df))

    @property
    def welch_variance(self) -> float:
        """Variance of the difference without pooling."""
        return self.var_x / self.n_x + self.var_y / self.n_y

    @property
    def welch_df(self) -> float:
        """Welch's (1947) degrees of freedom, in Satterthwaite's form."""
        a, b = self.var_x / self.n_x, self.var_y / self.n_y
        return (a + b) ** 2 / (a**2 / (self.n_x - 1) + b**2 / (self.n_y - 1))


def two_samples(x: npt.ArrayLike, y: npt.ArrayLike) -> TwoSamples:
    """Moments of two samples of at least two values each."""
    first, second = sample(x, "x"), sample(y, "y")
    return TwoSamples(
        len(first),
        len(second),
        float(first.mean()),
        float(second.mean()),
        float(first.var(ddof=1)),
        float(second.var(ddof=1)),
    )


def _positive(sd: float, what: str) -> float:
    if not sd > 0:
        raise ModelError(f"The {what} is zero, so there is nothing to standardize by.")
    return sd


def mean_difference(
    x: npt.ArrayLike, y: npt.ArrayLike, *, equal_variances: bool = False, conf_level: float = 0.95
) -> Effect:
    """Difference of means with the t interval: Welch's, or Student's with `equal_variances`."""
    two = two_samples(x, y)
    if equal_variances:
        std_error = two.pooled_sd * np.sqrt(1 / two.n_x + 1 / two.n_y)
        df, method = two.df, "Student t"
    else:
        std_error, df, method = np.sqrt(two.welch_variance), two.welch_df, "Welch t"
    _positive(float(std_error), "standard deviation of both groups")
    statistic = two.difference / std_error
    half = t_quantile(conf_level, df) * std_error
    return Effect(
        "mean_difference",
        "Difference of means",
        two.difference,
        float(std_error),
        df,
        float(statistic),
        t_two_sided(float(statistic), df),
        two.difference - float(half),
        two.difference + float(half),
        conf_level,
        two.n,
        method,
    )


def cohen_d(x: npt.ArrayLike, y: npt.ArrayLike, *, conf_level: float = 0.95) -> Effect:
    """Cohen's d: difference over the pooled SD; limits by inversion of the noncentral t.

    The standard error is the large-sample one, sqrt(1/n_x + 1/n_y + d²/(2 (n_x + n_y))) (Hedges & Olkin,
    1985).
    """
    two = two_samples(x, y)
    scale = float(np.sqrt(1 / two.n_x + 1 / two.n_y))
    d = two.difference / _positive(two.pooled_sd, "pooled standard deviation")
    low, high = noncentrality_limits(d / scale, two.df, conf_level)
    std_error = float(np.sqrt(scale**2 + d**2 / (2 * two.n)))
    return Effect(
        "cohen_d",
        "Cohen's d (pooled SD)",
        d,
        std_error,
        two.df,
        d / scale,
        t_two_sided(d / scale, two.df),
        low * scale,
        high * scale,
        conf_level,
        two.n,
        "noncentral t",
    )


def hedges_g(
    x: npt.ArrayLike, y: npt.ArrayLike, *, approximate: bool = False, conf_level: float = 0.95
) -> Effect:
    """Hedges' g: J d with the exact correction, or with 1 - 3/(4 df - 1); limits are J times those of d."""
    d = cohen_d(x, y, conf_level=conf_level)
    factor = small_sample_factor_approximate(d.df) if approximate else small_sample_factor(d.df)
    two = two_samples(x, y)
    g = factor * d.estimate
    std_error = float(np.sqrt(1 / two.n_x + 1 / two.n_y + g**2 / (2 * two.n)))
    return Effect(
        "hedges_g",
        "Hedges' g",
        g,
        std_error,
        d.df,
        d.statistic,
        d.p_value,
        factor * d.conf_low,
        factor * d.conf_high,
        conf_level,
        d.n,
        "noncentral t" + (", approximate correction" if approximate else ""),
    )


def glass_delta(
    x: npt.ArrayLike, y: npt.ArrayLike, *, corrected: bool = False, conf_level: float = 0.95
) -> Effect:
    """Glass' Δ: difference over the SD of y (the control); limits by the noncentral t with n_y - 1 df.

    The t statistic is Δ / h with h² = 1/n_y + v_x / (n_x v_y), which allows for unequal variances.
    `corrected` multiplies by J(n_y - 1). The standard error is sqrt(1/n_x + 1/n_y + Δ²/(2 n_y)).
    """
    two = two_samples(x, y)
    df = float(two.n_y - 1)
    delta = two.difference / _positive(float(np.sqrt(two.var_y)), "standard deviation of the control group")
    scale = float(np.sqrt(1 / two.n_y + two.var_x / (two.n_x * two.var_y)))
    low, high = noncentrality_limits(delta / scale, df, conf_level)
    factor = small_sample_factor(df) if corrected else 1.0
    estimate = factor * delta
    std_error = float(np.sqrt(1 / two.n_x + 1 / two.n_y + estimate**2 / (2 * two.n_y)))
    return Effect(
        "glass_delta",
        "Glass' Δ (SD of the control group)",
        estimate,
        std_error,
        df,
        delta / scale,
        t_two_sided(delta / scale, df),
        factor * low * scale,
        factor * high * scale,
        conf_level,
        two.n,
        "noncentral t" + (", corrected for bias" if corrected else ""),
    )


def d_unpooled(
    x: npt.ArrayLike, y: npt.ArrayLike, *, interval: str = "bonett", conf_level: float = 0.95
) -> Effect:
    """Difference over sqrt((v_x + v_y)/2), for unequal variances.

    `interval`: ``"bonett"``: normal limits with Bonett's (2008, eq. 6) standard error; ``"noncentral"``:
    noncentral t with Welch's degrees of freedom.
    """
    two = two_samples(x, y)
    mean_variance = (two.var_x + two.var_y) / 2
    d = two.difference / _positive(float(np.sqrt(mean_variance)), "standard deviation of both groups")
    std_error = bonett_std_error(two, d)
    statistic = two.difference / float(np.sqrt(two.welch_variance))
    if interval == "noncentral":
        scale = np.sqrt(two.welch_variance / mean_variance)
        limits = noncentrality_limits(statistic, two.welch_df, conf_level)
        low, high, method = limits[0] * scale, limits[1] * scale, "noncentral t, Welch df"
    else:
        half = normal_quantile(conf_level) * std_error
        low, high, method = d - half, d + half, "Bonett (2008)"
    return Effect(
        "d_unpooled",
        "Standardized difference (mean of both variances)",
        d,
        std_error,
        two.welch_df,
        statistic,
        t_two_sided(statistic, two.welch_df),
        float(low),
        float(high),
        conf_level,
        two.n,
        method,
    )


def bonett_std_error(two: TwoSamples, d: float) -> float:
    """Bonett (2008, eq. 6): d² (v_x²/df_x + v_y²/df_y) / (8 v⁴) + v_x/(v df_x) + v_y/(v df_y), v the mean
    variance."""
    df_x, df_y = two.n_x - 1, two.n_y - 1
    v = (two.var_x + two.var_y) / 2
    shape = d**2 * (two.var_x**2 / df_x + two.var_y**2 / df_y) / (8 * v**2)
    return float(np.sqrt(shape + two.var_x / (v * df_x) + two.var_y / (v * df_y)))


def common_language(
    x: npt.ArrayLike, y: npt.ArrayLike, *, equal_variances: bool = False, conf_level: float = 0.95
) -> Effect:
    """P(X > Y) for normal data (McGraw & Wong, 1992): Φ(difference / sqrt(v_x + v_y)), or Φ(d/√2) pooled.

    The limits are those of the standardized difference, transformed.
    """
    if equal_variances:
        d = cohen_d(x, y, conf_level=conf_level)
    else:
        d = d_unpooled(x, y, interval="noncentral", conf_level=conf_level)
    label = "Probability of superiority, normal"
    return normal_share(d, "common_language", label, scale=np.sqrt(2), method=d.method)


def cohen_u3(x: npt.ArrayLike, y: npt.ArrayLike, *, conf_level: float = 0.95) -> Effect:
    """Cohen's U3 = Φ(d): the share of y below the mean of x, for normal data with equal variances."""
    return normal_share(cohen_d(x, y, conf_level=conf_level), "cohen_u3", "Cohen's U3")


def overlap(x: npt.ArrayLike, y: npt.ArrayLike) -> float:
    """Overlap of two normal distributions with equal variances, 2 Φ(-|d|/2)."""
    from scipy.special import ndtr

    return float(2 * ndtr(-abs(cohen_d(x, y).estimate) / 2))


def point_biserial(x: npt.ArrayLike, y: npt.ArrayLike) -> float:
    """Correlation of the value with membership in x: t / sqrt(t² + df)."""
    d = cohen_d(x, y)
    return d.statistic / float(np.sqrt(d.statistic**2 + d.df))


@dataclass(frozen=True)
class MetaAnalytic:
    """Estimate and sampling variance as meta-analyses use them."""

    measure: str
    estimate: float
    variance: float


def meta_analytic(x: npt.ArrayLike, y: npt.ArrayLike) -> tuple[MetaAnalytic, ...]:
    """Bias-corrected standardized differences with their large-sample variances.

    ``SMD``: pooled SD; ``SMD1``: SD of y; ``SMDH``: mean variance (Bonett, 2009).
    """
    two = two_samples(x, y)
    g = hedges_g(x, y).estimate
    delta = glass_delta(x, y, corrected=True).estimate
    factor = small_sample_factor(two.df)
    h = factor * d_unpooled(x, y).estimate
    return (
        MetaAnalytic("SMD", g, 1 / two.n_x + 1 / two.n_y + g**2 / (2 * two.n)),
        MetaAnalytic("SMD1", delta, 1 / two.n_x + 1 / two.n_y + delta**2 / (2 * two.n_y)),
        MetaAnalytic("SMDH", h, factor**2 * bonett_std_error(two, h) ** 2),
    )
