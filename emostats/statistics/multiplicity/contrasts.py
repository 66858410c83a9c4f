"""Adjusted tests and simultaneous intervals for estimates whose covariance is known."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from emostats.errors import UsageError, check_level, did_you_mean
from emostats.statistics.multiplicity.multivariate_t import (
    Alternative,
    max_abs_t_quantile,
    max_t_quantile,
    mvt_adjust,
    studentized_range_quantile,
)
from emostats.statistics.multiplicity.p_values import P_VALUE_METHODS, adjust_p_values
from emostats.statistics.multiplicity.product_correlation import studentized_range_tail

FloatArray = npt.NDArray[np.float64]

ADJUSTMENTS: tuple[str, ...] = (*P_VALUE_METHODS, "mvt", "mvt_step_down", "tukey")


def adjust_contrasts(
    estimate: npt.ArrayLike,
    vcov: npt.ArrayLike,
    df: float,
    *,
    adjust: str,
    names: Sequence[str] | None = None,
    alternative: Alternative = "two-sided",
    conf_level: float = 0.95,
    n_means: int | None = None,
) -> pd.DataFrame:
    """Tests of contrasts against 0 with adjusted p-values and simultaneous intervals.

    Parameters
    ----------
    estimate: (m,) contrasts. vcov: (m, m) their covariance. df: degrees of freedom, infinity for the normal.
    adjust: a method of `adjust_p_values`; ``"mvt"``: single-step with the correlations of the contrasts
        (Dunnett's test where they share a control); ``"mvt_step_down"``: its step-down form (Naik, 1975;
        Marcus et al., 1976); ``"tukey"``: the studentized range of `n_means` means (Tukey-Kramer), two-sided
        only.
    alternative: of each test; the intervals are one-sided accordingly.

    Returns
    -------
    DataFrame: contrast, estimate, std_error, df, statistic, p_value (unadjusted), p_adjusted, conf_low,
        conf_high,
    interval (the name of the simultaneous interval). Step-wise and false-discovery methods have no intervals
    of their own; the single-step ones they improve on are given: Bonferroni's, Šidák's, or "mvt".

    Raises
    ------
    UsageError: unknown method, shapes that do not fit, a contrast without variance, or tukey without
        `n_means`.
    """
    values = np.atleast_1d(np.asarray(estimate, dtype=float))
    covariance = np.atleast_2d(np.asarray(vcov, dtype=float))
    method = adjust.lower().replace("-", "_")
    _check(values, covariance, method, alternative, n_means, conf_level)
    std_error = np.sqrt(np.diag(covariance))
    t = values / std_error
    correlation = covariance / np.outer(std_error, std_error)
    p = t_p_value(t, df, alternative)
    p_adjusted = _adjusted(t, p, correlation, df, method, alternative, n_means)
    kind, critical = _critical(method, correlation, df, conf_level, alternative, n_means)
    low, high = _limits(values, critical * std_error, alternative)
    return pd.DataFrame(
        {
            "contrast": list(names) if names is not None else [str(k + 1) for k in range(len(values))],
            "estimate": values,
            "std_error": std_error,
            "df": float(df),
            "statistic": t,
            "p_value": p,
            "p_adjusted": p_adjusted,
            "conf_low": low,
            "conf_high": high,
            "interval": kind,
        }
    )


def step_down(
    statistic: npt.ArrayLike, correlation: npt.ArrayLike, df: float, *, alternative: Alternative = "two-sided"
) -> FloatArray:
    """Step-down adjusted p-values: each hypothesis is tested among those not yet rejected.

    The i-th largest statistic gets P(max over the remaining |T_k| ≥ |t_(i)|), made monotone. Parameters and
    errors as in `mvt_adjust`; the familywise error rate is kept strongly.
    """
    t = np.atleast_1d(np.asarray(statistic, dtype=float))
    matrix = np.atleast_2d(np.asarray(correlation, dtype=float))
    extremeness = {"two-sided": np.abs(t), "greater": t, "less": -t}[alternative]
    order = np.argsort(-extremeness, kind="stable")
    adjusted = np.empty(len(t))
    largest = 0.0
    for position, j in enumerate(order):
        rest = order[position:]
        p = mvt_adjust(t[rest], matrix[np.ix_(rest, rest)], df, alternative=alternative)[0]
        largest = max(largest, float(p))
        adjusted[j] = largest
    return adjusted


def t_p_value(t: FloatArray, df: float, alternative: Alternative) -> FloatArray:
    """Unadjusted p-values of t statistics."""
    from scipy.special import ndtr, stdtr

    def lower(x: FloatArray) -> FloatArray:
        return np.asarray(ndtr(x) if np.isinf(df) else stdtr(df, x))

    if alternative == "two-sided":
        return 2 * lower(-np.abs(t))
    return lower(-t if alternative == "greater" else t)


def _check(
    values: FloatArray,
    covariance: FloatArray,
    method: str,
    alternative: str,
    n_means: int | None,
    conf_level: float,
) -> None:
    if method not in ADJUSTMENTS:
        raise UsageError(f"There is no adjustment called {method!r}. {did_you_mean(method, ADJUSTMENTS)}")
    if alternative not in ("two-sided", "greater", "less"):
        raise UsageError(f"alternative={alternative!r} is unknown: two-sided, greater or less.")
    check_level(conf_level)
    if covariance.shape != (len(values), len(values)):
        raise UsageError(
            f"vcov must be {len(values)} × {len(values)}, one row a contrast; it is {covariance.shape}."
        )
    if not (np.diag(covariance) > 0).all():
        raise UsageError("Every contrast needs a positive variance; leave constant ones out.")
    if method == "tukey" and (n_means is None or n_means < 2 or alternative != "two-sided"):
        raise UsageError("adjust='tukey' needs n_means, the number of means compared, and two-sided tests.")


def _adjusted(
    t: FloatArray,
    p: FloatArray,
    correlation: FloatArray,
    df: float,
    method: str,
    alternative: Alternative,
    n_means: int | None,
) -> FloatArray:
    if method == "mvt":
        return mvt_adjust(t, correlation, df, alternative=alternative)
    if method == "mvt_step_down":
        return step_down(t, correlation, df, alternative=alternative)
    if method == "tukey" and n_means is not None:
        return np.array([studentized_range_tail(float(q), n_means, df) for q in np.sqrt(2) * np.abs(t)])
    return adjust_p_values(p, method)


def _critical(
    method: str,
    correlation: FloatArray,
    df: float,
    conf_level: float,
    alternative: Alternative,
    n_means: int | None,
) -> tuple[str, float]:
    """The name of the simultaneous interval and its multiple of the standard error."""
    m = len(correlation)
    if method == "tukey" and n_means is not None:
        return "tukey", studentized_range_quantile(conf_level, n_means, df) / np.sqrt(2)
    if method.startswith("mvt"):
        quantile = max_abs_t_quantile if alternative == "two-sided" else max_t_quantile
        return "mvt", quantile(conf_level, correlation, df)
    sides = 2 if alternative == "two-sided" else 1
    if method == "none":
        return "none", t_quantile((1 - conf_level) / sides, df)
    if "sidak" in method:
        return "sidak", t_quantile(-np.expm1(np.log(conf_level) / m) / sides, df)
    return "bonferroni", t_quantile((1 - conf_level) / (sides * m), df)


def t_quantile(upper: float, df: float) -> float:
    """The t quantile with probability `upper` above it."""
    from scipy.special import ndtri, stdtrit

    return float(-ndtri(upper) if np.isinf(df) else -stdtrit(df, upper))


def _limits(values: FloatArray, half: FloatArray, alternative: Alternative) -> tuple[FloatArray, FloatArray]:
    low = np.full(len(values), -np.inf) if alternative == "less" else values - half
    high = np.full(len(values), np.inf) if alternative == "greater" else values + half
    return low, high
