"""Subjects in several versions, so that a permutation is a choice among them.

Each version of the data (a subject under another group label, or with its residuals' sign turned) is packed
once. A permuted data set then takes every subject in one version, which is a vector of counts 0 and 1 over
subject × version, and the engine refits it as it refits a resample.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from emostats.errors import UsageError, did_you_mean
from emostats.statistics.mmrm.design import Categorical, ModelFrame, build_stack, locate_rows
from emostats.statistics.mmrm.fitted import FittedModel
from emostats.statistics.mmrm.likelihood import Problem
from emostats.statistics.mmrm.refit.evaluator import RefitEvaluator
from emostats.statistics.mmrm.refit.source import packed_rows
from emostats.statistics.mmrm.refit.targets import Target

Float = NDArray[np.float64]


@dataclass(frozen=True)
class Version:
    """One version of all subjects: outcome (N,), design (N × k all columns), covariance group (n,)."""

    y: Float
    X: Float
    group: NDArray[np.intp]


def refitter_of_versions(fit: FittedModel, versions: Sequence[Version], target: Target) -> RefitEvaluator:
    """Refits by counts over (version, subject), version by version: column v · n + i."""
    frame = _stacked(fit.frame, versions)
    located = locate_rows(frame)
    stack = build_stack(frame, fit.scaling, located)
    problem = Problem(stack, fit.problem.structure, fit.problem.reml)
    n = len(frame.subjects)
    packed = packed_rows(fit, frame, located, stack)
    theta = fit.optimum.reached[0].theta
    return RefitEvaluator(packed, problem, fit.scaling, theta, n, np.arange(n), target, studentize=True)


def _stacked(frame: ModelFrame, versions: Sequence[Version]) -> ModelFrame:
    m, n = len(versions), len(frame.subjects)

    def repeat(values: NDArray[Any] | None) -> Any:
        return None if values is None else np.concatenate([values] * m)

    return replace(
        frame,
        rows=repeat(frame.rows),
        index=frame.index.append([frame.index] * (m - 1)),
        y=np.concatenate([version.y for version in versions]),
        X=np.concatenate([version.X for version in versions]),
        offset=repeat(frame.offset),
        weights=repeat(frame.weights),
        subject=np.concatenate([frame.subject + v * n for v in range(m)]),
        subjects=pd.RangeIndex(m * n),
        visit=repeat(frame.visit),
        coordinates=repeat(frame.coordinates),
        group=np.concatenate([version.group for version in versions]),
    )


def signed(fit: FittedModel, L: Float, shift: float) -> tuple[Version, Version]:
    """The data as they are, and with the signs of the residuals from the model under L β + shift = 0 turned.

    The restricted estimate is the generalised least-squares one at the fitted covariance.
    """
    frame, kept = fit.frame, fit.scaling.kept
    at = fit.optimum.reached[0]
    root = fit.scaling.s * fit.scaling.M @ at.C
    half = root.T @ L
    beta = fit.beta.to_numpy() - root @ half * ((L @ fit.beta.to_numpy() + shift) / (half @ half))
    mean = frame.X[:, kept] @ beta
    return (
        Version(frame.y, frame.X, frame.group),
        Version(2 * mean - frame.y, frame.X, frame.group),
    )


def relabelled(fit: FittedModel, factor: str) -> tuple[tuple[Version, ...], NDArray[np.intp]]:
    """The data with every subject given each level of a factor in turn, and each subject's own level (n,).

    Raises
    ------
    UsageError: `factor` is no factor of the model, or varies within a subject.
    """
    frame = fit.frame
    keys = [
        key
        for key, variable in frame.encoding.variables.items()
        if isinstance(variable, Categorical) and variable.name == factor
    ]
    if not keys:
        names = [v.name for v in frame.encoding.variables.values() if isinstance(v, Categorical)]
        raise UsageError(f"by='{factor}' is not a factor of the model. {did_you_mean(factor, names)}")
    codes = np.asarray(frame.columns[keys[0]])
    own = np.zeros(len(frame.subjects), dtype=np.intp)
    own[frame.subject] = codes
    varying = np.unique(frame.subject[own[frame.subject] != codes])
    if len(varying):
        raise UsageError(
            f"Labels of '{factor}' can be permuted only if a subject keeps one; it varies in {len(varying)}, "
            f"e.g. {', '.join(str(frame.subjects[i]) for i in varying[:3])}."
        )
    levels = frame.encoding.variables[keys[0]].levels  # type: ignore[union-attr]
    grouped = frame.formula.covariance.group == factor
    versions = []
    for code, level in enumerate(levels):
        columns = {**frame.columns, **{key: np.full(len(codes), code) for key in keys}}
        group = np.full(len(own), frame.groups.index(level)) if grouped else frame.group
        versions.append(Version(frame.y, frame.encoding.matrix(columns, len(codes)), group))
    return tuple(versions), own
