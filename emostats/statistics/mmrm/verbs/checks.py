"""Whether the model holds, and on whom it rests: autocorrelation, figures, influence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from emostats.statistics.mmrm.fitted import FittedModel

if TYPE_CHECKING:
    from emostats.statistics.mmrm.influence import InfluenceResult


@dataclass(frozen=True, repr=False)
class Checks(FittedModel):
    """Diagnostics of a fit."""

    def residual_autocorrelation(
        self, kind: str = "normalized", *, conf_level: float | None = None
    ) -> pd.DataFrame:
        """Autocorrelation of residuals by lag, in visits.

        Columns: lag, n_pairs, autocorrelation, expected, conf_low, conf_high. ``"normalized"`` residuals are
        uncorrelated when the covariance is right, ``"pearson"`` ones have the model's correlations
        (`expected`, over the pairs observed). The limits are where the correlation lies when the model holds.

        Raises
        ------
        UsageError: other residuals, or a level outside (0, 1).
        """
        from emostats.statistics.mmrm.diagnostics import residual_autocorrelation

        level = self.settings.conf_level if conf_level is None else conf_level
        return residual_autocorrelation(self, kind, level)

    def plot(
        self, kind: str, *, by: str | None = None, id: str = "mmrm", note: str = "", width: float = 720.0
    ) -> str:
        """A diagnostic figure as SVG text.

        kind: ``"qq"`` (normal quantiles of normalized residuals), ``"residuals"`` (Pearson, against fitted
        values), ``"visits"`` (Pearson, boxes by visit), ``"autocorrelation"`` (by lag), ``"means"`` (observed
        and fitted, by the levels of `by`), ``"covariance"`` (correlations as a map).

        Raises
        ------
        UsageError: an unknown kind, or one that needs visits where there are coordinates.
        """
        from emostats.statistics.mmrm.diagnostics import drawing

        return drawing.draw(self, kind, by, id=id, note=note, width=width)

    def influence(self, unit: str = "subject", *, method: str = "auto") -> InfluenceResult:
        """What leaving out each subject changes: deletion diagnostics.

        Parameters
        ----------
        unit: ``"subject"``, or a column above the subject (a site, a family) whose values are left out.
        method: ``"refit"`` refits the model without each unit, to convergence, from the cross-products;
            ``"one-step"`` takes one pass over the data and is first order in what a unit changes about the
            covariance; ``"auto"`` refits up to 2,000 units (500 where the model is too large to be refitted
            in blocks), and the table says which it was.

        Returns
        -------
        InfluenceResult: ``.table()`` sorted by Cook's distance, with COVRATIO, (restricted) likelihood
        distance and the largest DFBETAS; ``.dfbetas``, ``.estimates`` and ``.theta`` by unit.

        Raises
        ------
        UsageError: an unknown column or method, or a column that varies within a subject.
        """
        from emostats.statistics.mmrm.influence import influence_of

        return influence_of(self, unit, method)
