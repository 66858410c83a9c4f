"""The LS means of visit × subgroup as rows of the design, and their equally weighted margins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

Array = npt.NDArray[np.float64]


class LinearModel(Protocol):
    """What is asked of a fit: LS means with their rows of the design, and inference about L β.

    `emmeans(spec)` returns an object with `table()` (factor columns and numbers) and `L`, one row of k
    numbers for each row of the table; `contrast(L)` returns a t-type table row for each row of L, `test(L)`
    one joint F test.
    """

    covariance: Any

    def emmeans(self, spec: str) -> Any: ...
    def contrast(self, L: Array) -> pd.DataFrame: ...
    def test(self, L: Array) -> pd.DataFrame: ...


@dataclass(frozen=True)
class Cells:
    """LS-mean rows on the full grid visit × factor × factor …

    Attributes
    ----------
    visits: names in time order. factors: names. levels: the codes of each factor, in order.
    L: shape (visits, levels of factor 1, …, levels of factor F, k); NaN where a cell is not estimable.
    """

    visits: tuple[str, ...]
    factors: tuple[str, ...]
    levels: tuple[tuple[str, ...], ...]
    L: Array

    def margin(self, keep: Sequence[str]) -> dict[tuple[str, ...], Array]:
        """Rows (visits, k) for each combination of the factors in `keep`, averaged over the others.

        Every level of an averaged factor counts the same (emmeans' ``weights = "equal"``): the mean describes
        a population with as many children in each level, not the sample. A margin over a cell that is not
        estimable is not estimable either.
        """
        dropped = tuple(1 + i for i, factor in enumerate(self.factors) if factor not in keep)
        rows = self.L.mean(axis=dropped) if dropped else self.L
        kept = [codes for factor, codes in zip(self.factors, self.levels, strict=True) if factor in keep]
        flat = rows.reshape(len(self.visits), -1, rows.shape[-1])
        return {codes: flat[:, i] for i, codes in enumerate(product(*kept))}


def cells_of(fit: LinearModel, visit: str, visits: Sequence[str], factors: Sequence[str] = ()) -> Cells:
    """The grid of LS means of `fit` over `visit` and `factors`.

    Parameters
    ----------
    visit: name of the visit variable. visits: its levels in time order; those the model lacks are left out.
    factors: subgroup variables, all in the model.
    """
    means = fit.emmeans(" * ".join((visit, *factors)))
    table, rows = means.table(), np.asarray(means.L, dtype=float)
    keys = [tuple(map(str, key)) for key in table[[visit, *factors]].itertuples(index=False)]
    found = dict(zip(keys, rows, strict=True))
    present = [name for name in visits if any(key[0] == name for key in keys)]
    levels = tuple(_codes(table[factor]) for factor in factors)
    blank = np.full(rows.shape[1], np.nan)
    grid = [found.get(key, blank) for key in product(present, *levels)]
    shape = (len(present), *map(len, levels), rows.shape[1])
    return Cells(tuple(present), tuple(factors), levels, np.array(grid).reshape(shape))


def _codes(column: pd.Series) -> tuple[str, ...]:
    """Codes in the order of the categories where there are some, else in order of appearance."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        return tuple(map(str, column.cat.categories))
    return tuple(map(str, dict.fromkeys(column)))
