"""The descriptive tables of a study: flow, baseline, visits, missingness, pre/post tests, findings."""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import asdict

import pandas as pd

from emostats.errors import Finding, UsageError
from emostats.privacy import IDENTIFIERS
from emostats.statistics.descriptives import (
    FlowStage,
    Groups,
    baseline_table,
    burden_table,
    courses_table,
    events_table,
    flow_stages,
    flow_table,
    missingness_table,
    prepost_table,
    visits_table,
)
from emostats.study.analysis_sets import analysis_set
from emostats.study.data import StudyData
from emostats.study.spec import MmrmAnalysis, StudySpec
from emostats.study.spec.paths import inside

NAMES = {
    "AGE": "Age at baseline (years)",
    "AGEBAND": "Age band (years)",
    "SEX": "Sex",
    "SITE": "Site",
    "INFORMANT": "Answered by",
}
"""Shown names of the variables that have a meaning to emostats, where the study file gives no other."""

MANY_CATEGORIES = 12
"""A covariate with more different values than this is left out of the baseline table: it may be free text."""

ALL, COMPLETERS, LOST = "All", "Completers", "Lost"


def descriptive_tables(spec: StudySpec, data: StudyData) -> dict[str, pd.DataFrame]:
    """Tables by name, as `emostats.estimates.AnalysisResults` holds them."""
    outcomes = data.observations[data.observations["PARAMCD"].isin(analysed_parameters(spec, data))]
    visits = spec.visit_labels
    everyone = list(data.subjects["USUBJID"])
    by_subgroup = {"": everyone, **subgroups(spec, data.subjects)}
    tables = {
        "flow": flow_table(_stages(spec, data, outcomes), by_subgroup),
        "baseline": _baseline(spec, data, outcomes),
        "visits": visits_table(outcomes, visits, by_subgroup),
        "missingness": missingness_table(outcomes, visits, everyone),
        "prepost": prepost_table(outcomes, visits, spec.baseline.name, by_subgroup),
        "events": events_table(data.events, by_subgroup),
        "burden": burden_table(_amounts(spec, data), by_subgroup),
        "findings": public_findings(data.findings),
    }
    if spec.outputs.individual:
        tables["courses"] = _courses(spec, data, outcomes)
    card = _model_card(spec)
    return tables if card is None else {**tables, "model_card": card}


def _amounts(spec: StudySpec, data: StudyData) -> dict[str, pd.Series]:
    """How much each child was asked: questionnaires handed in, questions answered, sessions."""
    amounts = {
        "Questionnaires handed in": data.visits.groupby("USUBJID").size(),
        "Questions answered": data.items[data.items["VALUE"].notna()].groupby("USUBJID").size(),
        "Sessions with a score": data.session_scores.groupby("USUBJID")["SESSION"].nunique(),
    }
    return {name: amount for name, amount in amounts.items() if len(amount)}


def _courses(spec: StudySpec, data: StudyData, outcomes: pd.DataFrame) -> pd.DataFrame:
    level = {who: name for name, members in subgroups(spec, data.subjects).items() for who in members}
    return courses_table(outcomes, spec.visit_names, analysed_parameters(spec, data), level)


def _model_card(spec: StudySpec) -> pd.DataFrame | None:
    """The model card of the session scores as rows, where the study file names one that can be read."""
    name = spec.session_scores.model_card if spec.session_scores else None
    if name is None:
        return None
    path = inside(spec.folder, name)
    try:
        card = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no JSON"
        rows = [("", "error", f"the model card '{name}' cannot be read: {reason}")]
    else:
        rows = _known_card(card) or list(card_rows(card))
    return pd.DataFrame(rows, columns=["heading", "name", "text"])


def _known_card(card: object) -> list[tuple[str, str, str]]:
    """The rows of a card in the form of emostats' own weights; none of any other."""
    from emostats.inference import cards

    try:
        return [("", label, text) for label, text in cards.rows(cards.from_dict(card))]
    except UsageError:
        return []


def card_rows(card: object, heading: str = "", name: str = "") -> Iterator[tuple[str, str, str]]:
    """A nested card as rows (heading, name, text): the first level gives the headings, deeper names are
    joined."""
    if isinstance(card, Mapping):
        for key, value in card.items():
            word = str(key).replace("_", " ")
            if heading or not isinstance(value, Mapping):
                yield from card_rows(value, heading, f"{name}, {word}".removeprefix(", "))
            else:
                yield from card_rows(value, word, "")
    elif isinstance(card, list):
        if any(isinstance(item, Mapping | list) for item in card):
            for position, item in enumerate(card, 1):
                yield from card_rows(item, heading, f"{name} {position}".strip())
        else:
            yield heading, name, "; ".join(map(str, card))
    elif card is not None and card != "":
        yield heading, name, str(card)


def analysed_parameters(spec: StudySpec, data: StudyData) -> list[str]:
    """Outcomes that an analysis names, in the order of the study file; all of them when none does."""
    named = [code for analysis in spec.analyses for code in getattr(analysis, "parameters", ())]
    present = set(data.observations["PARAMCD"])
    return [code for code in dict.fromkeys(named) if code in present] or sorted(present)


