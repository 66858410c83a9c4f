"""From the analyses of completed data sets to one table: the jackknife, or Rubin's rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from emostats.errors import UsageError, check_level, did_you_mean
from emostats.statistics.missing.analysis import Analysis, Ancova, Estimates, Refit
from emostats.statistics.missing.completed import Completed
from emostats.statistics.rubin import Pooled, pool

Float = NDArray[np.float64]

_NUMBERS = ("estimate", "std_error", "df", "statistic", "p_value", "conf_low", "conf_high")


@dataclass(frozen=True, eq=False)
class Analysed:
    """Analyses of all completed data sets, pooled.

    Attributes
    ----------
    rows: what names each of q quantities. method: of the imputation. conf_level: of the intervals.
    estimates, std_errors, df: (M × q) of the completed data sets, as an analysis of one of them reports them.
    left_out: (n × q) estimates with each subject left out of model and analysis, for conditional means.
    """

    rows: pd.DataFrame
    method: str
    conf_level: float
    estimates: Float
    std_errors: Float
    df: Float
    left_out: Float | None

    def table(self) -> pd.DataFrame:
        """The naming columns, then estimate, std_error, df, statistic, p_value, conf_low, conf_high.

        Conditional means: jackknife standard error sqrt((n − 1)/n Σ (t₍₋ᵢ₎ − mean)²) and normal limits.
        Multiple imputation: Rubin's rules with Barnard & Rubin's df.
        """
        numbers = self._jackknife() if self.left_out is not None else self._pooled_table()
        return pd.concat([self.rows.reset_index(drop=True), numbers], axis=1)

    def pooled(self) -> tuple[Pooled, ...]:
        """Rubin's rules for each quantity, with its variance components.

        Raises
        ------
        UsageError: conditional-mean imputation is not pooled.
        """
        if self.left_out is not None:
            raise UsageError("Conditional-mean imputation has one data set and a jackknife; nothing to pool.")
        return tuple(
            pool(
                self.estimates[:, j], self.std_errors[:, j],
                complete_data_df=float(self.df[:, j].mean()), conf_level=self.conf_level,
            )
            for j in range(self.estimates.shape[1])
        )  # fmt: skip

    def row(self, of: Mapping[str, Any] | int) -> int:
        """Number of the one row whose naming columns have these values.

        Raises
        ------
        UsageError: no row or several.
        """
        if isinstance(of, int):
            if not 0 <= of < len(self.rows):
                raise UsageError(f"There are {len(self.rows)} rows, from 0; asked for {of}.")
            return of
        keep = np.ones(len(self.rows), dtype=bool)
        for name, value in of.items():
            if name not in self.rows.columns:
                raise UsageError(f"'{name}' names no row. {did_you_mean(name, self.rows.columns)}")
            keep &= (self.rows[name] == value).to_numpy()
        if keep.sum() != 1:
            shown = self.rows.drop_duplicates().head(8).to_dict("records")
            raise UsageError(f"{dict(of)} fits {int(keep.sum())} rows instead of one. There are: {shown}.")
        return int(np.flatnonzero(keep)[0])

    def _jackknife(self) -> pd.DataFrame:
        from scipy.special import ndtr, ndtri

        estimate = self.estimates[0]
        error = jackknife_errors(self.left_out)
        with np.errstate(divide="ignore", invalid="ignore"):
            statistic = estimate / error
        half = -ndtri((1 - self.conf_level) / 2) * error
        p = 2 * ndtr(-np.abs(statistic))
        values = (
            estimate,
            error,
            np.full(len(estimate), np.inf),
            statistic,
            p,
            estimate - half,
            estimate + half,
        )
        return pd.DataFrame(dict(zip(_NUMBERS, values, strict=True)))

    def _pooled_table(self) -> pd.DataFrame:
        return pd.concat([item.table() for item in self.pooled()], ignore_index=True)


def jackknife_errors(left_out: Float | None) -> Float:
    """sqrt((n − 1)/n Σ (t₍₋ᵢ₎ − mean)²) (q,)."""
    if left_out is None:
        raise ValueError("there is no jackknife")
    n = len(left_out)
    return np.asarray(np.sqrt((n - 1) / n * ((left_out - left_out.mean(axis=0)) ** 2).sum(axis=0)))


def analyse(imputation: Completed, analysis: Analysis, conf_level: float = 0.95) -> Analysed:
    """See `Imputation.analyse`."""
    check_level(conf_level)
    layout, n = imputation.layout, imputation.layout.n
    found = _on(imputation, analysis, imputation.outcomes(), None)
    left_out = None
    if imputation.left_out is not None:
        stay = 1.0 - np.eye(n)
        if isinstance(analysis, Ancova):
            left_out = analysis.estimate(layout, imputation.outcomes_left_out(), stay).estimate
        else:
            left_out = _on(imputation, analysis, imputation.outcomes_left_out(), stay).estimate
    elif np.isnan(found.std_error).any() or np.isnan(found.df).any():
        raise UsageError("Rubin's rules need estimate, std_error and df from the analysis of each data set.")
    return Analysed(
        found.rows, imputation.method, conf_level, found.estimate, found.std_error, found.df, left_out
    )


def _on(imputation: Completed, analysis: Analysis, Y: Float, stay: Float | None) -> Estimates:
    """An analysis on completed outcomes (B × n × T); rows of `stay` (B × n) say who is analysed."""
    layout = imputation.layout
    if isinstance(analysis, Ancova):
        return analysis.estimate(layout, Y, stay)
    tables = []
    for number, outcomes in enumerate(Y):
        data = layout.completed(outcomes)
        if stay is not None:
            data = data[np.repeat(stay[number] > 0, len(layout.visits))]
        tables.append(analysis(data, layout.fit) if isinstance(analysis, Refit) else analysis(data))
    return _stack(tables)


def _stack(tables: list[pd.DataFrame]) -> Estimates:
    first = tables[0]
    if "estimate" not in first.columns:
        raise UsageError("The analysis must return a table with a column 'estimate'.")
    names = [name for name in first.columns if name not in _NUMBERS]
    rows = first[names].reset_index(drop=True)
    for number, table in enumerate(tables):
        if not table[names].reset_index(drop=True).equals(rows):
            raise UsageError(f"The table of completed data set {number} does not have the rows of the first.")

    def column(name: str) -> Float:
        if name not in first.columns:
            return np.full((len(tables), len(first)), np.nan)
        return np.array([table[name].to_numpy(dtype=float) for table in tables])

    return Estimates(rows, column("estimate"), column("std_error"), column("df"))
