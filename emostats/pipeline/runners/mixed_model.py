"""Runs a mixed model for repeated measures on each of its parameters."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from emostats.errors import ModelError, UsageError
from emostats.estimates import Estimate
from emostats.pipeline.load import LoadedStudy
from emostats.pipeline.logfile import LOGGER
from emostats.pipeline.runners.base import Advance, Run
from emostats.pipeline.runners.model_rows import model_rows
from emostats.pipeline.runners.questions import VISIT, fixed_variables, subgroup_question
from emostats.pipeline.runners.responders import responder_rows
from emostats.statistics.subgroups import FailedFit, Place, subgroup_effects, with_adjusted_p
from emostats.study.analysis_sets import analysis_set
from emostats.study.spec import MmrmAnalysis

_STRUCTURE = re.compile(r"\b[a-z_]\w*(?=\s*\([^()]*\|)")


@dataclass(frozen=True)
class Fitted:
    """A model of one parameter, or what stands in its place.

    Attributes
    ----------
    fit: an `MMRMFit`, or a `FailedFit` where `error` says why there is none.
    data: the rows it was (to be) fitted to. structure: token of the covariance structure that was used.
    warning: what should be known about the fit.
    """

    fit: Any
    data: pd.DataFrame
    structure: str
    warning: str = ""
    error: str = ""


def run_mmrm(analysis: MmrmAnalysis, study: LoadedStudy, earlier: Mapping[str, Run], advance: Advance) -> Run:
    """Fits each parameter and collects LS means, changes, subgroup effects, tests and fit statistics."""
    fits: dict[str, Fitted] = {}
    rows: list[Estimate] = []
    for done, parameter in enumerate(analysis.parameters):
        advance(done / len(analysis.parameters))
        fits[parameter] = fit_or_reason(analysis, study, parameter)
        rows += rows_of(analysis, study, parameter, fits[parameter])
    facts = {parameter: fit_facts(fitted) for parameter, fitted in fits.items()}
    return Run(tuple(rows), {**analysis_facts(analysis), **_overall(facts), "parameters": facts}, fits)


def fit_or_reason(analysis: MmrmAnalysis, study: LoadedStudy, parameter: str) -> Fitted:
    """The model of a parameter; where it cannot be fitted, a stand-in that knows its cells and the reason."""
    data = analysis_rows(analysis, study, parameter)
    try:
        fitted = fit_parameter(analysis, data)
    except (ModelError, UsageError) as error:
        LOGGER.error("%s, %s: %s", analysis.name, parameter, error)
        question = subgroup_question(study.spec, analysis, parameter)
        factors = dict.fromkeys(factor for division in question.subgroups for factor in division)
        levels = {factor: _levels(study.data.subjects[factor]) for factor in factors}
        failed = FailedFit(str(error), {VISIT: study.spec.visit_names, **levels})
        return Fitted(failed, data, structure_of(analysis), error=str(error))
    LOGGER.info("%s, %s: fitted to %s children", analysis.name, parameter, fitted.fit.n_subjects)
    return fitted


def analysis_rows(analysis: MmrmAnalysis, study: LoadedStudy, parameter: str) -> pd.DataFrame:
    """Observations of a parameter of the children in the analysis set, with the children's factors."""
    data = study.data
    rows = data.observations
    kept = (rows["PARAMCD"] == parameter) & rows["AVAL"].notna()
    if analysis.analysis_set:
        members = analysis_set(data, study.spec, analysis.analysis_set, parameter)
        kept &= rows["USUBJID"].astype(str).isin(members)
    return data.with_covariates(rows[kept])


def fit_parameter(analysis: MmrmAnalysis, data: pd.DataFrame) -> Fitted:
    """The model of the study file, or the first of its fallback structures that converges.

    Raises
    ------
    ModelError: none can be fitted, or there is nothing to fit.
    """
    from emostats.statistics.mmrm import mmrm

    if data.empty:
        raise ModelError("there are no observations of this outcome in the analysis set.")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fit = mmrm(
            analysis.formula,
            data,
            reml=analysis.reml,
            weights=analysis.weights,
            df_method=analysis.df_method,
            vcov=analysis.vcov,
            conf_level=analysis.conf_level,
            fallback=analysis.fallback,
        )
    said = dict.fromkeys(str(item.message) for item in caught)
    used = data.iloc[fit.frame.rows]  # children without a value of a factor are not in the model
    return Fitted(fit, used, fit.structure, warning="; ".join(said))


