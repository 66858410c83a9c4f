"""Predictions, residuals and simulated outcomes of a fitted model, always in the input's row order.

With S = ΣW, W the zero-padded inverse over a subject's observed visits, and a weighted row scaled by √w:

    E[y_u | y_o] = x_u'β + [S (y − Xβ)]_u,   λ_u = x_u − [S X]_u,   Var = λ_u' V̂ λ_u (+ [Σ − SΣ]_uu)
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from emostats.errors import UsageError, check_level, did_you_mean
from emostats.statistics.mmrm.covariance import Structure
from emostats.statistics.mmrm.degrees_of_freedom import Inference
from emostats.statistics.mmrm.degrees_of_freedom.inference import t_quantile
from emostats.statistics.mmrm.design import Expression, ModelFrame, columns_from_frame
from emostats.statistics.mmrm.design.frame import missing_values, numbers
from emostats.statistics.mmrm.design.variables import base_variables

Float = NDArray[np.float64]

RESIDUALS = ("response", "pearson", "normalized")


@dataclass(frozen=True)
class Rows:
    """Rows to predict: design, outcome (NaN where missing), place, subject, weights; `complete`: usable."""

    X: Float
    y: Float
    offset: Float
    subject: NDArray[np.intp]
    place: NDArray[Any]
    group: NDArray[np.intp]
    weights: Float
    complete: NDArray[np.bool_]


@dataclass(frozen=True)
class Covariances:
    """Σ of any rows, in data units, by the structure at θ of each group; `n_visits` is 0 for coordinates."""

    structure: Structure
    thetas: tuple[Float, ...]
    n_visits: int

    @cached_property
    def visits(self) -> Float:
        """(G × T × T) for lattice structures."""
        return np.stack([self.structure.sigma(theta, self.n_visits) for theta in self.thetas])

    def of(self, group: int, place: NDArray[Any]) -> Float:
        """Σ of one subject's rows."""
        if self.n_visits:
            return np.asarray(self.visits[group][np.ix_(place, place)], dtype=float)
        difference = place[:, None, :] - place[None, :, :]
        return self.structure.sigma(self.thetas[group], np.sqrt((difference**2).sum(axis=-1)))


def rows_of(frame: ModelFrame, data: pd.DataFrame, kept: NDArray[np.bool_], weights: Any) -> Rows:
    """The rows of `data` as the model codes them.

    Raises
    ------
    UsageError: a needed column is missing, or a factor, visit or group has a value the model has not seen.
    """
    covariance = frame.formula.covariance
    needed = _needed(frame, data)
    absent = [name for name in needed if name not in data.columns]
    if absent:
        raise UsageError(
            f"The data to predict lack column '{absent[0]}'. {did_you_mean(absent[0], data.columns)}"
        )
    complete = np.ones(len(data), dtype=bool)
    for name in needed:
        complete &= ~missing_values(data[name])
    used = data[complete]
    try:
        columns = columns_from_frame(frame.encoding, used)
    except KeyError as error:
        raise UsageError(str(error.args[0])) from error
    X = np.full((len(data), int(kept.sum())), np.nan)
    X[complete] = frame.encoding.matrix(columns, len(used))[:, kept]
    y, offset = np.full(len(data), np.nan), np.zeros(len(data))
    y[complete] = _outcomes(frame.formula.response, used)
    for expression in frame.formula.offsets:
        offset[complete] += numbers(expression, used, "offset")
    place, group = np.zeros(len(data), dtype=np.intp), np.zeros(len(data), dtype=np.intp)
    positions: NDArray[Any] = place
    if frame.coordinates is None:
        place[complete] = _codes(used[covariance.positions[0]], frame.visits, covariance.positions[0])
    else:
        positions = np.zeros((len(data), frame.coordinates.shape[1]))
        positions[complete] = used[list(covariance.positions)].to_numpy(dtype=float)
    if covariance.group:
        group[complete] = _codes(used[covariance.group], frame.groups, covariance.group)
    subject = np.full(len(data), -1, dtype=np.intp)
    subject[complete] = pd.factorize(used[covariance.subject])[0]
    return Rows(X, y, offset, subject, positions, group, _row_weights(data, weights), complete)


def _outcomes(response: str, used: pd.DataFrame) -> Float:
    """The outcome (n,), missing where one of its columns is, or everywhere when the data have none."""
    try:
        names = base_variables(response, used.columns)
    except UsageError:
        return np.full(len(used), np.nan)
    seen = ~np.any([missing_values(used[name]) for name in names], axis=0)
    y = np.full(len(used), np.nan)
    if seen.any():
        y[seen] = numbers(response, used[seen], "outcome")
    return y


def _needed(frame: ModelFrame, data: pd.DataFrame) -> list[str]:
    covariance = frame.formula.covariance
    names: list[str] = [covariance.subject, *covariance.positions]
    for expression in frame.formula.offsets:
        names += base_variables(expression, data.columns)
    names += [covariance.group] if covariance.group else []
    for variable in frame.encoding.variables.values():
        names += list(variable.columns) if isinstance(variable, Expression) else [variable.name]
    return list(dict.fromkeys(names))


def _codes(values: pd.Series, levels: tuple[Any, ...], name: str) -> NDArray[np.intp]:
    index = {level: code for code, level in enumerate(levels)}
    unknown = [value for value in pd.unique(values) if value not in index]
    if unknown:
        raise UsageError(f"'{name}' has values the model has not seen: {', '.join(map(str, unknown[:5]))}.")
    return np.array([index[value] for value in values], dtype=np.intp)


