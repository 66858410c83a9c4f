"""More about the subgroups of a mixed model: shrunken changes, curves over a number, separate models."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from emostats.errors import EmostatsError, ModelError
from emostats.estimates import Estimate
from emostats.pipeline.load import LoadedStudy
from emostats.pipeline.logfile import LOGGER
from emostats.pipeline.runners.base import Advance, Run
from emostats.pipeline.runners.mixed_model import (
    Fitted,
    analysis_rows,
    fit_or_reason,
    fit_parameter,
    method_text,
    place_of,
)
from emostats.pipeline.runners.questions import VISIT, fixed_variables, subgroup_question
from emostats.statistics.subgroups import (
    Curve,
    Known,
    Place,
    Shrunken,
    SubgroupQuestion,
    change_lines,
    continuous_formula,
    credibility,
    credibility_frame,
    curve,
    curve_values,
    failed_curve,
    separate_changes,
    shrunken_changes,
    with_counts,
)
from emostats.statistics.subgroups.shrinkage import LEAST
from emostats.statistics.subgroups.summary import consistency, overall_p
from emostats.study.spec import MmrmAnalysis, SubgroupsAnalysis

CUT_FROM: Mapping[str, tuple[str, ...]] = {"AGE": ("AGEBAND",)}
"""Factors that emostats cuts from a number: they leave the model of its curve."""


@dataclass(frozen=True)
class _Of:
    """One outcome of a subgroups analysis, with what its parts need."""

    analysis: SubgroupsAnalysis
    model: MmrmAnalysis
    study: LoadedStudy
    parameter: str
    fitted: Fitted
    question: SubgroupQuestion
    place: Place


def run_subgroups(
    analysis: SubgroupsAnalysis, study: LoadedStudy, earlier: Mapping[str, Run], advance: Advance
) -> Run:
    """Shrunken changes, curve and separate models of each outcome, and a credibility grid a division."""
    model = study.spec.analysis(analysis.of)
    if not isinstance(model, MmrmAnalysis):
        raise ModelError(f"the analysis '{analysis.name}' is of '{analysis.of}', not of an mmrm analysis.")
    if VISIT not in fixed_variables(model.formula):
        raise ModelError(f"the formula of '{analysis.of}' has no {VISIT}, so there are no changes.")
    before = earlier.get(analysis.of, Run(()))
    parts: list[_Of] = []
    rows: list[Estimate] = []
    tables: dict[str, list[pd.DataFrame]] = {"shrinkage": [], "curves": [], "credibility": []}
    parameters = analysis.parameters or model.parameters
    for done, parameter in enumerate(parameters):
        advance(done / len(parameters))
        part = _part(analysis, model, study, parameter, before)
        parts.append(part)
        shrunken, drawn = _shrunken(part), _curve(part)
        rows += [row for item in shrunken for row in item.rows]
        rows += [*drawn.rows, drawn.test] if drawn else []
        rows += _separate(part) if analysis.separate else []
        tables["shrinkage"].append(_shrinkage_table(shrunken, analysis.name, parameter))
        tables["curves"] += [drawn.table()] if drawn else []
    tables["credibility"] = _grids(parts, before, rows)
    joined = {name: pd.concat(found, ignore_index=True) for name, found in tables.items() if found}
    return Run(tuple(rows), _facts(analysis, parts), tables=joined)


def _part(
    analysis: SubgroupsAnalysis, model: MmrmAnalysis, study: LoadedStudy, parameter: str, before: Run
) -> _Of:
    fitted = before.fits.get(parameter) or fit_or_reason(model, study, parameter)
    place = replace(
        place_of(model, study, parameter, method_text(model, fitted.structure)),
        analysis=analysis.name,
        conf_level=analysis.conf_level,
        planned=study.planned(analysis.name) and study.planned(model.name),
    )
    question = subgroup_question(study.spec, model, parameter)
    return _Of(analysis, model, study, parameter, fitted, question, place)


def _shrunken(part: _Of) -> tuple[Shrunken, ...]:
    if part.analysis.shrinkage == "none":
        return ()
    lines = change_lines(part.fitted.fit, part.question, part.place)
    counted = list(with_counts([line.row for line in lines], part.fitted.data, part.question))
    if part.fitted.error:
        return ()
    sizes = Counter((line.row.subgroup, line.row.visit) for line in lines)
    enough = [line for line in lines if sizes[line.row.subgroup, line.row.visit] >= LEAST]
    return shrunken_changes(part.fitted.fit, enough, method=part.analysis.shrinkage, n=counted)


def _shrinkage_table(items: Sequence[Shrunken], analysis: str, parameter: str) -> pd.DataFrame:
    names = ("mean", "mean_error", "tau2", "tau2_low", "tau2_high", "i2", "q", "df", "p_value")
    return pd.DataFrame(
        [
            {
                "analysis": analysis,
                "parameter": parameter,
                "subgroup": item.subgroup,
                "visit": item.visit,
                **{name: getattr(item.model, name) if item.model else None for name in names},
                "method": item.model.told if item.model else "",
                "error": "" if item.model else item.rows[0].error,
            }
            for item in items
        ]
    )


def _curve(part: _Of) -> Curve | None:
    """The curve of the last visit: earlier ones tell the same story with less of it."""
    variable = part.analysis.continuous
    if variable is None:
        return None
    spec = part.study.spec
    ends = (spec.baseline.name, [name for name in spec.visit_names if name != spec.baseline.name][-1])
    data = analysis_rows(part.model, part.study, part.parameter)
    formula = continuous_formula(part.model.formula, variable, CUT_FROM.get(variable, ()), VISIT)
    values = curve_values(data, variable)
    try:
        fitted = fit_parameter(part.model.model_copy(update={"formula": formula}), data)
    except EmostatsError as error:
        LOGGER.error("%s, %s: %s", part.analysis.name, part.parameter, error)
        return failed_curve(values, variable, ends, part.place, str(error))
    place = replace(part.place, method=f"{part.place.method}; natural cubic spline of {variable}")
    found = curve(
        fitted.fit, values, variable=variable, visit=VISIT, visits=ends, place=place, formula=formula
    )
    n = int(fitted.data["USUBJID"].nunique())
    return replace(found, rows=tuple(replace(row, n=n) for row in found.rows), test=replace(found.test, n=n))


def _separate(part: _Of) -> tuple[Estimate, ...]:
    place = replace(part.place, method=f"{part.place.method}, a model for each subgroup")

    def fit(formula: str, data: pd.DataFrame) -> Any:
        return fit_parameter(part.model.model_copy(update={"formula": formula}), data).fit

    return separate_changes(part.model.formula, part.fitted.data, part.question, place, fit)


def _grids(parts: Sequence[_Of], before: Run, rows: Sequence[Estimate]) -> list[pd.DataFrame]:
    """The credibility grid of each outcome and division."""
    last = {part.parameter: _last_differences(part, before.estimates) for part in parts}
    grids = []
    for part in parts:
        own = [row for row in before.estimates if row.parameter == part.parameter]
        for factors in part.question.subgroups:
            name = ":".join(factors)
            known = Known(
                planned=_planned(part),
                n_modifiers=len(part.question.subgroups),
                p_value=overall_p(own, name),
                adjusted=bool(part.model.adjust and part.model.adjust != "none")
                or any(row.kind == "shrunken_change" and not row.error for row in rows),
                continuous=_continuous(part, factors),
                consistent=consistency(last, name).get(part.parameter),
            )
            table = credibility_frame(credibility(known)).drop(columns="needs_person")
            grids.append(table.assign(analysis=part.analysis.name, parameter=part.parameter, subgroup=name))
    return grids


def _planned(part: _Of) -> bool | None:
    if part.study.plan.locked is None:
        return None
    return part.place.planned


def _continuous(part: _Of, factors: tuple[str, ...]) -> bool | None:
    cut = {name for of in CUT_FROM.values() for name in of}
    if not cut & set(factors):
        return None
    return bool(set(CUT_FROM.get(part.analysis.continuous or "", ())) & set(factors))


def _last_differences(part: _Of, rows: Sequence[Estimate]) -> list[Estimate]:
    last = part.study.spec.visit_names[-1]
    return [
        row
        for row in rows
        if row.kind == "difference_of_changes" and row.parameter == part.parameter and row.visit == last
    ]


def _facts(analysis: SubgroupsAnalysis, parts: Sequence[_Of]) -> dict[str, Any]:
    return {
        "type": "subgroups",
        "of": analysis.of,
        "continuous": analysis.continuous or "",
        "curve_formula": continuous_formula(
            parts[0].model.formula, analysis.continuous, CUT_FROM.get(analysis.continuous, ()), VISIT
        )
        if analysis.continuous and parts
        else "",
        "separate": analysis.separate,
        "shrinkage": analysis.shrinkage,
        "conf_level": analysis.conf_level,
    }
