"""Generalized (fiducial) interval of ICC(A,1) by deterministic quadrature.

The pivots of g_s = σ²_targets/σ²_e and g_r = σ²_raters/σ²_e (see `pivots`) and SSE/σ²_e ~ χ² are solved for
the components with the χ² variables random and the data fixed; that gives the generalized distribution of ρ
= g_s/(g_s + g_r + 1), whose quantiles are the limits. Negative components are set to 0 (Weerahandi 1993, J
Am Stat Assoc 88:899; Burch & Iyer 1997).

The three-fold integral is done in closed form over the χ² that moves ρ most and by Gauss–Legendre over the
two others in z = √χ², where densities are smooth and of one width for every df. No random numbers:
re-running changes no digit.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import log, sqrt
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from emostats.statistics.agreement.anova import MeanSquares
from emostats.statistics.agreement.chi import chi_rule_below, slim_chi_rule
from emostats.statistics.agreement.pivots import BalancedRatio, VarianceRatio
from emostats.statistics.agreement.roots import quantile_root

Array = NDArray[np.float64]


class AgreementDistribution(Protocol):
    """Generalized distribution of ICC(A,1)."""

    def probability_at_most(self, rho: float) -> float: ...
    def interval(self, conf_level: float) -> tuple[float, float]: ...


@dataclass(frozen=True)
class GeneralizedICC:
    """Generalized distribution of ICC(A,1) when there is error variance.

    Attributes
    ----------
    targets, raters: pivots of the two variance ratios. ss_e, df_e: error sum of squares (> 0) and its df.
    """

    targets: VarianceRatio
    raters: VarianceRatio
    ss_e: float
    df_e: int

    def probability_at_most(self, rho: float) -> float:
        """Generalized probability that ICC(A,1) ≤ `rho`, the p-value of that hypothesis; rho in [0, 1)."""
        odds = rho / (1.0 - rho)
        return self._over_raters(odds) if self._raters_move_most(odds) else self._over_targets(odds)

    def quantile(self, probability: float) -> float:
        """Smallest ρ in [0, 1] whose generalized probability reaches `probability`."""
        if self.probability_at_most(0.0) >= probability:
            return 0.0
        start, step = self._scale
        return quantile_root(self.probability_at_most, probability, start, step)

    def interval(self, conf_level: float) -> tuple[float, float]:
        """Equal-tailed limits."""
        tail = (1.0 - conf_level) / 2.0
        return self.quantile(tail), self.quantile(1.0 - tail)

    @cached_property
    def _scale(self) -> tuple[float, float]:
        """Logit of the estimate, and roughly its standard error: where to look for quantiles."""
        mse = self.ss_e / self.df_e
        g_s, g_r = max(_at_df(self.targets, mse), 1e-4), _at_df(self.raters, mse)
        share = g_r / (1.0 + g_r)
        return log(g_s / (1.0 + g_r)), sqrt(2.0 / self.targets.df + share**2 * 2.0 / self.raters.df)

    def _raters_move_most(self, odds: float) -> bool:
        """Whether, on the boundary ρ = r, the rater χ moves ρ over its width more than the target χ does.

        The boundary point has the target χ² at its df; the elasticities are differences over a step of 1 %.
        """
        if odds == 0.0 or self.raters.q0 == 0.0:  # raters whose means are equal move nothing
            return False
        mse = self.ss_e / self.df_e
        g_s = _at_df(self.targets, mse)
        g_r = g_s / odds - 1.0
        if g_r <= 0.0:
            return False
        step_s = _inverse(self.targets, 0.99 * _value(self.targets, g_s)) / g_s - 1.0
        x_r = _value(self.raters, g_r)
        step_r = (_inverse(self.raters, 0.99 * x_r) - g_r) / (1.0 + g_r)
        return step_r / sqrt(x_r / mse) > step_s / sqrt(self.targets.df)

    def _over_raters(self, odds: float) -> float:
        """Closed form in the rater χ²: ρ ≤ r ⇔ g_r ≥ g_s/odds − 1, certain where that is not positive."""
        from scipy.special import chdtr, chdtrc

        z, weight = slim_chi_rule(self.df_e)
        scale = z**2 / self.ss_e  # = σ_e^{-2}
        always = self.targets.q(np.asarray(odds)) * scale  # target χ² above this: g_s ≤ odds
        u, inner = chi_rule_below(self.targets.df, always)
        g_s = self.targets.inverse(u / scale[:, None])
        beyond = self.raters.q(np.maximum(g_s / odds - 1.0, 0.0)) * scale[:, None]
        below = (inner * chdtr(self.raters.df, beyond)).sum(axis=1)
        return float(weight @ (chdtrc(self.targets.df, always) + below))

    def _over_targets(self, odds: float) -> float:
        """Closed form in the target χ²: ρ ≤ r ⇔ g_s ≤ odds·(1 + g_r), with a mass of g_r at 0."""
        from scipy.special import chdtrc

        z, weight = slim_chi_rule(self.df_e)
        scale = z**2 / self.ss_e
        no_raters = self.raters.q0 * scale  # rater χ² above this: g_r = 0
        u, inner = chi_rule_below(self.raters.df, no_raters)
        g_r = self.raters.inverse(u / scale[:, None])
        reach = self.targets.q(odds * (1.0 + g_r)) * scale[:, None]
        below = (inner * chdtrc(self.targets.df, reach)).sum(axis=1)
        at_zero = chdtrc(self.targets.df, self.targets.q(np.asarray(odds)) * scale)
        return float(weight @ (chdtrc(self.raters.df, no_raters) * at_zero + below))


@dataclass(frozen=True)
class ErrorFreeICC:
    """The limit of the generalized distribution as SSE → 0: the ratio of the two components follows an F.

    Attributes
    ----------
    ratio: estimated σ²_targets/σ²_raters (infinite without rater differences). df_targets, df_raters.
    """

    ratio: float
    df_targets: int
    df_raters: int

    def probability_at_most(self, rho: float) -> float:
        """P(ratio · F(df_raters, df_targets) ≤ rho/(1 − rho))."""
        from scipy.special import fdtr

        if np.isinf(self.ratio):
            return 0.0
        return float(fdtr(self.df_raters, self.df_targets, rho / (1.0 - rho) / self.ratio))

    def interval(self, conf_level: float) -> tuple[float, float]:
        """Equal-tailed limits; (1, 1) without rater differences."""
        from scipy.special import fdtri

        if np.isinf(self.ratio):
            return 1.0, 1.0
        tail = (1.0 - conf_level) / 2.0
        low, high = (
            self.ratio * float(fdtri(self.df_raters, self.df_targets, p)) for p in (tail, 1.0 - tail)
        )
        return low / (1.0 + low), high / (1.0 + high)


def generalized_icc(ms: MeanSquares) -> AgreementDistribution | None:
    """The generalized distribution for a complete table; None when nothing varies (0/0)."""
    if ms.df_r < 1:
        return None
    if ms.ss_e > 0.0:
        targets, raters = BalancedRatio(ms.ss_r, ms.df_r, ms.k), BalancedRatio(ms.ss_c, ms.df_c, ms.n)
        return GeneralizedICC(targets, raters, ms.ss_e, ms.df_e)
    return error_free_icc(ms.var_target, ms.var_rater, ms.df_r, ms.df_c)


def error_free_icc(
    var_target: float, var_rater: float, df_targets: int, df_raters: int
) -> ErrorFreeICC | None:
    """The distribution without error variance; None when targets and raters do not vary either."""
    if not (var_target > 0.0 or var_rater > 0.0):
        return None
    return ErrorFreeICC(var_target / var_rater if var_rater > 0.0 else float("inf"), df_targets, df_raters)


def _value(ratio: VarianceRatio, g: float) -> float:
    return float(ratio.q(np.asarray(g)))


def _inverse(ratio: VarianceRatio, x: float) -> float:
    return float(ratio.inverse(np.asarray(x)))


def _at_df(ratio: VarianceRatio, mse: float) -> float:
    """The ratio at which its pivot has its expected value."""
    return _inverse(ratio, mse * ratio.df)
