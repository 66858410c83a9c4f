"""What residuals say about a fit: autocorrelation by lag, quantiles, boxes by visit, means."""

from __future__ import annotations

from emostats.statistics.mmrm.diagnostics.autocorrelation import residual_autocorrelation
from emostats.statistics.mmrm.diagnostics.means import observed_and_fitted_means

__all__ = ["observed_and_fitted_means", "residual_autocorrelation"]
