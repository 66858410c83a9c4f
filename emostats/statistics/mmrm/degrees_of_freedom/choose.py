"""From the options of a fit to what its tests are made of: covariance of the coefficients and df method."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emostats.statistics.mmrm.degrees_of_freedom.methods import (
    BetweenWithin,
    DfMethod,
    KenwardRoger,
    Residual,
    Sandwiched,
    Satterthwaite,
)
from emostats.statistics.mmrm.design import ModelFrame, Scaling, SubjectRows
from emostats.statistics.mmrm.likelihood import Derivatives, Evaluation, Problem
from emostats.statistics.mmrm.vcov import Sandwich, SubjectScores, kenward_roger_middle

Float = NDArray[np.float64]


@dataclass(frozen=True)
class Ingredients:
    """A fit at its optimum. `root` (k × k): Φ's root in data units; `w` (H × H): covariance of θ̂."""

    frame: ModelFrame
    scaling: Scaling
    located: SubjectRows
    problem: Problem
    at: Evaluation
    slope: Derivatives
    root: Float
    w: Float


def choose_method(parts: Ingredients, df_method: str, vcov: str) -> tuple[DfMethod, Float]:
    """The df method of `DF_METHODS` and the middle part V̄ (k × k) of the coefficients' covariance."""
    k = len(parts.root)
    E = parts.slope.U[:, :k, :k]
    if df_method.startswith("kenward-roger"):
        middle = kenward_roger_middle(parts.problem, parts.at, parts.slope, parts.w, df_method)
        return KenwardRoger(E, parts.w), middle
    sandwich = None
    if vcov != "asymptotic":
        scores = SubjectScores(parts.frame, parts.scaling, parts.located, parts.at)
        sandwich = Sandwich.fit(scores, vcov)
    middle = np.eye(k) if sandwich is None else sandwich.middle
    if df_method == "residual":
        return Residual(float(len(parts.frame.y) - k)), middle
    if df_method == "between-within":
        return _between_within(parts), middle
    return (Satterthwaite(E, parts.w) if sandwich is None else Sandwiched(sandwich)), middle


def _between_within(parts: Ingredients) -> BetweenWithin:
    frame = parts.frame
    X = frame.X[:, parts.scaling.kept]
    n, N = len(frame.subjects), len(frame.y)
    first = np.full(n, -1)
    first[frame.subject[::-1]] = np.arange(N)[::-1]
    within = np.asarray((X[first[frame.subject]] != X).any(axis=0))
    between_df = float(n - (~within).sum())
    within_df = float(N - n - within.sum())
    if parts.problem.structure.token == "us":
        within_df = between_df
    return BetweenWithin(within, np.asarray(np.linalg.inv(parts.root)), between_df, within_df)
