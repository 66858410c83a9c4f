"""The jackknife: bias, standard error and acceleration from leaving one unit out."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from emostats.errors import EmostatsWarning
from emostats.statistics.resampling.acceleration import jackknife_acceleration, jackknife_std_error
from emostats.statistics.resampling.evaluate import SumEvaluator
from emostats.statistics.resampling.intervals import FloatArray
from emostats.statistics.resampling.problem import AnyStatistic, pose
from emostats.statistics.resampling.result import by_name, read_only
from emostats.statistics.resampling.run import leave_one_out


@dataclass(frozen=True, eq=False)
class JackknifeResult:
    """Jackknife of one statistic (numbers) or several (mappings by name).

    Attributes
    ----------
    estimate: on the data. std_error: sqrt(sum_h (n_h - 1)/n_h sum (t_(-i) - mean_h)²). bias: of one stratum,
        (n - 1)(mean t_(-i) - t); by stratum the sum of those. acceleration: of BCa, None where it is
        undefined.
    values: (U,) the statistic with each unit left out, units in the order of their stratum and identifier;
        NaN where it failed. n_failed: how often that was.
    influence: (U,) infinitesimal jackknife values of statistics by sums, else None; std_error_infinitesimal:
        sqrt(sum_h sum L²/n_h²), or None.
    """

    estimate: Any
    std_error: Any
    bias: Any
    acceleration: Any
    values: Any
    n_failed: Any
    influence: Any
    std_error_infinitesimal: Any
    names: tuple[str, ...]
    n_units: int


def jackknife(
    data: Any,
    statistic: AnyStatistic,
    *,
    unit: str | Sequence[str] | None,
    strata: str | Sequence[str] | None = None,
    columns: str | Sequence[str] | None = None,
    n_jobs: int | None = None,
) -> JackknifeResult:
    """The jackknife of `statistic` over units; parameters and errors as in `bootstrap`."""
    problem = pose(data, statistic, unit=unit, strata=strata, columns=columns)
    original = problem.original()
    values = leave_one_out(problem.evaluator, problem.units.n_units, n_jobs).values
    stratum = problem.units.stratum_of_unit
    names = problem.evaluator.names
    parts = getattr(problem.evaluator, "parts", (None,) * len(names))
    influence = [part.influence() if isinstance(part, SumEvaluator) else None for part in parts]
    for text in problem.notes:
        warnings.warn(text, EmostatsWarning, stacklevel=2)
    q = range(len(names))
    accelerations = [jackknife_acceleration(values[:, j], stratum) for j in q]
    return JackknifeResult(
        by_name(names, [float(original.values[0, j]) for j in q]),
        by_name(names, [jackknife_std_error(values[:, j], stratum) for j in q]),
        by_name(names, [_bias(float(original.values[0, j]), values[:, j], stratum) for j in q]),
        by_name(names, [a if np.isfinite(a) else None for a in accelerations]),
        by_name(names, [read_only(values[:, j]) for j in q]),
        by_name(names, [int(np.isnan(values[:, j]).sum()) for j in q]),
        by_name(names, [None if item is None else read_only(item) for item in influence]),
        by_name(names, [None if item is None else _infinitesimal(item, stratum) for item in influence]),
        names,
        problem.units.n_units,
    )


def _bias(estimate: float, values: FloatArray, stratum: np.ndarray) -> float:
    usable = np.isfinite(values)
    size = np.bincount(stratum[usable])
    total = np.bincount(stratum[usable], weights=values[usable])
    filled = size > 0
    return float(((size[filled] - 1) * (total[filled] / size[filled] - estimate)).sum())


def _infinitesimal(influence: FloatArray, stratum: np.ndarray) -> float:
    size = np.bincount(stratum)
    return float(np.sqrt((influence**2 / size[stratum] ** 2).sum()))
