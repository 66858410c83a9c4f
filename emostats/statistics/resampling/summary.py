"""From the replicates of one statistic to its interval, with an answer for every degenerate case.

A degenerate case is answered by a stated result and a sentence that names the cause and the count, never by
NaN:

- one unit, or one in every stratum: nothing varies, so no finite interval can be defended: (-inf, inf), SE
  inf.
- all replicates equal the estimate: zero width, SE 0.
- BCa undefined (the estimate lies outside all replicates, or the adjustment breaks down): the percentile
  interval.
- leaving units out changes nothing: acceleration 0 (the BC interval).
- a statistic that fails on some resamples: these are counted and left out.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from emostats.errors import ModelError
from emostats.statistics.resampling.acceleration import jackknife_acceleration
from emostats.statistics.resampling.evaluate import Replicates
from emostats.statistics.resampling.intervals import (
    FloatArray,
    Interpolation,
    Limits,
    basic_limits,
    bca_limits,
    bias_correction,
    normal_limits,
    percentile_limits,
    studentized_limits,
)
from emostats.statistics.resampling.units import IntArray, Units


@dataclass(frozen=True)
class Interval:
    """One statistic's interval. `method` is what was used, which may differ from what was asked for."""

    low: float
    high: float
    method: str
    z0: float | None = None
    acceleration: float | None = None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Sample:
    """What an interval of one statistic is computed from.

    `replicates` (B,) hold NaN where the statistic failed; `std_errors` (B,) and `std_error` are for
    studentized intervals; `leave_one_out` (U,) and `stratum` (U,) for BCa.
    """

    name: str
    estimate: float
    replicates: FloatArray
    std_errors: FloatArray | None = None
    std_error: float | None = None
    leave_one_out: FloatArray | None = None
    stratum: IntArray | None = None

    @property
    def finite(self) -> FloatArray:
        return self.replicates[np.isfinite(self.replicates)]


def interval(sample: Sample, method: str, conf_level: float, interpolation: Interpolation) -> Interval:
    """The interval of `sample` by `method` (percentile, basic, normal, bca, studentized, bayesian).

    Raises
    ------
    ModelError: fewer than two resamples gave a value.
    """
    finite = sample.finite
    if len(finite) < 2:
        raise ModelError(
            f"The statistic '{sample.name}' could be computed on {len(finite)} of {len(sample.replicates)} "
            "resamples, so there is no distribution to take an interval from."
        )
    if np.ptp(finite) <= 16 * np.finfo(float).eps * max(abs(sample.estimate), float(np.abs(finite).max())):
        return _constant(sample, finite, conf_level)
    if method == "bca":
        return _bca(sample, finite, conf_level, interpolation)
    if method == "studentized":
        return _studentized(sample, conf_level, interpolation)
    if method == "basic":
        limits = basic_limits(finite, sample.estimate, conf_level, interpolation)
    elif method == "normal":
        limits = normal_limits(finite, sample.estimate, conf_level)
    else:
        limits = percentile_limits(finite, conf_level, interpolation)
    return Interval(limits.low, limits.high, method, warnings=_extreme(sample, limits))


def no_variation(units: Units) -> bool:
    """Whether every resample must equal the data: one unit, or one unit in each stratum."""
    return bool((units.stratum_sizes == 1).all())


def _constant(sample: Sample, finite: FloatArray, conf_level: float) -> Interval:
    limits = percentile_limits(finite, conf_level)
    text = (
        f"'{sample.name}' has the same value, {finite[0]:.6g}, in all {len(finite)} resamples, so its "
        "interval has "
        "zero width. The data do not vary in what the statistic measures."
    )
    return Interval(limits.low, limits.high, "percentile", warnings=(text,))


