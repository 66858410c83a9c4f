"""Adjusted p-values and critical values from the multivariate t, without random numbers.

    p_j = P(max_k |T_k| ≥ |t_j|),      T multivariate t with the correlations of the contrasts

Which integral is used follows from the correlation matrix: products (Dunnett's comparisons, two contrasts,
equal correlations) by quadrature over two variables, everything else through the angles of `directions`. The
same input gives the same digits every time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
import numpy.typing as npt

from emostats.errors import UsageError, check_level, did_you_mean
from emostats.statistics.multiplicity.directions import cached_cell_angles
from emostats.statistics.multiplicity.product_correlation import (
    product_loadings,
    product_tail,
    studentized_range_tail,
)

FloatArray = npt.NDArray[np.float64]
Alternative = Literal["two-sided", "greater", "less"]
ALTERNATIVES = ("two-sided", "greater", "less")

LARGEST_RANK = 31
"""Contrasts of higher rank are refused: the lattice has no more dimensions."""


def mvt_adjust(
    statistic: npt.ArrayLike,
    correlation: npt.ArrayLike,
    df: float,
    *,
    alternative: Alternative = "two-sided",
    tolerance: float = 1e-6,
) -> FloatArray:
    """Single-step adjusted p-values of contrasts with t statistics `statistic`.

    Parameters
    ----------
    statistic: (m,) t statistics; NaN marks a contrast that cannot be estimated, which is left out and stays
        NaN.
    correlation: (m, m) correlation matrix of the contrasts' estimates; it may be singular (as in Tukey's).
    df: degrees of freedom, a positive number or infinity (normal).
    alternative: ``"two-sided"``: P(max |T| ≥ |t|); ``"greater"``: P(max T ≥ t); ``"less"``: P(min T ≤ t).
    tolerance: aimed at in probability where the matrix has rank 4 or more and is not of product form.

    Returns
    -------
    (m,) p-values. Absolute accuracy about 1e-12 for product correlations and rank ≤ 2, 1e-9 for rank 3, 1e-8
    for rank 4, 1e-6 up to rank 7 (28 comparisons of 8 means) where p < 0.2; measured figures stand in
    docs/multiplicity.md.

    Raises
    ------
    UsageError: shapes that do not fit, a matrix that is no correlation matrix, df ≤ 0, an unknown
        alternative.
    """
    t = np.atleast_1d(np.asarray(statistic, dtype=float))
    matrix = check_correlation(correlation, len(t))
    _check(df, alternative)
    estimable = np.isfinite(t)
    p = np.full(len(t), np.nan)
    if not estimable.any():
        return p
    tail = tail_function(matrix[np.ix_(estimable, estimable)], df, alternative, tolerance)
    signed = {"two-sided": np.abs(t), "greater": t, "less": -t}[alternative]
    values, inverse = np.unique(signed[estimable], return_inverse=True)
    p[estimable] = np.array([tail(float(value)) for value in values])[inverse]
    return p


def max_abs_t_upper(t: float, correlation: npt.ArrayLike, df: float, *, tolerance: float = 1e-6) -> float:
    """P(max |T_k| ≥ t) for t ≥ 0. Parameters, accuracy and errors as in `mvt_adjust`."""
    matrix = check_correlation(correlation, None)
    _check(df, "two-sided")
    return tail_function(matrix, df, "two-sided", tolerance)(float(t))


def max_t_upper(t: float, correlation: npt.ArrayLike, df: float, *, tolerance: float = 1e-6) -> float:
    """P(max T_k ≥ t). Parameters, accuracy and errors as in `mvt_adjust`."""
    matrix = check_correlation(correlation, None)
    _check(df, "greater")
    return tail_function(matrix, df, "greater", tolerance)(float(t))


def max_abs_t_quantile(
    conf_level: float, correlation: npt.ArrayLike, df: float, *, tolerance: float = 1e-6
) -> float:
    """c with P(max |T_k| < c) = conf_level: estimate ± c SE are simultaneous intervals.

    `conf_level` lies between 0 and 1; other parameters and errors as in `mvt_adjust`.
    """
    return _quantile(conf_level, correlation, df, "two-sided", tolerance)


def max_t_quantile(
    conf_level: float, correlation: npt.ArrayLike, df: float, *, tolerance: float = 1e-6
) -> float:
    """c with P(max T_k < c) = conf_level: estimate - c SE are simultaneous lower bounds."""
    return _quantile(conf_level, correlation, df, "greater", tolerance)


def _quantile(
    conf_level: float, correlation: npt.ArrayLike, df: float, alternative: Alternative, tolerance: float
) -> float:
    matrix = check_correlation(correlation, None)
    _check(df, alternative)
    check_level(conf_level)
    tail = tail_function(matrix, df, alternative, tolerance)
    return _solve(tail, 1 - conf_level, len(matrix), df, two_sided=alternative == "two-sided")


def studentized_range_quantile(conf_level: float, n_means: int, df: float) -> float:
    """q with P(Q < q) = conf_level for the studentized range of `n_means` means."""
    pairs = n_means * (n_means - 1) // 2

    def tail(c: float) -> float:
        return studentized_range_tail(c * np.sqrt(2), n_means, df)

    return float(np.sqrt(2) * _solve(tail, 1 - conf_level, pairs, df, two_sided=True))


def tail_function(
    correlation: FloatArray, df: float, alternative: Alternative, tolerance: float = 1e-6
) -> Callable[[float], float]:
    """P(max ≥ threshold) as a function of the threshold, by the integral that suits `correlation`."""
    two_sided = alternative == "two-sided"
    loadings = product_loadings(correlation)
    if loadings is not None:
        return lambda c: product_tail(max(c, 0.0) if two_sided else c, loadings, df, two_sided=two_sided)
    key = np.ascontiguousarray(correlation).tobytes()
    angles = cached_cell_angles(key, len(correlation), two_sided, tolerance)
    if angles.rank == 1:
        single = np.zeros(1)
        return lambda c: product_tail(max(c, 0.0) if two_sided else c, single, df, two_sided=two_sided)
    return lambda c: angles.tail(max(c, 0.0) if two_sided else c, df)


def check_correlation(correlation: npt.ArrayLike, m: int | None) -> FloatArray:
    """`correlation` as a clean matrix: symmetric, unit diagonal, no negative eigenvalue beyond rounding.

    Raises
    ------
    UsageError: it is none, or not (m, m).
    """
    matrix = np.atleast_2d(np.asarray(correlation, dtype=float))
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or (m is not None and len(matrix) != m):
        wanted = "square" if m is None else f"{m} × {m}, one row a statistic"
        raise UsageError(
            f"The correlation matrix must be {wanted}; it is {' × '.join(map(str, matrix.shape))}."
        )
    if not np.isfinite(matrix).all():
        raise UsageError("The correlation matrix has missing entries; leave those contrasts out.")
    if not np.allclose(matrix, matrix.T, atol=1e-8) or not np.allclose(np.diag(matrix), 1, atol=1e-8):
        raise UsageError("A correlation matrix is symmetric with ones on the diagonal; this one is not.")
    matrix = (matrix + matrix.T) / 2
    np.fill_diagonal(matrix, 1.0)
    values = np.linalg.eigvalsh(matrix)
    if values[0] < -1e-8 * len(matrix):
        raise UsageError(f"The correlation matrix has a negative eigenvalue ({values[0]:.2g}).")
    if int((values > 1e-10 * values[-1]).sum()) > LARGEST_RANK:
        raise UsageError(f"Only contrasts of rank up to {LARGEST_RANK} are supported.")
    return np.asarray(np.clip(matrix, -1.0, 1.0))


def _check(df: float, alternative: str) -> None:
    if not df > 0:
        raise UsageError(f"df must be positive (infinity for the normal); found {df!r}.")
    if alternative not in ALTERNATIVES:
        raise UsageError(f"alternative={alternative!r} is unknown. {did_you_mean(alternative, ALTERNATIVES)}")


def _solve(tail: Callable[[float], float], alpha: float, m: int, df: float, *, two_sided: bool) -> float:
    """The threshold at which the tail is alpha; it lies between the unadjusted and Bonferroni's quantile."""
    from scipy.optimize import brentq
    from scipy.special import ndtri, stdtrit

    sides = 2 if two_sided else 1

    def quantile(p: float) -> float:
        return float(-ndtri(p) if np.isinf(df) else -stdtrit(df, p))

    low, high = quantile(alpha / sides), quantile(alpha / sides / m)
    margin = 1e-6 * max(1.0, abs(high))
    return float(brentq(lambda c: tail(c) - alpha, low - margin, high + margin, xtol=1e-12, rtol=1e-13))
