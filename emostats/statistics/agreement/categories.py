"""Categorical ratings: a targets × raters table of codes, with the categories in order."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from emostats.errors import UsageError
from emostats.statistics.agreement.ratings import RatingTable, read_ratings

Array = NDArray[np.float64]


@dataclass(frozen=True)
class CategoryTable:
    """Ratings in categories.

    Attributes
    ----------
    table: codes 0, 1, … as ratings (NaN where missing). categories: their labels in order.
    """

    table: RatingTable
    categories: tuple[Hashable, ...]

    @property
    def q(self) -> int:
        """Number of categories."""
        return len(self.categories)

    @property
    def scores(self) -> Array:
        """Numbers that distances are taken from: the categories, or 1 … q where they are texts."""
        if all(isinstance(item, (int, float, np.integer, np.floating)) for item in self.categories):
            return np.array(self.categories, dtype=np.float64)
        return np.arange(1.0, self.q + 1.0)

    @property
    def indicators(self) -> Array:
        """(n_targets, n_raters, q): 1 where the rater chose the category; 0 where the rating is missing."""
        return np.asarray(self.table.values[:, :, None] == np.arange(self.q), dtype=np.float64)

    @property
    def counts(self) -> Array:
        """(n_targets, q): raters who chose each category."""
        return np.asarray(self.indicators.sum(axis=1))


def read_categories(
    data: Any,
    *,
    targets: str | None = None,
    raters: str | None = None,
    ratings: str | None = None,
    categories: Sequence[Hashable] | None = None,
    min_raters: int = 2,
    fewest: int = 2,
) -> CategoryTable:
    """A `CategoryTable` from long or wide data; texts are allowed as categories.

    Parameters
    ----------
    data, targets, raters, ratings: as in `icc`.
    categories: all categories in order, also those nobody used (they count in Gwet's AC and
        Brennan–Prediger). None: the values that occur, sorted.

    Raises
    ------
    UsageError, FindingsError: as in `icc`; a rating that is not among `categories`; fewer than two
        categories.
    """
    labels = tuple(categories) if categories is not None else _occurring(data, ratings)
    if len(set(labels)) != len(labels):
        raise UsageError("categories must be distinct.")
    if len(labels) < fewest:
        raise UsageError(
            f"Chance-corrected agreement needs at least {fewest} categories; found {len(labels)}. "
            "Name them all with categories=, also those nobody chose."
        )
    coded = _coded(data, ratings, {label: code for code, label in enumerate(labels)})
    table = read_ratings(coded, targets=targets, raters=raters, ratings=ratings, min_raters=min_raters)
    return CategoryTable(table, labels)


def _rating_columns(data: Any, ratings: str | None) -> list[Any]:
    if not isinstance(data, pd.DataFrame):
        return []
    return (
        [ratings]
        if ratings is not None and ratings in data.columns
        else list(data.columns)
        if not ratings
        else []
    )


def _occurring(data: Any, ratings: str | None) -> tuple[Hashable, ...]:
    if isinstance(data, pd.DataFrame):
        columns = _rating_columns(data, ratings)
        if len(columns) == 1 and isinstance(data[columns[0]].dtype, pd.CategoricalDtype):
            return tuple(data[columns[0]].cat.categories)
        values = pd.concat([data[name].dropna().astype(object) for name in columns]) if columns else []
    else:
        values = pd.Series(np.asarray(data, dtype=object).ravel()).dropna()
    found = list(dict.fromkeys(values))
    try:
        return tuple(sorted(found))
    except TypeError:
        return tuple(found)


def _coded(data: Any, ratings: str | None, codes: dict[Hashable, int]) -> Any:
    """The data with categories replaced by their codes."""
    if isinstance(data, pd.DataFrame):
        columns = _rating_columns(data, ratings)
        return data.assign(
            **{str(name) if isinstance(name, str) else name: _codes(data[name], codes) for name in columns}
        )
    array = np.asarray(data, dtype=object)
    if array.ndim != 2:
        return data
    return np.column_stack([_codes(pd.Series(column), codes) for column in array.T])


def _codes(column: pd.Series[Any], codes: dict[Hashable, int]) -> Array:
    out = np.full(len(column), np.nan)
    for i, value in enumerate(column):
        if pd.isna(value):
            continue
        if value not in codes:
            raise UsageError(f"Rating {value!r} is not among the categories {', '.join(map(repr, codes))}.")
        out[i] = codes[value]
    return out
