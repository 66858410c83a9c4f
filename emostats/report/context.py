"""What a section may ask: the estimates by place, the tables, the facts, and how things are called."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import pandas as pd

from emostats.estimates import AnalysisResults, Estimate
from emostats.render import rounding
from emostats.report.language import _, joined, speaks_english, with_unit
from emostats.report.recorded import spoken
from emostats.study.spec import BootstrapAnalysis, IccAnalysis, MmrmAnalysis, StudySpec

_TEXT_FIELDS = frozenset(item.name for item in fields(Estimate) if item.type == "str")


@dataclass(frozen=True)
class Outcome:
    """One parameter of one mixed-model analysis, with everything needed to show its numbers alike everywhere.

    places: decimals of its means and changes, by two digits of the median standard error of all outcomes in
    this unit. brief_places: at most two decimals (more where one digit of the standard error needs them).
    """

    analysis: str
    parameter: str
    label: str
    unit: str
    places: int
    brief_places: int
    higher_is_better: bool | None
    session: bool

    @property
    def id(self) -> str:
        """A name for use in ids: letters, digits and hyphens."""
        return slug(f"{self.analysis}-{self.parameter}")

    @property
    def label_with_unit(self) -> str:
        """``"Social interest (points)"``."""
        return with_unit(self.label, self.unit)


@dataclass(frozen=True)
class Context:
    """The inputs of a report, indexed. Sections read it and nothing else."""

    spec: StudySpec
    estimates: tuple[Estimate, ...]
    tables: Mapping[str, pd.DataFrame]
    facts: Mapping[str, Mapping[str, Any]]
    manifest: Mapping[str, Any]

    @classmethod
    def of(cls, spec: StudySpec, results: AnalysisResults, manifest: Mapping[str, Any]) -> Context:
        """The context of a run's results."""
        records = results.estimates.to_dict("records")
        return cls(spec, tuple(map(_estimate, records)), results.tables, results.facts, manifest)

    @cached_property
    def _by_kind(self) -> Mapping[tuple[str, str, str], tuple[Estimate, ...]]:
        index: dict[tuple[str, str, str], list[Estimate]] = defaultdict(list)
        for row in self.estimates:
            index[row.kind, row.analysis, row.parameter].append(row)
        return {key: tuple(rows) for key, rows in index.items()}

    def rows(self, kind: str, outcome: Outcome) -> tuple[Estimate, ...]:
        """Estimates of one kind for an outcome, in the order they were computed."""
        return self._by_kind.get((kind, outcome.analysis, outcome.parameter), ())

    def of_kind(self, kind: str) -> tuple[Estimate, ...]:
        """Estimates of one kind, whatever they are about."""
        return tuple(row for row in self.estimates if row.kind == kind)

    def table(self, name: str) -> pd.DataFrame | None:
        """A descriptive table, or None when it is missing or empty."""
        table = self.tables.get(name)
        return None if table is None or table.empty else table

    @property
    def public(self) -> Mapping[str, Any]:
        """What the public edition says about itself; empty in the internal edition."""
        return self.manifest.get("public") or {}

    def why_no_table(self, name: str, otherwise: str) -> str:
        """Why a descriptive table is not there: the public edition leaves it out, or `otherwise`."""
        why = self.public.get("left_out", {}).get(name)
        return _("the public edition leaves it out, {why}", why=spoken(why)) if why else otherwise

    def fact(self, analysis: str, key: str, parameter: str = "", default: Any = None) -> Any:
        """A fact about an analysis; one about the parameter comes before one about the whole analysis."""
        return self.facts_of(analysis, parameter).get(key, default)

    def facts_of(self, analysis: str, parameter: str = "") -> dict[str, Any]:
        """All facts about an analysis, with those of the parameter in front."""
        facts = dict(self.facts.get(analysis, {}))
        own = facts.pop("parameters", None) or {}
        return {**facts, **own.get(parameter, {})}

    @cached_property
    def outcomes(self) -> tuple[Outcome, ...]:
        """Every parameter of every mixed-model analysis, in the order of the study file."""
        return tuple(
            self._outcome(analysis, parameter)
            for analysis in self.spec.analyses
            if isinstance(analysis, MmrmAnalysis)
            for parameter in analysis.parameters
        )

    @property
    def main_outcomes(self) -> tuple[Outcome, ...]:
        """The outcomes that the estimands ask about; all, where there are no estimands."""
        asked = {estimand.parameter for estimand in self.spec.estimands}
        return tuple(outcome for outcome in self.outcomes if not asked or outcome.parameter in asked)

    @property
    def questionnaire_outcomes(self) -> tuple[Outcome, ...]:
        """Outcomes that are not session scores."""
        return tuple(outcome for outcome in self.outcomes if not outcome.session)

    @property
    def session_outcomes(self) -> tuple[Outcome, ...]:
        """Outcomes that are session scores."""
        return tuple(outcome for outcome in self.outcomes if outcome.session)

    @property
    def bootstraps(self) -> tuple[BootstrapAnalysis, ...]:
        """The bootstrap analyses of the study file."""
        return tuple(item for item in self.spec.analyses if isinstance(item, BootstrapAnalysis))

    @property
    def agreements(self) -> tuple[IccAnalysis, ...]:
        """The agreement analyses of the study file."""
        return tuple(item for item in self.spec.analyses if isinstance(item, IccAnalysis))

    def _outcome(self, analysis: MmrmAnalysis, parameter: str) -> Outcome:
        info = self.spec.parameters.get(parameter)
        repeated = sum(
            isinstance(other, MmrmAnalysis) and parameter in other.parameters for other in self.spec.analyses
        )
        label = self.spec.parameter_label(parameter)
        directions = {"higher is better": True, "lower is better": False}
        rows = self._of_unit(analysis.name, info.unit if info else "", parameter)
        errors, values = [row.std_error for row in rows], [row.estimate for row in rows]
        places = rounding.shared_decimals(errors, values)
        return Outcome(
            analysis=analysis.name,
            parameter=parameter,
            label=f"{label} ({analysis.name})" if repeated > 1 else label,
            unit=info.unit if info else "",
            places=places,
            brief_places=max(min(places, 2), rounding.shared_decimals(errors, values, significant=1)),
            higher_is_better=directions.get(info.direction) if info else None,
            session=info is not None and info.origin == "session",
        )

    def _of_unit(self, analysis: str, unit: str, parameter: str) -> list[Estimate]:
        """Means and changes of an outcome and, if it has a unit, of all outcomes in that unit."""
        kinds = ("ls_mean", "change")
        return [
            row
            for (kind, name, code), rows in self._by_kind.items()
            if kind in kinds and name == analysis and (code == parameter or (unit and rows[0].unit == unit))
            for row in rows
        ]

    def least_change(self, outcome: Outcome) -> float | None:
        """The change that the study file calls a response, with the sign of the better direction."""
        for analysis in self.spec.analyses:
            if isinstance(analysis, MmrmAnalysis) and analysis.name == outcome.analysis:
                least = analysis.responder.get(outcome.parameter)
                return least if least is None or outcome.higher_is_better is not False else -least
        return None

    @property
    def simulated(self) -> bool:
        """Whether the data are simulated."""
        return self.spec.study.simulated

    def visit(self, name: str) -> str:
        """The shown label of a visit."""
        return self.spec.visit_labels.get(name, name)

    def visit_in_text(self, name: str) -> str:
        """The label of a visit within a sentence: ``"week 12"``."""
        return in_sentence(self.visit(name)) if speaks_english() else self.visit(name)

    @property
    def later_visits(self) -> tuple[str, ...]:
        """Names of the visits apart from baseline."""
        return tuple(name for name in self.spec.visit_names if name != self.spec.baseline.name)

    def factors(self, subgroup: str) -> str:
        """``"SEX:AGEBAND"`` as words: ``"sex and age band"``."""
        return joined([self.factor(name) for name in subgroup.split(":") if name])

    def factor(self, name: str) -> str:
        """A factor within a sentence: the study file's name, one of the field, else the header."""
        named = self.spec.subjects.names.get(name)
        if named:
            return in_sentence(named) if speaks_english() else named
        return _factor(name) or self.spec.subjects.columns.get(name, name)

    @cached_property
    def _names(self) -> Mapping[str, str]:
        named = (*self.spec.subjects.columns, *self.spec.subjects.names, *_FACTORS)
        factors = {name: self.factor(name) for name in named}
        return {**factors, **self.spec.visit_labels}

    def in_words(self, text: str) -> str:
        """`text` (a term, a contrast) with visits and factors called what people call them."""
        pattern = "|".join(re.escape(name) for name in sorted(self._names, key=len, reverse=True))
        return re.sub(rf"\b({pattern})\b", lambda match: self._names[match[0]], text)

    def warned(self, text: str) -> str:
        """What an estimator warned of, in the language of the report and with the names that people use."""
        return self.in_words(spoken(text))


