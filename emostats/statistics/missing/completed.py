"""Missing outcomes with what was put in their place: completed data sets, and a table of the cells."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from emostats.errors import UsageError
from emostats.statistics.missing.conditional import Cells
from emostats.statistics.missing.delta import Delta, delta_of_cells
from emostats.statistics.missing.events import Plan
from emostats.statistics.missing.layout import Layout
from emostats.statistics.resampling.draws import Seed

Float = NDArray[np.float64]


@dataclass(frozen=True, eq=False, repr=False)
class Completed:
    """Missing outcomes and what was put in their place.

    Attributes
    ----------
    layout: the data as subjects × visits. plan: events, strategies and references. cells: the missing
        outcomes.
    method: conditional-mean, approximate-bayes, asymptotic-normal or inverse-wishart.
    values: (M × C) imputed values before delta; M = 1 for conditional means.
    left_out: (n × C) conditional means with each subject left out of the model, else None.
    mean: (n × T) means of the visits after the strategy, at the estimates.
    delta: (C,) what is added to the imputed values.
    """

    layout: Layout
    plan: Plan
    cells: Cells
    method: str
    values: Float
    left_out: Float | None
    mean: Float
    delta: Float
    seed: Seed | None = None

    def __repr__(self) -> str:
        used = sorted(set(self.plan.strategy))
        return (
            f"Imputation ({self.method}; {', '.join(used)}): {self.cells.n} missing outcomes of "
            f"{len(np.unique(self.cells.subject))} of {self.layout.n} subjects, {self.n_imputations} "
            f"imputation{'s' if self.n_imputations > 1 else ''}"
        )

    @property
    def n_imputations(self) -> int:
        """M."""
        return len(self.values)

    def with_delta(self, delta: Delta | None) -> Self:
        """The same imputations shifted by `delta` in place of the present shift; see `impute`."""
        return replace(self, delta=delta_of_cells(self.layout, self.plan, self.cells, delta))

    def outcomes(self) -> Float:
        """Completed outcomes (M × n × T), delta included."""
        return self._complete(self.values)

    def outcomes_left_out(self) -> Float:
        """Completed outcomes with each subject left out of the imputation model (n × n × T).

        Raises
        ------
        UsageError: the method is no conditional-mean imputation.
        """
        if self.left_out is None:
            raise UsageError("Only conditional-mean imputation has a jackknife.")
        return self._complete(self.left_out)

    def _complete(self, values: Float) -> Float:
        Y = np.repeat(self.layout.Y[None], len(values), axis=0)
        Y[:, self.cells.subject, self.cells.visit] = values + self.delta
        return Y

    def data(self, number: int = 0) -> pd.DataFrame:
        """Completed data set `number`: one row a subject × visit, and a column IMPUTED.

        Raises
        ------
        UsageError: there is no such imputation.
        """
        if not 0 <= number < self.n_imputations:
            raise UsageError(f"There are {self.n_imputations} imputations, from 0; asked for {number}.")
        return self.layout.completed(self._complete(self.values[number : number + 1])[0])

    def table(self) -> pd.DataFrame:
        """One row a missing outcome.

        Columns: subject, visit and arm (by their names in the data), STRATEGY (MAR before the event), MEAN
        (of the visit after the strategy), IMPUTED_MEAN and IMPUTED_SD over imputations (delta included),
        DELTA.
        """
        layout, cells = self.layout, self.cells
        after = cells.visit >= self.plan.visit[cells.subject]
        names = np.array(self.plan.strategy, dtype=object)[cells.subject]
        values = self.values + self.delta
        columns: dict[str, Any] = {
            layout.subject: layout.subjects[cells.subject],
            layout.visit: [layout.visits[t] for t in cells.visit],
        }
        if layout.arm is not None:
            columns[layout.arm] = [layout.arms[code] for code in layout.arm_of[cells.subject]]
        columns["STRATEGY"] = np.where(after, names, "MAR")
        columns["MEAN"] = self.mean[cells.subject, cells.visit]
        columns["IMPUTED_MEAN"] = values.mean(axis=0)
        columns["IMPUTED_SD"] = values.std(axis=0, ddof=1) if len(values) > 1 else np.nan
        columns["DELTA"] = self.delta
        return pd.DataFrame(columns)
