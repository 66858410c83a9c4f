"""Coefficients, contrasts, tests of terms, LS means, average effects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from emostats.statistics.mmrm.contrasts import (
    anova_table,
    coefficient_table,
    contrast_matrix,
    contrast_table,
    joint_test,
)
from emostats.statistics.mmrm.emmeans import LinearEstimates, marginal_means
from emostats.statistics.mmrm.fitted import FittedModel

Float = NDArray[np.float64]


@dataclass(frozen=True, repr=False)
class Effects(FittedModel):
    """What a fit says about means and effects."""

    def coefficients(self, conf_level: float | None = None) -> pd.DataFrame:
        """Coefficient table: term, estimate, std_error, df, statistic, p_value, conf_low, conf_high.

        Aliased coefficients keep their row with missing values.
        """
        return coefficient_table(self.inference, self.scaling.kept, self.frame.encoding.names, conf_level)

    def contrast(
        self, L: ArrayLike, *, null: float = 0.0, names: Sequence[str] | None = None
    ) -> pd.DataFrame:
        """One t test a row of L (q × k).

        Columns: contrast, estimate, std_error, df, statistic, p_value, conf_low, conf_high.

        L counts the estimable coefficients, or all columns with zeros at aliased ones.

        Raises
        ------
        UsageError: L has another number of columns, or touches an aliased coefficient.
        """
        return contrast_table(self.inference, self._contrast_matrix(L), null, names)

    def test(self, L: ArrayLike, null: ArrayLike = 0.0) -> pd.DataFrame:
        """Test that L β = null, as one row.

        A vector L is a single contrast: estimate, std_error, df, statistic (t), p_value, conf_low, conf_high,
        num_df, den_df. A matrix is a joint hypothesis: num_df, den_df, statistic (F), p_value; when it has a
        single row the estimate and its interval stand beside them.

        Raises
        ------
        UsageError: L has another number of columns, or touches an aliased coefficient.
        """
        return joint_test(self.inference, self._contrast_matrix(L), null, np.ndim(L) == 1)

    def _contrast_matrix(self, L: ArrayLike) -> Float:
        return contrast_matrix(L, self.scaling.kept, self.frame.encoding.names)

    def anova(self, type: int = 3, test: str = "F") -> pd.DataFrame:
        """Tests of the model's terms: term, num_df, den_df, statistic, p_value.

        `type` 3 tests sum-to-zero coefficients, `type` 2 each term given all that do not contain it; `test`
        is ``"F"`` or ``"chisq"`` (Wald, den_df infinite).

        Raises
        ------
        UsageError: another type or test.
        """
        return anova_table(self.inference, self.frame.encoding, self.scaling, type, test)

    def emmeans(
        self,
        spec: str | Sequence[str],
        *,
        weights: str = "equal",
        at: Mapping[str, Any] | None = None,
    ) -> LinearEstimates:
        """LS means of the factors in `spec`, e.g. ``"ARMCD | AVISIT"``, over the reference grid.

        `weights` averages the other factors: equal (default), proportional, outer, cells; frequencies are
        those of the rows used. `at` fixes covariates (default: their means) or restricts factors' levels.

        Returns
        -------
        LinearEstimates: ``.table()``, ``.contrasts(…)``, ``.L``.

        Raises
        ------
        UsageError: a factor that is not in the model, an unknown scheme or level.
        """
        return marginal_means(self.frame, self.scaling, self.inference, spec, weights, at)

    def average_effect(
        self,
        treatment: str,
        *,
        by: str | Sequence[str] = (),
        contrast: str | Mapping[str, ArrayLike] | ArrayLike | None = "trt.vs.ctrl",
        weights: str = "subjects",
        population: pd.DataFrame | None = None,
        at: Mapping[str, Any] | None = None,
        covariates: str = "fixed",
    ) -> LinearEstimates:
        """Average effects of a treatment over the observed covariates (g-computation).

        Every subject is given each level of the treatment at each level of `by`, and the model's means are
        averaged. Unlike LS means at the covariates' means this is the mean effect also when covariates
        interact with the treatment or enter by curves.

        Parameters
        ----------
        treatment: a factor of the model, or a number whose values `at` gives.
        by: factors within whose levels the averages are taken, e.g. the visit.
        contrast: a family of `LinearEstimates.contrasts` between treatments (each against the first level by
            default), or None for the average means themselves.
        weights: ``"subjects"`` (each subject with a row used once), ``"rows"`` (each row used once), or a
            column of weights of the subjects.
        population: other rows to average over, with the columns of the covariates.
        at: values or levels of the treatment and of the `by` variables.
        covariates: ``"fixed"`` (SE given these covariates: the delta method) or ``"sampled"`` (plus the
            variance from drawing the subjects out of a population).

        Returns
        -------
        LinearEstimates: ``.table()``; means can be contrasted further.

        Raises
        ------
        UsageError: an unknown variable or level, or a covariate that varies within a subject.
        """
        from emostats.statistics.mmrm.average import average_effect

        return average_effect(
            self, treatment, by, contrast=contrast, weights=weights, population=population, at=at,
            covariates=covariates,
        )  # fmt: skip
