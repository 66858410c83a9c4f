"""Limits of every form by a named method: what `interval=` chooses between."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np

from emostats.statistics.agreement.complete import CompleteEngine
from emostats.statistics.agreement.engine import Array, Engine, Limits
from emostats.statistics.agreement.forms import FAMILIES, Form
from emostats.statistics.agreement.resample import bca_limits, leave_one_out, percentile_limits, target_counts

INTERVALS: tuple[str, ...] = ("auto", "anova", "generalized", "profile", "bootstrap", "bca", "parametric")

Method = Callable[[Form], tuple[Limits, str]]

STEP = "; ICC(A,1) limits stepped up by Spearman–Brown"


def limits_method(engine: Engine, interval: str, conf_level: float, n_resamples: int, seed: int) -> Method:
    """form → (limits, method in words) for one of `INTERVALS`."""
    if interval in ("bootstrap", "bca", "parametric"):
        return _resampled(engine, interval, conf_level, n_resamples, seed)
    plain = MappingProxyType(
        {"anova": _anova, "generalized": _generalized, "profile": _profile, "auto": _auto}
    )
    return lambda form: plain[interval](engine, form, conf_level)


def _anova(engine: Engine, form: Form, conf_level: float) -> tuple[Limits, str]:
    if form.key != "A":
        return engine.anova(form, conf_level), engine.exact_name
    name = (
        "McGraw–Wong F (Satterthwaite)"
        if isinstance(engine, CompleteEngine)
        else "none: no F limits with gaps"
    )
    return engine.anova(form, conf_level), name + STEP * form.average


def _generalized(engine: Engine, form: Form, conf_level: float) -> tuple[Limits, str]:
    name = (
        f"generalized{STEP * form.average}"
        if form.key == "A"
        else f"generalized ({engine.exact_name}, cut at 0)"
    )
    return engine.generalized(form, conf_level), name


def _profile(engine: Engine, form: Form, conf_level: float) -> tuple[Limits, str]:
    return engine.profile(
        form, conf_level
    ), f"REML profile likelihood{STEP * (form.average and form.key == 'A')}"


def _auto(engine: Engine, form: Form, conf_level: float) -> tuple[Limits, str]:
    """One that covers: F where it is exact, the generalized interval for agreement."""
    return (_generalized if form.key == "A" else _anova)(engine, form, conf_level)


def _resampled(engine: Engine, interval: str, conf_level: float, n_resamples: int, seed: int) -> Method:
    draws, jackknife = _draws(engine, interval, n_resamples, seed)
    names: Mapping[str, str] = {
        "bootstrap": "bootstrap of targets, percentile",
        "bca": "bootstrap of targets, BCa",
        "parametric": "parametric bootstrap, percentile",
    }

    def method(form: Form) -> tuple[Limits, str]:
        column = FAMILIES.index(form.key)
        if interval == "bca":
            limits = bca_limits(
                draws[:, column], engine.estimate(form.single), jackknife[:, column], conf_level
            )
        else:
            limits = percentile_limits(draws[:, column], conf_level)
        undefined = int(np.isnan(draws[:, column]).sum())
        lost = f", {undefined} undefined left out" if undefined else ""
        return engine.stepped(form, limits), f"{names[interval]}, {n_resamples} resamples, seed {seed}{lost}"

    return method


def _draws(engine: Engine, interval: str, n_resamples: int, seed: int) -> tuple[Array, Array]:
    """Draws (n_resamples, 3), and the jackknife (n, 3) if `interval` needs it (else empty)."""
    rng, n, nothing = np.random.default_rng(seed), engine.table.n_targets, np.empty((0, 3))
    if interval == "parametric":
        return engine.parametric_draws(n_resamples, rng), nothing
    left_out = engine.draws(leave_one_out(n, engine.block)) if interval == "bca" else nothing
    return engine.draws(target_counts(n, n_resamples, rng, engine.block)), left_out
