"""`icc`: the six intraclass correlations of a rating sheet, with limits that cover."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from emostats.errors import UsageError, did_you_mean
from emostats.statistics.agreement.engines import CompleteEngine, IncompleteEngine
from emostats.statistics.agreement.forms import FORMS, Form
from emostats.statistics.agreement.ratings import RatingTable, read_ratings
from emostats.statistics.agreement.result import INTERVALS, FormEstimate, ICCResult

Limits = tuple[float, float]


def icc(
    data: Any,
    *,
    targets: str | None = None,
    raters: str | None = None,
    ratings: str | None = None,
    interval: str = "auto",
    conf_level: float = 0.95,
    n_resamples: int = 9999,
    seed: int | None = None,
) -> ICCResult:
    """Intraclass correlations of ratings, complete or with gaps.

    Parameters
    ----------
    data: long DataFrame (one row a rating; name the three columns) or wide targets × raters array or DataFrame
        (empty cell = missing).
    targets, raters, ratings: column names of a long DataFrame.
    interval: ``"auto"`` takes, form by form, one that covers: exact F for ICC(1) and ICC(C), generalized for ICC(A).
        ``"anova"`` customary F limits; ``"generalized"``; ``"profile"`` REML profile likelihood; ``"bootstrap"`` targets
        resampled with their ratings; ``"parametric"`` refits of data simulated from the REML fit.
    conf_level: in (0, 1).
    n_resamples, seed: of the bootstrap intervals only; a seed is then required.

    Returns
    -------
    ICCResult; `.table()` has a row a form.

    Raises
    ------
    UsageError: unknown column or option, a long frame without names, one rater.
    FindingsError: a rating twice, not a number, infinite, a missing label.
    """
    if interval not in INTERVALS:
        raise UsageError(f"There is no interval '{interval}'. {did_you_mean(interval, INTERVALS)}")
    if not 0.0 < conf_level < 1.0:
        raise UsageError(f"conf_level must lie strictly between 0 and 1; found {conf_level!r}.")
    table = read_ratings(data, targets=targets, raters=raters, ratings=ratings)
    return icc_of_table(table, interval=interval, conf_level=conf_level, n_resamples=n_resamples, seed=seed)


def icc_of_table(
    table: RatingTable, *, interval: str, conf_level: float, n_resamples: int = 9999, seed: int | None = None
) -> ICCResult:
    """`icc` of a table that has been read."""
    engine = CompleteEngine(table) if table.complete else IncompleteEngine(table)
    if table.n_targets < 2:
        return _undefined(
            table, engine, interval, conf_level, "one target: variance between targets is undefined"
        )
    limits = _limits_by(engine, interval, conf_level)
    forms = tuple(_form_row(engine, form, limits, interval, conf_level) for form in FORMS)
    count = (~np.isnan(table.values)).sum(axis=1)
    return ICCResult(
        forms=forms,
        n_targets=table.n_targets,
        n_raters=table.n_raters,
        n_ratings=int(count.sum()),
        mean_ratings=float(len(count) / (1.0 / count).sum()),
        complete=table.complete,
        conf_level=conf_level,
        interval=interval,
        variance_components=engine.components,
        ratings=table,
        engine=engine,
        notes=table.notes,
    )


def _limits_by(engine: Any, interval: str, conf_level: float) -> Callable[[Form], tuple[Limits, str]]:
    """form → (limits, method in words)."""
    complete = isinstance(engine, CompleteEngine)
    exact = "exact F" if complete else "exact F (Wald)"
    step = "; ICC(A,1) limits stepped up"

    def anova(form: Form) -> tuple[Limits, str]:
        name = exact if form.key != "A" else "McGraw–Wong F (Satterthwaite)" + step * form.average
        return engine.anova(form, conf_level), name

    def generalized(form: Form) -> tuple[Limits, str]:
        name = "generalized" + step * form.average if form.key == "A" else f"generalized ({exact}, cut at 0)"
        return engine.generalized(form, conf_level), name

    def profile(form: Form) -> tuple[Limits, str]:
        return engine.profile(form, conf_level), "REML profile likelihood"

    def auto(form: Form) -> tuple[Limits, str]:
        return generalized(form) if form.key == "A" else anova(form)

    return {"anova": anova, "generalized": generalized, "profile": profile, "auto": auto}[interval]


def _form_row(engine: Any, form: Form, limits_of: Any, interval: str, conf_level: float) -> FormEstimate:
    estimate, test = engine.estimate(form), engine.f_test(form)
    (low, high), method = limits_of(form)
    customary = engine.customary(form, conf_level)
    return FormEstimate(
        form=form.name, alias=form.alias, estimate=estimate,
        statistic=test.statistic, num_df=test.num_df, den_df=test.den_df, p_value=test.p_value,
        conf_low=low, conf_high=high, method=method,
        customary_low=customary[0], customary_high=customary[1],
        reason="",
    )  # fmt: skip


def _undefined(table: RatingTable, engine: Any, interval: str, conf_level: float, reason: str) -> ICCResult:
    nan = float("nan")
    forms = tuple(
        FormEstimate(form.name, form.alias, nan, nan, nan, nan, nan, nan, nan, "", nan, nan, reason)
        for form in FORMS
    )
    count = int((~np.isnan(table.values)).sum())
    parts = {"target": nan, "rater": nan, "error": nan, "error_oneway": nan}
    return ICCResult(
        forms, table.n_targets, table.n_raters, count, float(count), table.complete, conf_level, interval, parts,
        table, engine, table.notes,
    )  # fmt: skip
