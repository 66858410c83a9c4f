"""From (L, β, V, ν) to estimate, standard error, statistic, p-value and interval, for every method."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc, fdtrc, stdtr, stdtrit

from emostats.errors import UsageError, check_level
from emostats.statistics.mmrm.degrees_of_freedom.methods import DfMethod

Float = NDArray[np.float64]


@dataclass(frozen=True)
class Inference:
    """What tests and intervals need of a fit.

    Attributes
    ----------
    beta: (k,) estimable coefficients, raw units. root: (k × k) with Φ = root root'.
    middle: (k × k) with V̂ = root V̄ root'. method: the df method. conf_level: in (0, 1).
    """

    beta: Float
    root: Float
    middle: Float
    method: DfMethod
    conf_level: float

    @property
    def vcov(self) -> Float:
        """V̂ (k × k)."""
        V = self.root @ self.middle @ self.root.T
        return 0.5 * (V + V.T)


@dataclass(frozen=True)
class TTests:
    """Tests of single contrasts; every array has one entry a row of L."""

    estimate: Float
    std_error: Float
    df: Float
    statistic: Float
    p_value: Float
    conf_low: Float
    conf_high: Float


@dataclass(frozen=True)
class FTest:
    """Joint test of a set of contrasts; `scale` is Kenward & Roger's λ, already applied to the statistic."""

    num_df: int
    den_df: float
    statistic: float
    p_value: float
    scale: float


def t_test(
    inference: Inference, L: Float, null: Float | float = 0.0, conf_level: float | None = None
) -> TTests:
    """t tests of the rows of L (q × k) against `null`, with two-sided intervals."""
    level = check_level(inference.conf_level if conf_level is None else conf_level)
    z = L @ inference.root
    estimate = L @ inference.beta
    variance = ((z @ inference.middle) * z).sum(axis=1)
    std_error = np.sqrt(np.maximum(variance, 0.0))
    df = inference.method.rows(z)
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = (estimate - null) / std_error
    margin = t_quantile(0.5 + 0.5 * level, df) * std_error
    return TTests(
        estimate, std_error, df, statistic, t_two_sided(statistic, df), estimate - margin, estimate + margin
    )


def with_variance(tests: TTests, variance: Float, null: Float | float, conf_level: float) -> TTests:
    """The same tests with more variance (q,) in each estimate; df stay."""
    std_error = np.sqrt(tests.std_error**2 + variance)
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = (tests.estimate - null) / std_error
    margin = t_quantile(0.5 + 0.5 * conf_level, tests.df) * std_error
    return TTests(
        tests.estimate, std_error, tests.df, statistic, t_two_sided(statistic, tests.df),
        tests.estimate - margin, tests.estimate + margin,
    )  # fmt: skip


def t_two_sided(statistic: Float, df: Float) -> Float:
    """P(|t_df| ≥ |statistic|)."""
    return np.asarray(np.minimum(2 * stdtr(df, -np.abs(statistic)), 1.0))


def t_quantile(probability: float, df: Float) -> Float:
    """Quantile of Student's t with df degrees of freedom."""
    return np.asarray(stdtrit(df, probability), dtype=float)


def f_test(inference: Inference, L: Float, null: Float | float = 0.0) -> FTest:
    """F test that L β = null; redundant rows of L are taken out first.

    Raises
    ------
    UsageError: L has no row that is not zero, is not finite, or its redundant rows contradict each other.
    """
    if not np.isfinite(L).all() or not np.isfinite(null).all():
        raise UsageError("A hypothesis needs finite numbers; found missing or infinite ones.")
    L, null = _independent_rows(L, np.broadcast_to(np.asarray(null, dtype=float), (len(L),)))
    z = L @ inference.root
    q = len(L)
    difference = L @ inference.beta - null
    wald = float(difference @ np.linalg.solve(z @ inference.middle @ z.T, difference))
    df, scale = inference.method.joint(z, inference.middle)
    return FTest(q, df, scale * wald / q, f_upper(scale * wald / q, q, df), scale)


def _independent_rows(L: Float, null: Float) -> tuple[Float, Float]:
    keep: list[int] = []
    for row in range(len(L)):
        trial = L[[*keep, row]]
        norms = np.linalg.norm(trial, axis=1, keepdims=True)
        if norms.min() > 0 and np.linalg.matrix_rank(trial / norms, tol=1e-9) == len(trial):
            keep.append(row)
    if not keep:
        raise UsageError("The hypothesis says nothing: it has no contrast that is not zero.")
    shares = np.linalg.lstsq(L[keep].T, L.T, rcond=None)[0].T
    if np.abs(shares @ null[keep] - null).max() > 1e-8 * max(1.0, float(np.abs(null).max())):
        raise UsageError(
            "The rows of the hypothesis contradict each other: they fix one quantity at two values."
        )
    return L[keep], null[keep]


def f_upper(statistic: float, num_df: float, den_df: float) -> float:
    """P(F ≥ statistic)."""
    return float(fdtrc(num_df, den_df, statistic))


def chi2_upper(statistic: float, df: float) -> float:
    """P(χ²_df ≥ statistic)."""
    return float(chdtrc(df, statistic))
