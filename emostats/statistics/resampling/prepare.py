"""Data as the evaluators need them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from emostats.errors import ModelError, UsageError, did_you_mean
from emostats.statistics.resampling.evaluate import (
    Data,
    Evaluator,
    JoinedEvaluator,
    SumEvaluator,
    WeightEvaluator,
)
from emostats.statistics.resampling.named import NamedStatistic, named_statistic
from emostats.statistics.resampling.sums import FloatArray, SumStatistic, complete_rows, group_codes
from emostats.statistics.resampling.units import Units
from emostats.statistics.resampling.weights import WeightStatistic

Wanted = Sequence[str | NamedStatistic] | Mapping[str, str | NamedStatistic]


def as_data(data: Any) -> Data:
    """Tables, series and arrays as they are; mappings of columns as a table; lists of numbers as an array.

    Raises
    ------
    UsageError: anything else, or an array of no rows.
    """
    if isinstance(data, pd.DataFrame | pd.Series):
        return data
    if isinstance(data, Mapping):
        return pd.DataFrame(dict(data))
    try:
        array = np.asarray(data)
    except ValueError:
        array = np.asarray(None)
    if array.ndim == 0 or array.dtype == object:
        raise UsageError(
            f"data must be a table, a mapping of columns, a series or an array; found {type(data).__name__}."
        )
    return array


def named_evaluator(
    data: Data, wanted: Wanted, units: Units, columns: str | Sequence[str] | None, *, studentize: bool
) -> tuple[Evaluator, tuple[str, ...]]:
    """The evaluator of one or several named statistics, and what must be said about rows left out."""
    labels = list(wanted) if isinstance(wanted, Mapping) else [_label(item) for item in wanted]
    given = list(wanted.values()) if isinstance(wanted, Mapping) else list(wanted)
    if not given:
        raise UsageError("statistic names nothing to compute.")
    if len(set(labels)) < len(labels):
        raise UsageError(
            "statistic names one statistic twice; give them labels, as in {'a': 'mean', 'b': 'std'}."
        )
    parts: list[SumEvaluator | WeightEvaluator] = []
    notes: dict[str, None] = {}
    for item in given:
        statistic = named_statistic(item) if isinstance(item, str) else item
        part, note = _one_evaluator(data, statistic, units, columns, studentize)
        parts.append(part)
        notes.update(dict.fromkeys(note))
    return JoinedEvaluator(tuple(parts), tuple(labels)), tuple(notes)


def _label(item: str | NamedStatistic) -> str:
    return item if isinstance(item, str) else item.name


def _one_evaluator(
    data: Data, statistic: NamedStatistic, units: Units, columns: str | Sequence[str] | None, studentize: bool
) -> tuple[SumEvaluator | WeightEvaluator, tuple[str, ...]]:
    names, matrix, levels = _columns(data, statistic, columns, units)
    complete = complete_rows(matrix)
    if not complete.any():
        raise ModelError(f"No row has a value in {_listed(names)}, so '{statistic.name}' cannot be computed.")
    n_lost = int((~complete).sum())
    notes: tuple[str, ...] = ()
    if n_lost:
        notes = (
            f"{n_lost} of {len(matrix)} rows have a missing or infinite value in {_listed(names)} and do not "
            f"contribute to '{statistic.name}'.",
        )
    if statistic.grouped and len(levels) != 2:
        raise UsageError(
            f"'{statistic.name}' compares two groups, but {names[-1]!r} has {len(levels)}: "
            f"{_listed(levels[:5])}."
        )
    if not isinstance(statistic, SumStatistic):
        if studentize:
            raise UsageError(
                f"'{statistic.name}' has no standard error from sums; for a studentized interval give it as "
                "a function, "
                "e.g. lambda d: d['score'].median()."
            )
        return _weight_evaluator(matrix, complete, statistic, units), notes
    return _sum_evaluator(matrix, complete, statistic, units, studentize), notes


def _sum_evaluator(
    matrix: FloatArray,
    complete: npt.NDArray[np.bool_],
    statistic: SumStatistic,
    units: Units,
    studentize: bool,
) -> SumEvaluator:
    centre = np.zeros(matrix.shape[1])
    if statistic.centre:
        centre = matrix[complete].mean(axis=0)
        centre[-1] = 0.0 if statistic.grouped else centre[-1]
    shares = units.sums(statistic.contributions(matrix - centre))
    return SumEvaluator(statistic, units, np.ascontiguousarray(shares, dtype=float), centre, studentize)


def _weight_evaluator(
    matrix: FloatArray, complete: npt.NDArray[np.bool_], statistic: WeightStatistic, units: Units
) -> WeightEvaluator:
    present = np.flatnonzero(complete)
    order = present[np.argsort(matrix[present, 0], kind="stable")]
    return WeightEvaluator(statistic, units, matrix[order], units.unit_of_row[order])


def _columns(
    data: Data, statistic: NamedStatistic, columns: str | Sequence[str] | None, units: Units
) -> tuple[tuple[str, ...], FloatArray, tuple[object, ...]]:
    """Names, (N, c) values and the levels of the group column, if any."""
    frame = _as_frame(data)
    names = _chosen(frame, statistic, columns, units)
    levels: tuple[object, ...] = ()
    arrays = []
    for position, name in enumerate(names):
        if statistic.grouped and position == len(names) - 1:
            codes, levels = group_codes(frame[name])
            arrays.append(codes)
        else:
            arrays.append(_numbers(frame[name], name, statistic.name))
    return names, np.column_stack(arrays), levels


def _as_frame(data: Data) -> pd.DataFrame:
    if isinstance(data, pd.DataFrame):
        return data
    if isinstance(data, pd.Series):
        return data.to_frame(name=data.name if data.name is not None else "value")
    if data.ndim > 2:
        raise UsageError(f"a named statistic needs a table of columns; the array has {data.ndim} dimensions.")
    matrix = data[:, None] if data.ndim == 1 else data
    return pd.DataFrame(matrix, columns=[str(k) for k in range(matrix.shape[1])])


def _chosen(
    frame: pd.DataFrame, statistic: NamedStatistic, columns: str | Sequence[str] | None, units: Units
) -> tuple[str, ...]:
    needed = len(statistic.columns)
    if columns is None:
        candidates = [name for name in frame.columns if name not in units.columns]
        if not statistic.grouped:
            candidates = [name for name in candidates if pd.api.types.is_numeric_dtype(frame[name])]
        if len(candidates) != needed:
            raise UsageError(
                f"'{statistic.name}' is taken of {needed} column(s) ({', '.join(statistic.columns)}), and "
                "the data have "
                f"{len(candidates)} to choose from. Name them, in this order, with columns=."
            )
        return tuple(candidates)
    names = (columns,) if isinstance(columns, str) else tuple(columns)
    for name in names:
        if name not in frame.columns:
            raise UsageError(f"columns: {name!r} is not in the data. {did_you_mean(name, frame.columns)}")
    if len(names) != needed:
        raise UsageError(
            f"'{statistic.name}' is taken of {needed} column(s) ({', '.join(statistic.columns)}); columns= "
            "names "
            f"{len(names)}."
        )
    return names


def _numbers(column: pd.Series, name: object, statistic: str) -> FloatArray:
    if not pd.api.types.is_numeric_dtype(column):
        raise UsageError(
            f"'{statistic}' needs numbers, but column {name!r} holds {column.dtype} values, e.g. "
            f"{column.iloc[0]!r}."
        )
    return column.to_numpy(dtype=float, na_value=np.nan)


def _listed(names: Sequence[object]) -> str:
    return ", ".join(repr(name) for name in names)
