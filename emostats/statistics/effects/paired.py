"""Standardized changes of the same subjects, post minus pre.

Which standard deviation the change is divided by makes a different effect size, so each has its own name.
Limits from the noncentral t of d_z are carried over to the others by the ratio of the standard deviations.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from emostats.errors import ModelError
from emostats.statistics.effects.effect import (
    Effect,
    normal_quantile,
    normal_share,
    pairs,
    t_quantile,
    t_two_sided,
)
from emostats.statistics.effects.noncentral import noncentrality_limits, small_sample_factor
from emostats.statistics.effects.two_groups import MetaAnalytic


@dataclass(frozen=True)
class Paired:
    """Moments of complete pairs: n, means, variances (divisor n - 1) and covariance."""

    n: int
    mean_pre: float
    mean_post: float
    var_pre: float
    var_post: float
    covariance: float
    var_change: float

    @property
    def change(self) -> float:
        return self.mean_post - self.mean_pre

    @property
    def df(self) -> float:
        return float(self.n - 1)

    @property
    def correlation(self) -> float:
        return self.covariance / float(np.sqrt(self.var_pre * self.var_post))

    @property
    def sd_change(self) -> float:
        return float(np.sqrt(self.var_change))

    @property
    def mean_variance(self) -> float:
        return (self.var_pre + self.var_post) / 2

    @property
    def t(self) -> float:
        """The paired t statistic."""
        if not self.sd_change > 0:
            raise ModelError(
                "All subjects change by the same amount, so the change has no standard deviation."
            )
        return self.change / (self.sd_change / float(np.sqrt(self.n)))


def paired(pre: npt.ArrayLike, post: npt.ArrayLike) -> Paired:
    """Moments of the complete pairs (two or more)."""
    first, second = pairs(pre, post)
    covariance = float(np.cov(first, second)[0, 1])
    return Paired(
        len(first),
        float(first.mean()),
        float(second.mean()),
        float(first.var(ddof=1)),
        float(second.var(ddof=1)),
        covariance,
        float((second - first).var(ddof=1)),
    )


def mean_change(pre: npt.ArrayLike, post: npt.ArrayLike, *, conf_level: float = 0.95) -> Effect:
    """Mean change with the paired t interval."""
    p = paired(pre, post)
    std_error = p.sd_change / float(np.sqrt(p.n))
    half = t_quantile(conf_level, p.df) * std_error
    statistic = p.t if std_error > 0 else float("nan")
    p_value = t_two_sided(statistic, p.df) if std_error > 0 else float("nan")
    return Effect(
        "mean_change",
        "Mean change",
        p.change,
        std_error,
        p.df,
        statistic,
        p_value,
        p.change - half,
        p.change + half,
        conf_level,
        p.n,
        "paired t",
    )


def d_z(
    pre: npt.ArrayLike, post: npt.ArrayLike, *, corrected: bool = False, conf_level: float = 0.95
) -> Effect:
    """Change over the SD of the changes (the standardized response mean); `corrected` multiplies by J(n - 1).

    Limits by inversion of the noncentral t; standard error sqrt(1/n + d²/(2n)).
    """
    p = paired(pre, post)
    factor = small_sample_factor(p.df) if corrected else 1.0
    name = "d_z_corrected" if corrected else "d_z"
    label = "d_z, bias-corrected" if corrected else "d_z (SD of the changes; standardized response mean)"
    return _rescaled(p, name, label, factor, conf_level)


def standardized_response_mean(
    pre: npt.ArrayLike, post: npt.ArrayLike, *, conf_level: float = 0.95
) -> Effect:
    """The standardized response mean: another name for d_z."""
    return d_z(pre, post, conf_level=conf_level)


def d_av(
    pre: npt.ArrayLike,
    post: npt.ArrayLike,
    *,
    average: str = "sd",
    interval: str = "noncentral",
    conf_level: float = 0.95,
) -> Effect:
    """Change over an average SD: the mean of both SDs (`average="sd"`, Cumming, 2012) or sqrt of the mean
    variance ("rms").

    `interval="bonett"`: normal limits with Bonett's (2008) standard error, for "rms".
    """
    p = paired(pre, post)
    if average == "sd":
        standardizer = float(np.sqrt(p.var_pre) + np.sqrt(p.var_post)) / 2
        label = "d_av (mean of both SDs)"
    else:
        standardizer = float(np.sqrt(p.mean_variance))
        label = "d_av (mean of both variances)"
    name = "d_av" if average == "sd" else "d_av_rms"
    if interval == "bonett":
        return _bonett(p, name, label, standardizer, _bonett_average(p), conf_level)
    return _rescaled(p, name, label, _ratio(p, standardizer), conf_level)


def d_av_corrected(pre: npt.ArrayLike, post: npt.ArrayLike) -> float:
    """d_av (rms) times sqrt((n - 2)/(n - 1)), Bonett's (2008) approximate bias correction."""
    p = paired(pre, post)
    return d_av(pre, post, average="rms").estimate * float(np.sqrt((p.n - 2) / (p.n - 1)))


