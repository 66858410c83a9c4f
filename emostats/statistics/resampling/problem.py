"""What is resampled: data, units and statistic, checked and brought together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from emostats.errors import ModelError, UsageError, check_level, did_you_mean
from emostats.statistics.resampling.evaluate import (
    Data,
    Evaluator,
    FunctionEvaluator,
    Replicates,
    Statistic,
    named_values,
)
from emostats.statistics.resampling.intervals import INTERPOLATIONS
from emostats.statistics.resampling.named import NamedStatistic
from emostats.statistics.resampling.prepare import as_data, named_evaluator
from emostats.statistics.resampling.units import Units, find_units

AnyStatistic = (
    str | NamedStatistic | Statistic | Sequence[str | NamedStatistic] | Mapping[str, str | NamedStatistic]
)


@dataclass(frozen=True, eq=False)
class Problem:
    """Units, what computes the statistic on them, and what must be said about rows left out."""

    units: Units
    evaluator: Evaluator
    notes: tuple[str, ...]

    def original(self) -> Replicates:
        """The statistic on the data.

        Raises
        ------
        ModelError: it is not a finite number.
        """
        original = self.evaluator.original()
        pairs = zip(self.evaluator.names, original.values[0], strict=True)
        undefined = [name for name, value in pairs if np.isnan(value)]
        if undefined:
            raise ModelError(
                f"On the data themselves {', '.join(map(repr, undefined))} is not a finite number, so there "
                "is nothing to "
                "put an interval around. Look for missing or constant values in the columns it uses."
            )
        return original


def pose(
    data: Any,
    statistic: Any,
    *,
    unit: str | Sequence[str] | None,
    strata: str | Sequence[str] | None,
    columns: str | Sequence[str] | None,
    studentize: bool = False,
    std_error: Statistic | None = None,
    n_nested: int = 0,
    relabel: bool = True,
    weighted: bool = False,
) -> Problem:
    """The problem of resampling `statistic`; parameters and errors as in `bootstrap`."""
    given = as_data(data)
    units = find_units(_frame(given, unit, strata), unit, strata)
    if not callable(statistic):
        wanted = _wanted(statistic)
        evaluator, notes = named_evaluator(given, wanted, units, columns, studentize=studentize)
        return Problem(units, evaluator, notes)
    if columns is not None:
        raise UsageError(
            "columns= goes with a named statistic; a function takes what it needs from the resample."
        )
    names = tuple(_first_call(statistic, given, units, weighted))
    nested = n_nested if studentize and std_error is None else 0
    function = FunctionEvaluator(
        statistic, given, units, names, relabel, weighted, std_error if studentize else None, nested
    )
    return Problem(units, function, ())


def check_common(conf_level: float, interpolation: str, **counts: int) -> None:
    """Check options that every bootstrap has; `counts` are whole numbers of at least 2.

    Raises
    ------
    UsageError: one of them is out of range.
    """
    if interpolation not in INTERPOLATIONS:
        hint = did_you_mean(interpolation, INTERPOLATIONS)
        raise UsageError(f"interpolation={interpolation!r} is unknown. {hint}")
    check_level(conf_level)
    for name, value in counts.items():
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 2:
            raise UsageError(f"{name} must be a whole number of at least 2; found {value!r}.")


def _frame(data: Data, unit: Any, strata: Any) -> pd.DataFrame:
    if isinstance(data, pd.DataFrame):
        return data
    if unit not in (None, "row") or strata is not None:
        raise UsageError("unit and strata name columns, so the data must be a table (DataFrame).")
    return pd.DataFrame(index=range(len(data)))


def _wanted(statistic: Any) -> Any:
    if isinstance(statistic, str | NamedStatistic):
        return [statistic]
    if isinstance(statistic, Mapping | list | tuple):
        return statistic
    raise UsageError(
        f"statistic must be a function of the data, a name or several names; found "
        f"{type(statistic).__name__}."
    )


def _first_call(statistic: Statistic, data: Data, units: Units, weighted: bool) -> dict[str, float]:
    """The statistic on the data, to learn its names and to fail early with the user's own error."""
    weights = [np.ones(units.n_rows)] if weighted else []
    try:
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            values = named_values(statistic(data, *weights))
    except Exception as error:
        raise ModelError(
            f"The statistic fails on the data themselves: {type(error).__name__}: {error}"
        ) from error
    if not values:
        raise ModelError("The statistic returns no value.")
    return values
