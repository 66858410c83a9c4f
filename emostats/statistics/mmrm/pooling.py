"""LS means and contrasts of fits to several imputed data sets, pooled by Rubin's rules.

Per row: estimate Q̄, total variance T = W̄ + (1 + 1/M) B, and Barnard & Rubin's (1999) df with the mean df of
the imputations as that of complete data. Adjustments for multiplicity use the correlations of the pooled T.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from emostats.errors import UsageError, check_level
from emostats.statistics.mmrm.contrasts import adjust_family
from emostats.statistics.mmrm.degrees_of_freedom.inference import TTests, t_test
from emostats.statistics.mmrm.emmeans import LinearEstimates
from emostats.statistics.rubin import Pooled, pool

Float = NDArray[np.float64]


def pool_emmeans(imputations: Sequence[LinearEstimates], *, conf_level: float | None = None) -> pd.DataFrame:
    """Pool LS means, contrasts or average effects over imputed data sets.

    Parameters
    ----------
    imputations: two or more `LinearEstimates` of the same rows, one a data set, each from a fit of the same
        model: ``[em.mmrm(formula, data).emmeans("ARMCD | AVISIT") for data in completed]``.
    conf_level: of the intervals; by default that of the first fit.

    Returns
    -------
    DataFrame: the columns that name the rows, estimate, std_error, df, statistic, p_value, conf_low,
    conf_high, fraction_missing (of information), n_imputations. A row that some imputation cannot estimate is
    missing.

    Raises
    ------
    UsageError: fewer than two, or other rows or another adjustment in some of them.

    Example
    -------
    >>> from emostats.statistics.mmrm import mmrm
    >>> data = pd.DataFrame({"ID": np.repeat(range(4), 2), "V": ["a", "b"] * 4})
    >>> draws = [[1, 2, 3, 5, 2, 4, 0, y] for y in (3.0, 3.5, 4.0)]
    >>> fits = [mmrm("Y ~ V + us(V | ID)", data.assign(Y=values)) for values in draws]
    >>> pooled = pool_emmeans([fit.emmeans("V") for fit in fits])
    >>> pooled["estimate"].tolist(), bool(pooled["fraction_missing"][1] > 0)
    ([1.5, 3.625], True)
    """
    _check(imputations)
    first = imputations[0]
    level = check_level(first.inference.conf_level if conf_level is None else conf_level)
    tests = [t_test(one.inference, one.L, -one.shift, level) for one in imputations]
    rows = [_pooled_row(imputations, tests, row, level) for row in range(len(first.levels))]
    together = TTests(
        *[
            np.array([getattr(row, name) for row in rows])
            for name in ("estimate", "std_error", "df", "statistic", "p_value", "conf_low", "conf_high")
        ]
    )
    p_value, low, high = _adjusted(imputations, tests, together, level)
    values = {
        "estimate": together.estimate, "std_error": together.std_error, "df": together.df,
        "statistic": together.statistic, "p_value": p_value, "conf_low": low, "conf_high": high,
        "fraction_missing": np.array([row.fraction_missing for row in rows]),
        "n_imputations": len(imputations),
    }  # fmt: skip
    return pd.concat([first.levels.reset_index(drop=True), pd.DataFrame(values)], axis=1)


@dataclass(frozen=True)
class _NotEstimable:
    """A row that cannot be pooled."""

    estimate: float = np.nan
    std_error: float = np.nan
    df: float = np.nan
    statistic: float = np.nan
    p_value: float = np.nan
    conf_low: float = np.nan
    conf_high: float = np.nan
    fraction_missing: float = np.nan


def _check(imputations: Sequence[LinearEstimates]) -> None:
    if len(imputations) < 2:
        raise UsageError(f"Pooling needs two or more imputations; found {len(imputations)}.")
    first = imputations[0]
    for number, one in enumerate(imputations[1:], start=2):
        if not first.levels.astype(str).equals(one.levels.astype(str)):
            raise UsageError(f"Imputation {number} has other rows than the first; pool the same LS means.")
        if one.adjust != first.adjust or one.by != first.by:
            raise UsageError(f"Imputation {number} has another adjustment or other families than the first.")


def _pooled_row(
    imputations: Sequence[LinearEstimates], tests: Sequence[TTests], row: int, level: float
) -> Pooled | _NotEstimable:
    if not all(one.estimable[row] for one in imputations):
        return _NotEstimable()
    values = [t.estimate[row] + one.shift[row] for t, one in zip(tests, imputations, strict=True)]
    variances = [_variance(one, t)[row] for t, one in zip(tests, imputations, strict=True)]
    df = float(np.mean([t.df[row] for t in tests]))
    return pool(values, np.sqrt(variances), complete_data_df=df, conf_level=level)


def _variance(one: LinearEstimates, tests: TTests) -> Float:
    extra = 0.0 if one.spread is None else np.diagonal(one.spread)
    return np.asarray(tests.std_error**2 + extra)


def _adjusted(
    imputations: Sequence[LinearEstimates], tests: Sequence[TTests], together: TTests, level: float
) -> tuple[Float, Float, Float]:
    """p-values and limits, adjusted within each family by the adjustment that the estimates carry."""
    first = imputations[0]
    out = (together.p_value.copy(), together.conf_low.copy(), together.conf_high.copy())
    if first.adjust == "none":
        return out
    T = _total_covariance(imputations, tests)
    for family in first.families():
        rows = family[np.isfinite(together.estimate[family])]
        part = TTests(*(getattr(together, name)[rows] for name in TTests.__dataclass_fields__))

        def correlation(rows: NDArray[np.intp] = rows) -> Float:
            sd = np.sqrt(np.diagonal(T)[rows])
            return np.asarray(T[np.ix_(rows, rows)] / np.outer(sd, sd))

        adjusted = adjust_family(part, correlation, first.adjust, first.kind, first.n_means, level)
        for target, value in zip(out, adjusted, strict=True):
            target[rows] = value
    return out


def _total_covariance(imputations: Sequence[LinearEstimates], tests: Sequence[TTests]) -> Float:
    """T (rows × rows) = mean of L V̂ L' + (1 + 1/M) covariance of the estimates."""
    M = len(imputations)
    within = [
        one.L @ one.inference.vcov @ one.L.T + (0.0 if one.spread is None else one.spread)
        for one in imputations
    ]
    between = np.atleast_2d(np.cov(np.array([t.estimate for t in tests]), rowvar=False))
    return np.asarray(np.mean(within, axis=0) + (1 + 1 / M) * between)
