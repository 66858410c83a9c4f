"""Observed and fitted means at each visit."""

from __future__ import annotations

import numpy as np
import pandas as pd

from emostats.errors import UsageError, check_level, did_you_mean
from emostats.statistics.mmrm.degrees_of_freedom.inference import t_quantile
from emostats.statistics.mmrm.fitted import FittedModel


def observed_and_fitted_means(fit: FittedModel, by: str | None, conf_level: float) -> pd.DataFrame:
    """Means of the rows used: the visit, `by`, n, observed, conf_low, conf_high, fitted.

    The limits are those of the observed mean alone (t with n − 1 df); a saturated model's fitted means differ
    from the observed ones where subjects are missing.

    Raises
    ------
    UsageError: `by` is no column, or the structure has coordinates and no visits.
    """
    level = check_level(conf_level)
    visit = visits_of(fit)
    frame = fit.frame
    outcome = frame.y if frame.offset is None else frame.y + frame.offset
    rows = pd.DataFrame({visit.name: visit.to_numpy(), "outcome": outcome, "fitted": fit.fitted.to_numpy()})
    keys = [visit.name]
    if by is not None:
        if by not in fit.data.columns:
            raise UsageError(f"by= names '{by}', which is no column. {did_you_mean(by, fit.data.columns)}")
        rows[by] = fit.data[by].iloc[frame.rows].to_numpy()
        keys = [visit.name, by]
    rows[visit.name] = pd.Categorical(rows[visit.name], categories=list(frame.visits))
    grouped = rows.groupby(keys, observed=True, sort=True)
    table = grouped.agg(
        n=("outcome", "size"), observed=("outcome", "mean"), sd=("outcome", "std"), fitted=("fitted", "mean")
    )
    n = table["n"].to_numpy(dtype=float)
    with np.errstate(divide="ignore", invalid="ignore"):
        margin = t_quantile(0.5 + 0.5 * level, n - 1) * table["sd"].to_numpy() / np.sqrt(n)
    table["conf_low"], table["conf_high"] = table["observed"] - margin, table["observed"] + margin
    return table.reset_index()[[*keys, "n", "observed", "conf_low", "conf_high", "fitted"]]


def visits_of(fit: FittedModel) -> pd.Series:
    """The visit of each row used.

    Raises
    ------
    UsageError: a spatial structure has coordinates instead.
    """
    if fit.frame.coordinates is not None:
        raise UsageError(
            "A spatial structure has coordinates and no visits; there is nothing to show by visit."
        )
    name = fit.frame.formula.covariance.positions[0]
    labels = np.array(fit.frame.visits, dtype=object)
    return pd.Series(labels[fit.frame.visit], name=name)
