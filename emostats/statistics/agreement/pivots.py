"""Pivots of variance ratios: sums of squares whose distribution is known at the true ratio.

In a complete table SS/(1 + m g) is σ²_e χ² at the true ratio g = σ²/σ²_e. With gaps the same holds for the generalized
least-squares sum of squares Q(g) (Wald 1947; Seely & El-Bassiouni 1983, Ann Stat 11:197): the targets' is computed with
the raters as fixed columns, the raters' with the targets as fixed columns, and both are independent of SSE.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from emostats.statistics.agreement.crossed import CrossedSums
from emostats.statistics.agreement.reml import reml_criterion

Array = NDArray[np.float64]


class VarianceRatio(Protocol):
    """Pivot of one variance ratio g = σ²/σ²_e: `q(g)` decreases from q(0); `inverse(x)` is g ≥ 0 with q(g) = x, else 0."""

    @property
    def df(self) -> int: ...
    @property
    def q0(self) -> float: ...
    def q(self, g: Array) -> Array: ...
    def inverse(self, x: Array) -> Array: ...


@dataclass(frozen=True)
class BalancedRatio:
    """Pivot in a complete table: q(g) = SS/(1 + m g), with m ratings in each level's mean."""

    ss: float
    df: int
    m: int

    @property
    def q0(self) -> float:
        return self.ss

    def q(self, g: Array) -> Array:
        return self.ss / (1.0 + self.m * g)

    def inverse(self, x: Array) -> Array:
        with np.errstate(divide="ignore"):
            return np.maximum(self.ss / x - 1.0, 0.0) / self.m


@dataclass(frozen=True)
class TabulatedRatio:
    """Pivot of a table with gaps: s ↦ log q + s is smooth in s = log(1 + m g), kept on equal steps, read by cubic Hermite.

    Attributes
    ----------
    level, slope: log q + s and its derivative at s = 0, h, 2h, …. m: mean number of ratings behind a level.
    """

    level: Array
    slope: Array
    h: float
    df: int
    m: float

    @property
    def q0(self) -> float:
        return float(np.exp(self.level[0]))

    def q(self, g: Array) -> Array:
        s = np.log1p(self.m * g)
        return np.asarray(np.exp(self._read(s)[0] - s))

    def inverse(self, x: Array) -> Array:
        with np.errstate(divide="ignore"):
            target = np.log(x)
        top = self.h * (len(self.level) - 1)
        s = np.clip(self.level[0] - target, 0.0, top)
        for _ in range(8):  # Newton on log q(s) = log x; the derivative is close to −1
            level, slope = self._read(s)
            s = np.clip(s + (level - s - target) / (1.0 - slope), 0.0, top)
        return np.asarray(np.expm1(s) / self.m)

    def _read(self, s: Array) -> tuple[Array, Array]:
        last = len(self.level) - 2
        i = np.minimum((s / self.h).astype(np.intp), last)
        x = np.minimum(s / self.h - i, 1.0)
        a, b = self.level[i], self.level[i + 1]
        da, db = self.h * self.slope[i], self.h * self.slope[i + 1]
        c2, c3 = 3.0 * (b - a) - 2.0 * da - db, 2.0 * (a - b) + da + db
        return a + x * (da + x * (c2 + x * c3)), (da + x * (2.0 * c2 + 3.0 * x * c3)) / self.h


@dataclass(frozen=True)
class IncompletePivots:
    """Exact pivots of a table with gaps.

    Attributes
    ----------
    targets: pivot of σ²_targets/σ²_e with the raters as fixed columns (ICC(C) and ICC(A)). raters: of σ²_raters/σ²_e.
    oneway: pivot of the one-way model (ICC(1)). ss_e, df_e; ss_w, df_w: error of the two-way and the one-way model.
    rss, rss_oneway: g ↦ q(g) + error sum of squares, for any g > −1/(largest number of ratings per target).
    """

    targets: TabulatedRatio | None
    raters: TabulatedRatio | None
    oneway: TabulatedRatio | None
    ss_e: float
    df_e: int
    ss_w: float
    df_w: int
    rss: Callable[[float], float]
    rss_oneway: Callable[[float], float]


def incomplete_pivots(sums: CrossedSums) -> IncompletePivots | None:
    """Pivots of a table with gaps; the two-way ones are None when no error variance is left to divide by.

    None when the raters are not connected through shared targets (their differences cannot be told from the targets').
    """
    w = 1.0 / sums.sizes
    S = np.diag(sums.n_j) - np.tensordot(w, sums.M, axes=(0, 0))
    t = sums.C - w @ sums.T
    ss_w = float(sums.Q - w @ sums.P)
    values, vectors = np.linalg.eigh(S)
    positive = values > 1e-9 * values.max(initial=0.0)
    if int(positive.sum()) < sums.k - 1:
        return None
    z2 = (vectors[:, positive].T @ t) ** 2 / values[positive]
    ss_e, df_e = ss_w - float(z2.sum()), int(sums.N) - sums.n - sums.k + 1
    ss_e, ss_w = (0.0 if ss <= sums.noise else ss for ss in (ss_e, ss_w))
    m_s, m_r = float(sums.sizes @ sums.n_c / sums.n), float(values[positive].mean())

    def residual(model: str, g: Array) -> tuple[Array, Array]:
        c = reml_criterion(sums, model, g, g)
        return c.rss, c.rss_gradient[..., 0]

    def target_table(model: str, error: float) -> TabulatedRatio | None:
        if not error > 0:
            return None

        def pair(g: Array) -> tuple[Array, Array]:
            rss, slope = residual(model, g)
            return rss - error, slope

        return _tabulate(pair, sums.n - 1, m_s)

    def rater_pair(g: Array) -> tuple[Array, Array]:
        below = 1.0 + g[:, None] * values[positive]
        return (z2 / below).sum(axis=1), -(z2 * values[positive] / below**2).sum(axis=1)

    usable = ss_e > 0 and df_e > 0
    return IncompletePivots(
        targets=target_table("twoway_fixed_raters", ss_e) if usable else None,
        raters=_tabulate(rater_pair, sums.k - 1, m_r) if usable else None,
        oneway=target_table("oneway_random", ss_w),
        ss_e=ss_e,
        df_e=df_e,
        ss_w=ss_w,
        df_w=int(sums.N) - sums.n,
        rss=lambda g: float(residual("twoway_fixed_raters", np.array([g]))[0][0]),
        rss_oneway=lambda g: float(residual("oneway_random", np.array([g]))[0][0]),
    )


def _tabulate(
    pair: Callable[[Array], tuple[Array, Array]], df: int, m: float, h: float = 0.1
) -> TabulatedRatio:
    """Tabulate log q + s on s in [0, 30]; beyond, q(g)(1 + m g) no longer changes and differences drown in rounding."""
    s = h * np.arange(301)
    g = np.expm1(s) / m
    q, dq = pair(g)
    floor = 1e-9 * float(q[0]) * np.exp(-s)
    trusted = np.maximum(q, floor)
    level = np.log(trusted) + s
    slope = 1.0 + dq / trusted * np.exp(s) / m
    stable = s <= 14.0  # q is a difference of sums of squares: its relative error grows like e^s
    last = int(np.flatnonzero(stable)[-1])
    level[last:], slope[last:] = level[last], 0.0
    return TabulatedRatio(level, slope, h, df, m)
