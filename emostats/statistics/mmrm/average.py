"""Average effects by g-computation: every subject of a population under each treatment, then averaged.

With covariates that interact with the treatment, or enter by curves, the effect at the covariates' means is
not the mean effect. Here the model's mean is computed for each subject with the treatment set to each level
in turn, at each level of the `by` factors, and averaged (Robins 1986). As the means are linear in β, so are
the averages, and
the delta method is exact: Var = L V̂ L'. Subjects drawn from a population add the variance of their own means,
Σ w²(m − m̄)² n/(n − 1).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from emostats.errors import UsageError, did_you_mean
from emostats.statistics.mmrm.design import columns_from_frame
from emostats.statistics.mmrm.design.frame import missing_values, numbers
from emostats.statistics.mmrm.design.variables import base_variables
from emostats.statistics.mmrm.emmeans import LinearEstimates, estimable_rows, grid_axes
from emostats.statistics.mmrm.emmeans.grid import Axis
from emostats.statistics.mmrm.fitted import FittedModel

Float = NDArray[np.float64]

_CHUNK = 65_536


@dataclass(frozen=True)
class Population:
    """Rows over which means are averaged (n), their weights (n,) with sum 1, and their offset (n,)."""

    rows: pd.DataFrame
    weights: Float
    offset: Float


def average_effect(
    fit: FittedModel,
    treatment: str,
    by: str | Sequence[str],
    *,
    contrast: str | Mapping[str, ArrayLike] | ArrayLike | None,
    weights: str,
    population: pd.DataFrame | None,
    at: Mapping[str, Any] | None,
    covariates: str,
) -> LinearEstimates:
    """Averages of the model's means, or contrasts of them between treatments: `MMRMFit.average_effect`."""
    within = (by,) if isinstance(by, str) else tuple(by)
    axes = _axes(fit, (treatment, *within), at)
    if covariates not in ("fixed", "sampled"):
        raise UsageError(f"covariates should be 'fixed' or 'sampled'; found {covariates!r}.")
    people = _population(fit, tuple(axes), weights, population)
    slow_first = product(*[axis.values for axis in reversed(axes.values())])
    cells = [dict(zip(axes, reversed(cell), strict=True)) for cell in slow_first]
    levels = pd.DataFrame(cells, columns=list(axes))
    L, spread = _averages(fit, people, cells, covariates == "sampled")
    estimable = estimable_rows(L, fit.scaling.null)
    kept = np.where(estimable[:, None], L, 0.0)[:, fit.scaling.kept]
    shift = np.full(len(L), float(people.weights @ people.offset))
    means = LinearEstimates(levels, within, kept, shift, estimable, fit.inference, spread=spread)
    return means if contrast is None else means.contrasts(contrast)


def _axes(fit: FittedModel, names: Sequence[str], at: Mapping[str, Any] | None) -> dict[str, Axis]:
    """Values of the treatment and of the by-variables, the treatment first."""
    known = grid_axes(fit.frame.encoding, at)
    for name in names:
        if name not in known:
            raise UsageError(
                f"'{name}' in average_effect is not a variable of the model. {did_you_mean(name, known)}"
            )
    single = [name for name in names if known[name].codes is None and name not in (at or {})]
    if single:
        raise UsageError(
            f"'{single[0]}' is a number: say at which values, as in at={{'{single[0]}': [0, 1]}}."
        )
    others = [name for name in at or {} if name not in names]
    if others:
        raise UsageError(
            f"at= sets the treatment or a by-variable here; '{others[0]}' is averaged over. "
            "Put it in by=, or give the population= to average over."
        )
    return {name: known[name] for name in names}


def _population(
    fit: FittedModel, set_here: Sequence[str], weights: str, population: pd.DataFrame | None
) -> Population:
    needed = [name for name in _model_columns(fit) if name not in set_here]
    if population is not None:
        return _given_population(fit, needed, weights, population)
    used = fit.data.iloc[fit.frame.rows]
    if weights == "rows":
        rows = used
    else:
        first = np.unique(fit.frame.subject, return_index=True)[1]
        _refuse_varying(fit, used, needed if weights == "subjects" else [*needed, weights])
        rows = used.iloc[first]
    named = None if weights in ("subjects", "rows") else weights
    return Population(rows, _weights_of(rows, named), _offset(fit, rows))


