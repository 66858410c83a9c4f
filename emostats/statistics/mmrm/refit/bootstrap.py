"""The cluster bootstrap and the jackknife of a fitted model: every replicate a full refit to convergence."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from emostats.errors import EmostatsWarning, UsageError, check_level, did_you_mean
from emostats.statistics.mmrm.fitted import FittedModel
from emostats.statistics.mmrm.refit.evaluator import RefitEvaluator
from emostats.statistics.mmrm.refit.source import refitter, units_of
from emostats.statistics.mmrm.refit.targets import Contrasts, as_target
from emostats.statistics.resampling.acceleration import jackknife_acceleration, jackknife_std_error
from emostats.statistics.resampling.draws import Seed, as_seed_sequence
from emostats.statistics.resampling.evaluate import Replicates
from emostats.statistics.resampling.jackknife import JackknifeResult
from emostats.statistics.resampling.result import BootstrapResult, by_name, collect, read_only
from emostats.statistics.resampling.run import in_parallel, join, resample
from emostats.statistics.resampling.summary import Sample, failure_warnings, interval

METHODS = ("bca", "percentile", "basic", "normal", "studentized")

_LEFT_OUT = 128
"""Units left out in one block of refits."""


def bootstrap_fit(
    fit: FittedModel,
    contrasts: Contrasts,
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
    check_call(n_resamples, conf_level)
    if method not in METHODS:
        raise UsageError(f"method='{method}' is unknown. {did_you_mean(method, METHODS)}")
    target = as_target(contrasts, len(fit.beta))
    units = units_of(fit, unit, strata)
    studentize = method == "studentized"
    evaluator = refitter(fit, target, units.n_units, units.unit_of_row, studentize=studentize)
    original = evaluator.original()
    if studentize and original.std_errors is None:
        raise UsageError(
            "Studentized intervals need a standard error in each resample; take bca for these quantities."
        )
    replicates = resample(
        evaluator,
        units,
        seed=as_seed_sequence(seed),
        n_resamples=n_resamples,
        n_jobs=n_jobs,
        progress=progress,
    )
    left_out = leave_out_each(evaluator, n_jobs).values if method == "bca" else None
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
        n_strata=len(units.stratum_sizes), unit=unit or fit.frame.formula.covariance.subject, seed=seed,
    )  # fmt: skip
    for text in result.warnings:
        warnings.warn(text, EmostatsWarning, stacklevel=3)
    return result


def jackknife_fit(
    fit: FittedModel,
    contrasts: Contrasts,
    *,
    unit: str | None,
    strata: str | Sequence[str] | None,
    n_jobs: int | None,
) -> JackknifeResult:
    """Each unit left out once, the model refitted in full; see `MMRMFit.jackknife`."""
    target = as_target(contrasts, len(fit.beta))
    units = units_of(fit, unit, strata)
    evaluator = refitter(fit, target, units.n_units, units.unit_of_row)
    original = evaluator.original().values[0]
    left_out = leave_out_each(evaluator, n_jobs)
    for text in failure_warnings(target.names, left_out):
        warnings.warn(text.replace("resamples", "units left out in turn"), EmostatsWarning, stacklevel=3)
    values, stratum, names = left_out.values, units.stratum_of_unit, target.names
    q = range(len(names))
    accelerations = [jackknife_acceleration(values[:, j], stratum) for j in q]
    return JackknifeResult(
        estimate=by_name(names, [float(original[j]) for j in q]),
        std_error=by_name(names, [jackknife_std_error(values[:, j], stratum) for j in q]),
        bias=by_name(names, [_bias(float(original[j]), values[:, j], stratum) for j in q]),
        acceleration=by_name(names, [a if np.isfinite(a) else None for a in accelerations]),
        values=by_name(names, [read_only(values[:, j]) for j in q]),
        n_failed=by_name(names, [int(np.isnan(values[:, j]).sum()) for j in q]),
        influence=by_name(names, [None for _ in q]),
        std_error_infinitesimal=by_name(names, [None for _ in q]),
        names=names,
        n_units=units.n_units,
    )


def leave_out_each(evaluator: RefitEvaluator, n_jobs: int | None = None) -> Replicates:
    """The target with each unit left out (U × q), in blocks large enough to be refitted together."""
    n = evaluator.n_units

    def block(start: int) -> Callable[[], Replicates]:
        return _LeaveOut(evaluator, start, min(start + _LEFT_OUT, n))

    return join(in_parallel([block(start) for start in range(0, n, _LEFT_OUT)], n_jobs))


class _LeaveOut:
    """A run of consecutive units, each left out once; can be sent to a worker."""

    def __init__(self, evaluator: RefitEvaluator, start: int, stop: int) -> None:
        self._evaluator, self._start, self._stop = evaluator, start, stop

    def __call__(self) -> Replicates:
        return self._evaluator.leave_out(self._start, self._stop)


def _bias(estimate: float, values: NDArray[np.float64], stratum: NDArray[np.integer]) -> float:
    """Σ_h (n_h − 1)(mean_h of the values without one unit − estimate)."""
    usable = np.isfinite(values)
    size = np.bincount(stratum[usable])
    total = np.bincount(stratum[usable], weights=values[usable])
    filled = size > 0
    return float(((size[filled] - 1) * (total[filled] / size[filled] - estimate)).sum())


def check_call(n_resamples: int, conf_level: float) -> None:
    """Raises UsageError where the number of resamples or the level cannot be used."""
    if isinstance(n_resamples, bool) or not isinstance(n_resamples, int | np.integer) or n_resamples < 2:
        raise UsageError(f"n_resamples should be a whole number of at least 2; found {n_resamples!r}.")
    check_level(conf_level)
