"""Why a row of the ICC table is as it is: what a reader must know before quoting the number."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from emostats.statistics.agreement.engine import Engine
from emostats.statistics.agreement.forms import Form
from emostats.statistics.agreement.incomplete import IncompleteEngine

ONE_TARGET = "one target only: the variance between targets is undefined"
ROUNDING = 1e-9
"""Estimate and limits come by different ways of computing; so little apart is the same."""


def reason(engine: Engine, form: Form, estimate: float, low: float, high: float) -> str:
    """The notes on one form, joined by '; '; '' when there is nothing to say."""
    parts = [
        _undefined(engine, form) if np.isnan(estimate) else _value(engine, form, estimate),
        _limits(estimate, low, high),
        _design(engine, form),
    ]
    return "; ".join(part for part in parts if part)


def _undefined(engine: Engine, form: Form) -> str:
    if isinstance(engine, IncompleteEngine):
        wald = engine.pivots.oneway if form.key == "1" else engine.pivots.twoway
        if wald.df < 1:
            return "undefined: no two raters share enough targets to tell targets from raters"
        if wald.df_error < 1:
            return "undefined: too few ratings to tell error from targets and raters"
    spread = np.nanmax(engine.table.values) - np.nanmin(engine.table.values)
    if spread == 0.0:
        return "undefined (0/0): all ratings are equal"
    return "unbounded below (division by 0): targets do not differ"


def _value(engine: Engine, form: Form, estimate: float) -> str:
    if abs(estimate) > 1.0 + 1e-12:
        return (
            "the formula's value lies outside [−1, 1]: targets differ less than error alone would make them"
        )
    if estimate < 0.0:
        return "negative: targets differ less than error alone would make them; read as no reliability"
    if estimate == 0.0 and not engine.table.complete:
        return "the target variance is estimated as 0 (its lowest value)"
    if engine.error_free and form.key != "1":
        return "no residual variance: targets and raters explain every rating"
    return ""


def _limits(estimate: float, low: float, high: float) -> str:
    if np.isnan(estimate):
        return ""
    if low == -np.inf:
        return "unbounded below: the ratings are too few to bound it"
    if np.isnan(low) or np.isnan(high):
        return "no limits: they are undefined by this method"
    if low > high:
        return "the formula's limits come out reversed (denominator negative): not an interval"
    if not low - ROUNDING <= estimate <= high + ROUNDING:
        return "the estimate lies outside its interval, which keeps to values a variance ratio can take"
    return ""


def _design(engine: Engine, form: Form) -> str:
    table = engine.table
    parts = []
    if form.key == "A" and table.n_raters == 2:
        parts.append("two raters: their differences rest on 1 df")
    if form.average and not table.complete:
        count = (~np.isnan(table.values)).sum(axis=1)
        mean = len(count) / float((1.0 / count).sum())
        parts.append(
            f"k is the pool of {table.n_raters} raters; targets had {mean:.4g} ratings on harmonic average"
        )
    if isinstance(engine, IncompleteEngine) and form.key != "1" and engine.pivots.groups > 1:
        parts.append(f"raters fall into {engine.pivots.groups} groups that share no target")
    return "; ".join(parts)


def single_target_components() -> Mapping[str, float]:
    """Components when there is one target."""
    return {name: float("nan") for name in ("target", "rater", "error", "error_oneway")}
