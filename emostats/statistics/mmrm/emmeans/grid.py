"""The reference grid: every combination of the factors' levels, covariates at their means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from emostats.errors import UsageError, did_you_mean
from emostats.statistics.mmrm.design import Categorical, Encoding, Expression, Numeric
from emostats.statistics.mmrm.design.variables import apply_expression

Float = NDArray[np.float64]

WEIGHTS = ("equal", "proportional", "outer", "cells")


@dataclass(frozen=True)
class Axis:
    """One variable of the grid: a factor's level codes, or a covariate's values."""

    name: str
    values: tuple[Any, ...]
    codes: NDArray[np.intp] | None


def grid_axes(encoding: Encoding, at: Mapping[str, Any] | None) -> dict[str, Axis]:
    """The axes of the grid by variable name; `at` restricts a factor's levels or sets a covariate's values.

    Raises
    ------
    UsageError: `at` names an unknown variable or level.
    """
    at = dict(at or {})
    axes: dict[str, Axis] = {}
    for variable in encoding.variables.values():
        if isinstance(variable, Categorical):
            axes[variable.name] = _factor_axis(variable.name, variable.levels, at)
        elif isinstance(variable, Numeric):
            axes[variable.name] = _number_axis(variable.name, at.get(variable.name, variable.mean))
        else:
            for name, mean in variable.means.items():
                axes.setdefault(name, _number_axis(name, at.get(name, mean)))
            for name, levels in variable.levels.items():
                axes.setdefault(name, _factor_axis(name, levels, at))
    unknown = [name for name in at if name not in axes]
    if unknown:
        raise UsageError(
            f"at= names '{unknown[0]}', which is not in the model. {did_you_mean(unknown[0], axes)}"
        )
    return axes


def _factor_axis(name: str, levels: tuple[Any, ...], at: Mapping[str, Any]) -> Axis:
    wanted = at.get(name, levels)
    single = isinstance(wanted, str) or not isinstance(wanted, Sequence | np.ndarray)
    wanted = (wanted,) if single else tuple(wanted)
    unknown = [level for level in wanted if level not in levels]
    if unknown:
        raise UsageError(
            f"at= asks for level {unknown[0]!r} of '{name}'. {did_you_mean(str(unknown[0]), levels)}"
        )
    if not wanted:
        raise UsageError(f"at= leaves no level of '{name}'.")
    return Axis(name, wanted, np.array([levels.index(level) for level in wanted]))


def _number_axis(name: str, value: Any) -> Axis:
    try:
        values = np.atleast_1d(np.asarray(value, dtype=float)).ravel()
    except (TypeError, ValueError):
        raise UsageError(f"at= should give numbers for '{name}'; found {value!r}.") from None
    if not len(values) or not np.isfinite(values).all():
        raise UsageError(f"at= should give finite numbers for '{name}'; found {value!r}.")
    return Axis(name, tuple(values.tolist()), None)


def grid_matrix(encoding: Encoding, axes: Mapping[str, Axis]) -> tuple[Float, NDArray[np.intp]]:
    """X over the full grid (rows × all columns) and the position of each row on each axis (rows × axes).

    The first axis varies fastest.
    """
    sizes = [len(axis.values) for axis in axes.values()]
    n_rows = int(np.prod(sizes)) if sizes else 1
    place = (
        np.array(np.unravel_index(np.arange(n_rows), sizes[::-1])).T[:, ::-1]
        if sizes
        else np.zeros((1, 0), int)
    )
    names = list(axes)
    columns: dict[str, Any] = {}
    for key, variable in encoding.variables.items():
        if isinstance(variable, Expression):
            frame = {n: _values_at(axes[n], place[:, names.index(n)]) for n in variable.columns}
            columns[key] = apply_expression(variable, pd.DataFrame(frame))
            continue
        axis = axes[variable.name]
        source = np.array(axis.values) if axis.codes is None else axis.codes
        columns[key] = source[place[:, names.index(variable.name)]]
    return encoding.matrix(columns, n_rows), place


def _values_at(axis: Axis, place: NDArray[np.intp]) -> pd.Series:
    """Values of an axis at places on it; a factor as a categorical."""
    if axis.codes is None:
        return pd.Series(np.array(axis.values)[place])
    levels = list(dict.fromkeys(axis.values))
    return pd.Series(pd.Categorical([axis.values[i] for i in place], categories=levels))


def cell_weights(
    weights: str, axes: Mapping[str, Axis], over: Sequence[str], place: NDArray[np.intp], counts: Float
) -> Float:
    """Weight of each grid row in its mean, before normalising.

    `counts` has the number of data rows in each cell of the factors (one array axis a grid axis; covariates
    have length 1). ``equal``: all alike. ``proportional``: frequency of the averaged-over combination.
    ``outer``: product of the averaged-over factors' own frequencies. ``cells``: frequency of the whole cell.

    Raises
    ------
    UsageError: an unknown scheme.
    """
    if weights not in WEIGHTS:
        raise UsageError(f"Unknown weights '{weights}'. {did_you_mean(weights, WEIGHTS)}")
    if weights == "equal" or not over:
        return np.ones(len(place))
    names = list(axes)
    averaged = [names.index(name) for name in over]
    if weights == "cells":
        return np.asarray(counts[tuple(place.T)])
    if weights == "proportional":
        return _marginal(counts, averaged)[tuple(place[:, i] for i in averaged)]
    return (
        np.prod([_marginal(counts, [i])[place[:, i]] for i in averaged], axis=0)
        if averaged
        else np.ones(len(place))
    )


def _marginal(counts: Float, keep: Sequence[int]) -> Float:
    out = counts.sum(axis=tuple(i for i in range(counts.ndim) if i not in keep))
    order = np.argsort(np.argsort(keep))
    return np.transpose(out, order) if out.ndim > 1 else np.asarray(out)
