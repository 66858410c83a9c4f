"""Bootstraps that draw from a model instead of the sample: parametric, and wild for residuals.

They have no unit to leave out, so BCa does not apply; percentile, basic, normal and studentized intervals do.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from emostats.errors import EmostatsWarning, UsageError, did_you_mean
from emostats.statistics.resampling.draws import BLOCK, Seed, as_seed_sequence, child, generator, n_blocks
from emostats.statistics.resampling.evaluate import FunctionEvaluator, Replicates, Statistic
from emostats.statistics.resampling.intervals import FloatArray, Interpolation
from emostats.statistics.resampling.problem import check_common, pose
from emostats.statistics.resampling.result import BootstrapResult, collect
from emostats.statistics.resampling.run import Progress, in_parallel, join
from emostats.statistics.resampling.summary import Sample, failure_warnings, interval
from emostats.statistics.resampling.units import IntArray, find_units

MODEL_METHODS = ("percentile", "basic", "normal", "studentized")
ModelMethod = Literal["percentile", "basic", "normal", "studentized"]
WildWeights = Literal["rademacher", "mammen", "webb"]


def parametric_bootstrap(
    data: Any,
    statistic: Statistic,
    *,
    simulate: Callable[[np.random.Generator], Any],
    n_resamples: int = 9999,
    method: ModelMethod = "percentile",
    conf_level: float = 0.95,
    seed: Seed,
    statistic_std_error: Statistic | None = None,
    interpolation: Interpolation = "linear",
    n_jobs: int | None = None,
    progress: Progress | None = None,
) -> BootstrapResult:
    """Intervals from data sets drawn from a fitted model.

    Parameters
    ----------
    data: the observed data, on which `statistic` gives the estimate.
    simulate: generator → a data set of the same form, drawn from the model fitted to `data`.
    statistic_std_error: needed for ``method="studentized"``.
    Others, results and errors as in `bootstrap`.
    """
    options = _Options(
        n_resamples, method, conf_level, seed, statistic_std_error, interpolation, n_jobs, progress
    )
    return _run(data, statistic, simulate, options, "parametric")


def wild_bootstrap(
    data: pd.DataFrame,
    statistic: Statistic,
    *,
    outcome: str,
    fitted: npt.ArrayLike,
    unit: str | Sequence[str] | None,
    weights: WildWeights = "rademacher",
    n_resamples: int = 9999,
    method: ModelMethod = "percentile",
    conf_level: float = 0.95,
    seed: Seed,
    statistic_std_error: Statistic | None = None,
    interpolation: Interpolation = "linear",
    n_jobs: int | None = None,
    progress: Progress | None = None,
) -> BootstrapResult:
    """Wild (cluster) bootstrap of a regression: outcome* = fitted + v_unit × residual (Cameron et al., 2008).

    It keeps the design and the spread of each observation, so it suits unequal variances and few clusters.

    Parameters
    ----------
    outcome: column of `data` that is replaced. fitted: (N,) fitted values, so residuals are outcome - fitted.
    unit: as in `bootstrap`; all residuals of a cluster get the same factor.
    weights: the factor: ``"rademacher"`` ±1, ``"mammen"`` two points with third moment 1 (Mammen, 1993),
        ``"webb"`` six points, for fewer than about ten clusters (Webb, 2023).
    Others, results and errors as in `bootstrap`.
    """
    options = _Options(
        n_resamples, method, conf_level, seed, statistic_std_error, interpolation, n_jobs, progress
    )
    if outcome not in data.columns:
        raise UsageError(f"outcome={outcome!r} is not a column. {did_you_mean(outcome, data.columns)}")
    if weights not in _WILD:
        raise UsageError(f"weights={weights!r} is unknown. {did_you_mean(weights, _WILD)}")
    values, expected = data[outcome].to_numpy(dtype=float), np.asarray(fitted, dtype=float)
    if expected.shape != values.shape or not np.isfinite(expected).all():
        raise UsageError(f"fitted must hold {len(values)} finite values, one a row; found {expected.shape}.")
    units = find_units(data, unit)
    scheme = _Wild(data, outcome, expected, values - expected, units.unit_of_row, units.n_units, weights)
    return _run(data, statistic, scheme, options, "/".join(units.columns) or "row")


@dataclass(frozen=True, eq=False)
class _Options:
    """What both bootstraps share, checked.

    Raises
    ------
    UsageError: an option is out of range or does not apply to draws from a model.
    """

    n_resamples: int
    method: str
    conf_level: float
    seed: Seed
    std_error: Statistic | None
    interpolation: Interpolation
    n_jobs: int | None
    progress: Progress | None

    def __post_init__(self) -> None:
        if self.method not in MODEL_METHODS:
            raise UsageError(
                f"method={self.method!r} does not apply to draws from a model; there are "
                f"{', '.join(MODEL_METHODS)}."
            )
        if self.method == "studentized" and self.std_error is None:
            raise UsageError("A studentized interval here needs statistic_std_error=.")
        check_common(self.conf_level, self.interpolation, n_resamples=self.n_resamples)


@dataclass(frozen=True, eq=False)
class _Wild:
    data: pd.DataFrame
    outcome: str
    fitted: FloatArray
    residual: FloatArray
    unit_of_row: IntArray
    n_units: int
    weights: str

    def __call__(self, rng: np.random.Generator) -> pd.DataFrame:
        factors = _WILD[self.weights](rng, self.n_units)
        return self.data.assign(**{self.outcome: self.fitted + factors[self.unit_of_row] * self.residual})


def _rademacher(rng: np.random.Generator, n: int) -> FloatArray:
    return np.asarray(2.0 * rng.integers(0, 2, n) - 1.0)


def _mammen(rng: np.random.Generator, n: int) -> FloatArray:
    golden = (1 + np.sqrt(5)) / 2
    return np.asarray(np.where(rng.random(n) < golden / np.sqrt(5), 1 - golden, golden))


def _webb(rng: np.random.Generator, n: int) -> FloatArray:
    points = np.sqrt(np.array([0.5, 1.0, 1.5]))
    return np.asarray(np.concatenate([-points, points])[rng.integers(0, 6, n)])


_WILD: dict[str, Callable[[np.random.Generator, int], FloatArray]] = {
    "rademacher": _rademacher,
    "mammen": _mammen,
    "webb": _webb,
}


@dataclass(frozen=True, eq=False)
class _Task:
    """A run of blocks of drawn data sets; every data set has a generator of its own."""

    evaluator: FunctionEvaluator
    draw: Callable[[np.random.Generator], Any]
    seed: np.random.SeedSequence
    start: int
    stop: int

    def __call__(self) -> Replicates:
        results = []
        for number in range(self.start, self.stop):
            data = self.draw(generator(child(self.seed, number)))
            results.append(self.evaluator.on(data))
        return self.evaluator.gather(results)


def _run(
    data: Any,
    statistic: Statistic,
    draw: Callable[[np.random.Generator], Any],
    options: _Options,
    unit: str,
) -> BootstrapResult:
    studentize = options.method == "studentized"
    problem = pose(
        data,
        statistic,
        unit=None,
        strata=None,
        columns=None,
        studentize=studentize,
        std_error=options.std_error,
    )
    if not isinstance(problem.evaluator, FunctionEvaluator):
        raise UsageError("statistic must be a function of the data set here, not a name.")
    original = problem.original()
    replicates = _replicates(problem.evaluator, draw, options)
    samples = [_sample(j, name, original, replicates) for j, name in enumerate(problem.evaluator.names)]
    found = [
        interval(sample, options.method, options.conf_level, options.interpolation) for sample in samples
    ]
    result = collect(
        samples,
        found,
        method=options.method,
        warnings=failure_warnings(problem.evaluator.names, replicates),
        conf_level=options.conf_level,
        n_resamples=options.n_resamples,
        n_units=problem.units.n_units,
        n_strata=1,
        unit=unit,
        seed=options.seed,
        interpolation=options.interpolation,
    )
    for text in result.warnings:
        warnings.warn(text, EmostatsWarning, stacklevel=3)
    return result


def _replicates(
    evaluator: FunctionEvaluator, draw: Callable[[np.random.Generator], Any], options: _Options
) -> Replicates:
    start, total = as_seed_sequence(options.seed), options.n_resamples
    step = BLOCK * max(1, n_blocks(total) // 64)
    tasks = [
        _Task(evaluator, draw, start, first, min(first + step, total)) for first in range(0, total, step)
    ]
    pieces = []
    for piece, task in zip(in_parallel(tasks, options.n_jobs), tasks, strict=True):
        pieces.append(piece)
        if options.progress is not None:
            options.progress(task.stop, total)
    return join(pieces)


def _sample(j: int, name: str, original: Replicates, replicates: Replicates) -> Sample:
    return Sample(
        name,
        float(original.values[0, j]),
        replicates.values[:, j],
        None if replicates.std_errors is None else replicates.std_errors[:, j],
        None if original.std_errors is None else float(original.std_errors[0, j]),
    )
