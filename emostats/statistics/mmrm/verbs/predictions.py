"""Predictions and simulated outcomes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from emostats.errors import UsageError
from emostats.statistics.mmrm.fitted import FittedModel
from emostats.statistics.mmrm.prediction import predict_rows, rows_of, simulate_outcomes


@dataclass(frozen=True, repr=False)
class Predictions(FittedModel):
    """What a fit says about outcomes."""

    def predict(
        self,
        data: pd.DataFrame | None = None,
        *,
        conditional: bool = False,
        interval: str | None = None,
        conf_level: float | None = None,
        weighted: bool = True,
    ) -> pd.DataFrame:
        """Predictions for rows of `data` (default: all rows given to the fit), in their order.

        Unconditional: the mean x'β. `conditional`: given the subject's observed outcomes in `data`; a row
        with an outcome returns it with standard error 0. `interval` adds conf_low and conf_high:
        ``"confidence"`` of the mean, ``"prediction"`` of a new outcome (std_error then includes the residual
        variance). Limits use the df of the row's linear function. Rows with a missing covariate are missing.
        `weighted=False` takes every row as one of weight 1, as R mmrm does here even for a weighted fit.

        Raises
        ------
        UsageError: an unknown interval, a missing column, or levels the model has not seen.
        """
        if interval not in (None, "confidence", "prediction"):
            raise UsageError(f"interval should be 'confidence', 'prediction' or None; found {interval!r}.")
        source = self.data if data is None else data
        weights = self.settings.weights if weighted else None
        rows = rows_of(self.frame, source, self.scaling.kept, weights)
        return predict_rows(
            rows, self._covariances, self.inference, source.index, conditional=conditional, interval=interval,
            conf_level=self.settings.conf_level if conf_level is None else conf_level,
        )  # fmt: skip

    def simulate(self, n: int = 1, *, seed: int, parameters: str = "fixed") -> pd.DataFrame:
        """Simulated outcomes of the rows used: (rows × n), columns 0 … n − 1, the data's index.

        `parameters`: ``"fixed"`` at the estimates, or ``"drawn"``: β from its normal distribution in each.

        Raises
        ------
        UsageError: n is not positive, or `parameters` is unknown.
        """
        if n < 1 or parameters not in ("fixed", "drawn"):
            raise UsageError(
                f"simulate needs n ≥ 1 and parameters 'fixed' or 'drawn'; found {n!r}, {parameters!r}."
            )
        rng = np.random.default_rng(seed)
        outcomes = simulate_outcomes(self.fitted.to_numpy(), self.frame, self._covariances, n, rng)
        if parameters == "drawn":
            root = np.linalg.cholesky(self.inference.vcov)
            outcomes += self.frame.X[:, self.scaling.kept] @ (root @ rng.standard_normal((len(root), n)))
        return pd.DataFrame(outcomes, index=self.frame.index)
