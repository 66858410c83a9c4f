"""Repeats a mixed model on resampled children, for intervals that do not rest on its distribution."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from emostats.errors import EmostatsError, ModelError
from emostats.estimates import Estimate
from emostats.pipeline.load import LoadedStudy
from emostats.pipeline.logfile import LOGGER
from emostats.pipeline.runners.base import Run, seed_for
from emostats.pipeline.runners.mixed_model import Fitted, fit_or_reason, place_of
from emostats.pipeline.runners.questions import subgroup_question
from emostats.statistics.subgroups import Line, change_lines, evaluate, with_counts
from emostats.study.spec import BootstrapAnalysis, MmrmAnalysis

UNIT = "USUBJID"
SHOWN = {"bca": "BCa"}


@dataclass(frozen=True)
class Resampled:
    """Intervals of q statistics, each an array of q numbers."""

    std_error: np.ndarray
    conf_low: np.ndarray
    conf_high: np.ndarray
    n_failed: int
    notes: tuple[str, ...] = ()


def run_bootstrap(analysis: BootstrapAnalysis, study: LoadedStudy, earlier: Mapping[str, Run]) -> Run:
    """The changes of the model that `of` names with bootstrap intervals; children are drawn within strata."""
    model = study.spec.analysis(analysis.of)
    if not isinstance(model, MmrmAnalysis):
        raise ModelError(f"the bootstrap '{analysis.name}' is of '{analysis.of}', not of an mmrm analysis.")
    fits = earlier[analysis.of].fits if analysis.of in earlier else {}
    rows: list[Estimate] = []
    facts: dict[str, Any] = {}
    for parameter in analysis.parameters or model.parameters:
        fitted = fits.get(parameter) or fit_or_reason(model, study, parameter)
        found, facts[parameter] = _of_parameter(analysis, model, study, parameter, fitted)
        rows += found
    return Run(tuple(rows), {**_facts(analysis), "parameters": facts})


def _of_parameter(
    analysis: BootstrapAnalysis, model: MmrmAnalysis, study: LoadedStudy, parameter: str, fitted: Fitted
) -> tuple[list[Estimate], dict[str, Any]]:
    question = subgroup_question(study.spec, model, parameter)
    method = f"bootstrap {SHOWN.get(analysis.method, analysis.method)}, subject, "
    method += f"n_resamples={analysis.n_resamples}"
    place = replace(
        place_of(model, study, parameter, method),
        analysis=analysis.name,
        conf_level=analysis.conf_level,
        planned=study.planned(analysis.name),
    )
    lines = change_lines(fitted.fit, question, place)
    try:
        if fitted.error:
            raise ModelError(f"the model itself could not be fitted: {fitted.error}")
        usable = [line for line in lines if np.isfinite(line.L).all()]
        result = _resample(analysis, study, parameter, fitted, usable)
    except EmostatsError as error:
        LOGGER.error("%s, %s: %s", analysis.name, parameter, error)
        failed = [replace(line.row, error=str(error)) for line in lines]
        return list(with_counts(failed, fitted.data, question)), {"message": str(error)}
    LOGGER.info("%s, %s: %s resamples", analysis.name, parameter, analysis.n_resamples)
    facts = {"n_failed": result.n_failed, "message": "; ".join(result.notes)}
    return list(with_counts(_rows(usable, fitted.fit, result), fitted.data, question)), facts


def _resample(
    analysis: BootstrapAnalysis, study: LoadedStudy, parameter: str, fitted: Fitted, lines: Sequence[Line]
) -> Resampled:
    """Draws children with all their visits and refits the whole model to each draw."""
    options: dict[str, Any] = {
        "strata": list(analysis.strata) or None,
        "n_resamples": analysis.n_resamples,
        "method": analysis.method,
        "conf_level": analysis.conf_level,
        "seed": seed_for(study.spec.study.seed, analysis.name, parameter),
    }
    L = np.stack([line.L for line in lines])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result = _refits(fitted, L, options)
    return Resampled(
        std_error=_numbers(result.std_error),
        conf_low=_numbers(result.conf_low),
        conf_high=_numbers(result.conf_high),
        n_failed=int(_numbers(result.n_failed).max()),
        notes=tuple(dict.fromkeys(str(item.message) for item in caught)),
    )


def _refits(fitted: Fitted, L: np.ndarray, options: Mapping[str, Any]) -> Any:
    """The engine's batched refits where it has them, else one refit at a time."""
    if hasattr(fitted.fit, "bootstrap"):
        return fitted.fit.bootstrap(L, **options)
    from emostats.statistics.mmrm import mmrm
    from emostats.statistics.resampling import bootstrap

    def contrasts(data: pd.DataFrame) -> dict[str, float]:
        fit = mmrm(fitted.fit.formula, data, reml=fitted.fit.reml)
        return dict(zip(map(str, range(len(L))), L @ fit.beta.to_numpy(), strict=True))

    return bootstrap(fitted.data, contrasts, unit=UNIT, **options)


def _numbers(field: Any) -> np.ndarray:
    return np.asarray(list(field.values()) if isinstance(field, Mapping) else field, dtype=float)


def _rows(lines: Sequence[Line], fit: Any, result: Resampled) -> list[Estimate]:
    lost = f"{result.n_failed} resamples could not be fitted" if result.n_failed else ""
    return [
        replace(
            row,
            std_error=float(std_error),
            conf_low=float(low),
            conf_high=float(high),
            num_df=None,
            den_df=None,
            statistic=None,
            p_value=None,
            warning="; ".join(filter(None, (row.warning, lost))),
        )
        for row, std_error, low, high in zip(
            evaluate(fit, lines), result.std_error, result.conf_low, result.conf_high, strict=True
        )
    ]


def _facts(analysis: BootstrapAnalysis) -> dict[str, Any]:
    return {
        "type": "bootstrap",
        "of": analysis.of,
        "method": analysis.method,
        "n_resamples": analysis.n_resamples,
        "strata": list(analysis.strata),
        "unit": UNIT,
        "conf_level": analysis.conf_level,
    }
