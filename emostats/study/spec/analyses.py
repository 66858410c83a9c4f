"""The analyses a study file can ask for, with the defaults of the 182-child study."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from emostats.study.checked import Count, Flag, Frozen, Number
from emostats.study.spec.sources import Name, Text

DEFAULT_FORMULA = "AVAL ~ AVISIT * SEX * AGEBAND + us(AVISIT | USUBJID)"

DfMethod = Literal[
    "satterthwaite", "kenward-roger", "kenward-roger-linear", "kenward-roger-r", "between-within", "residual"
]
Vcov = Literal["asymptotic", "empirical", "empirical-bias-reduced", "empirical-jackknife"]
Structure = Literal["us", "toep", "toeph", "ar1", "ar1h", "ad", "adh", "cs", "csh", "ind", "indh"]
ResamplingMethod = Literal["bca", "percentile", "basic", "normal", "studentized"]
IccForm = Literal["ICC(1)", "ICC(1,1)", "ICC(A,1)", "ICC(C,1)", "ICC(k)", "ICC(1,k)", "ICC(A,k)", "ICC(C,k)"]
IccInterval = Literal["auto", "anova", "profile", "generalized", "bootstrap"]
Adjustment = Literal["none", "bonferroni", "sidak", "holm", "holm_sidak", "hochberg", "hommel", "bh", "by"]
PercentInterval = Literal["delta", "fieller"]
ShrinkageMethod = Literal["reml", "dersimonian-laird", "none"]
ConfLevel = Annotated[Number, Field(gt=0.5, lt=1)]


class MmrmAnalysis(Frozen):
    """A mixed model for repeated measures, fitted to each parameter.

    Attributes
    ----------
    formula: with one covariance term; the default is the published design's.
    emmeans: LS means to report, each as ``"FACTORS | BY"``; empty means those of the subgroups and visits.
    weights: name of a column of weights.
    fallback: structures to try, in order, when the first does not converge.
    adjust: of the p-values of differences between subgroups, over all differences of an outcome at a visit.
    percent_interval: of percent changes. responder: outcome → least change that counts as a response.
    """

    type: Literal["mmrm"] = "mmrm"
    name: Name
    parameters: Annotated[tuple[Text, ...], Field(min_length=1)]
    analysis_set: Text | None = None
    formula: Text = DEFAULT_FORMULA
    df_method: DfMethod = "kenward-roger-linear"
    vcov: Vcov = "asymptotic"
    reml: Flag = True
    conf_level: ConfLevel = 0.95
    weights: Name | None = None
    emmeans: tuple[Text, ...] = ()
    fallback: tuple[Structure, ...] = ()
    adjust: Adjustment | None = None
    percent_interval: PercentInterval | None = None
    responder: Mapping[Text, Annotated[Number, Field(gt=0)]] = Field(default_factory=dict)


class BootstrapAnalysis(Frozen):
    """The changes of an mmrm analysis again, with intervals by resampling children."""

    type: Literal["bootstrap"] = "bootstrap"
    name: Name
    of: Text
    parameters: tuple[Text, ...] = ()
    n_resamples: Annotated[Count, Field(ge=100, le=1_000_000)] = 9999
    method: ResamplingMethod = "bca"
    strata: tuple[Name, ...] = ()
    conf_level: ConfLevel = 0.95


class SubgroupsAnalysis(Frozen):
    """More about the subgroups of an mmrm analysis: shrunken changes, a curve over a number, separate models.

    Attributes
    ----------
    continuous: a number of the children to draw a curve over, such as ``"AGE"``; factors cut from it leave
        the model of the curve. separate: also fit each subgroup by itself. shrinkage: estimator of τ².
    """

    type: Literal["subgroups"] = "subgroups"
    name: Name
    of: Text
    parameters: tuple[Text, ...] = ()
    continuous: Name | None = None
    separate: Flag = False
    shrinkage: ShrinkageMethod = "reml"
    conf_level: ConfLevel = 0.95


class TippingAnalysis(Frozen):
    """How far the missing values of an mmrm analysis must lie from what is assumed to change its conclusion.

    Missing values are imputed under missing at random and shifted against the change; complete data are
    analysed by the paired t test of the change to the last visit, with a jackknife standard error.
    """

    type: Literal["tipping"] = "tipping"
    name: Name
    of: Text
    parameters: tuple[Text, ...] = ()
    alpha: Annotated[Number, Field(gt=0, lt=1)] = 0.05


class IccAnalysis(Frozen):
    """Agreement of the expert ratings; `matching_threshold` counts ratings at or above it as a match."""

    type: Literal["icc"] = "icc"
    name: Name
    domains: Annotated[tuple[Text, ...], Field(min_length=1)]
    by: tuple[Name, ...] = ()
    form: IccForm = "ICC(A,1)"
    interval: IccInterval = "auto"
    matching_threshold: Number | None = None
    conf_level: ConfLevel = 0.95


Analysis = Annotated[
    MmrmAnalysis | BootstrapAnalysis | SubgroupsAnalysis | TippingAnalysis | IccAnalysis,
    Field(discriminator="type"),
]
