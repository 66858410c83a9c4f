"""`bootstrap`: intervals for any statistic by resampling rows or clusters, within strata."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from emostats.errors import EmostatsWarning, UsageError, did_you_mean
from emostats.statistics.resampling.draws import Scheme, Seed, as_seed_sequence
from emostats.statistics.resampling.evaluate import Replicates, Statistic
from emostats.statistics.resampling.intervals import FloatArray, Interpolation
from emostats.statistics.resampling.problem import AnyStatistic, check_common, pose
from emostats.statistics.resampling.result import BootstrapResult, by_name, collect, read_only
from emostats.statistics.resampling.run import Progress, leave_one_out, resample
from emostats.statistics.resampling.summary import Interval, Sample, failure_warnings, interval, no_variation
from emostats.statistics.resampling.units import Units

Method = Literal["percentile", "basic", "normal", "bca", "studentized", "bayesian"]
METHODS: tuple[str, ...] = ("percentile", "basic", "normal", "bca", "studentized", "bayesian")


def bootstrap(
    data: Any,
    statistic: AnyStatistic,
    *,
    unit: str | Sequence[str] | None,
    strata: str | Sequence[str] | None = None,
    n_resamples: int = 9999,
    method: Method = "bca",
    conf_level: float = 0.95,
    seed: Seed,
    columns: str | Sequence[str] | None = None,
    statistic_std_error: Statistic | None = None,
    n_nested: int = 50,
    interpolation: Interpolation = "linear",
    relabel: bool = True,
    n_jobs: int | None = None,
    progress: Progress | None = None,
) -> BootstrapResult:
    """Bootstrap intervals for `statistic`.

    Parameters
    ----------
    data: table (one row an observation), mapping of columns, Series, or array (resampled along its first
        axis). Never modified.
    statistic: a function of a resample (of the same type as `data`) that returns a number, or several by name
        as mapping, Series or named tuple; or the name of a vectorised statistic (``"mean"``, ``"median"``,
        ``"var"``, ``"std"``, ``"corr"``, ``"slope"``, ``"mean_difference"``, ``"ratio_of_means"``, …, see
        `NAMED`), or several names. Named statistics are many times faster and leave rows with missing values
        out.
    unit: what is drawn: ``None`` or ``"row"`` for rows, else the column(s) that name the cluster. A drawn
        cluster brings all its rows. In the resample the (last) unit column carries the number of the draw, so
        that a child drawn twice counts as two children; `relabel=False` keeps the identifiers.
    strata: column(s); units are drawn within each of their combinations, as many as there are.
    method: ``"bca"`` (Efron, 1987; z0 counts half of the ties, acceleration by jackknife over the unit),
        ``"percentile"``, ``"basic"``, ``"normal"``, ``"studentized"`` (bootstrap-t), or ``"bayesian"``
        (Rubin, 1981: flat Dirichlet weights on the units and an equal-tailed credible interval; a function is
        then called as ``statistic(data, weights)`` with one weight a row, whose mean over units is 1).
    seed: non-negative integer(s) or SeedSequence. The numbers are the same for any `n_jobs` and joblib
        backend.
    columns: the columns a named statistic is taken of, in its order; may be left out when there is no choice.
    statistic_std_error: for studentized intervals, a function of a resample that returns the standard
        error(s) in the form of `statistic`. Named sums use the linearised standard error by unit; without
        either, each resample is resampled `n_nested` times.
    interpolation: how quantiles of the replicates are read, see `intervals.quantile`.
    n_jobs: passed to joblib; None obeys ``joblib.parallel_config``.
    progress: called with (done, total) resamples; see `progress.progress_bar`.

    Returns
    -------
    BootstrapResult: numbers for one statistic, mappings by name for several.

    Raises
    ------
    UsageError: an option, column or statistic does not exist or does not fit the data.
    ModelError: the statistic fails on the data themselves or on all resamples.

    Warns
    -----
    EmostatsWarning: each degenerate case, with cause and count (see `summary`).
    """
    if method not in METHODS:
        raise UsageError(f"method={method!r} is not an interval method. {did_you_mean(method, METHODS)}")
    check_common(conf_level, interpolation, n_resamples=n_resamples, n_nested=n_nested)
    start = as_seed_sequence(seed)
    problem = pose(
        data,
        statistic,
        unit=unit,
        strata=strata,
        columns=columns,
        studentize=method == "studentized",
        std_error=statistic_std_error,
        n_nested=n_nested,
        relabel=relabel,
        weighted=method == "bayesian",
    )
    units, evaluator, notes = problem.units, problem.evaluator, problem.notes
    original = problem.original()
    asked = {
        "conf_level": conf_level,
        "n_resamples": n_resamples,
        "seed": seed,
        "interpolation": interpolation,
    }
    facts = {**asked, **_facts_on_units(units)}
    if no_variation(units):
        return _announce(_without_variation(evaluator.names, original.values[0], units, method, notes, facts))
    scheme: Scheme = "dirichlet" if method == "bayesian" else "multinomial"
    replicates = resample(
        evaluator, units, seed=start, n_resamples=n_resamples, scheme=scheme, n_jobs=n_jobs, progress=progress
    )
    left_out = leave_one_out(evaluator, units.n_units, n_jobs).values if method == "bca" else None
    samples = _samples(evaluator.names, original, replicates, left_out, units)
    found = [interval(sample, method, conf_level, interpolation) for sample in samples]
    notes += _notes_on_units(units) + failure_warnings(evaluator.names, replicates)
    return _announce(collect(samples, found, method=method, warnings=notes, **facts))


def _facts_on_units(units: Units) -> dict[str, Any]:
    return {
        "n_units": units.n_units,
        "n_strata": len(units.stratum_sizes),
        "unit": "/".join(units.columns) or "row",
    }


def _samples(
    names: tuple[str, ...],
    original: Replicates,
    replicates: Replicates,
    left_out: FloatArray | None,
    units: Units,
) -> list[Sample]:
    """One `Sample` a statistic; an estimate without a standard error of its own takes that of its
    replicates."""
    samples = []
    for j, name in enumerate(names):
        values = replicates.values[:, j]
        std_error = None
        if replicates.std_errors is not None:
            own = original.std_errors
            finite = values[np.isfinite(values)]
            spread = float(finite.std(ddof=1)) if len(finite) > 1 else float("nan")
            std_error = spread if own is None else float(own[0, j])
        samples.append(
            Sample(
                name,
                float(original.values[0, j]),
                values,
                None if replicates.std_errors is None else replicates.std_errors[:, j],
                std_error,
                None if left_out is None else left_out[:, j],
                units.stratum_of_unit,
            )
        )
    return samples


def _notes_on_units(units: Units) -> tuple[str, ...]:
    notes: tuple[str, ...] = ()
    if units.n_units < 3:
        notes += (
            f"There are only {units.n_units} units to resample; the interval reflects little but these two.",
        )
    single = [label for label, n in zip(units.stratum_labels, units.stratum_sizes, strict=True) if n == 1]
    if single:
        notes += (
            f"{len(single)} of {len(units.stratum_sizes)} strata hold one unit ({', '.join(single[:3])}); it "
            "is in every resample, and its variation is not counted.",
        )
    return notes


def _without_variation(
    names: tuple[str, ...],
    estimates: FloatArray,
    units: Units,
    method: str,
    notes: tuple[str, ...],
    facts: dict[str, Any],
) -> BootstrapResult:
    """One unit, or one in each stratum: every resample is the data, so nothing bounds the error."""
    what = "one unit" if units.n_units == 1 else f"one unit in each of {units.n_units} strata"
    text = (
        f"There is {what} to resample, so the data say nothing about variation between units; "
        "standard error and limits are unbounded."
    )
    facts = {**facts, "n_resamples": 0}
    samples = [
        Sample(name, float(value), np.repeat(float(value), 2))
        for name, value in zip(names, estimates, strict=True)
    ]
    unbounded = [Interval(-np.inf, np.inf, method) for _ in names]
    result = collect(samples, unbounded, method=method, warnings=(*notes, text), **facts)
    from dataclasses import replace

    nothing = np.empty((0, len(names)))
    return replace(
        result,
        std_error=by_name(names, [np.inf] * len(names)),
        distribution=by_name(names, [read_only(nothing[:, 0]) for _ in names]),
        replicates=read_only(nothing),
        samples=(),
    )


def _announce(result: BootstrapResult) -> BootstrapResult:
    for text in result.warnings:
        warnings.warn(text, EmostatsWarning, stacklevel=3)
    return result
