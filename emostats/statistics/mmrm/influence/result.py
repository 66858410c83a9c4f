"""The influence of each unit, as tables."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from emostats.errors import UsageError
from emostats.statistics.mmrm.fitted import FittedModel
from emostats.statistics.mmrm.influence.measures import (
    Base,
    Deleted,
    cooks_distance,
    cooks_distance_of_covariance,
)
from emostats.statistics.mmrm.influence.one_step import delete_by_one_step
from emostats.statistics.mmrm.influence.refits import delete_by_refits
from emostats.statistics.mmrm.refit.source import packed_rows, units_of

Float = NDArray[np.float64]

METHODS = ("auto", "refit", "one-step")

_MANY = 2000
"""Units above which `auto` takes one step instead of refits."""
_MANY_ALONE = 500
"""The same where the model is too large to be refitted in blocks."""


@dataclass(frozen=True)
class InfluenceResult:
    """What leaving out each unit changes.

    Attributes
    ----------
    unit: name of the column whose values were left out. method: ``"refit"`` (the model refitted to
        convergence without the unit) or ``"one-step"`` (first order in what the unit changes about the
        covariance).
    estimates: coefficients without each unit (units × coefficients). theta: covariance parameters without it.
    dfbetas: (units × coefficients) change of a coefficient in its standard errors.
    """

    unit: str
    method: str
    estimates: pd.DataFrame
    theta: pd.DataFrame
    dfbetas: pd.DataFrame
    measures: pd.DataFrame

    def table(self) -> pd.DataFrame:
        """One row a unit, the most influential first.

        Columns: the unit, n_observations, cooks_distance, covratio, likelihood_distance,
        cooks_distance_covariance, dfbetas (the largest, with its sign) and its term, method, note. A unit
        without which the model cannot be fitted stands first, with missing values and the reason in `note`.
        """
        order = (
            self.measures["cooks_distance"].fillna(np.inf).sort_values(ascending=False, kind="stable").index
        )
        return self.measures.loc[order].reset_index(names=self.unit)


def influence_of(fit: FittedModel, unit: str, method: str) -> InfluenceResult:
    """Deletion diagnostics of a fit; see `MMRMFit.influence`."""
    if method not in METHODS:
        raise UsageError(f"method should be one of {', '.join(METHODS)}; found {method!r}.")
    subject = fit.frame.formula.covariance.subject
    column = subject if unit == "subject" else unit
    labels, of_subject = _units(fit, column)
    n_units = len(labels)
    if n_units < 2:
        raise UsageError(f"Influence needs two or more units; '{column}' has {n_units}.")
    chosen = _choose(fit, n_units) if method == "auto" else method
    at, slope = fit.optimum.reached
    base = Base(fit.problem, at, slope, fit.scaling.s * fit.scaling.M)
    if chosen == "refit":
        deleted = delete_by_refits(fit, base, of_subject, n_units)
    else:
        V = np.linalg.inv(slope.information)
        deleted = delete_by_one_step(fit, base, of_subject, n_units, 0.5 * (V + V.T))
    return _result(fit, base, deleted, column, chosen, labels, of_subject)


def _units(fit: FittedModel, column: str) -> tuple[pd.Index, NDArray[np.intp]]:
    """Labels of the units and the unit of each subject."""
    of_subject = np.asarray(units_of(fit, column, None).unit_of_row, dtype=np.intp)
    first = np.unique(of_subject, return_index=True)[1]
    rows = np.unique(fit.frame.subject, return_index=True)[1][first]
    values = fit.data[column].iloc[fit.frame.rows[rows]]
    return pd.Index(values.astype(object), name=column), of_subject


def _choose(fit: FittedModel, n_units: int) -> str:
    if n_units > _MANY:
        return "one-step"
    batched = bool(packed_rows(fit, fit.frame, fit.located, fit.problem.stack).blocks)
    return "refit" if batched or n_units <= _MANY_ALONE else "one-step"


def _result(
    fit: FittedModel,
    base: Base,
    deleted: Deleted,
    column: str,
    method: str,
    labels: pd.Index,
    of_subject: NDArray[np.intp],
) -> InfluenceResult:
    names, scaling = list(fit.coefficient_names), fit.scaling
    raw = (scaling.b0 + scaling.s * deleted.beta) @ scaling.M.T
    dfbetas = ((base.at.beta - deleted.beta) @ base.to_raw.T) / deleted.scale
    known = np.isfinite(deleted.beta).all(axis=1)
    largest = np.abs(np.nan_to_num(dfbetas)).argmax(axis=1)
    observations = np.bincount(of_subject[fit.frame.subject], minlength=len(labels))
    measures = pd.DataFrame(
        {
            "n_observations": observations,
            "cooks_distance": cooks_distance(base, deleted.beta),
            "covratio": np.exp(deleted.log_det),
            "likelihood_distance": deleted.distance,
            "cooks_distance_covariance": cooks_distance_of_covariance(base, deleted.theta),
            "dfbetas": np.where(known, dfbetas[np.arange(len(labels)), largest], np.nan),
            "term": np.where(known, np.array(names, dtype=object)[largest], ""),
            "method": method,
            "note": np.where(known, "", "without this unit the model cannot be fitted"),
        },
        index=labels,
    )
    theta = pd.DataFrame(
        deleted.theta * fit.problem.theta_units(scaling.s), index=labels, columns=fit.theta.index
    )
    estimates = pd.DataFrame(raw, index=labels, columns=names)
    return InfluenceResult(
        column, method, estimates, theta, pd.DataFrame(dfbetas, index=labels, columns=names), measures
    )
