"""Change in percent of the baseline mean, and change in units of the baseline's standard deviation."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from emostats.estimates import Estimate
from emostats.statistics.subgroups.cells import Array, LinearModel
from emostats.statistics.subgroups.lines import NOT_ESTIMABLE, Line, evaluate

PERCENT_METHODS = {
    "delta": "ratio of LS means, delta method on the log scale",
    "fieller": "ratio of LS means, Fieller's interval",
}
PERCENT_METHOD = PERCENT_METHODS["delta"]
EFFECT_METHOD = "change of LS means / model-based SD at baseline, delta method"


@dataclass(frozen=True)
class Pair:
    """Baseline and later LS mean of one subgroup as design rows, and the row that their ratio fills."""

    row: Estimate
    before: Array
    after: Array


def percent_changes(fit: LinearModel, pairs: Sequence[Pair], interval: str = "delta") -> list[Estimate]:
    """100 (m1 / m0 − 1) for each pair of LS means; `interval` is one of `PERCENT_METHODS`.

    With r = log m1 − log m0 the gradient is L1 / m1 − L0 / m0; its standard error and df are those of that
    linear combination of the coefficients. The interval is exp(r ± t SE), so that the ratio stays positive.
    A scale whose means are not both above zero has no percent change, and its row says so.
    """
    before = evaluate(fit, [Line(pair.row, pair.before) for pair in pairs])
    after = evaluate(fit, [Line(pair.row, pair.after) for pair in pairs])
    rows = [_unusable(pair.row, b, a) for pair, b, a in zip(pairs, before, after, strict=True)]
    good = [i for i, row in enumerate(rows) if not row.error]
    means = [(_number(before[i]), _number(after[i])) for i in good]
    gradients = [
        Line(pairs[i].row, pairs[i].after / m1 - pairs[i].before / m0)
        for i, (m0, m1) in zip(good, means, strict=True)
    ]
    for i, (m0, m1), slope in zip(good, means, evaluate(fit, gradients), strict=True):
        rows[i] = _ratio(rows[i], math.log(m1 / m0), slope)
        if interval == "fieller" and not rows[i].error:
            rows[i] = _with_fieller(fit, rows[i], pairs[i], m0, m1)
    return rows


def _with_fieller(fit: Any, row: Estimate, pair: Pair, m0: float, m1: float) -> Estimate:
    """Fieller's set in place of the interval: it takes m0 itself as uncertain, and may have no end."""
    from scipy.stats import t

    from emostats.statistics.effects import fieller

    L = np.stack([pair.before, pair.after])
    V = L @ fit.beta_vcov.to_numpy() @ L.T
    quantile = float(t.ppf(0.5 + (row.conf_level or 0.95) / 2, float(row.den_df or 0.0)))
    found = fieller(m1, m0, float(V[1, 1]), float(V[0, 0]), float(V[0, 1]), quantile)
    if not found.bounded:
        why = "the interval has no end: the mean at baseline cannot be told from zero"
        return replace(row, conf_low=None, conf_high=None, warning=why)
    return replace(row, conf_low=100 * (found.low - 1), conf_high=100 * (found.high - 1))


def _unusable(row: Estimate, before: Estimate, after: Estimate) -> Estimate:
    reason = before.error or after.error
    if not reason and min(_number(before), _number(after)) <= 0:
        reason = "a percent change needs means above zero"
    return replace(row, error=reason)


def _number(row: Estimate) -> float:
    return float("nan") if row.estimate is None else row.estimate


def _ratio(row: Estimate, log_ratio: float, slope: Estimate) -> Estimate:
    if slope.error or slope.std_error is None or slope.den_df is None:
        return replace(row, error=slope.error or NOT_ESTIMABLE)
    margin = _margin(slope)
    ratio = math.exp(log_ratio)
    statistic = log_ratio / slope.std_error
    return replace(
        row,
        estimate=100 * (ratio - 1),
        std_error=100 * ratio * slope.std_error,
        num_df=1.0,
        den_df=slope.den_df,
        statistic=statistic,
        p_value=_two_sided(statistic, slope.den_df),
        conf_low=100 * (math.exp(log_ratio - margin) - 1),
        conf_high=100 * (math.exp(log_ratio + margin) - 1),
    )


def _margin(row: Estimate) -> float:
    if row.conf_low is None or row.conf_high is None:
        return float("nan")
    return (row.conf_high - row.conf_low) / 2


def _two_sided(statistic: float, df: float) -> float:
    from scipy.stats import t

    return float(2 * t.sf(abs(statistic), df))


def baseline_sd(covariance: Any, baseline: str) -> float:
    """The model's standard deviation at baseline; over covariance groups, the root of their mean variance."""
    matrices = list(covariance.values()) if isinstance(covariance, Mapping) else [covariance]
    variances = [float(matrix.loc[baseline, baseline]) for matrix in matrices]
    return math.sqrt(sum(variances) / len(variances))


def effect_size(row: Estimate, change: Estimate, sd: float, df: float) -> Estimate:
    """The change in units of the baseline SD, with the uncertainty of both.

    d = c / s has the variance SE(c)² / s² + d² / (2 ν): the second part is that of log s, where s² has
    ν = `df` degrees of freedom. The interval uses the t quantile of the change.
    """
    if change.error or change.estimate is None or change.std_error is None:
        return replace(row, error=change.error or NOT_ESTIMABLE)
    d = change.estimate / sd
    std_error = math.hypot(change.std_error / sd, d / math.sqrt(2 * df)) if df > 0 else float("nan")
    if not np.isfinite(std_error) or change.std_error == 0:
        return replace(row, estimate=d, error="" if change.std_error == 0 else "too few children at baseline")
    margin = _margin(change) / change.std_error * std_error
    return replace(
        row,
        estimate=d,
        std_error=std_error,
        num_df=1.0,
        den_df=change.den_df,
        conf_low=d - margin,
        conf_high=d + margin,
    )
