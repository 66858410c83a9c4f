"""Pivots of variance ratios: sums of squares whose distribution is known at the true ratio.

In a complete table SS/(1 + m g) is σ²_e χ² at the true ratio g = σ²/σ²_e. With gaps the same holds for the
generalized least-squares sum of squares Q(g) (Wald 1947; Seely & El-Bassiouni 1983, Ann Stat 11:197): the
targets' is computed with the raters as fixed columns, the raters' with the targets as fixed columns, and
both are independent of SSE.
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
    """Pivot of a variance ratio g = σ²/σ²_e: `q` falls in g ≥ 0; `inverse(x)` solves q(g) = x, or is 0."""

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
        if self.ss == 0.0:
            return np.zeros_like(x)
        with np.errstate(divide="ignore"):
            return np.maximum(self.ss / x - 1.0, 0.0) / self.m


@dataclass(frozen=True)
class TabulatedRatio:
    """Pivot of a table with gaps: s ↦ log q + s is smooth in s = log(1 + m g), kept on equal steps, read by
    cubic Hermite.

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
class WaldSums:
    """Q(g) + SSE and SSE of one model, for Wald's F at any g > −1/(largest number of ratings per target).

    Attributes
    ----------
    sums, model: where Q comes from. df: of Q. ss_error, df_error: of the error.
    """

    sums: CrossedSums
    model: str
    df: int
    ss_error: float
    df_error: int

    @property
    def usable(self) -> bool:
        """Whether there are degrees of freedom and error variance to test with."""
        return self.df > 0 and self.df_error > 0 and self.ss_error > 0.0

    def q(self, g: Array) -> tuple[Array, Array]:
        """Q(g) and its derivative."""
        c = reml_criterion(self.sums, self.model, g, np.zeros_like(g))
        return c.rss - self.ss_error, c.rss_gradient[..., 0]

    def f(self, g: float) -> float:
        """Wald's F, distributed as F(df, df_error) at the true ratio g."""
        return float(self.q(np.array([g]))[0][0]) / self.df / (self.ss_error / self.df_error)

    def effects_ss(self, g: float = 1e6) -> float:
        """Sum of squares of the fitted target effects: the limit of g·Q(g)."""
        return max(float(self.q(np.array([g]))[0][0]) * g, 0.0)

    def tabulated(self) -> VarianceRatio:
        """Q as a pivot to be read and inverted many times."""
        if float(self.q(np.zeros(1))[0][0]) <= self.sums.noise:
            return BalancedRatio(0.0, self.df, 1)
        return _tabulate(self.q, self.df, float(self.sums.sizes @ self.sums.n_c / self.sums.n))


@dataclass(frozen=True)
class IncompletePivots:
    """Exact pivots of a table with gaps.

    Attributes
    ----------
    oneway: targets in the one-way model, for ICC(1). twoway: targets with raters as fixed columns, for
        ICC(A), ICC(C).
    d, z2: nonzero eigenvalues of the raters' information with the targets as fixed columns, and squared
        contrasts over them, so that Q_r(g) = Σ z2/(1 + g d); as many as raters less `groups`.
    groups: sets of raters that share no target with each other (1 when all are connected).
    """

    oneway: WaldSums
    twoway: WaldSums
    d: Array
    z2: Array
    groups: int

    def raters(self) -> VarianceRatio:
        """Pivot of σ²_raters/σ²_e."""
        if float(self.z2.sum()) <= self.twoway.sums.noise:
            return BalancedRatio(0.0, len(self.d), 1)

        def pair(g: Array) -> tuple[Array, Array]:
            below = 1.0 + g[:, None] * self.d
            return (self.z2 / below).sum(axis=1), -(self.z2 * self.d / below**2).sum(axis=1)

        return _tabulate(pair, len(self.d), float(self.d.mean()))


def incomplete_pivots(sums: CrossedSums) -> IncompletePivots:
    """Pivots of a table with gaps."""
    w = 1.0 / sums.sizes
    information = np.diag(sums.n_j) - np.tensordot(w, sums.M, axes=(0, 0))
    t = sums.C - w @ sums.T
    values, vectors = np.linalg.eigh(information)
    positive = values > 1e-9 * max(float(values.max()), 1.0)
    z2 = (vectors[:, positive].T @ t) ** 2 / values[positive]
    groups = sums.k - int(positive.sum())
    noise, total = sums.noise, int(sums.N)
    return IncompletePivots(
        oneway=WaldSums(sums, "oneway_random", sums.n - 1, _without_noise(sums.ss_w, noise), total - sums.n),
        twoway=WaldSums(
            sums,
            "twoway_fixed_raters",
            sums.n - groups,
            _without_noise(sums.ss_e, noise),
            total - sums.n - sums.k + groups,
        ),
        d=values[positive],
        z2=z2,
        groups=groups,
    )


def _without_noise(ss: float, noise: float) -> float:
    return 0.0 if ss <= noise else ss


def _tabulate(
    pair: Callable[[Array], tuple[Array, Array]], df: int, m: float, h: float = 0.1
) -> TabulatedRatio:
    """Tabulate log q + s on s in [0, 30]; far out q(g)(1 + m g) no longer changes."""
    s = h * np.arange(301)
    g = np.expm1(s) / m
    q, dq = pair(g)
    floor = max(1e-9 * float(q[0]), 1e-300) * np.exp(-s)
    trusted = np.maximum(q, floor)
    level = np.log(trusted) + s
    slope = 1.0 + dq / trusted * np.exp(s) / m
    stable = s <= 14.0  # q is a difference of sums of squares: its relative error grows like e^s
    last = int(np.flatnonzero(stable)[-1])
    level[last:], slope[last:] = level[last], 0.0
    return TabulatedRatio(level, slope, h, df, m)
