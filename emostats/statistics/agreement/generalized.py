"""Generalized (fiducial) interval of ICC(A,1) by deterministic quadrature.

The ratios of variance components to the error variance, g_s = σ²_targets/σ²_e and g_r = σ²_raters/σ²_e, each have a
pivot: Q(g)·σ_e^{-2} ~ χ² where Q is the target (rater) sum of squares weighted for g, e.g. SS/(1 + k g) in a complete
table, and SSE/σ²_e ~ χ². Solving for the components with the χ² variables random and the data fixed gives the
generalized distribution of ρ = g_s/(g_s + g_r + 1); negative components are set to 0 (Weerahandi 1993; Burch & Iyer
1997; for tables with gaps the Q are those of Wald 1947, see `incomplete`). Its quantiles are the limits.

The three-fold integral is done in closed form over the χ² that moves ρ most and by Gauss–Legendre over the two others
in z = √χ², where densities are smooth and of one width for every df. No random numbers: re-running changes no digit.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from emostats.statistics.agreement.anova import MeanSquares
from emostats.statistics.agreement.pivots import BalancedRatio, VarianceRatio
from emostats.statistics.agreement.roots import logit_root

Array = NDArray[np.float64]

_REACH = 6.0  # half-width of the z range; a χ variable has sd < 0.71, so this is beyond 8 sd
_NODES = 32


@dataclass(frozen=True)
class GeneralizedICC:
    """Generalized distribution of ICC(A,1).

    Attributes
    ----------
    targets, raters: pivots of the two variance ratios. ss_e, df_e: error sum of squares (> 0) and its df.
    """

    targets: VarianceRatio
    raters: VarianceRatio
    ss_e: float
    df_e: int

    def probability_at_most(self, rho: float) -> float:
        """Generalized probability that ICC(A,1) ≤ `rho`; `rho` in [0, 1). The p-value of H0: ICC(A,1) ≤ rho."""
        odds = rho / (1.0 - rho)
        return self._over_raters(odds) if self._raters_move_most(odds) else self._over_targets(odds)

    def quantile(self, probability: float) -> float:
        """Smallest ρ in [0, 1] whose generalized probability reaches `probability`."""
        at_zero = self.probability_at_most(0.0)
        if at_zero >= probability:
            return 0.0
        return logit_root(lambda rho: self.probability_at_most(rho) - probability)

    def interval(self, conf_level: float) -> tuple[float, float]:
        """Equal-tailed limits."""
        tail = (1.0 - conf_level) / 2.0
        return self.quantile(tail), self.quantile(1.0 - tail)

    def _raters_move_most(self, odds: float) -> bool:
        """Whether, on the boundary ρ = r, the rater χ moves ρ over its width more than the target χ does.

        The boundary point has the target χ² at its df; widths of z are those of a χ variable.
        """
        if odds == 0.0:
            return False
        mse = self.ss_e / self.df_e
        g_s = float(self.targets.inverse(np.asarray(mse * self.targets.df)))
        g_r = g_s / odds - 1.0
        if g_r <= 0.0:
            return False
        per_g = float(self.targets.q(np.asarray(g_s))) / mse  # elasticities by one finite step of 1 %
        step_s = float(self.targets.inverse(np.asarray(mse * per_g * 0.99))) / g_s - 1.0
        x_r = float(self.raters.q(np.asarray(g_r)))
        step_r = (float(self.raters.inverse(np.asarray(x_r * 0.99))) - g_r) / (1.0 + g_r)
        return step_r / sqrt(x_r / mse) > step_s / sqrt(self.targets.df)

    def _over_raters(self, odds: float) -> float:
        """Closed form in the rater χ²: ρ ≤ r ⇔ g_r ≥ g_s/odds − 1, certain where the right side is not positive."""
        from scipy.special import chdtr, chdtrc

        z, weight = _chi_rule(self.df_e)
        scale = z**2 / self.ss_e  # = σ_e^{-2}
        always = self.targets.q(np.asarray(odds)) * scale  # χ²_targets above this: g_s ≤ odds
        u, inner = _chi_rule_below(self.targets.df, always, _NODES)
        g_s = self.targets.inverse(u / scale[:, None])
        beyond = (
            self.raters.q(np.maximum(g_s / odds - 1.0, 0.0)) * scale[:, None]
            if odds > 0
            else np.zeros_like(u)
        )
        below = (inner * chdtr(self.raters.df, beyond)).sum(axis=1)
        return float(weight @ (chdtrc(self.targets.df, always) + below))

    def _over_targets(self, odds: float) -> float:
        """Closed form in the target χ²: ρ ≤ r ⇔ g_s ≤ odds·(1 + g_r), with a mass of g_r at 0."""
        from scipy.special import chdtrc

        z, weight = _chi_rule(self.df_e)
        scale = z**2 / self.ss_e
        no_raters = self.raters.q0 * scale  # χ²_raters above this: g_r = 0
        u, inner = _chi_rule_below(self.raters.df, no_raters, _NODES)
        g_r = self.raters.inverse(u / scale[:, None])
        reach = self.targets.q(odds * (1.0 + g_r)) * scale[:, None]
        below = (inner * chdtrc(self.targets.df, reach)).sum(axis=1)
        at_zero = chdtrc(self.targets.df, self.targets.q(np.asarray(odds)) * scale)
        return float(weight @ (chdtrc(self.raters.df, no_raters) * at_zero + below))


def generalized_icc(ms: MeanSquares) -> GeneralizedICC | None:
    """The generalized distribution for a complete table; None when the error sum of squares is 0."""
    if not (ms.ss_e > 0 and ms.df_e > 0):
        return None
    return GeneralizedICC(
        BalancedRatio(ms.ss_r, ms.df_r, ms.k), BalancedRatio(ms.ss_c, ms.df_c, ms.n), ms.ss_e, ms.df_e
    )


@lru_cache(maxsize=64)
def _legendre(nodes: int) -> tuple[Array, Array]:
    x, w = np.polynomial.legendre.leggauss(nodes)
    return x, w


def _chi_density(z: Array, df: int) -> Array:
    """Density of χ (the root of χ²) with `df` degrees of freedom."""
    from scipy.special import gammaln

    with np.errstate(divide="ignore"):
        log_z = np.log(z)
    log_density = (df - 1) * log_z - z**2 / 2.0 - (df / 2.0 - 1.0) * np.log(2.0) - gammaln(df / 2.0)
    return np.asarray(np.exp(log_density))


def _chi_range(df: int) -> tuple[float, float]:
    return max(0.0, sqrt(df) - _REACH), sqrt(df) + _REACH


@lru_cache(maxsize=64)
def _chi_rule(df: int) -> tuple[Array, Array]:
    """Nodes z and weights of the expectation over a whole χ distribution."""
    x, w = _legendre(_NODES)
    low, high = _chi_range(df)
    z = low + (high - low) * (x + 1.0) / 2.0
    weight = w * _chi_density(z, df)
    return z, weight / weight.sum()


def _chi_rule_below(df: int, u_max: Array, nodes: int) -> tuple[Array, Array]:
    """χ² nodes (len(u_max), nodes) and weights of the integral over (0, u_max), one row per limit."""
    x, w = _legendre(nodes)
    low, high = _chi_range(df)
    top = np.clip(np.sqrt(u_max), low, high)
    width = (top - low)[:, None]
    z = low + width * (x + 1.0) / 2.0
    return z**2, w * (width / 2.0) * _chi_density(z, df)
