"""Analysis sets: which children an analysis covers, by a rule that is stated before outcomes are seen.

Rules (for one parameter; 'outcome' is an observed value at a planned visit):

- ``all_subjects``: every child of the roster.
- ``any_outcome``: children with at least one outcome, at any visit (the full analysis set of a mixed model).
- ``baseline_outcome``: children with the baseline outcome.
- ``baseline_and_later``: children with the baseline outcome and at least one later one.
- ``all_visits``: children with an outcome at every planned visit (completers).

A new rule is one function in `RULES` and its name in the study file's vocabulary.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import pandas as pd

from emostats.errors import UsageError, did_you_mean
from emostats.study.data import StudyData
from emostats.study.spec import StudySpec

Rule = Callable[[pd.DataFrame, str], "pd.Series[bool]"]
"""From (children × visits, True where observed) and the baseline visit to who is in."""


def _all_subjects(observed: pd.DataFrame, baseline: str) -> pd.Series[bool]:
    return pd.Series(True, index=observed.index)


def _any_outcome(observed: pd.DataFrame, baseline: str) -> pd.Series[bool]:
    return observed.any(axis=1)


def _baseline_outcome(observed: pd.DataFrame, baseline: str) -> pd.Series[bool]:
    return observed[baseline]


def _baseline_and_later(observed: pd.DataFrame, baseline: str) -> pd.Series[bool]:
    return observed[baseline] & observed.drop(columns=baseline).any(axis=1)


def _all_visits(observed: pd.DataFrame, baseline: str) -> pd.Series[bool]:
    return observed.all(axis=1)


RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "all_subjects": _all_subjects,
        "any_outcome": _any_outcome,
        "baseline_outcome": _baseline_outcome,
        "baseline_and_later": _baseline_and_later,
        "all_visits": _all_visits,
    }
)


def analysis_set(data: StudyData, spec: StudySpec, name: str, parameter: str) -> tuple[str, ...]:
    """The children of an analysis set for one parameter.

    Parameters
    ----------
    name: of an analysis set of the study file. parameter: PARAMCD.

    Returns
    -------
    USUBJIDs in the order of the roster.

    Raises
    ------
    UsageError: the study file has no such analysis set.
    """
    return subjects_by_rule(data, spec, spec.analysis_set(name).rule, parameter)


def subjects_by_rule(data: StudyData, spec: StudySpec, rule: str, parameter: str) -> tuple[str, ...]:
    """The children whom a rule takes in for one parameter, in the order of the roster.

    Raises
    ------
    UsageError: there is no such rule.
    """
    if rule not in RULES:
        raise UsageError(f"there is no analysis-set rule '{rule}'. {did_you_mean(rule, RULES)}")
    observed = observed_visits(data, spec, parameter)
    members = RULES[rule](observed, spec.baseline.name)
    return tuple(str(subject) for subject in observed.index[members.to_numpy(dtype=bool)])


def observed_visits(data: StudyData, spec: StudySpec, parameter: str) -> pd.DataFrame:
    """Which child has an outcome at which visit.

    Returns
    -------
    One row a child of the roster (index USUBJID), one boolean column a planned visit, in order.
    """
    rows = data.observations[data.observations["PARAMCD"] == parameter].dropna(subset=["AVAL"])
    table = pd.DataFrame(False, index=pd.Index(data.subjects["USUBJID"]), columns=list(spec.visit_names))
    for visit in spec.visit_names:
        seen = rows.loc[rows["AVISIT"] == visit, "USUBJID"]
        table[visit] = table.index.isin(seen)
    return table
