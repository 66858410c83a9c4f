"""Estimated marginal means (LS means) and their contrasts, as values that carry their linear functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from emostats.errors import UsageError, did_you_mean
from emostats.statistics.mmrm.contrasts import adjust_family, check_adjustment, contrast_family
from emostats.statistics.mmrm.degrees_of_freedom import Inference, t_test
from emostats.statistics.mmrm.degrees_of_freedom.inference import TTests, with_variance

Float = NDArray[np.float64]


COLUMNS = ("estimate", "std_error", "df", "statistic", "p_value", "conf_low", "conf_high")
"""The columns of every table of estimates, after those of the factors."""


@dataclass(frozen=True)
class LinearEstimates:
    """LS means, or contrasts of them: rows L β + shift with the factors they belong to.

    Attributes
    ----------
    levels: one column a factor (and ``contrast``), one row an estimate. by: the columns that split families.
    L: (rows × k) over the estimable coefficients, raw units. shift: (rows,) known constants (mean offset).
    estimable: (rows,); rows that are not show missing values. inference: of the fit.
    kind, n_means, adjust: the family the rows form, for multiplicity.
    spread: (rows × rows) variance beside that of β, as of averages over sampled subjects; None for none.
    """

    levels: pd.DataFrame
    by: tuple[str, ...]
    L: Float
    shift: Float
    estimable: NDArray[np.bool_]
    inference: Inference
    kind: str = "means"
    n_means: int = 0
    adjust: str = "none"
    spread: Float | None = None

    def table(self, conf_level: float | None = None) -> pd.DataFrame:
        """Factor columns, then estimate, std_error, df, statistic, p_value, conf_low, conf_high.

        Tests are of the value 0, two-sided. An estimate that the data cannot determine (aliased coefficients)
        is missing.
        """
        level = self.inference.conf_level if conf_level is None else conf_level
        tests = t_test(self.inference, self.L, -self.shift, level)
        if self.spread is not None:
            tests = with_variance(tests, np.diagonal(self.spread), -self.shift, level)
        p, low, high = self._adjusted(tests, level)
        numbers = (
            tests.estimate + self.shift,
            tests.std_error,
            tests.df,
            tests.statistic,
            p,
            low + self.shift,
            high + self.shift,
        )
        columns = dict(zip(COLUMNS, numbers, strict=True))
        values = pd.DataFrame(
            {name: np.where(self.estimable, value, np.nan) for name, value in columns.items()}
        )
        return pd.concat([self.levels.reset_index(drop=True), values], axis=1)

    def _adjusted(self, tests: TTests, conf_level: float) -> tuple[Float, Float, Float]:
        if self.adjust == "none":
            return tests.p_value, tests.conf_low, tests.conf_high
        out = tuple(np.full(len(self.L), np.nan) for _ in range(3))
        for rows in self.families():
            rows = rows[self.estimable[rows]]
            part = TTests(*(getattr(tests, name)[rows] for name in TTests.__dataclass_fields__))
            adjusted = adjust_family(
                part, partial(self._correlation, rows), self.adjust, self.kind, self.n_means, conf_level
            )
            for target, value in zip(out, adjusted, strict=True):
                target[rows] = value
        return out[0], out[1], out[2]

    def _correlation(self, rows: NDArray[np.intp]) -> Float:
        V = self.L[rows] @ self.inference.vcov @ self.L[rows].T
        if self.spread is not None:
            V = V + self.spread[np.ix_(rows, rows)]
        sd = np.sqrt(np.diagonal(V))
        return np.asarray(V / np.outer(sd, sd))

    def families(self) -> list[NDArray[np.intp]]:
        """Row numbers of each combination of the `by` columns."""
        if not self.by:
            return [np.arange(len(self.levels))]
        keys = self.levels[list(self.by)].astype(str).agg("\x1f".join, axis=1)
        return [np.flatnonzero(keys == key) for key in dict.fromkeys(keys)]

    def contrasts(
        self,
        method: str | Mapping[str, ArrayLike] | ArrayLike = "pairwise",
        *,
        adjust: str = "none",
        by: str | Sequence[str] | None = None,
    ) -> LinearEstimates:
        """Contrasts within each combination of the `by` columns (by default those of this object).

        `method` is a family's name, a mapping name → coefficients, or a matrix; see `contrast_family`. The
        result can be contrasted again: changes by group, then ``contrasts("pairwise", by="contrast")`` for
        their differences. `adjust` is one of none, tukey, dunnett, mvt, sidak, bonferroni, holm, within each
        family.

        Raises
        ------
        UsageError: unknown names, or an adjustment that does not fit the family.
        """
        within = self.by if by is None else ((by,) if isinstance(by, str) else tuple(by))
        unknown = [name for name in within if name not in self.levels.columns]
        if unknown:
            raise UsageError(f"by= names '{unknown[0]}'. {did_you_mean(unknown[0], self.levels.columns)}")
        over = [name for name in self.levels.columns if name not in within]
        pieces = [
            self._contrast_rows(rows, over, within, method) for rows in replace(self, by=within).families()
        ]
        kind = contrast_family(method, [""] * self._family_size(within)).kind
        check_adjustment(adjust, kind)
        return LinearEstimates(
            pd.concat([piece[0] for piece in pieces], ignore_index=True),
            tuple(within),
            np.concatenate([piece[1] for piece in pieces]),
            np.concatenate([piece[2] for piece in pieces]),
            np.concatenate([piece[3] for piece in pieces]),
            self.inference,
            kind,
            self._family_size(within),
            adjust,
            None if self.spread is None else _congruent([piece[4] for piece in pieces], self.spread),
        )

    def _family_size(self, within: Sequence[str]) -> int:
        return len(replace(self, by=tuple(within)).families()[0])

    def _contrast_rows(
        self,
        rows: NDArray[np.intp],
        over: Sequence[str],
        within: Sequence[str],
        method: str | Mapping[str, ArrayLike] | ArrayLike,
    ) -> tuple[pd.DataFrame, Float, Float, NDArray[np.bool_], Float]:
        labels = [
            " ".join(map(str, row)) for row in self.levels.iloc[rows][list(over)].itertuples(index=False)
        ]
        family = contrast_family(method, labels)
        A = family.coefficients
        levels = pd.DataFrame({"contrast": list(family.names)})
        if "contrast" in within:
            levels = levels.rename(columns={"contrast": "contrast_of_contrasts"})
        for name in within:
            levels[name] = self.levels[name].iloc[rows[0]]
        estimable = ~(A[:, ~self.estimable[rows]] != 0).any(axis=1)
        whole = np.zeros((len(A), len(self.L)))
        whole[:, rows] = A
        return levels, A @ self.L[rows], A @ self.shift[rows], estimable, whole


def _congruent(parts: Sequence[Float], S: Float) -> Float:
    A = np.concatenate(parts)
    return np.asarray(A @ S @ A.T)


def parse_spec(spec: str | Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """``"ARMCD | AVISIT"`` → (("ARMCD",), ("AVISIT",)); factors joined by *, +, : or commas, or listed."""
    if not isinstance(spec, str):
        return tuple(spec), ()
    left, _, right = spec.lstrip("~ ").partition("|")

    def split(text: str) -> tuple[str, ...]:
        for sign in "*+:":
            text = text.replace(sign, ",")
        return tuple(part.strip() for part in text.split(",") if part.strip() and part.strip() != "1")

    return split(left), split(right)
