"""`icc`: the six intraclass correlations of a rating sheet, with limits that cover."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import numpy as np

from emostats.errors import UsageError, check_level, did_you_mean
from emostats.statistics.agreement.complete import CompleteEngine
from emostats.statistics.agreement.engine import Engine
from emostats.statistics.agreement.form_estimate import FormEstimate
from emostats.statistics.agreement.forms import FORMS, Form
from emostats.statistics.agreement.incomplete import IncompleteEngine
from emostats.statistics.agreement.limits import INTERVALS, Method, limits_method
from emostats.statistics.agreement.ratings import RatingTable, read_ratings
from emostats.statistics.agreement.reasons import ONE_TARGET, reason, single_target_components
from emostats.statistics.agreement.result import ICCResult

NAN = float("nan")


def icc(
    data: Any,
    *,
    targets: str | None = None,
    raters: str | None = None,
    ratings: str | None = None,
    interval: str = "auto",
    conf_level: float = 0.95,
    n_resamples: int = 9999,
    seed: int = 0,
) -> ICCResult:
    """Intraclass correlations of ratings, complete or with gaps.

    Parameters
    ----------
    data: long DataFrame (one row a rating; name the three columns) or wide targets × raters array or
        DataFrame (empty cell = missing).
    targets, raters, ratings: column names of a long DataFrame.
    interval: ``"auto"`` takes, form by form, one that covers: the exact F for ICC(1) and ICC(C), the
        generalized interval for ICC(A). ``"anova"``: F limits, McGraw & Wong's for ICC(A).
        ``"generalized"``. ``"profile"``: REML profile likelihood. ``"bootstrap"``, ``"bca"``: targets
        resampled with all their ratings, percentile or BCa limits. ``"parametric"``: refits of ratings
        simulated from the fitted components, percentile limits.
    conf_level: in (0, 1).
    n_resamples, seed: of the bootstrap intervals; the same seed gives the same limits.

    Returns
    -------
    ICCResult; `.table()` has a row a form. Complete tables give the ANOVA estimates, which may be negative;
    with gaps the estimates come from REML components, ICC(1) of the one-way model, ICC(A) of random raters,
    ICC(C) of fixed raters (Shrout & Fleiss' cases 1 to 3), which on complete data are the ANOVA estimates
    wherever these are not negative.

    Raises
    ------
    UsageError: unknown column or option, a long frame without the three names, one rater.
    FindingsError: a rating twice, not a number, infinite, a missing label.
    """
    _check_options(interval, conf_level, n_resamples)
    table = read_ratings(data, targets=targets, raters=raters, ratings=ratings)
    return icc_of_table(table, interval=interval, conf_level=conf_level, n_resamples=n_resamples, seed=seed)


def _check_options(interval: str, conf_level: float, n_resamples: int) -> None:
    if interval not in INTERVALS:
        raise UsageError(f"There is no interval '{interval}'. {did_you_mean(interval, INTERVALS)}")
    check_level(conf_level)
    if n_resamples < 1:
        raise UsageError(f"n_resamples must be at least 1; found {n_resamples!r}.")


def icc_of_table(
    table: RatingTable,
    *,
    interval: str = "auto",
    conf_level: float = 0.95,
    n_resamples: int = 9999,
    seed: int = 0,
) -> ICCResult:
    """`icc` of a table that has been read."""
    engine = CompleteEngine(table) if table.complete else IncompleteEngine(table)
    if table.n_targets < 2:
        forms, components = tuple(_undefined_row(form) for form in FORMS), single_target_components()
    else:
        limits = limits_method(engine, interval, conf_level, n_resamples, seed)
        forms = tuple(_row(engine, form, limits, conf_level) for form in FORMS)
        components = engine.components
    n_ratings, mean_ratings = _rating_counts(table)
    return ICCResult(
        forms=forms,
        n_targets=table.n_targets,
        n_raters=table.n_raters,
        n_ratings=n_ratings,
        mean_ratings=mean_ratings,
        complete=table.complete,
        conf_level=conf_level,
        interval=interval,
        variance_components=MappingProxyType(dict(components)),
        notes=table.notes,
        ratings=table,
        engine=engine,
    )


def _row(engine: Engine, form: Form, limits_of: Method, conf_level: float) -> FormEstimate:
    estimate, test = engine.estimate(form), engine.f_test(form)
    (low, high), method = limits_of(form)
    customary = engine.customary(form, conf_level)
    return FormEstimate(
        form=form.name,
        alias=form.alias,
        estimate=estimate,
        statistic=test.statistic,
        num_df=test.num_df,
        den_df=test.den_df,
        p_value=test.p_value,
        conf_low=low,
        conf_high=high,
        method=method,
        customary_low=customary[0],
        customary_high=customary[1],
        reason=reason(engine, form, estimate, low, high),
    )


def _undefined_row(form: Form) -> FormEstimate:
    return FormEstimate(form.name, form.alias, *(NAN,) * 7, "none", NAN, NAN, ONE_TARGET)


def _rating_counts(table: RatingTable) -> tuple[int, float]:
    """Number of ratings, and harmonic mean of the number per target."""
    if table.complete:
        return table.n_targets * table.n_raters, float(table.n_raters)
    count = (~np.isnan(table.values)).sum(axis=1)
    return int(count.sum()), len(count) / float((1.0 / count).sum())
