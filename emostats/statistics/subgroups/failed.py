"""Stands in for a model that could not be fitted, so that its rows appear with the reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import pandas as pd

from emostats.errors import ModelError
from emostats.statistics.subgroups.cells import Array


@dataclass(frozen=True)
class _CellRows:
    keys: tuple[tuple[str, ...], ...]
    names: tuple[str, ...]
    L: Array

    def table(self) -> pd.DataFrame:
        return pd.DataFrame(list(self.keys), columns=list(self.names))


@dataclass(frozen=True)
class FailedFit:
    """A `LinearModel` that knows the cells it would have had, and answers every question with `reason`.

    Attributes
    ----------
    reason: why the model could not be fitted.
    levels: variable → its codes, the visit variable included.
    """

    reason: str
    levels: Mapping[str, Sequence[str]]

    @property
    def covariance(self) -> Mapping[str, pd.DataFrame]:
        """No covariance was estimated."""
        raise ModelError(self.reason)

    def emmeans(self, spec: str) -> _CellRows:
        """The cells of ``"AVISIT * SEX"``, one coefficient each."""
        names = tuple(name.strip() for name in spec.split("*"))
        keys = tuple(product(*(tuple(self.levels[name]) for name in names)))
        return _CellRows(keys, names, np.eye(len(keys)))

    def contrast(self, L: Array) -> pd.DataFrame:
        """Raises ModelError."""
        raise ModelError(self.reason)

    def test(self, L: Array) -> pd.DataFrame:
        """Raises ModelError."""
        raise ModelError(self.reason)
