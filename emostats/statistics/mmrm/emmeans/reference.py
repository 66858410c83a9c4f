"""LS means of a fitted model: weighted means of the reference grid's rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from emostats.errors import UsageError, did_you_mean
from emostats.statistics.mmrm.degrees_of_freedom import Inference
from emostats.statistics.mmrm.design import Categorical, ModelFrame, Scaling
from emostats.statistics.mmrm.emmeans.grid import Axis, cell_weights, grid_axes, grid_matrix
from emostats.statistics.mmrm.emmeans.means import COLUMNS, LinearEstimates, parse_spec

Float = NDArray[np.float64]


def marginal_means(
    frame: ModelFrame,
    scaling: Scaling,
    inference: Inference,
    spec: str | Sequence[str],
    weights: str,
    at: Mapping[str, Any] | None,
) -> LinearEstimates:
    """LS means over the reference grid; see `MMRMFit.emmeans`."""
    over, by = parse_spec(spec)
    axes = grid_axes(frame.encoding, at)
    wanted = (*over, *by)
    _check_names(wanted, axes)
    averaged = [name for name in axes if name not in wanted]
    ordered = {name: axes[name] for name in (*wanted, *averaged)}
    X, place = grid_matrix(frame.encoding, ordered)
    counts = cell_counts(frame, ordered) if averaged and weights != "equal" else np.zeros(())
    weight = cell_weights(weights, ordered, averaged, place, counts)
    return _means(frame, scaling, inference, X, place, weight, ordered, wanted, by)


def _check_names(wanted: Sequence[str], axes: Mapping[str, Axis]) -> None:
    for name in wanted:
        if name not in axes:
            raise UsageError(
                f"'{name}' in emmeans is not a variable of the model. {did_you_mean(name, axes)}"
            )
        if name in (*COLUMNS, "contrast"):
            raise UsageError(
                f"A factor called '{name}' would give the table two columns of that name. "
                f"Rename the column of the data, e.g. to '{name.upper()}'."
            )
    if len(set(wanted)) < len(wanted):
        raise UsageError(f"emmeans names a variable twice: {', '.join(wanted)}.")


def cell_counts(frame: ModelFrame, axes: Mapping[str, Axis]) -> Float:
    """Rows used in each cell of the grid's factors, one array axis a grid axis, over the levels on them."""
    by_name = {v.name: key for key, v in frame.encoding.variables.items() if isinstance(v, Categorical)}
    keep = np.ones(len(frame.y), dtype=bool)
    codes = []
    for axis in axes.values():
        if axis.codes is None:
            codes.append(np.zeros(len(frame.y), dtype=np.intp))
            continue
        if axis.name not in by_name:
            raise UsageError(
                f"'{axis.name}' stands only inside an expression, so its frequencies are not counted; "
                "take weights='equal', or add it to the model as a factor."
            )
        position = np.full(int(frame.columns[by_name[axis.name]].max()) + 2, -1)
        position[axis.codes] = np.arange(len(axis.codes))
        codes.append(position[frame.columns[by_name[axis.name]]])
        keep &= codes[-1] >= 0
    counts = np.zeros([len(axis.values) for axis in axes.values()])
    np.add.at(counts, tuple(code[keep] for code in codes), 1.0)
    for index, axis in enumerate(axes.values()):
        if axis.codes is None and len(axis.values) > 1:
            counts = np.broadcast_to(counts.take([0], axis=index), counts.shape).copy()
    return counts


def _means(
    frame: ModelFrame,
    scaling: Scaling,
    inference: Inference,
    X: Float,
    place: NDArray[np.intp],
    weight: Float,
    axes: Mapping[str, Axis],
    wanted: Sequence[str],
    by: Sequence[str],
) -> LinearEstimates:
    sizes = [len(axes[name].values) for name in wanted]
    n_means = int(np.prod(sizes)) if sizes else 1
    cell = np.zeros(len(X), dtype=np.intp)
    for index in reversed(range(len(sizes))):
        cell = cell * sizes[index] + place[:, index]
    A = np.zeros((n_means, len(X)))
    A[cell, np.arange(len(X))] = weight
    total = np.bincount(cell, weights=weight, minlength=n_means)
    with np.errstate(invalid="ignore", divide="ignore"):
        L = (A / total[:, None]) @ X
    first = np.array([int(np.argmax(cell == c)) for c in range(n_means)])
    levels = pd.DataFrame(
        {name: [axes[name].values[i] for i in place[first, index]] for index, name in enumerate(wanted)},
        index=range(n_means),
    )
    estimable = estimable_rows(L, scaling.null)
    shift = 0.0 if frame.offset is None else float(frame.offset.mean())
    kept = np.where(estimable[:, None], L, 0.0)[:, scaling.kept]
    return LinearEstimates(levels, tuple(by), kept, np.full(n_means, shift), estimable, inference)


def estimable_rows(L: Float, null: Float) -> NDArray[np.bool_]:
    """Rows of L that the data determine: finite, and blind to the null space of X."""
    estimable: NDArray[np.bool_] = np.asarray(np.isfinite(L).all(axis=1))
    if null.size:
        size = np.abs(null).max(axis=0)
        estimable &= (np.abs(np.nan_to_num(L) @ null) <= 1e-8 * size).all(axis=1)
    return estimable