def _model_columns(fit: FittedModel) -> list[str]:
    """Columns of the data that the means are made of."""
    names: list[str] = []
    for expression in (*fit.frame.encoding.variables, *fit.frame.formula.offsets):
        names += base_variables(expression, fit.data.columns)
    return list(dict.fromkeys(names))


def _given_population(
    fit: FittedModel, needed: Sequence[str], weights: str, rows: pd.DataFrame
) -> Population:
    missing = [name for name in needed if name not in rows.columns]
    if missing:
        raise UsageError(
            f"The population lacks column '{missing[0]}'. {did_you_mean(missing[0], rows.columns)}"
        )
    empty = [name for name in needed if missing_values(rows[name]).any()]
    if empty or not len(rows):
        what = f"column '{empty[0]}' has missing values" if empty else "it has no rows"
        raise UsageError(f"The population cannot be averaged over: {what}.")
    named = None if weights in ("subjects", "rows") else weights
    return Population(rows, _weights_of(rows, named), _offset(fit, rows))


def _refuse_varying(fit: FittedModel, used: pd.DataFrame, names: Sequence[str]) -> None:
    subject = fit.frame.formula.covariance.subject
    first = np.unique(fit.frame.subject, return_index=True)[1]
    for name in names:
        if name not in used.columns:
            raise UsageError(
                f"weights should be 'subjects', 'rows' or a column of the data; found '{name}'. "
                f"{did_you_mean(name, used.columns)}"
            )
        codes = used[name].factorize()[0]
        if (codes != codes[first[fit.frame.subject]]).any():
            raise UsageError(
                f"'{name}' varies within a {subject}, so subjects cannot be averaged over. "
                f"Put it in by=, or take weights='rows' to average over the rows used."
            )


def _weights_of(rows: pd.DataFrame, name: str | None) -> Float:
    if name is None:
        return np.full(len(rows), 1 / len(rows))
    if name not in rows.columns:
        raise UsageError(f"There is no column '{name}' of weights. {did_you_mean(name, rows.columns)}")
    values = numbers(name, rows, "weight")
    if (values < 0).any() or values.sum() <= 0:
        raise UsageError(f"The weights '{name}' should not be negative, and not all zero.")
    return np.asarray(values / values.sum())


def _offset(fit: FittedModel, rows: pd.DataFrame) -> Float:
    total = np.zeros(len(rows))
    for expression in fit.frame.formula.offsets:
        total += numbers(expression, rows, "offset")
    return total


def _averages(
    fit: FittedModel, people: Population, cells: Sequence[Mapping[str, Any]], sampled: bool
) -> tuple[Float, Float | None]:
    """Row of X of each cell, averaged (cells × all columns); covariance of the averages by drawing people."""
    encoding, kept = fit.frame.encoding, fit.scaling.kept
    L = np.zeros((len(cells), len(kept)))
    means = np.zeros((len(people.rows), len(cells))) if sampled else None
    beta = fit.beta.to_numpy()
    for start in range(0, len(people.rows), _CHUNK):
        part = slice(start, start + _CHUNK)
        rows = people.rows.iloc[part]
        moving = _columns_set(fit, cells[0])
        fixed = _columns(fit, rows, [key for key in encoding.variables if key not in moving])
        for index, cell in enumerate(cells):
            X = encoding.matrix(fixed | _columns(fit, rows.assign(**cell), moving), len(rows))
            L[index] += people.weights[part] @ X
            if means is not None:
                means[part, index] = X[:, kept] @ beta + people.offset[part]
    return L, None if means is None else _sampling_covariance(means, people.weights)


def _columns_set(fit: FittedModel, cell: Mapping[str, Any]) -> list[str]:
    """The model's variables that change with the treatment and the by-variables."""
    names = fit.data.columns
    return [key for key in fit.frame.encoding.variables if set(base_variables(key, names)) & set(cell)]


def _columns(fit: FittedModel, rows: pd.DataFrame, keys: Sequence[str]) -> dict[str, Any]:
    encoding = fit.frame.encoding
    some = replace(encoding, variables={key: encoding.variables[key] for key in keys})
    try:
        return columns_from_frame(some, rows)
    except KeyError as error:
        raise UsageError(str(error.args[0])) from error


def _sampling_covariance(means: Float, weights: Float) -> Float:
    n = int((weights > 0).sum())
    centred = weights[:, None] * (means - weights @ means)
    return np.asarray(centred.T @ centred * (n / max(n - 1, 1)))