def subgroups(spec: StudySpec, subjects: pd.DataFrame) -> dict[str, list[str]]:
    """Shown label → subjects, for every combination of the subgroup factors; empty ones included."""
    factors = [factor for factor in spec.subgroups.factors if factor in subjects]
    if not factors:
        return {}
    grouped = subjects.groupby(factors, observed=False, sort=True)["USUBJID"].agg(list)
    return {_label(spec, factors, key): who for key, who in grouped.items()}


def _label(spec: StudySpec, factors: list[str], key: object) -> str:
    codes = key if isinstance(key, tuple) else (key,)
    return ", ".join(spec.level_label(factor, str(code)) for factor, code in zip(factors, codes, strict=True))


def _stages(spec: StudySpec, data: StudyData, outcomes: pd.DataFrame) -> tuple[FlowStage, ...]:
    sets = _analysed(spec, data)
    answered = _answers(spec, outcomes)
    everyone = list(data.subjects["USUBJID"])
    return flow_stages(everyone, answered, spec.visit_labels, sets, _reasons(data.events))


def _answers(spec: StudySpec, outcomes: pd.DataFrame) -> pd.DataFrame:
    """The values that count as an answer at a visit: all but session scores, unless there are no others."""
    answered = outcomes[outcomes["AVAL"].notna()]
    sessions = [code for code, info in spec.parameters.items() if info.origin == "session"]
    given = answered[~answered["PARAMCD"].isin(sessions)]
    return answered if given.empty else given


def _analysed(spec: StudySpec, data: StudyData) -> dict[str, set[str]]:
    """Each analysis set that an analysis uses → the children it has for at least one parameter."""
    sets: dict[str, set[str]] = {}
    for analysis in spec.analyses:
        if isinstance(analysis, MmrmAnalysis) and analysis.analysis_set:
            for parameter in analysis.parameters:
                members = analysis_set(data, spec, analysis.analysis_set, parameter)
                sets.setdefault(analysis.analysis_set, set()).update(members)
    return sets


def _reasons(events: pd.DataFrame) -> dict[Hashable, str]:
    """Why children left, from the events whose category says withdrawal; a child's first one counts."""
    leaving = events[events["CATEGORY"].astype(str).str.contains("withdraw", case=False, regex=False)]
    first = leaving.drop_duplicates("USUBJID")
    return dict(zip(first["USUBJID"], first["TERM"].astype(str), strict=True))


def _baseline(spec: StudySpec, data: StudyData, outcomes: pd.DataFrame) -> pd.DataFrame:
    at_baseline = outcomes[outcomes["AVISIT"] == spec.baseline.name]
    values = at_baseline.pivot(index="USUBJID", columns="PARAMCD", values="AVAL")
    scores = {code: f"{spec.parameter_label(code)} at {spec.baseline.shown}" for code in values.columns}
    subjects = data.subjects.merge(values, on="USUBJID", how="left")
    variables = {**_variables(spec, data.subjects), **scores}
    labels = spec.subjects.labels
    return baseline_table(subjects, variables, _groups(spec, data, outcomes), (COMPLETERS, LOST), labels)


def _variables(spec: StudySpec, subjects: pd.DataFrame) -> dict[str, str]:
    columns = [column for column in subjects.columns if column not in IDENTIFIERS]
    return {column: _name(spec, column) for column in columns if _describable(subjects[column])}


def _name(spec: StudySpec, column: str) -> str:
    named = spec.subjects.names.get(column) or NAMES.get(column)
    return named or column.replace("_", " ").capitalize()


def _describable(values: pd.Series) -> bool:
    """Whether there is anything to describe, and no free text."""
    found = values.nunique()
    return found > 0 and (pd.api.types.is_numeric_dtype(values) or found <= MANY_CATEGORIES)


def _groups(spec: StudySpec, data: StudyData, outcomes: pd.DataFrame) -> Groups:
    answers = _answers(spec, outcomes)
    seen = set(answers.loc[answers["AVISIT"] == spec.visit_names[-1], "USUBJID"])
    everyone = list(data.subjects["USUBJID"])
    return {
        ALL: everyone,
        **subgroups(spec, data.subjects),
        COMPLETERS: [subject for subject in everyone if subject in seen],
        LOST: [subject for subject in everyone if subject not in seen],
    }


def findings_table(findings: Iterable[Finding]) -> pd.DataFrame:
    """All findings with everything they say; internal, since messages may quote answers and name children."""
    columns = (
        "rule",
        "severity",
        "file",
        "sheet",
        "cell",
        "subject",
        "visit",
        "parameter",
        "message",
        "action",
    )
    rows = [{name: str(value) for name, value in asdict(finding).items()} for finding in findings]
    return pd.DataFrame(rows, columns=list(columns))


def public_findings(findings: Iterable[Finding]) -> pd.DataFrame:
    """Findings by rule and cell, without the child and without words that may come from the data."""
    table = findings_table(findings)
    table["message"] = table["rule"].map(lambda rule: rule.replace("-", " "))
    table["subject"] = table["action"] = ""
    return table
