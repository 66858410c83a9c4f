"""Who is resampled: rows or clusters of rows, within strata.

A *unit* is what is drawn with replacement: a row, or all rows of one child, family or site. Units are
    numbered so
that those of one stratum stand together; a drawn unit brings all its rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from emostats.errors import UsageError, did_you_mean

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Units:
    """Units of a data set, grouped by stratum.

    Attributes
    ----------
    rows: (N,) row numbers, those of unit 0 first. offsets: (U + 1,) where each unit's rows start in `rows`.
    unit_of_row: (N,) number of the unit that each row belongs to.
    stratum_sizes: (H,) units in each stratum, in the order of the units; their sum is U.
    stratum_labels: (H,) what each stratum is called. columns: the columns that name the unit; empty for rows.
    """

    rows: IntArray
    offsets: IntArray
    unit_of_row: IntArray
    stratum_sizes: IntArray
    stratum_labels: tuple[str, ...]
    columns: tuple[str, ...] = ()

    @property
    def n_units(self) -> int:
        return len(self.offsets) - 1

    @property
    def n_rows(self) -> int:
        return len(self.rows)

    @property
    def stratum_starts(self) -> IntArray:
        """(H,) number of the first unit of each stratum."""
        return np.concatenate([[0], np.cumsum(self.stratum_sizes)[:-1]]).astype(np.int64)

    @property
    def stratum_of_unit(self) -> IntArray:
        return np.repeat(np.arange(len(self.stratum_sizes)), self.stratum_sizes)

    @property
    def each_row_is_a_unit(self) -> bool:
        return self.n_units == self.n_rows

    def rows_of(self, drawn: npt.NDArray[np.integer]) -> tuple[IntArray, IntArray]:
        """Rows of the drawn units, in order of the draw, and the number of the draw that brought each row."""
        if self.each_row_is_a_unit:
            return self.rows[drawn], np.arange(len(drawn))
        sizes = np.diff(self.offsets)[drawn]
        draw = np.repeat(np.arange(len(drawn)), sizes)
        first = np.cumsum(sizes) - sizes
        position = np.arange(sizes.sum()) - first[draw] + self.offsets[drawn][draw]
        return self.rows[position], draw

    def sums(self, per_row: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """(U, k) sums over the rows of each unit of `per_row` (N, k)."""
        ordered = per_row[self.rows]
        return ordered if self.each_row_is_a_unit else np.add.reduceat(ordered, self.offsets[:-1], axis=0)


def find_units(
    data: pd.DataFrame, unit: str | Sequence[str] | None, strata: str | Sequence[str] | None = None
) -> Units:
    """The units of `data`.

    Parameters
    ----------
    unit: ``None`` or ``"row"`` for rows, else the column(s) that together name the cluster.
    strata: column(s) within whose combinations units are drawn; constant within a unit.

    Raises
    ------
    UsageError: no rows, an unknown column, a missing identifier or stratum, or a unit in two strata.
    """
    if not len(data):
        raise UsageError("The data have no rows, so there is nothing to resample.")
    columns = _unit_columns(data, unit)
    stratum_columns = _as_names(strata)
    unit_codes = _codes(data, columns, "unit")[0] if columns else np.arange(len(data))
    stratum_codes, labels = _codes(data, stratum_columns, "strata")
    return _arrange(data, unit_codes, stratum_codes, labels, columns)


def _as_names(names: str | Sequence[str] | None) -> tuple[str, ...]:
    if names is None:
        return ()
    return (names,) if isinstance(names, str) else tuple(names)


def _unit_columns(data: pd.DataFrame, unit: str | Sequence[str] | None) -> tuple[str, ...]:
    if unit == "row" and "row" in data.columns:
        raise UsageError(
            "unit='row' means each row by itself, but the data also have a column called 'row'. "
            "Write unit=None for rows, or unit=['row'] for the column."
        )
    return () if unit is None or unit == "row" else _as_names(unit)


def _codes(data: pd.DataFrame, columns: tuple[str, ...], argument: str) -> tuple[IntArray, tuple[str, ...]]:
    """Each row's number among the combinations that occur, and the labels of these, in sorted order."""
    if not columns:
        return np.zeros(len(data), dtype=np.int64), ("",)
    for column in columns:
        if column not in data.columns:
            raise UsageError(
                f"{argument}={column!r} is not a column of the data. {did_you_mean(column, data.columns)}"
            )
        n_missing = int(data[column].isna().sum())
        if n_missing:
            raise UsageError(
                f"{n_missing} of {len(data)} rows have no value in '{column}', so {argument} cannot place "
                "them. "
                "Fill the values in or leave the rows out."
            )
    by = columns[0] if len(columns) == 1 else list(columns)
    groups = data.groupby(by, observed=True, sort=True)
    codes = groups.ngroup().to_numpy()
    labels = [", ".join(map(str, key)) if isinstance(key, tuple) else str(key) for key in groups.groups]
    return codes.astype(np.int64), tuple(labels)


def _arrange(
    data: pd.DataFrame,
    unit_codes: IntArray,
    stratum_codes: IntArray,
    labels: tuple[str, ...],
    columns: tuple[str, ...],
) -> Units:
    pairs = np.unique(np.column_stack([stratum_codes, unit_codes]), axis=0)
    n_units = int(unit_codes.max()) + 1
    if len(pairs) > n_units:
        _refuse_split_unit(data, pairs, unit_codes, columns)
    number = np.empty(n_units, dtype=np.int64)
    number[pairs[:, 1]] = np.arange(n_units)
    unit_of_row = number[unit_codes]
    rows = np.argsort(unit_of_row, kind="stable")
    offsets = np.concatenate([[0], np.cumsum(np.bincount(unit_of_row, minlength=n_units))])
    return Units(rows, offsets, unit_of_row, np.bincount(pairs[:, 0]), labels, columns)


def _refuse_split_unit(
    data: pd.DataFrame, pairs: IntArray, unit_codes: IntArray, columns: tuple[str, ...]
) -> None:
    split = np.flatnonzero(np.bincount(pairs[:, 1]) > 1)
    first = data.loc[data.index[np.flatnonzero(unit_codes == split[0])[0]], list(columns)]
    name = ", ".join(map(str, np.atleast_1d(first.to_numpy()).ravel()))
    raise UsageError(
        f"{len(split)} unit(s) have rows in more than one stratum, for example {'/'.join(columns)} = {name}. "
        "A unit is drawn as a whole, so its stratum must be the same in all its rows."
    )
