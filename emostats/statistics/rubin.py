"""Rubin's rules: one answer from analyses of several imputed data sets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from emostats.errors import UsageError, check_level


@dataclass(frozen=True)
class Pooled:
    """A pooled estimate.

    Attributes
    ----------
    estimate: mean of the imputations' estimates. std_error: sqrt of the total variance T = W + (1 + 1/M) B.
    df: Barnard & Rubin's (1999). statistic, p_value: t test of no effect, two-sided.
    conf_low, conf_high: t limits at `conf_level`.
    within, between: W, the mean squared standard error, and B, the variance of the estimates (divisor M - 1).
    relative_increase: r = (1 + 1/M) B / W, the relative increase in variance due to missing data.
    fraction_missing: fraction of missing information, (r + 2/(df + 3)) / (r + 1) (Rubin, 1987, eq. 3.1.10).
    n_imputations: M.
    """

    estimate: float
    std_error: float
    df: float
    statistic: float
    p_value: float
    conf_low: float
    conf_high: float
    conf_level: float
    within: float
    between: float
    relative_increase: float
    fraction_missing: float
    n_imputations: int

    @property
    def total(self) -> float:
        """The total variance T."""
        return self.std_error**2

    def table(self) -> pd.DataFrame:
        """One row: estimate, std_error, df, statistic, p_value, conf_low, conf_high."""
        names = ("estimate", "std_error", "df", "statistic", "p_value", "conf_low", "conf_high")
        return pd.DataFrame([{name: getattr(self, name) for name in names}])


def pool(
    estimates: npt.ArrayLike,
    std_errors: npt.ArrayLike,
    *,
    complete_data_df: float = np.inf,
    conf_level: float = 0.95,
) -> Pooled:
    """Pool one quantity over imputations.

    Parameters
    ----------
    estimates, std_errors: (M,) one an imputation, M at least 2.
    complete_data_df: degrees of freedom the analysis would have without missing data; infinity for a normal
        test.
    conf_level: between 0 and 1.

    Returns
    -------
    Pooled, with Barnard & Rubin's df: lambda = (1 + 1/M) B / T, old = (M - 1) / lambda²,
    obs = (v + 1) / (v + 3) v (1 - lambda), df = old obs / (old + obs). Without variation between imputations
    df is (v + 1) / (v + 3) v.

    Raises
    ------
    UsageError: fewer than two imputations, lengths that differ, missing or negative numbers, a level out of
        range.
    """
    q, u = _check(estimates, std_errors, complete_data_df, conf_level)
    m = len(q)
    within, between = float((u**2).mean()), float(q.var(ddof=1))
    total = within + (1 + 1 / m) * between
    df = barnard_rubin_df(within, between, m, complete_data_df)
    estimate, std_error = float(q.mean()), float(np.sqrt(total))
    statistic, p_value, half = _t(estimate, std_error, df, conf_level)
    r = (1 + 1 / m) * between / within if within > 0 else float("inf")
    fraction = (r + 2 / (df + 3)) / (r + 1) if np.isfinite(r) else 1.0
    return Pooled(
        estimate,
        std_error,
        df,
        statistic,
        p_value,
        estimate - half,
        estimate + half,
        conf_level,
        within,
        between,
        r,
        fraction if between > 0 else 0.0,
        m,
    )


def pool_table(
    imputations: list[pd.DataFrame],
    *,
    by: str | list[str],
    complete_data_df: float | None = None,
    conf_level: float = 0.95,
) -> pd.DataFrame:
    """Pool every row of estimator tables, one table an imputation.

    Parameters
    ----------
    imputations: tables with `estimate` and `std_error`, and `df` unless `complete_data_df` is given (the mean
        df of a row is used). by: column(s) that name a row; the same rows must occur in each table.

    Returns
    -------
    DataFrame: the `by` columns, estimate, std_error, df, statistic, p_value, conf_low, conf_high.

    Raises
    ------
    UsageError: fewer than two tables, or rows that do not match.
    """
    keys = [by] if isinstance(by, str) else list(by)
    if len(imputations) < 2:
        raise UsageError(f"Pooling needs two or more imputations; there is {len(imputations)}.")
    first = imputations[0].set_index(keys).index
    stacked = []
    for number, table in enumerate(imputations, start=1):
        indexed = table.set_index(keys)
        if not indexed.index.equals(first) or not indexed.index.is_unique:
            raise UsageError(f"The table of imputation {number} does not have the rows of the first.")
        stacked.append(indexed)
    rows = []
    for position in range(len(first)):
        df = complete_data_df
        if df is None:
            df = float(np.mean([table["df"].iloc[position] for table in stacked]))
        pooled = pool(
            [table["estimate"].iloc[position] for table in stacked],
            [table["std_error"].iloc[position] for table in stacked],
            complete_data_df=df,
            conf_level=conf_level,
        )
        rows.append(pooled.table())
    return pd.concat([first.to_frame(index=False), pd.concat(rows, ignore_index=True)], axis=1)


def barnard_rubin_df(within: float, between: float, m: int, complete_data_df: float) -> float:
    """Degrees of freedom of Barnard & Rubin (1999, eq. 3)."""
    v = complete_data_df
    total = within + (1 + 1 / m) * between
    share = (1 + 1 / m) * between / total if total > 0 else 0.0
    observed = v if np.isinf(v) else (v + 1) / (v + 3) * v * (1 - share)
    if share**2 == 0:  # no, or next to no, information is missing
        return float(observed)
    old = (m - 1) / share**2
    if np.isinf(observed):
        return float(old)
    return float(old * observed / (old + observed)) if observed > 0 else 0.0


def _t(estimate: float, std_error: float, df: float, conf_level: float) -> tuple[float, float, float]:
    """Statistic, two-sided p and half width; a standard error of zero has no test."""
    from scipy.special import ndtr, ndtri, stdtr, stdtrit

    tail = (1 - conf_level) / 2
    if not std_error > 0:
        return float("nan"), float("nan"), 0.0
    if not df > 0:  # all information is missing: nothing bounds the estimate
        return estimate / std_error, 1.0, float("inf")
    statistic = estimate / std_error
    if np.isinf(df):
        return statistic, float(2 * ndtr(-abs(statistic))), float(-ndtri(tail)) * std_error
    return statistic, float(2 * stdtr(df, -abs(statistic))), float(-stdtrit(df, tail)) * std_error


def _check(
    estimates: npt.ArrayLike, std_errors: npt.ArrayLike, df: float, conf_level: float
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    q, u = np.asarray(estimates, dtype=float), np.asarray(std_errors, dtype=float)
    if q.ndim != 1 or q.shape != u.shape or len(q) < 2:
        raise UsageError(
            "Pooling needs an estimate and a standard error from each of two or more imputations; "
            f"found {q.shape} and {u.shape}."
        )
    if not (np.isfinite(q).all() and np.isfinite(u).all() and (u >= 0).all()):
        raise UsageError("Estimates must be finite, and standard errors finite and not negative.")
    if not df > 0:
        raise UsageError(f"complete_data_df must be positive; found {df!r}.")
    check_level(conf_level)
    return q, u
