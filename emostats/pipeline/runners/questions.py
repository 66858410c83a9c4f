"""What a mixed model is asked: which subgroups at which visits, read from the study file."""

from __future__ import annotations

import re

from emostats.statistics.subgroups import SubgroupQuestion
from emostats.study.spec import MmrmAnalysis, StudySpec

_NAME = re.compile(r"[A-Za-z_]\w*")
_COVARIANCE_TERM = re.compile(r"\w+\s*\([^()|]*\|[^()]*\)")
VISIT = "AVISIT"


def fixed_variables(formula: str) -> frozenset[str]:
    """Names in the fixed part of a formula: right of ``~``, without the covariance term."""
    return frozenset(_NAME.findall(_COVARIANCE_TERM.sub("", formula.split("~")[-1])))


def subgroup_question(spec: StudySpec, analysis: MmrmAnalysis, parameter: str) -> SubgroupQuestion:
    """The subgroups of an analysis.

    The LS means that the analysis lists say which; without a list it is the study's subgroup factors that the
    formula has, crossed, and then each one alone.
    """
    info = spec.parameters.get(parameter)
    lowest = info.range[0] if info and info.range else None
    return SubgroupQuestion(
        baseline=spec.baseline.name,
        visits=spec.visit_names,
        subgroups=_listed(analysis) if analysis.emmeans else _crossed(spec, analysis),
        visit=VISIT,
        labels=dict(spec.subjects.labels),
        percent=lowest is None or lowest >= 0,
        percent_interval=analysis.percent_interval or "delta",
    )


def _listed(analysis: MmrmAnalysis) -> tuple[tuple[str, ...], ...]:
    divisions = (
        tuple(name for name in _NAME.findall(spec) if name != VISIT)
        for spec in analysis.emmeans
        if VISIT in _NAME.findall(spec)
    )
    return tuple(dict.fromkeys(division for division in divisions if division))


def _crossed(spec: StudySpec, analysis: MmrmAnalysis) -> tuple[tuple[str, ...], ...]:
    in_formula = fixed_variables(analysis.formula)
    factors = tuple(factor for factor in spec.subgroups.factors if factor in in_formula)
    alone = tuple((factor,) for factor in factors)
    return alone if len(factors) < 2 else (factors, *alone)
