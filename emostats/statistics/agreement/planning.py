"""How many targets and raters a reliability study needs.

For a test of ICC(1) or ICC(C) ≥ ρ₀: Walter, Eliasziw & Donner (1998, Stat Med 17:101) and the exact F
power. For an interval of a given width: Bonett (2002, Stat Med 21:1331) and the exact expected width. For
ICC(A), whose interval depends on how much raters differ, by simulation of mean squares with the interval
that `icc` would print.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import ceil, log
from typing import Any

import numpy as np
import pandas as pd

from emostats.errors import UsageError, check_level
from emostats.statistics.agreement.anova import MeanSquares
from emostats.statistics.agreement.chi import chi_rule
from emostats.statistics.agreement.f_intervals import f_interval, f_quantile, f_upper_tail
from emostats.statistics.agreement.forms import Form, find_form, spearman_brown
from emostats.statistics.agreement.generalized import generalized_icc

_MOST = 1_000_000


@dataclass(frozen=True)
class SampleSize:
    """Targets needed.

    Attributes
    ----------
    n_exact: smallest number that reaches the goal by exact computation. n_approximate: by the closed
        formula, unrounded.
    reached: exact power, or exact expected width, at `n_exact`. n_raters: ratings per target. goal: in words.
    """

    n_exact: int
    n_approximate: float
    reached: float
    n_raters: int
    goal: str

    def table(self) -> pd.DataFrame:
        """One row, with the attributes as columns."""
        return pd.DataFrame([{name: getattr(self, name) for name in self.__dataclass_fields__}])


def _check(n_raters: int, **rhos: float) -> None:
    if n_raters < 2:
        raise UsageError(f"n_raters must be 2 or more; found {n_raters}.")
    for name, rho in rhos.items():
        if not 0.0 <= rho < 1.0:
            raise UsageError(f"{name} must lie in [0, 1); found {rho}.")


def _check_targets(n_targets: int) -> None:
    if n_targets < 2:
        raise UsageError(f"n_targets must be 2 or more; found {n_targets}.")


def icc_power(*, n_targets: int, n_raters: int, rho0: float, rho1: float, alpha: float = 0.05) -> float:
    """Exact power of the one-sided F test of H0: ICC(1) ≤ rho0 when it is rho1.

    F/(1 + kθ) is F(n − 1, n(k − 1)) with θ = ρ/(1 − ρ) (one-way random effects, normal).

    Raises
    ------
    UsageError: a value outside its range.
    """
    _check(n_raters, rho0=rho0, rho1=rho1)
    check_level(alpha, "alpha")
    _check_targets(n_targets)
    df1, df2 = n_targets - 1, n_targets * (n_raters - 1)
    critical = f_quantile(1.0 - alpha, df1, df2) * _inflation(rho0, n_raters)
    return f_upper_tail(critical / _inflation(rho1, n_raters), df1, df2)


def _inflation(rho: float, k: int) -> float:
    """E MS_targets / E MS_within = 1 + kρ/(1 − ρ)."""
    return 1.0 + k * rho / (1.0 - rho)


def targets_for_test(
    *, rho0: float, rho1: float, n_raters: int, alpha: float = 0.05, power: float = 0.8
) -> SampleSize:
    """Targets for a one-sided test of H0: ICC ≤ rho0 at level `alpha` to have `power` when the ICC is rho1.

    Raises
    ------
    UsageError: rho1 is not above rho0; a value outside its range.
    """
    from scipy.special import ndtri

    _check(n_raters, rho0=rho0, rho1=rho1)
    if not rho1 > rho0:
        raise UsageError(f"rho1 must be above rho0; found {rho1} and {rho0}.")
    check_level(alpha, "alpha")
    check_level(power, "power")
    k = n_raters
    spread = float(ndtri(1.0 - alpha) + ndtri(power))
    ratio = _inflation(rho0, k) / _inflation(rho1, k)
    approximate = 1.0 + 2.0 * spread**2 * k / ((k - 1) * log(ratio) ** 2)

    def enough(n: int) -> bool:
        return icc_power(n_targets=n, n_raters=k, rho0=rho0, rho1=rho1, alpha=alpha) >= power

    n = _smallest(enough, 2)
    reached = icc_power(n_targets=n, n_raters=k, rho0=rho0, rho1=rho1, alpha=alpha)
    goal = f"power {power:g} for ICC > {rho0:g} at {rho1:g}, one-sided α = {alpha:g}"
    return SampleSize(n, approximate, reached, k, goal)


def expected_width(*, n_targets: int, n_raters: int, rho: float, conf_level: float = 0.95) -> float:
    """Exact expected width of the F interval of ICC(1), by quadrature over the two χ² behind F.

    Raises
    ------
    UsageError: a value outside its range.
    """
    _check(n_raters, rho=rho)
    check_level(conf_level)
    _check_targets(n_targets)
    df1, df2, k = n_targets - 1, n_targets * (n_raters - 1), n_raters
    (z1, w1), (z2, w2) = chi_rule(df1), chi_rule(df2)
    f = _inflation(rho, k) * (z1[:, None] ** 2 / df1) / (z2**2 / df2)
    upper_p = 0.5 + conf_level / 2.0
    low, high = f / f_quantile(upper_p, df1, df2), f * f_quantile(upper_p, df2, df1)
    width = (high - 1.0) / (high + k - 1.0) - (low - 1.0) / (low + k - 1.0)
    return float(w1 @ width @ w2)


def targets_for_width(*, rho: float, width: float, n_raters: int, conf_level: float = 0.95) -> SampleSize:
    """Targets for the interval of a single-rating ICC near `rho` to be `width` wide on average.

    Raises
    ------
    UsageError: a value outside its range.
    """
    from scipy.special import ndtri

    _check(n_raters, rho=rho)
    check_level(conf_level)
    if not 0.0 < width < 1.0:
        raise UsageError(f"width must lie strictly between 0 and 1; found {width}.")
    k, z = n_raters, float(ndtri(0.5 + conf_level / 2.0))
    variance = (1.0 - rho) ** 2 * (1.0 + (k - 1) * rho) ** 2
    approximate = 8.0 * z**2 * variance / (k * (k - 1) * width**2) + 1.0

    def enough(n: int) -> bool:
        return expected_width(n_targets=n, n_raters=k, rho=rho, conf_level=conf_level) <= width

    n = _smallest(enough, 2)
    reached = expected_width(n_targets=n, n_raters=k, rho=rho, conf_level=conf_level)
    return SampleSize(
        n,
        approximate,
        reached,
        k,
        f"expected width {width:g} of the {conf_level:.0%} interval at ICC {rho:g}",
    )


def _smallest(enough: Callable[[int], bool], start: int) -> int:
    """Smallest n ≥ start that is enough, for a condition that stays true: doubling, then bisection."""
    high = start
    while not enough(high):
        if high > _MOST:
            raise UsageError(f"More than {_MOST:,} targets would be needed; relax the goal.")
        high *= 2
    low = max(start, high // 2)
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle + 1, high)
    while high > start and enough(high - 1):
        high -= 1
    return high


def raters_for_reliability(*, single: float, target: float) -> int:
    """Raters whose mean reaches reliability `target` when one rating has `single` (Spearman–Brown).

    Raises
    ------
    UsageError: values outside (0, 1).
    """
    for name, value in (("single", single), ("target", target)):
        if not 0.0 < value < 1.0:
            raise UsageError(f"{name} must lie strictly between 0 and 1; found {value}.")
    exact = target * (1.0 - single) / (single * (1.0 - target))
    m = max(1, ceil(exact - 1e-9))
    return m if spearman_brown(single, m) >= target - 1e-12 else m + 1


@dataclass(frozen=True)
class PlannedICC:
    """What a planned study would give, by simulation.

    Attributes
    ----------
    form, n_targets, n_raters, n_simulations, seed, conf_level, interval: as planned.
    truth: the form's true value. coverage: share of intervals that hold it. mean_width, median_width: of
        the intervals.
    assurance: share of intervals no wider than `width` (NaN if none was asked). power: share of lower
        limits above rho0.
    mc_error: Monte Carlo standard error of the shares at ½, their largest. mean_estimate.
    """

    form: str
    n_targets: int
    n_raters: int
    truth: float
    mean_estimate: float
    coverage: float
    mean_width: float
    median_width: float
    assurance: float
    power: float
    mc_error: float
    n_simulations: int
    seed: int
    conf_level: float
    interval: str

    def table(self) -> pd.DataFrame:
        """One row, with the attributes as columns."""
        return pd.DataFrame([{name: getattr(self, name) for name in self.__dataclass_fields__}])


def simulate_plan(
    *,
    n_targets: int,
    n_raters: int,
    variances: Mapping[str, float],
    form: str = "ICC(A,1)",
    interval: str = "auto",
    conf_level: float = 0.95,
    width: float | None = None,
    rho0: float = 0.0,
    n_simulations: int = 1000,
    seed: int = 0,
) -> PlannedICC:
    """Simulate complete normal studies (through their mean squares, which is exact) and summarise their
    intervals.

    Parameters
    ----------
    variances: ``target``, ``rater`` (0 if left out) and ``error`` variances of one rating.
    interval: ``"auto"`` (generalized for ICC(A), exact F else) or ``"anova"``.
    width: widest interval that is good enough, for `assurance`. rho0: for `power` (one-sided at (1 −
        conf_level)/2).

    Raises
    ------
    UsageError: an unknown form, interval or variance; a value outside its range.
    """
    _check(n_raters, rho0=rho0)
    check_level(conf_level)
    _check_targets(n_targets)
    if n_simulations < 1:
        raise UsageError(f"n_simulations must be 1 or more; found {n_simulations}.")
    if interval not in ("auto", "anova"):
        raise UsageError(f"interval must be 'auto' or 'anova'; found '{interval}'.")
    chosen, parts = find_form(form), _variances(variances)
    truth = _truth(chosen, parts, n_raters)
    limits = np.array(
        [
            (ms.icc(chosen), *_planned_limits(ms, chosen, interval, conf_level))
            for ms in _simulated(n_targets, n_raters, parts, n_simulations, seed)
        ]
    )
    low, high = limits[:, 1], limits[:, 2]
    return PlannedICC(
        form=chosen.name,
        n_targets=n_targets,
        n_raters=n_raters,
        truth=truth,
        mean_estimate=float(limits[:, 0].mean()),
        coverage=float(((low <= truth) & (truth <= high)).mean()),
        mean_width=float((high - low).mean()),
        median_width=float(np.median(high - low)),
        assurance=float((high - low <= width).mean()) if width is not None else float("nan"),
        power=float((low > rho0).mean()),
        mc_error=0.5 / n_simulations**0.5,
        n_simulations=n_simulations,
        seed=seed,
        conf_level=conf_level,
        interval=interval,
    )


def _variances(variances: Mapping[str, float]) -> tuple[float, float, float]:
    wrong = set(variances) - {"target", "rater", "error"}
    if wrong or not {"target", "error"} <= set(variances):
        raise UsageError(
            f"variances needs 'target' and 'error', and may have 'rater'; found {sorted(variances)}."
        )
    parts = (float(variances["target"]), float(variances.get("rater", 0.0)), float(variances["error"]))
    if min(parts) < 0.0 or parts[2] <= 0.0:
        raise UsageError("Variances must be 0 or more, the error variance above 0.")
    return parts


def _truth(form: Form, parts: tuple[float, float, float], k: int) -> float:
    target, rater, error = parts
    other = error if form.key == "C" else rater + error
    single = target / (target + other)
    return spearman_brown(single, k) if form.average else single


def _simulated(n: int, k: int, parts: tuple[float, float, float], times: int, seed: int) -> list[MeanSquares]:
    """Mean squares of complete tables: independent χ² multiples of their expectations."""
    rng = np.random.default_rng(seed)
    target, rater, error = parts
    ss_r = (error + k * target) * rng.chisquare(n - 1, times)
    ss_c = (error + n * rater) * rng.chisquare(k - 1, times)
    ss_e = error * rng.chisquare((n - 1) * (k - 1), times)
    return [MeanSquares(n, k, 0.0, *map(float, triple)) for triple in zip(ss_r, ss_c, ss_e, strict=True)]


def _planned_limits(ms: MeanSquares, form: Form, interval: str, conf_level: float) -> tuple[float, float]:
    if form.key != "A" or interval == "anova":
        return f_interval(ms, form, conf_level)
    distribution = generalized_icc(ms)
    low, high = (
        distribution.interval(conf_level) if distribution is not None else (float("nan"), float("nan"))
    )
    return (spearman_brown(low, ms.k), spearman_brown(high, ms.k)) if form.average else (low, high)


def plan_table(
    *, n_targets: Any, n_raters: Any, variances: Mapping[str, float], **options: Any
) -> pd.DataFrame:
    """`simulate_plan` for every combination of numbers of targets and raters, one row each."""
    pairs = [(n, k) for n in np.atleast_1d(n_targets) for k in np.atleast_1d(n_raters)]
    rows = [
        simulate_plan(n_targets=int(n), n_raters=int(k), variances=variances, **options) for n, k in pairs
    ]
    return pd.concat([row.table() for row in rows], ignore_index=True)