def _row_weights(data: pd.DataFrame, weights: Any) -> Float:
    if weights is None:
        return np.ones(len(data))
    values = (
        data[weights].to_numpy(dtype=float) if isinstance(weights, str) else np.asarray(weights, dtype=float)
    )
    return values if len(values) == len(data) else np.ones(len(data))


def predict_rows(
    rows: Rows,
    covariances: Covariances,
    inference: Inference,
    index: pd.Index,
    *,
    conditional: bool,
    interval: str | None,
    conf_level: float,
) -> pd.DataFrame:
    """estimate and std_error a row (and limits), missing where a covariate is; see `MMRMFit.predict`."""
    mean = rows.X @ inference.beta + rows.offset
    gradient, spread = rows.X.copy(), np.full(len(mean), np.nan)
    known = np.zeros(len(mean), dtype=bool)
    check_level(conf_level)
    for members in _by_subject(rows):
        V = covariances.of(int(rows.group[members[0]]), rows.place[members])
        w = np.sqrt(rows.weights[members])
        spread[members] = np.diagonal(V) / w**2
        if conditional:
            _condition(rows, members, V, w, mean, gradient, spread)
            known[members] = np.isfinite(rows.y[members])
    variance = ((gradient @ inference.vcov) * gradient).sum(axis=1)
    variance = np.where(known, 0.0, np.maximum(variance, 0.0))
    total = variance + np.where(known, 0.0, spread) if interval == "prediction" else variance
    table = pd.DataFrame({"estimate": mean, "std_error": np.sqrt(total)}, index=index)
    if interval is not None:
        df = inference.method.rows(np.where(np.isfinite(gradient), gradient, 0.0) @ inference.root)
        margin = np.where(known, 0.0, t_quantile(0.5 + conf_level / 2, df) * table["std_error"].to_numpy())
        table["conf_low"], table["conf_high"] = mean - margin, mean + margin
    return table


def _by_subject(rows: Rows) -> list[NDArray[np.intp]]:
    usable = np.flatnonzero(rows.complete)
    order = usable[np.argsort(rows.subject[usable], kind="stable")]
    cuts = np.flatnonzero(np.diff(rows.subject[order])) + 1
    return [part for part in np.split(order, cuts) if len(part)]


def _condition(
    rows: Rows, members: NDArray[np.intp], V: Float, w: Float, mean: Float, gradient: Float, spread: Float
) -> None:
    """Replace a subject's marginal mean, gradient and variance by those given its observed outcomes."""
    seen = np.isfinite(rows.y[members])
    if not seen.any():
        return
    S = np.linalg.solve(V[np.ix_(seen, seen)], V[seen]).T
    residual = w[seen] * (rows.y[members] - mean[members])[seen]
    X = rows.X[members]
    mean[members] = np.where(seen, rows.y[members], mean[members] + (S @ residual) / w)
    gradient[members] = X - (S @ (w[seen, None] * X[seen])) / w[:, None]
    spread[members] = np.maximum(np.diagonal(V - S @ V[seen]), 0.0) / w**2


def residuals(kind: str, r: Float, frame: ModelFrame, covariances: Covariances) -> pd.Series:
    """Residuals of the rows in use, in the data's order.

    response: y − Xβ; pearson: divided by the standard deviation of the row; normalized: L⁻¹r with V_i = LL'
    over the subject's observed visits in visit order.

    Raises
    ------
    UsageError: an unknown kind.
    """
    if kind not in RESIDUALS:
        raise UsageError(f"Unknown residuals '{kind}'. {did_you_mean(kind, RESIDUALS)}")
    if kind == "response":
        return pd.Series(r, index=frame.index, name=kind)
    out = np.empty_like(r)
    w = np.ones(len(r)) if frame.weights is None else frame.weights
    order = np.lexsort((*_visit_keys(frame), frame.subject))
    for members in np.split(order, np.flatnonzero(np.diff(frame.subject[order])) + 1):
        V = covariances.of(int(frame.group[frame.subject[members[0]]]), _places(frame)[members])
        V = V / np.sqrt(np.outer(w[members], w[members]))
        if kind == "pearson":
            out[members] = r[members] / np.sqrt(np.diagonal(V))
        else:
            out[members] = np.linalg.solve(np.linalg.cholesky(V), r[members])
    return pd.Series(out, index=frame.index, name=kind)


def _places(frame: ModelFrame) -> NDArray[Any]:
    return frame.visit if frame.coordinates is None else frame.coordinates


def _visit_keys(frame: ModelFrame) -> list[NDArray[Any]]:
    return [frame.visit] if frame.coordinates is None else list(frame.coordinates.T[::-1])


def simulate_outcomes(
    mean: Float, frame: ModelFrame, covariances: Covariances, n: int, rng: np.random.Generator
) -> Float:
    """New outcomes (N × n) of the rows in use: Xβ plus errors with the fitted covariance."""
    out = np.repeat(mean[:, None], n, axis=1)
    w = np.ones(len(mean)) if frame.weights is None else frame.weights
    order = np.lexsort((*_visit_keys(frame), frame.subject))
    places = _places(frame)
    for members in np.split(order, np.flatnonzero(np.diff(frame.subject[order])) + 1):
        V = covariances.of(int(frame.group[frame.subject[members[0]]]), places[members])
        L = np.linalg.cholesky(V / np.sqrt(np.outer(w[members], w[members])))
        out[members] += L @ rng.standard_normal((len(members), n))
    return out
