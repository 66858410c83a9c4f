"""The cluster bootstrap of a fitted model: every replicate a full refit to convergence."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from emostats.errors import EmostatsWarning, UsageError, did_you_mean
from emostats.statistics.mmrm.design import ModelFrame, Scaling, SubjectRows
from emostats.statistics.mmrm.likelihood import Problem
from emostats.statistics.mmrm.refit.evaluator import BATCH_DOUBLES, RefitEvaluator
from emostats.statistics.mmrm.refit.packed import pack
from emostats.statistics.mmrm.refit.targets import Target
from emostats.statistics.resampling.draws import Seed, as_seed_sequence
from emostats.statistics.resampling.result import BootstrapResult, collect
from emostats.statistics.resampling.run import join, resample
from emostats.statistics.resampling.summary import Sample, failure_warnings, interval
from emostats.statistics.resampling.units import Units, find_units

METHODS = ("bca", "percentile", "basic", "normal", "studentized")


def bootstrap_fit(
    frame: ModelFrame,
    scaling: Scaling,
    located: SubjectRows,
    problem: Problem,
    theta: NDArray[np.float64],
    target: Target,
    data: pd.DataFrame,
    *,
    n_resamples: int,
    method: str,
    conf_level: float,
    unit: str | None,
    strata: str | Sequence[str] | None,
    seed: Seed,
    n_jobs: int | None,
    progress: Callable[[int, int], None] | None,
) -> BootstrapResult:
    """Intervals for a target by resampling units within strata; see `MMRMFit.bootstrap`."""
    _check(n_resamples, method, conf_level)
    units, unit_of_subject = _units(frame, data, unit, strata)
    evaluator = _evaluator(frame, scaling, located, problem, theta, target, units, unit_of_subject)
    replicates = resample(
        evaluator,
        units,
        seed=as_seed_sequence(seed),
        n_resamples=n_resamples,
        n_jobs=n_jobs,
        progress=progress,
    )
    left_out = _jackknife(evaluator, units.n_units) if method == "bca" else None
    original = evaluator.original()
    if method == "studentized" and original.std_errors is None:
        raise UsageError(
            "Studentized intervals need a standard error in each resample; take bca for these quantities."
        )
    samples = [
        Sample(
            name,
            float(original.values[0, j]),
            replicates.values[:, j],
            None if replicates.std_errors is None else replicates.std_errors[:, j],
            None if original.std_errors is None else float(original.std_errors[0, j]),
            None if left_out is None else left_out[:, j],
            units.stratum_of_unit,
        )
        for j, name in enumerate(target.names)
    ]
    intervals = [interval(sample, method, conf_level, "linear") for sample in samples]
    result = collect(
        samples, intervals, method=method, warnings=failure_warnings(target.names, replicates),
        n_resamples=n_resamples, conf_level=conf_level, n_units=units.n_units,
        n_strata=len(units.stratum_sizes), unit=unit or frame.formula.covariance.subject, seed=seed,
    )  # fmt: skip
    for text in result.warnings:
        warnings.warn(text, EmostatsWarning, stacklevel=3)
    return result


def _jackknife(evaluator: RefitEvaluator, n_units: int, step: int = 128) -> NDArray[np.float64]:
    """The target with each unit left out (U × q), in blocks large enough to be refitted together."""
    pieces = [evaluator.leave_out(start, min(start + step, n_units)) for start in range(0, n_units, step)]
    return join(pieces).values


def _check(n_resamples: int, method: str, conf_level: float) -> None:
    if method not in METHODS:
        raise UsageError(f"method='{method}' is unknown. {did_you_mean(method, METHODS)}")
    if isinstance(n_resamples, bool) or not isinstance(n_resamples, int | np.integer) or n_resamples < 2:
        raise UsageError(f"n_resamples should be a whole number of at least 2; found {n_resamples!r}.")
    if not 0 < conf_level < 1:
        raise UsageError(f"conf_level should lie between 0 and 1, e.g. 0.95; found {conf_level!r}.")


def _units(
    frame: ModelFrame, data: pd.DataFrame, unit: str | None, strata: str | Sequence[str] | None
) -> tuple[Units, NDArray[np.intp]]:
    """The units (by default the subjects) and the unit of each subject."""
    first = np.full(len(frame.subjects), -1, dtype=np.intp)
    first[frame.subject[::-1]] = np.arange(len(frame.y) - 1, -1, -1)
    subject = frame.formula.covariance.subject
    wanted = [name for name in (unit, *([strata] if isinstance(strata, str) else strata or ())) if name]
    missing = [name for name in wanted if name not in data.columns]
    if missing:
        raise UsageError(
            f"'{missing[0]}' is not a column of the data. {did_you_mean(missing[0], data.columns)}"
        )
    rows = data[list(dict.fromkeys([*wanted, subject]))].iloc[frame.rows]
    for name in wanted:
        codes = pd.factorize(rows[name])[0]
        varying = np.unique(frame.subject[codes != codes[first[frame.subject]]])
        if len(varying):
            raise UsageError(
                f"'{name}' must be constant within a {subject}; it varies in {len(varying)}, e.g. "
                f"{', '.join(str(frame.subjects[i]) for i in varying[:3])}."
            )
    units = find_units(rows.iloc[first].reset_index(drop=True), unit or subject, strata)
    return units, units.unit_of_row


def _evaluator(
    frame: ModelFrame,
    scaling: Scaling,
    located: SubjectRows,
    problem: Problem,
    theta: NDArray[np.float64],
    target: Target,
    units: Units,
    unit_of_subject: NDArray[np.intp],
) -> RefitEvaluator:
    lattice = problem.stack.distances is None
    K = problem.stack.k + 1
    seen = problem.stack.observed.sum(axis=1)
    size = int((seen * (seen + 1) // 2).sum()) * K * (K + 1) // 2
    packed = pack(frame, scaling, located, problem.stack, blocks=lattice and size <= BATCH_DOUBLES)
    return RefitEvaluator(packed, problem, scaling, theta, units.n_units, np.asarray(unit_of_subject), target)