def _bca(sample: Sample, finite: FloatArray, conf_level: float, interpolation: Interpolation) -> Interval:
    z0 = bias_correction(finite, sample.estimate)
    acceleration, notes = _acceleration(sample)
    limits = bca_limits(finite, z0, acceleration, conf_level, interpolation)
    if np.isfinite([limits.low, limits.high]).all():
        notes += _extreme(sample, limits)
        return Interval(limits.low, limits.high, "bca", z0, acceleration, notes)
    if np.isinf(z0):
        side = "above" if z0 > 0 else "below"
        cause = f"the estimate {sample.estimate:.6g} lies {side} all {len(finite)} resamples"
    else:
        cause = f"the adjustment breaks down at z0 = {z0:.3g}, acceleration = {acceleration:.3g}"
    text = f"BCa is undefined for '{sample.name}': {cause}. The percentile interval is given instead."
    limits = percentile_limits(finite, conf_level, interpolation)
    return Interval(limits.low, limits.high, "percentile", None, acceleration, (*notes, text))


def _acceleration(sample: Sample) -> tuple[float, tuple[str, ...]]:
    """The acceleration, and what must be said about it."""
    if sample.leave_one_out is None:
        raise ValueError("BCa needs the statistic with each unit left out")
    n_failed = int(np.isnan(sample.leave_one_out).sum())
    notes: tuple[str, ...] = ()
    if n_failed:
        notes = (
            f"'{sample.name}' could not be computed with one unit left out for {n_failed} of "
            f"{len(sample.leave_one_out)} units; the acceleration of BCa rests on the others.",
        )
    value = jackknife_acceleration(sample.leave_one_out, sample.stratum)
    if np.isfinite(value):
        return value, notes
    text = (
        f"Leaving out single units does not change '{sample.name}', so the acceleration of BCa is undefined "
        "and was "
        "set to 0 (the bias-corrected interval)."
    )
    return 0.0, (*notes, text)


def _studentized(sample: Sample, conf_level: float, interpolation: Interpolation) -> Interval:
    if sample.std_errors is None or sample.std_error is None:
        raise ValueError("studentized intervals need standard errors")
    usable = np.isfinite(sample.replicates) & np.isfinite(sample.std_errors) & (sample.std_errors > 0)
    n_lost = int(np.isfinite(sample.replicates).sum() - usable.sum())
    if usable.sum() < 2 or not (np.isfinite(sample.std_error) and sample.std_error > 0):
        text = (
            f"'{sample.name}' has no positive standard error to studentize with; the percentile interval is "
            "given "
            "instead."
        )
        limits = percentile_limits(sample.finite, conf_level, interpolation)
        return Interval(limits.low, limits.high, "percentile", warnings=(text,))
    notes: tuple[str, ...] = ()
    if n_lost:
        notes = (
            f"The standard error of '{sample.name}' is zero or undefined in {n_lost} of "
            f"{len(sample.replicates)} resamples; the studentized interval rests on the others.",
        )
    limits = studentized_limits(
        sample.replicates[usable],
        sample.std_errors[usable],
        sample.estimate,
        sample.std_error,
        conf_level,
        interpolation,
    )
    return Interval(limits.low, limits.high, "studentized", warnings=(*notes, *_extreme(sample, limits)))


def _extreme(sample: Sample, limits: Limits) -> tuple[str, ...]:
    if not limits.extreme:
        return ()
    return (
        f"A limit of '{sample.name}' lies at the edge of its {len(sample.finite)} resamples, so it is not "
        "determined by them; more resamples are needed for this confidence level.",
    )


def failure_warnings(names: tuple[str, ...], replicates: Replicates) -> tuple[str, ...]:
    """What to say about resamples on which a statistic failed."""
    n_failed = np.isnan(replicates.values).sum(axis=0)
    if not n_failed.any():
        return ()
    total = len(replicates.values)
    counts = ", ".join(f"'{name}' {n}" for name, n in zip(names, n_failed, strict=True) if n)
    causes = _causes(replicates.failures)
    return (f"Of {total} resamples some gave no value and were left out: {counts}. Cause: {causes}.",)


def _causes(failures: Counter[str], n: int = 3) -> str:
    shown = "; ".join(f"{cause} ({count})" for cause, count in failures.most_common(n))
    return shown + (f"; and {len(failures) - n} other" if len(failures) > n else "")