_FACTORS = ("SEX", "AGEBAND", "AVISIT", "SITE", "INFORMANT", "FAMILY", "AGE")


def _factor(name: str) -> str | None:
    """What people call a variable that has a meaning to emostats."""
    return {
        "SEX": _("sex"),
        "AGEBAND": _("age band"),
        "AVISIT": _("visit"),
        "SITE": _("site"),
        "INFORMANT": _("informant"),
        "FAMILY": _("family"),
        "AGE": _("age"),
    }.get(name)


def in_sentence(name: str) -> str:
    """`name` within a sentence: ``"Week 12"`` → ``"week 12"``; names that begin like ``"IQ"`` stay."""
    return name[:1].lower() + name[1:] if name[1:2].islower() else name


def slug(text: str) -> str:
    """`text` as part of an id: letters, digits and single hyphens."""
    return re.sub(r"[^0-9A-Za-z]+", "-", text).strip("-").lower() or "x"


def _estimate(record: Mapping[Any, Any]) -> Estimate:
    values = {name: _value(name, record.get(name)) for name in (item.name for item in fields(Estimate))}
    values["n"] = None if values["n"] is None else int(values["n"])
    values["planned"] = bool(record.get("planned", True))
    return Estimate(**values)


def _value(name: str, value: Any) -> Any:
    if name in _TEXT_FIELDS:
        return value if isinstance(value, str) else ""
    if value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value)):
        return None
    return value
