"""Analyses of completed data: ANCOVA at each visit, a refit of an MMRM, or any function."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from emostats.errors import ModelError, UsageError, did_you_mean
from emostats.statistics.missing.layout import Layout
from emostats.statistics.mmrm import MMRMFit, mmrm
from emostats.statistics.mmrm.design.variables import is_factor

Float = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Estimates:
    """What an analysis gives on B data sets: `rows` names the q quantities.

    estimate, std_error, df: (B × q); the last two NaN where an analysis has none.
    """

    rows: pd.DataFrame
    estimate: Float
    std_error: Float
    df: Float


@dataclass(frozen=True)
class Ancova:
    """Analysis of covariance at each visit: outcome ~ arm + covariates, by least squares.

    Attributes
    ----------
    covariates: columns that are constant within a subject, numbers or factors. LS means are at their means
        over the analysed subjects.
    baseline: a visit of the model; the outcome is then the change from it, and it has no rows itself. With
        one group and no covariates this is the paired t test.
    reference: arm that the others are compared with; by default the first. Differences are "arm − reference".
    """

    covariates: Sequence[str] = ()
    baseline: Any = None
    reference: Any = None

    def rows(self, layout: Layout) -> pd.DataFrame:
        """kind (ls_mean, contrast; change where there is a baseline), level, and the visit."""
        kind = "ls_mean" if self.baseline is None else "change"
        levels = [(kind, str(label)) for label in layout.arms] or [(kind, "")]
        order = self._order(layout)
        difference = "contrast" if self.baseline is None else "difference_of_changes"
        levels += [
            (difference, f"{layout.arms[code]} - {layout.arms[order[0]]}")
            for code in order[1:]
            if layout.arms
        ]
        visits = [layout.visits[t] for t in self._visits(layout)]
        table = [(k, level, visit) for k, level in levels for visit in visits]
        return pd.DataFrame(table, columns=["kind", "level", layout.visit])

    def estimate(self, layout: Layout, Y: Float, weights: Float | None = None) -> Estimates:
        """On B completed outcomes (B × n × T); `weights` (B × n) of 0 and 1 leave subjects out.

        Raises
        ------
        UsageError: an unknown covariate or visit. ModelError: too few subjects.
        """
        D, n_arms = self._design(layout)
        visits = self._visits(layout)
        y = Y[:, :, visits]
        if self.baseline is not None:
            y = y - Y[:, :, [layout.visits.index(self.baseline)]]
        w = np.ones((1, layout.n)) if weights is None else weights
        gram = np.einsum("bn,np,nq->bpq", w, D, D, optimize=True)
        df = w.sum(axis=1) - D.shape[1]
        if (df < 1).any() or (np.linalg.matrix_rank(gram) < D.shape[1]).any():
            raise ModelError(f"{layout.n} subjects do not determine {D.shape[1]} coefficients of the ANCOVA.")
        bread = np.linalg.inv(gram)
        beta = bread @ (D.T @ (w[:, :, None] * y))
        residual = y - D @ beta
        variance = (w[:, :, None] * residual**2).sum(axis=1) / df[:, None]
        L = self._functions(layout, D, w, n_arms)
        unit = np.einsum("bqp,bpr,bqr->bq", L, bread, L, optimize=True)
        B, q = len(Y), L.shape[1] * len(visits)
        estimate = (L @ beta).reshape(B, q)
        error = np.sqrt(unit[:, :, None] * variance[:, None, :]).reshape(B, q)
        spread = np.repeat(np.broadcast_to(df, (B,))[:, None], q, axis=1)
        return Estimates(self.rows(layout), estimate, error, spread)

    def _visits(self, layout: Layout) -> list[int]:
        if self.baseline is not None and self.baseline not in layout.visits:
            raise UsageError(
                f"baseline={self.baseline!r} is no visit of the model. "
                f"{did_you_mean(str(self.baseline), map(str, layout.visits))}"
            )
        return [t for t, label in enumerate(layout.visits) if self.baseline is None or label != self.baseline]

    def _order(self, layout: Layout) -> list[int]:
        """Codes of the arms, the reference first."""
        if not layout.arms:
            return [0]
        first = layout.arms[0] if self.reference is None else self.reference
        if first not in layout.arms:
            raise UsageError(
                f"reference={first!r} is no arm. {did_you_mean(str(first), map(str, layout.arms))}"
            )
        start = layout.arms.index(first)
        return [start, *(code for code in range(len(layout.arms)) if code != start)]

    def _design(self, layout: Layout) -> tuple[Float, int]:
        """One column an arm, then the covariates (n × p)."""
        arms = np.eye(max(len(layout.arms), 1))[layout.arm_of]
        return np.column_stack(
            [arms, *(self._covariate(layout, name) for name in self.covariates)]
        ), arms.shape[1]

    def _covariate(self, layout: Layout, name: str) -> Float:
        if name not in layout.rows.columns:
            raise UsageError(
                f"Covariate '{name}' is not a column of the data. {did_you_mean(name, layout.rows.columns)}"
            )
        column = layout.rows[name]
        codes = column.factorize()[0].reshape(layout.n, -1)
        if (codes < 0).any() or (codes != codes[:, :1]).any():
            raise UsageError(f"Covariate '{name}' must be known and constant within each {layout.subject}.")
        first = column.iloc[:: len(layout.visits)]
        if is_factor(first):
            return np.asarray(np.eye(int(codes.max()) + 1)[codes[:, 0]][:, 1:])
        return first.to_numpy(dtype=float)[:, None]

    def _functions(self, layout: Layout, D: Float, w: Float, n_arms: int) -> Float:
        """LS means, then differences from the reference (B × q × p)."""
        order = self._order(layout)
        means = (w @ D) / w.sum(axis=1, keepdims=True)
        L = np.zeros((len(w), 2 * n_arms - 1, D.shape[1]))
        L[:, :n_arms, :n_arms] = np.eye(n_arms)
        L[:, :n_arms, n_arms:] = means[:, None, n_arms:]
        for row, code in enumerate(order[1:], start=n_arms):
            L[:, row, code], L[:, row, order[0]] = 1.0, -1.0
        return L


@dataclass(frozen=True)
class Refit:
    """A mixed model refitted to each completed data set: LS means, or contrasts of them.

    Attributes
    ----------
    emmeans: specification, such as ``"ARMCD | AVISIT"``. contrasts: a family such as ``"pairwise"``, or None
        for the means. formula: by default that of the imputation model. df_method: as in `em.mmrm`.
    """

    emmeans: str
    contrasts: Any = None
    formula: str | None = None
    df_method: str = "satterthwaite"

    def __call__(self, data: pd.DataFrame, fit: MMRMFit) -> pd.DataFrame:
        """The table on one completed data set."""
        again = mmrm(self.formula or fit.formula, data, reml=fit.reml, df_method=self.df_method)
        means = again.emmeans(self.emmeans)
        return (means if self.contrasts is None else means.contrasts(self.contrasts)).table()


Analysis = Ancova | Refit | Callable[[pd.DataFrame], pd.DataFrame]