def d_rm(pre: npt.ArrayLike, post: npt.ArrayLike, *, conf_level: float = 0.95) -> Effect:
    """d_z sqrt(2 (1 - r)) (Morris & DeShon, 2002): on the scale of a single measurement."""
    p = paired(pre, post)
    if not (p.var_pre > 0 and p.var_post > 0):
        raise ModelError("A measurement without variation has no correlation, so d_rm is undefined.")
    return _rescaled(
        p, "d_rm", "d_rm (repeated measures)", float(np.sqrt(2 * (1 - p.correlation))), conf_level
    )


def glass_pre(
    pre: npt.ArrayLike, post: npt.ArrayLike, *, interval: str = "bonett", conf_level: float = 0.95
) -> Effect:
    """Change over the SD before (Becker, 1988); normal limits with Bonett's standard error, or
    ``"noncentral"``."""
    p = paired(pre, post)
    standardizer = float(np.sqrt(p.var_pre))
    label = "Glass' Δ (SD before)"
    if interval == "noncentral":
        return _rescaled(p, "glass_pre", label, _ratio(p, standardizer), conf_level)
    return _bonett(p, "glass_pre", label, standardizer, _bonett_pre(p), conf_level)


def common_language_paired(pre: npt.ArrayLike, post: npt.ArrayLike, *, conf_level: float = 0.95) -> Effect:
    """P(post > pre) for the same subject, Φ(d_z) under normality (McGraw & Wong, 1992)."""
    d = d_z(pre, post, conf_level=conf_level)
    return normal_share(d, "common_language", "Probability of improvement, normal")


def meta_analytic_paired(pre: npt.ArrayLike, post: npt.ArrayLike) -> tuple[MetaAnalytic, ...]:
    """Bias-corrected standardized changes with large-sample variances.

    ``SMCC``: SD of the changes; ``SMCR``: SD before; ``SMCRH``: SD before, unequal variances (Bonett, 2008).
    """
    p = paired(pre, post)
    factor = small_sample_factor(p.df)
    change = factor * d_z(pre, post).estimate
    raw = factor * p.change / _positive(float(np.sqrt(p.var_pre)))
    heteroscedastic = factor**2 * (p.var_change / (p.var_pre * p.df) + raw**2 / (2 * p.df))
    return (
        MetaAnalytic("SMCC", change, 1 / p.n + change**2 / (2 * p.n)),
        MetaAnalytic("SMCR", raw, 2 * (1 - p.correlation) / p.n + raw**2 / (2 * p.n)),
        MetaAnalytic("SMCRH", raw, heteroscedastic),
    )


def _positive(sd: float) -> float:
    if not sd > 0:
        raise ModelError("The standard deviation is zero, so there is nothing to standardize by.")
    return sd


def _ratio(p: Paired, standardizer: float) -> float:
    return p.sd_change / _positive(standardizer)


def _rescaled(p: Paired, name: str, label: str, ratio: float, conf_level: float) -> Effect:
    """d_z times `ratio`, with its noncentral t limits times the same."""
    root = float(np.sqrt(p.n))
    estimate = p.t / root
    low, high = noncentrality_limits(p.t, p.df, conf_level)
    return Effect(
        name,
        label,
        ratio * estimate,
        ratio * float(np.sqrt(1 / p.n + estimate**2 / (2 * p.n))),
        p.df,
        p.t,
        t_two_sided(p.t, p.df),
        ratio * low / root,
        ratio * high / root,
        conf_level,
        p.n,
        "noncentral t" if ratio == 1 else "noncentral t of d_z, rescaled",
    )


def _bonett_average(p: Paired) -> Callable[[float], float]:
    """Bonett (2008): d² (v1² + v2² + 2 r² v1 v2) / (8 df v²) + v_change / (df v), v the mean variance."""

    def std_error(d: float) -> float:
        v = p.mean_variance
        shape = p.var_pre**2 + p.var_post**2 + 2 * p.covariance**2
        return float(np.sqrt(d**2 * shape / (8 * p.df * v**2) + p.var_change / (p.df * v)))

    return std_error


def _bonett_pre(p: Paired) -> Callable[[float], float]:
    """Bonett (2008): d² / (2 df) + v_change / (v_pre df)."""

    def std_error(d: float) -> float:
        return float(np.sqrt(d**2 / (2 * p.df) + p.var_change / (p.var_pre * p.df)))

    return std_error


def _bonett(
    p: Paired,
    name: str,
    label: str,
    standardizer: float,
    std_error: Callable[[float], float],
    conf_level: float,
) -> Effect:
    d = p.change / _positive(standardizer)
    error = std_error(d)
    half = normal_quantile(conf_level) * error
    return Effect(
        name,
        label,
        d,
        error,
        float("inf"),
        d / error if error > 0 else float("nan"),
        conf_low=d - half,
        conf_high=d + half,
        conf_level=conf_level,
        n=p.n,
        method="Bonett (2008)",
    )
