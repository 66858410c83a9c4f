"""The LS means of visit × subgroup as rows of the design."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

from emostats.errors import ModelError

Array = npt.NDArray[np.float64]


class LinearModel(Protocol):
    """What is asked of a fit: LS means with their rows of the design, and inference about L β.

    `emmeans(spec)` returns an object with `table()` (factor columns and numbers) and `L`, one row of k
    numbers for each row of the table; `contrast(L)` returns a t-type table row for each row of L, `test(L)`
    one joint F test.
    """

    @property
    def covariance(self) -> Any: ...

    def emmeans(self, spec: str) -> Any: ...
    def contrast(self, L: Array) -> pd.DataFrame: ...
    def test(self, L: Array) -> pd.DataFrame: ...


@dataclass(frozen=True)
class Cells:
    """The LS means of one division of the children, as rows of the design.

    Attributes
    ----------
    factors: what divides the children; () for all of them together.
    visits: names in time order.
    rows: codes of the factors → (visits, k) rows L; NaN where a mean is not estimable. Factors that are not
        among `factors` are averaged with equal weights (emmeans' ``weights = "equal"``): the mean
        describes a population with as many children in each level, not the sample.
    """

    factors: tuple[str, ...]
    visits: tuple[str, ...]
    rows: Mapping[tuple[str, ...], Array]

    @property
    def name(self) -> str:
        """The factors joined by colons, ``"SEX:AGEBAND"``."""
        return ":".join(self.factors)


def cells_of(fit: LinearModel, visit: str, visits: Sequence[str], factors: Sequence[str] = ()) -> Cells:
    """The LS means of `fit` over `visit` and `factors`.

    Parameters
    ----------
    visit: name of the visit variable. visits: its levels in time order; those the model lacks are left out.
    factors: subgroup variables, all in the model.

    Raises
    ------
    ModelError: the model has an offset, so that its means are no linear combinations of coefficients.
    """
    means = fit.emmeans(" * ".join((visit, *factors)))
    if np.any(getattr(means, "shift", 0.0)):
        raise ModelError("subgroup means of a model with an offset are not available.")
    table, L = means.table(), np.array(means.L, dtype=float)
    L[~np.asarray(getattr(means, "estimable", np.ones(len(L), dtype=bool)))] = np.nan
    keys = [tuple(map(str, key)) for key in table[[visit, *factors]].itertuples(index=False)]
    found = dict(zip(keys, L, strict=True))
    present = tuple(name for name in visits if any(key[0] == name for key in keys))
    blank = np.full(L.shape[1], np.nan)
    combinations = product(*(_codes(table[factor]) for factor in factors))
    rows = {codes: np.stack([found.get((name, *codes), blank) for name in present]) for codes in combinations}
    return Cells(tuple(factors), present, rows)


def _codes(column: pd.Series) -> tuple[str, ...]:
    """Codes in the order of the categories where there are some, else in order of appearance."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        return tuple(map(str, column.cat.categories))
    return tuple(map(str, dict.fromkeys(column)))
