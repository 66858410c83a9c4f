"""Autocorrelation of residuals by lag, and what the model expects it to be."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtri

from emostats.errors import UsageError, check_level
from emostats.statistics.mmrm.fitted import FittedModel

Float = NDArray[np.float64]


def residual_autocorrelation(fit: FittedModel, kind: str, conf_level: float) -> pd.DataFrame:
    """lag, n_pairs, autocorrelation, expected, conf_low, conf_high: `MMRMFit.residual_autocorrelation`."""
    if kind not in ("normalized", "pearson"):
        raise UsageError(f"Autocorrelation is of 'normalized' or 'pearson' residuals; found {kind!r}.")
    level = check_level(conf_level)
    r = residual_matrix(fit, kind)
    seen = np.isfinite(r)
    expected = _expected(fit, seen) if kind == "pearson" else np.eye(r.shape[1])[0]
    filled = np.where(seen, r, 0.0)
    variance = (filled**2).sum() / seen.sum()
    rows = []
    for lag in range(r.shape[1]):
        first, second = slice(None, r.shape[1] - lag), slice(lag, None)
        pairs = int((seen[:, first] & seen[:, second]).sum())
        product = float((filled[:, first] * filled[:, second]).sum())
        found = product / pairs / variance if pairs else np.nan
        rows.append((lag, pairs, found, expected[lag], *_band(expected[lag], pairs, lag, level)))
    columns = ["lag", "n_pairs", "autocorrelation", "expected", "conf_low", "conf_high"]
    return pd.DataFrame(rows, columns=columns)


def residual_matrix(fit: FittedModel, kind: str) -> Float:
    """Residuals by subject and visit (n × T; for spatial structures by order in it), NaN where none."""
    values = fit.residuals(kind).to_numpy()
    row = fit.located.row
    return np.where(row >= 0, values[np.maximum(row, 0)], np.nan)


def _band(expected: float, pairs: int, lag: int, level: float) -> tuple[float, float]:
    """Where a correlation of `pairs` pairs lies when the model holds, by Fisher's z."""
    if lag == 0 or not pairs or not np.isfinite(expected):
        return expected, expected
    z, margin = np.arctanh(expected), float(ndtri(0.5 + 0.5 * level)) / np.sqrt(pairs)
    return float(np.tanh(z - margin)), float(np.tanh(z + margin))


def _expected(fit: FittedModel, seen: NDArray[np.bool_]) -> Float:
    """Mean of the model's correlations over the observed pairs at each lag (T,)."""
    T = seen.shape[1]
    total, count = np.zeros(T), np.zeros(T)
    for pattern in range(len(fit.located.observed)):
        visits = np.flatnonzero(fit.located.observed[pattern])
        R = _correlations(fit, pattern, visits)
        n = int((fit.located.pattern == pattern).sum())
        lags = np.abs(np.subtract.outer(visits, visits))[np.triu_indices(len(visits))]
        np.add.at(total, lags, n * R[np.triu_indices(len(visits))])
        np.add.at(count, lags, n)
    return np.asarray(np.divide(total, count, out=np.full(T, np.nan), where=count > 0))


def _correlations(fit: FittedModel, pattern: int, visits: NDArray[np.intp]) -> Float:
    problem, group = fit.problem, int(fit.located.group[pattern])
    theta = problem.theta_of(fit.optimum.reached[0].theta, group)
    if fit.located.distances is None:
        S = problem.structure.sigma(theta, problem.stack.n_visits)
    else:
        S = problem.structure.sigma(theta, fit.located.distances[pattern])
    S = S[np.ix_(visits, visits)]
    sd = np.sqrt(np.diagonal(S))
    return np.asarray(S / np.outer(sd, sd))
