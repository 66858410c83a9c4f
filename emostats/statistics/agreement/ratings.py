"""The rating table: targets × raters, read from a long data frame or a wide matrix, and checked.

Nothing is averaged, dropped or converted in silence: a rating given twice, a text where a number belongs or
an infinite value is refused with its place; a target without any rating is left out with a note.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from emostats.errors import Finding, FindingsError, UsageError, did_you_mean

Array = NDArray[np.float64]

_LONG_NAMES = {
    "rater", "raters", "judge", "judges", "observer", "expert", "coder", "target", "targets", "subject",
    "subjects", "usubjid", "child", "clip", "rating", "ratings", "score", "scores", "value",
}  # fmt: skip


@dataclass(frozen=True)
class RatingTable:
    """Ratings as a matrix.

    Attributes
    ----------
    values: (n_targets, n_raters) floats, read-only, NaN where a rating is missing.
    targets, raters: labels of the rows and columns.
    notes: what was left out on reading, in words.
    """

    values: Array
    targets: Sequence[Hashable]
    raters: Sequence[Hashable]
    notes: tuple[str, ...] = ()

    @property
    def n_targets(self) -> int:
        return int(self.values.shape[0])

    @property
    def n_raters(self) -> int:
        return int(self.values.shape[1])

    @cached_property
    def complete(self) -> bool:
        """Whether every rater rated every target."""
        return not bool(np.isnan(self.values).any())


def read_ratings(
    data: Any,
    *,
    targets: str | None = None,
    raters: str | None = None,
    ratings: str | None = None,
    min_raters: int = 2,
) -> RatingTable:
    """A `RatingTable` from a long data frame (all three names given) or a wide matrix (none given).

    Parameters
    ----------
    data: DataFrame with one row a rating, or a targets × raters array or DataFrame (empty cell = missing
        rating).
    targets, raters, ratings: column names of a long data frame.
    min_raters: fewest raters the caller can work with.

    Raises
    ------
    UsageError: an unknown column, a long frame without the three names, fewer raters than `min_raters`.
    FindingsError: a rating twice, text, an infinite value, a missing label.
    """
    named = [name for name in (targets, raters, ratings) if name is not None]
    if named and len(named) < 3:
        raise UsageError(
            "Name all three of targets, raters and ratings for a long data frame, or none for a wide matrix."
        )
    if targets is not None and raters is not None and ratings is not None:
        table = _read_long(data, targets, raters, ratings)
    else:
        table = _read_wide(data)
    table = _without_empty_lines(table)
    if table.n_targets == 0:
        raise UsageError("The table has no rating at all; at least two targets and two raters are needed.")
    if table.n_raters < min_raters:
        raise UsageError(
            f"Agreement needs at least {min_raters} raters; found {table.n_raters} "
            f"({', '.join(map(str, table.raters))}). Check the rater column."
        )
    table.values.setflags(write=False)
    return table


def _read_wide(data: Any) -> RatingTable:
    if isinstance(data, pd.DataFrame):
        if not data.shape[1]:
            raise UsageError("The table has no columns; a wide table has one column a rater.")
        _refuse_repeated_labels(data)
        _refuse_long_frame(data)
        values = np.column_stack([_numbers(data[name], str(name)) for name in data.columns])
        return _finite(RatingTable(values, list(data.index), list(data.columns)))
    array = np.asarray(data)
    if array.ndim != 2:
        raise UsageError(
            f"A wide table is two-dimensional, targets × raters; found {array.ndim} dimension(s). "
            "For a long data frame name targets, raters and ratings."
        )
    if array.dtype.kind in "fiub":
        values = np.array(array, dtype=np.float64)
    else:
        columns = [
            _numbers(pd.Series(array[:, j], dtype=object), f"column {j + 1}") for j in range(array.shape[1])
        ]
        values = np.column_stack(columns) if columns else np.empty(array.shape)
    n, k = values.shape
    return _finite(RatingTable(values, range(1, n + 1), range(1, k + 1)))


def _refuse_long_frame(data: pd.DataFrame) -> None:
    suspects = [str(name) for name in data.columns if str(name).casefold() in _LONG_NAMES]
    texts = [str(name) for name in data.columns if not _numeric(data[name])]
    if texts or (len(suspects) >= 2 and data.shape[1] <= 6):
        what = f"column '{texts[0]}' is not numeric" if texts else f"columns {', '.join(map(repr, suspects))}"
        raise UsageError(
            f"This looks like a long data frame ({what}): name targets=, raters= and ratings=. "
            "A wide table has one numeric column a rater, and the targets as rows or index."
        )


def _refuse_repeated_labels(data: pd.DataFrame) -> None:
    """A rater in two columns, or a named target in two rows, would be a rating given twice."""
    named_rows = not pd.api.types.is_integer_dtype(data.index.dtype)
    for role, labels, check in (("rater", data.columns, True), ("target", data.index, named_rows)):
        if check and not labels.is_unique:
            twice = labels[labels.duplicated()][0]
            place = "columns" if role == "rater" else "rows"
            raise FindingsError(
                [
                    Finding(
                        "rating-twice",
                        f"The {role} '{twice}' stands in two {place} of the table.",
                        "Keep one.",
                    )
                ],
                heading="Every pair of target and rater may have one rating.",
            )


def _read_long(data: Any, targets: str, raters: str, ratings: str) -> RatingTable:
    if not isinstance(data, pd.DataFrame):
        raise UsageError(
            f"targets, raters and ratings name columns of a DataFrame; found {type(data).__name__}."
        )
    for role, name in (("targets", targets), ("raters", raters), ("ratings", ratings)):
        if name not in data.columns:
            raise UsageError(f"No column '{name}' for {role}. {did_you_mean(name, map(str, data.columns))}")
    if len({targets, raters, ratings}) < 3 or not data.columns.is_unique:
        raise UsageError("targets, raters and ratings must name three different columns, each there once.")
    values = _numbers(data[ratings], ratings)
    row, target_labels = _codes(data[targets], targets)
    column, rater_labels = _codes(data[raters], raters)
    n, k = len(target_labels), len(rater_labels)
    cell = row * k + column
    if values.size != n * k or np.bincount(cell, minlength=n * k).max(initial=0) > 1:
        _refuse_repeats(cell, n * k, target_labels, rater_labels)
    matrix = np.full(n * k, np.nan)
    matrix[cell] = values
    return _finite(RatingTable(matrix.reshape(n, k), target_labels, rater_labels))


def _codes(column: pd.Series[Any], name: str) -> tuple[NDArray[np.intp], Sequence[Hashable]]:
    """Integer codes and labels in sorted (or category) order; a missing label is refused."""
    codes, labels = pd.factorize(column, sort=False)
    if (codes < 0).any():
        line = int(np.flatnonzero(codes < 0)[0])
        raise FindingsError(
            [
                Finding(
                    "missing-label",
                    f"Column '{name}' has no value in row {line + 1} of the data.",
                    "Fill it or drop the row.",
                )
            ],
            heading=f"Every rating needs its '{name}'.",
        )
    try:
        order = np.asarray(labels.argsort())
    except TypeError:  # labels of mixed types stay in order of appearance
        order = np.arange(len(labels))
    rank = np.empty(len(labels), dtype=np.intp)
    rank[order] = np.arange(len(labels))
    return rank[codes], labels.take(order).tolist()


def _refuse_repeats(
    cell: NDArray[np.intp], size: int, targets: Sequence[Hashable], raters: Sequence[Hashable]
) -> None:
    counts = np.bincount(cell, minlength=size)
    repeated = np.flatnonzero(counts > 1)
    if not repeated.size:
        return
    k = len(raters)
    findings = [
        Finding(
            "rating-twice",
            f"Rater '{raters[at % k]}' rated target '{targets[at // k]}' {counts[at]} times; expected once.",
            "Keep the right one, or analyse occasions with g_study.",
            subject=str(targets[at // k]),
        )
        for at in repeated[:10].tolist()
    ]
    raise FindingsError(
        findings, heading=f"{repeated.size} pair(s) of target and rater have more than one rating."
    )


def _numeric(column: pd.Series[Any]) -> bool:
    if pd.api.types.is_numeric_dtype(column.dtype):
        return True
    return column.dtype == object and all(pd.isna(value) is True or _is_number(value) for value in column)


def _numbers(column: pd.Series[Any], name: str) -> Array:
    """The column as floats; objects are accepted if every entry is a number or missing."""
    if isinstance(column.dtype, np.dtype) and column.dtype.kind in "fiub":
        return column.to_numpy(dtype=np.float64)
    if pd.api.types.is_numeric_dtype(column.dtype):
        return column.to_numpy(dtype=np.float64, na_value=np.nan)
    wrong = [(i, v) for i, v in enumerate(column) if not (pd.isna(v) or _is_number(v))]
    if wrong:
        line, value = wrong[0]
        raise FindingsError(
            [
                Finding(
                    "not-a-number",
                    f"'{name}', row {line + 1}: expected a number, found {value!r}.",
                    "Code the scale as numbers.",
                )
            ],
            heading=f"Ratings must be numbers; {len(wrong)} in '{name}' are not.",
        )
    return np.array([np.nan if pd.isna(v) else float(v) for v in column], dtype=np.float64)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)


def _finite(table: RatingTable) -> RatingTable:
    if not np.isfinite(table.values.sum()) and (infinite := np.isinf(table.values)).any():
        i, j = (int(at[0]) for at in np.nonzero(infinite))
        raise FindingsError(
            [
                Finding(
                    "infinite-rating",
                    f"Target '{table.targets[i]}', rater '{table.raters[j]}': the rating is infinite.",
                    "Correct it, or leave it empty if it is missing.",
                    subject=str(table.targets[i]),
                )
            ],
            heading=f"Ratings must be finite; {int(infinite.sum())} are not.",
        )
    return table


def _without_empty_lines(table: RatingTable) -> RatingTable:
    """Targets and raters without any rating carry no information: left out, with a note."""
    if table.values.size and not np.isnan(table.values.sum()):
        return table
    rated = ~np.isnan(table.values)
    rows, columns = np.asarray(rated.any(axis=1)), np.asarray(rated.any(axis=0))
    if rows.all() and columns.all():
        return table
    notes = list(table.notes)
    if not rows.all():
        notes.append(f"{int((~rows).sum())} target(s) without any rating left out")
    if not columns.all():
        notes.append(f"{int((~columns).sum())} rater(s) without any rating left out")
    targets = tuple(label for label, keep in zip(table.targets, rows, strict=True) if keep)
    raters = tuple(label for label, keep in zip(table.raters, columns, strict=True) if keep)
    return RatingTable(table.values[np.ix_(rows, columns)], targets, raters, tuple(notes))
