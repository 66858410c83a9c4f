"""Methods: what was run, in sentences made from the facts that the run recorded, never from intentions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from emostats.render import rounding
from emostats.report.context import Context
from emostats.report.model import Block, Code, Heading, NotDone, Section
from emostats.report.parts import text
from emostats.report.sections.agreement import domain
from emostats.report.wording import capital, joined
from emostats.study.spec import Analysis, BootstrapAnalysis, IccAnalysis, MmrmAnalysis

DF_METHODS = {
    "satterthwaite": "Satterthwaite’s approximation",
    "kenward-roger": "the method of Kenward and Roger (1997), with their adjusted standard errors",
    "kenward-roger-linear": (
        "the method of Kenward and Roger (1997) in its linear form, without second derivatives of the "
        "covariance, with their adjusted standard errors"
    ),
    "kenward-roger-r": (
        "the method of Kenward and Roger (1997) in the parameters of the R package mmrm, with their "
        "adjusted standard errors"
    ),
    "between-within": "the between-within rule",
    "residual": "the residual degrees of freedom",
}

STRUCTURES = {
    "us": "unstructured (a variance for each visit, a covariance for each pair)",
    "toep": "Toeplitz",
    "toeph": "heterogeneous Toeplitz",
    "ar1": "first-order autoregressive",
    "ar1h": "heterogeneous first-order autoregressive",
    "ad": "ante-dependence",
    "adh": "heterogeneous ante-dependence",
    "cs": "compound symmetric",
    "csh": "heterogeneous compound symmetric",
    "sp_exp": "spatial exponential",
}

VCOVS = {
    "empirical": "Standard errors are robust (the empirical sandwich).",
    "empirical-bias-reduced": "Standard errors are robust (the bias-reduced empirical sandwich).",
    "empirical-jackknife": "Standard errors are robust (the jackknife sandwich).",
}

ICC_MODELS = {
    "1": "a one-way random-effects model, agreement",
    "A": "a two-way random-effects model, absolute agreement",
    "C": "a two-way random-effects model, consistency",
}

INTERVALS = {
    "bca": "bias-corrected and accelerated (BCa)",
    "percentile": "percentile",
    "basic": "basic",
    "normal": "normal",
    "studentized": "studentized",
}


def section(context: Context) -> Section:
    """A heading and its sentences for each analysis, then the software."""
    blocks: list[Block] = []
    for analysis in context.spec.analyses:
        blocks.append(Heading(f"methods-{analysis.name.lower()}", f"Analysis ‘{analysis.name}’"))
        if analysis.name in context.facts:
            blocks += _told(context, analysis)
        else:
            blocks.append(NotDone(f"Analysis ‘{analysis.name}’", "the run has no record of it"))
    blocks.append(Heading("methods-software", "Software"))
    blocks.append(text(_software(context)))
    return Section("methods", "Methods", tuple(blocks))


def _told(context: Context, analysis: Analysis) -> list[Block]:
    if isinstance(analysis, MmrmAnalysis):
        return _mixed_model(context, analysis)
    if isinstance(analysis, BootstrapAnalysis):
        return [text(_bootstrap(context, analysis))]
    if isinstance(analysis, IccAnalysis):
        return [text(_agreement(context, analysis))]
    return [NotDone(f"Analysis ‘{analysis.name}’", "there is no text about this kind of analysis")]


def _mixed_model(context: Context, analysis: MmrmAnalysis) -> list[Block]:
    facts = context.facts_of(analysis.name)
    likelihood = "restricted maximum likelihood" if facts.get("reml", analysis.reml) else "maximum likelihood"
    structure = str(facts.get("covariance", "us"))
    method = str(facts.get("df_method", analysis.df_method))
    labels = [context.spec.parameter_label(code) for code in analysis.parameters]
    sentences = [
        f"{capital(joined(labels))} {'was' if len(labels) == 1 else 'were'} analysed by a mixed model "
        f"for repeated measures (MMRM){'' if len(labels) == 1 else ', one model for each'}, fitted by "
        f"{likelihood}.",
        f"The covariance of a child’s visits was {STRUCTURES.get(structure, structure)}.",
        _baseline(context, str(facts.get("formula", analysis.formula))),
        f"Degrees of freedom follow {DF_METHODS.get(method, method)}.",
        VCOVS.get(str(facts.get("vcov", analysis.vcov)), ""),
        _means(facts.get("ls_mean_weights", "")),
        f"Intervals are at the {_level(facts, analysis)} level.",
        "Missing values were not filled in: the likelihood uses all observed values, which is valid if "
        "they are missing at random given the observed ones.",
    ]
    return [
        text(" ".join(sentence for sentence in sentences if sentence)),
        Code(str(facts.get("formula", analysis.formula)), "Model formula"),
        *_departures(context, analysis),
    ]


def _baseline(context: Context, formula: str) -> str:
    right = formula.split("~")[-1]
    if "BASE" in right.replace("(", " ").replace("*", " ").replace("+", " ").replace(":", " ").split():
        return "The baseline value is a covariate."
    if "AVISIT" in right:
        start = context.visit_in_text(context.spec.baseline.name)
        return f"The value at {start} is an outcome like the later ones."
    return ""


def _means(weights: Any) -> str:
    if weights == "equal":
        return "LS means over several subgroups give every subgroup the same weight."
    return ""


def _departures(context: Context, analysis: MmrmAnalysis) -> list[Block]:
    """Outcomes whose model did not run as asked."""
    told: list[Block] = []
    for parameter in analysis.parameters:
        asked = context.fact(analysis.name, "formula", default=analysis.formula)
        used = context.fact(analysis.name, "formula", parameter, asked)
        label = context.spec.parameter_label(parameter)
        if context.fact(analysis.name, "converged", parameter, True) is False:
            reason = context.fact(analysis.name, "message", parameter) or "no reason was recorded"
            told.append(NotDone(f"Model of {label}", str(reason)))
        elif used != asked:
            told += [text(f"For {label} another covariance was used:"), Code(str(used), "Model formula used")]
        warning = context.fact(analysis.name, "warning", parameter)
        if warning:
            told.append(text(f"{label}: {warning}."))
    return told


def _bootstrap(context: Context, analysis: BootstrapAnalysis) -> str:
    facts = context.facts_of(analysis.name)
    strata = [context.factor(name) for name in facts.get("strata", analysis.strata)]
    within = f", within strata of {joined(strata)}" if strata else ""
    method = str(facts.get("method", analysis.method))
    resamples = rounding.count(facts.get("n_resamples", analysis.n_resamples))
    return (
        f"The changes of analysis ‘{analysis.of}’ were estimated again in {resamples} bootstrap "
        f"resamples. Whole children were drawn with replacement{within}, each with all visits, and the "
        f"model was refitted to each resample. Intervals are {INTERVALS.get(method, method)} at the "
        f"{_level(facts, analysis)} level."
    )


def _level(facts: Mapping[str, Any], analysis: Analysis) -> str:
    return rounding.confidence_level(facts.get("conf_level", analysis.conf_level))


def _agreement(context: Context, analysis: IccAnalysis) -> str:
    form = str(context.fact(analysis.name, "form", default=analysis.form))
    family = form.removeprefix("ICC(")[:1]
    single = "of a single rating" if ",1" in form or form == "ICC(1)" else "of the mean of the ratings"
    domains = joined([domain(context, code) for code in analysis.domains])
    model = ICC_MODELS.get(family)
    told = (
        f"Agreement of the experts on {domains} is {form} after McGraw and Wong "
        f"(1996){f': {model}, {single}' if model else ''}. The unit is a clip."
    )
    methods = [r.method for r in context.of_kind("icc") if r.analysis == analysis.name and r.method]
    if methods:
        told += f" Interval: {joined(list(dict.fromkeys(methods)))}."
    if analysis.matching_threshold is not None:
        told += (
            f" A rating of {rounding.significant(analysis.matching_threshold, 1)} or more counts as a match."
        )
    return told


def _software(context: Context) -> str:
    manifest = context.manifest
    packages = manifest.get("packages") or {}
    named = [
        f"{name} {packages[name]}" for name in ("numpy", "pandas", "scipy", "statsmodels") if name in packages
    ]
    told = f"emostats {manifest.get('emostats') or '(version not recorded)'}"
    told += f" on Python {manifest['python']}" if manifest.get("python") else ""
    told += f", with {joined(named)}" if named else ""
    seed = manifest.get("seed")
    return told + (f". Random numbers start from seed {seed}." if seed is not None else ".")