def place_of(analysis: MmrmAnalysis, study: LoadedStudy, parameter: str, method: str) -> Place:
    """What all rows of one model share."""
    info = study.spec.parameters.get(parameter)
    return Place(
        analysis=analysis.name,
        parameter=parameter,
        analysis_set=analysis.analysis_set or "",
        unit=info.unit if info else "",
        conf_level=analysis.conf_level,
        planned=study.planned(analysis.name),
        method=method,
    )


def structure_of(analysis: MmrmAnalysis) -> str:
    """Token of the covariance structure in the formula."""
    found = _STRUCTURE.search(analysis.formula)
    return found.group() if found else ""


def method_text(analysis: MmrmAnalysis, structure: str) -> str:
    """How the numbers were computed, in the field's terms: ``"MMRM (REML), us, kenward-roger-linear"``."""
    likelihood = "REML" if analysis.reml else "ML"
    parts = [f"MMRM ({likelihood})", structure, analysis.df_method]
    robust = [str(analysis.vcov)] if analysis.vcov != "asymptotic" else []
    return ", ".join(filter(None, parts + robust))


def rows_of(analysis: MmrmAnalysis, study: LoadedStudy, parameter: str, fitted: Fitted) -> list[Estimate]:
    """All rows of a model; of one that failed, the rows it would have filled."""
    place = place_of(analysis, study, parameter, method_text(analysis, fitted.structure))
    rows: list[Estimate] = []
    if VISIT in fixed_variables(analysis.formula):  # else there are no means of visits to compare
        question = subgroup_question(study.spec, analysis, parameter)
        effects = subgroup_effects(fitted.fit, fitted.data, question, place)
        rows += with_adjusted_p(effects, analysis.adjust or "none")
        rows += responder_rows(analysis, study.spec, fitted.data, question, place)
    if fitted.error:
        return [*rows, place.row("fit", "", "", "", term="model", error=fitted.error)]
    rows += model_rows(fitted.fit, place)
    if not fitted.warning:
        return rows
    return [replace(row, warning="; ".join(filter(None, (fitted.warning, row.warning)))) for row in rows]


def _levels(column: pd.Series) -> list[str]:
    if isinstance(column.dtype, pd.CategoricalDtype):
        return [str(code) for code in column.cat.categories]
    return sorted(map(str, column.dropna().unique()))


def analysis_facts(analysis: MmrmAnalysis) -> dict[str, Any]:
    """What the study file asked for."""
    return {
        "type": "mmrm",
        "formula": analysis.formula,
        "covariance": structure_of(analysis),
        "df_method": analysis.df_method,
        "vcov": analysis.vcov,
        "reml": analysis.reml,
        "conf_level": analysis.conf_level,
        "analysis_set": analysis.analysis_set or "",
        "weights": analysis.weights or "",
        "adjust": analysis.adjust or "none",
        "percent_interval": analysis.percent_interval or "delta",
        "responder": dict(analysis.responder),
        "ls_mean_weights": "equal",
    }


def fit_facts(fitted: Fitted) -> dict[str, Any]:
    """How one model was fitted."""
    if fitted.error:
        return {"covariance": fitted.structure, "converged": False, "message": fitted.error}
    convergence = fitted.fit.convergence
    return {
        "formula": _STRUCTURE.sub(fitted.structure, fitted.fit.formula, count=1),
        "covariance": fitted.structure,
        "n_subjects": int(fitted.fit.n_subjects),
        "n_observations": int(fitted.fit.n_observations),
        "converged": bool(convergence.converged),
        "iterations": int(convergence.iterations),
        "message": str(convergence.message),
        "warning": fitted.warning,
    }


def _overall(facts: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    good = [item for item in facts.values() if item.get("converged")]
    return {
        "converged": bool(facts) and len(good) == len(facts),
        "n_subjects": max((item["n_subjects"] for item in good), default=0),
        "n_observations": max((item["n_observations"] for item in good), default=0),
        "iterations": max((item["iterations"] for item in good), default=0),
        "message": "; ".join(
            dict.fromkeys(str(item["message"]) for item in facts.values() if item["message"])
        ),
    }
