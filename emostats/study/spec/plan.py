"""The part of a study file that is the plan: visits, subgroups, analysis sets, estimands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from emostats.study.checked import ID_PATTERN, Count, Flag, Frozen, Number
from emostats.study.spec.sources import Name, Text

AnalysisSetRule = Literal[
    "any_outcome", "all_visits", "baseline_outcome", "baseline_and_later", "all_subjects"
]


class Study(Frozen):
    """What the study is. Simulated data are called so on every page; `seed` starts every random number."""

    id: Annotated[str, Field(pattern=ID_PATTERN)]
    title: Text
    simulated: Flag = False
    design: str = ""
    description: str = ""
    seed: Annotated[Count, Field(ge=0)] = 1


class Visit(Frozen):
    """A planned visit. `value` is how the data write it, beside name and label, and `values` further ways;
    `week` places it in time; `window` is how many days a visit may lie from its planned day."""

    name: Name
    label: str = ""
    value: str | None = None
    values: tuple[Text, ...] = ()
    week: Number | None = None
    window: tuple[Number, Number] | None = None
    baseline: Flag = False

    @property
    def shown(self) -> str:
        """The label, or the name when there is none."""
        return self.label or self.name


class Subgroups(Frozen):
    """Factors whose levels are reported apart, and the edges of half-open age bands in years."""

    factors: tuple[Name, ...] = ()
    age_bands: tuple[Number, ...] | None = None


class AnalysisSet(Frozen):
    """Whom an analysis covers; the rules are explained in `emostats.study.analysis_sets`."""

    name: Name
    rule: AnalysisSetRule
    label: str = ""


class Estimand(Frozen):
    """What is to be estimated (ICH E9(R1)): population, parameter, intercurrent events, summary."""

    name: Name
    parameter: Text
    population: Text
    summary: Text
    treatment: str = ""
    intercurrent_events: Mapping[str, str] = Field(default_factory=dict)


class Decisions(Frozen):
    """Files of decisions about the data: corrections of cells, withdrawals of consent.

    `withdrawals` is read whenever it exists; `emostats withdraw` writes it.
    """

    corrections: Annotated[str, Field(min_length=1)] | None = None
    withdrawals: Annotated[str, Field(min_length=1)] = "withdrawals.csv"


class Outputs(Frozen):
    """What a run writes beside the estimates.

    `language` is the language of the report, as in ``"zh"``. `individual` draws each child's course, without
    a name: for those only who may see the data, and never in the public profile. `profile` is the one of the
    report, the figures and the workbook; `rule` is the public profile's rule for small groups.
    """

    report: Flag = True
    tables: Flag = True
    figures: Flag = True
    language: str = "en"
    individual: Flag = False
    profile: Literal["internal", "public"] = "internal"
    rule: Annotated[str, Field(min_length=1)] = "cms"
