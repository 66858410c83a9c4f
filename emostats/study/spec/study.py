"""StudySpec: the study file as one frozen value, with the questions other rooms ask of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, PrivateAttr

from emostats.errors import UsageError, did_you_mean
from emostats.study.checked import Frozen
from emostats.study.instruments import Instrument
from emostats.study.spec.analyses import Analysis
from emostats.study.spec.paths import inside
from emostats.study.spec.plan import AnalysisSet, Decisions, Estimand, Outputs, Study, Subgroups, Visit
from emostats.study.spec.reporting import Reporting
from emostats.study.spec.sources import (
    Events,
    InstrumentUse,
    Matching,
    Measurements,
    Ratings,
    SessionScores,
    Source,
    Subjects,
)
from emostats.study.subgroups import AgeBand, age_bands


@dataclass(frozen=True)
class ParameterInfo:
    """What is known about an outcome before any data: PARAMCD, label, unit, possible range, origin."""

    code: str
    label: str
    unit: str
    range: tuple[float, float] | None
    direction: str
    origin: Literal["instrument", "measurement", "session"]


class StudySpec(Frozen):
    """The study file. The fields are its tables; what each key means is told in ``docs/study-file.md``."""

    schema_version: Literal[1] = Field(default=1, alias="schema")
    study: Study
    sources: Mapping[str, Source] = Field(default_factory=dict)
    subjects: Subjects
    subgroups: Subgroups = Subgroups()
    visits: Annotated[tuple[Visit, ...], Field(min_length=1)]
    instruments: tuple[InstrumentUse, ...] = ()
    measurements: tuple[Measurements, ...] = ()
    ratings: Ratings | None = None
    session_scores: SessionScores | None = None
    matching: Matching | None = None
    events: Events | None = None
    analysis_sets: tuple[AnalysisSet, ...] = ()
    estimands: tuple[Estimand, ...] = ()
    analyses: tuple[Analysis, ...] = ()
    reporting: Reporting = Reporting()
    decisions: Decisions = Decisions()
    outputs: Outputs = Outputs()

    _path: Path = PrivateAttr(default=Path("study.toml"))
    _instruments: Mapping[str, Instrument] = PrivateAttr(default_factory=dict)

    def model_post_init(self, context: Any) -> None:
        """Takes the file's path and the instruments that were read with it from the validation context."""
        context = context or {}
        self._path = context.get("path", self._path)
        self._instruments = context.get("instruments", {})

    @property
    def path(self) -> Path:
        """The study file."""
        return self._path

    @property
    def folder(self) -> Path:
        """The study folder: every path of the study file is relative to it."""
        return self._path.parent

    @property
    def companion_files(self) -> dict[str, Path]:
        """Files beside the sources that a run depends on, by the path the study file gives: dictionaries and
        events of exports, corrections, withdrawals, a model card. They need not exist."""
        named = [name for item in self.sources.values() for name in (item.dictionary, item.events) if name]
        card = self.session_scores.model_card if self.session_scores else None
        named += [self.decisions.withdrawals, *filter(None, [self.decisions.corrections, card])]
        return {name: inside(self.folder, name) for name in named}

    @property
    def loaded_instruments(self) -> Mapping[str, Instrument]:
        """The instruments by the name that the study file gives them."""
        return self._instruments

    @property
    def visit_names(self) -> tuple[str, ...]:
        """Names of the visits in their order."""
        return tuple(visit.name for visit in self.visits)

    @property
    def visit_labels(self) -> dict[str, str]:
        """Shown label of each visit by its name."""
        return {visit.name: visit.shown for visit in self.visits}

    @property
    def visit_numbers(self) -> dict[str, float]:
        """AVISITN: the week when every visit has one, else the position from 0."""
        if all(visit.week is not None for visit in self.visits):
            return {visit.name: float(visit.week or 0) for visit in self.visits}
        return {visit.name: float(position) for position, visit in enumerate(self.visits)}

    @property
    def baseline(self) -> Visit:
        """The baseline visit."""
        return next(visit for visit in self.visits if visit.baseline)

    @property
    def age_bands(self) -> tuple[AgeBand, ...]:
        """The age bands, youngest first; empty when the study has none."""
        return age_bands(self.subgroups.age_bands or ())

    @property
    def parameters(self) -> dict[str, ParameterInfo]:
        """Every outcome of the study by PARAMCD, instruments first."""
        found = [*self._scores(), *self._measured(), *self._sessions()]
        return {info.code: info for info in found}

    def parameter_label(self, code: str) -> str:
        """The label of an outcome, or its code when the study file gives none."""
        info = self.parameters.get(code)
        return (info.label or code) if info else code

    def level_label(self, factor: str, level: str) -> str:
        """How a level of a factor is shown, ``("SEX", "M")`` → ``"Boys"``; without a label, the level."""
        return self.subjects.labels.get(factor, {}).get(str(level), str(level))

    def analysis(self, name: str) -> Analysis:
        """The analysis of this name. Raises UsageError when there is none."""
        for analysis in self.analyses:
            if analysis.name == name:
                return analysis
        names = [analysis.name for analysis in self.analyses]
        raise UsageError(f"the study file has no analysis '{name}'. {did_you_mean(name, names)}")

    def analysis_set(self, name: str) -> AnalysisSet:
        """The analysis set of this name. Raises UsageError when there is none."""
        for analysis_set in self.analysis_sets:
            if analysis_set.name == name:
                return analysis_set
        names = [analysis_set.name for analysis_set in self.analysis_sets]
        raise UsageError(f"the study file has no analysis set '{name}'. {did_you_mean(name, names)}")

    def _scores(self) -> list[ParameterInfo]:
        return [
            ParameterInfo(
                code=subscale.id,
                label=subscale.label,
                unit=subscale.unit,
                range=instrument.score_range(subscale),
                direction=subscale.direction,
                origin="instrument",
            )
            for instrument in self._instruments.values()
            for subscale in instrument.subscales
        ]

    def _measured(self) -> list[ParameterInfo]:
        return [
            ParameterInfo(code, item.label, item.unit, item.range, item.direction, "measurement")
            for table in self.measurements
            for code, item in table.parameters.items()
        ]

    def _sessions(self) -> list[ParameterInfo]:
        items = self.session_scores.parameters.items() if self.session_scores else ()
        return [
            ParameterInfo(code, item.label, item.unit, item.range, item.direction, "session")
            for code, item in items
        ]
