"""Methods: what was run, in sentences made from the facts that the run recorded, never from intentions.

Every sentence goes through the catalog of the report's language whole, so that word order can differ.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from emostats.render import rounding
from emostats.report.context import Context
from emostats.report.language import _, joined, listed, sentences, stopped, told_of, with_unit
from emostats.report.model import Block, Code, Heading, NotDone, Section
from emostats.report.parts import text
from emostats.report.recorded import spoken
from emostats.report.sections import method_names as names
from emostats.report.sections.agreement import domain
from emostats.report.wording import capital
from emostats.study.spec import (
    Analysis,
    BootstrapAnalysis,
    IccAnalysis,
    MmrmAnalysis,
    SubgroupsAnalysis,
    TippingAnalysis,
)


def section(context: Context) -> Section:
    """A heading and its sentences for each analysis, then the software."""
    blocks: list[Block] = []
    for analysis in context.spec.analyses:
        title = _("Analysis ‘{name}’", name=analysis.name)
        blocks.append(Heading(f"methods-{analysis.name.lower()}", title))
        if analysis.name in context.facts:
            blocks += _told(context, analysis)
        else:
            blocks.append(NotDone(title, _("the run has no record of it")))
    blocks.append(Heading("methods-estimands", _("Estimands")))
    blocks.append(text(_estimands(context)))
    blocks.append(Heading("methods-software", _("Software")))
    blocks.append(text(_software(context)))
    return Section("methods", _("Methods"), tuple(blocks))


def _told(context: Context, analysis: Analysis) -> list[Block]:
    if isinstance(analysis, MmrmAnalysis):
        return _mixed_model(context, analysis)
    if isinstance(analysis, BootstrapAnalysis):
        return [text(_bootstrap(context, analysis))]
    if isinstance(analysis, SubgroupsAnalysis):
        return _subgroups(context, analysis)
    if isinstance(analysis, TippingAnalysis):
        return [text(_tipping(context, analysis))]
    return [text(_agreement(context, analysis))]


def _mixed_model(context: Context, analysis: MmrmAnalysis) -> list[Block]:
    facts = context.facts_of(analysis.name)
    formula = str(facts.get("formula", analysis.formula))
    structure = str(facts.get("covariance", "us"))
    method = str(facts.get("df_method", analysis.df_method))
    told = [
        _fitted(context, analysis, bool(facts.get("reml", analysis.reml))),
        _("The covariance of a child’s visits was {structure}.", structure=names.structure(structure)),
        _baseline(context, formula),
        _("Degrees of freedom follow {method}.", method=names.df_method(method)),
        names.vcov(str(facts.get("vcov", analysis.vcov))),
        _("LS means over several subgroups give every subgroup the same weight.")
        if facts.get("ls_mean_weights") == "equal"
        else "",
        _("Intervals are at the {level} level.", level=_level(facts, analysis)),
        _(
            "Missing values were not filled in: the likelihood uses all observed values, which is valid if "
            "they are missing at random given the observed ones."
        ),
        _percent(facts),
        _adjusted(str(facts.get("adjust", "none"))),
        _responders(context, analysis),
    ]
    return [
        text(sentences(*told)),
        Code(formula, _("Model formula")),
        *_departures(context, analysis),
    ]


def _fitted(context: Context, analysis: MmrmAnalysis, reml: bool) -> str:
    likelihood = _("restricted maximum likelihood") if reml else _("maximum likelihood")
    labels = [context.spec.parameter_label(code) for code in analysis.parameters]
    if len(labels) == 1:
        return _(
            "{outcome} was analysed by a mixed model for repeated measures (MMRM), fitted by {likelihood}.",
            outcome=capital(labels[0]),
            likelihood=likelihood,
        )
    return _(
        "{outcomes} were analysed by a mixed model for repeated measures (MMRM), one model for each, fitted "
        "by {likelihood}.",
        outcomes=capital(joined(labels)),
        likelihood=likelihood,
    )


def _baseline(context: Context, formula: str) -> str:
    right = formula.split("~")[-1]
    if "BASE" in right.replace("(", " ").replace("*", " ").replace("+", " ").replace(":", " ").split():
        return _("The baseline value is a covariate.")
    if "AVISIT" in right:
        start = context.visit_in_text(context.spec.baseline.name)
        return _("The value at {visit} is an outcome like the later ones.", visit=start)
    return ""


def _percent(facts: Mapping[str, Any]) -> str:
    if facts.get("percent_interval") == "fieller":
        return _("Percent changes are ratios of LS means with Fieller’s interval.")
    return _("Percent changes are ratios of LS means; their intervals use the delta method on the log scale.")


def _adjusted(method: str) -> str:
    if method in ("", "none"):
        return ""
    return _(
        "p-values of differences between subgroups are adjusted by {method} over all differences of an "
        "outcome at a visit.",
        method=names.adjustment(method),
    )


def _responders(context: Context, analysis: MmrmAnalysis) -> str:
    least = [
        f"{context.spec.parameter_label(code)} {rounding.significant(value, 2)}"
        for code, value in analysis.responder.items()
    ]
    if not least:
        return ""
    return _("A response is a change for the better by at least: {least}.", least=joined(least))


def _departures(context: Context, analysis: MmrmAnalysis) -> list[Block]:
    """Outcomes whose model did not run as asked."""
    told: list[Block] = []
    for parameter in analysis.parameters:
        asked = context.fact(analysis.name, "formula", default=analysis.formula)
        used = context.fact(analysis.name, "formula", parameter, asked)
        label = context.spec.parameter_label(parameter)
        if context.fact(analysis.name, "converged", parameter, True) is False:
            reason = context.fact(analysis.name, "message", parameter) or _("no reason was recorded")
            told.append(NotDone(_("Model of {outcome}", outcome=label), spoken(str(reason))))
        elif used != asked:
            told.append(text(_("For {outcome} another covariance was used:", outcome=label)))
            told.append(Code(str(used), _("Model formula used")))
        warning = context.fact(analysis.name, "warning", parameter)
        if warning:
            told.append(text(stopped(told_of(label, context.warned(str(warning))))))
    return told


def _bootstrap(context: Context, analysis: BootstrapAnalysis) -> str:
    facts = context.facts_of(analysis.name)
    strata = [context.factor(name) for name in facts.get("strata", analysis.strata)]
    method = str(facts.get("method", analysis.method))
    drawn = _(
        "Whole children were drawn with replacement, each with all visits, and the model was refitted to "
        "each resample."
    )
    if strata:
        drawn = _(
            "Whole children were drawn with replacement within strata of {strata}, each with all visits, and "
            "the model was refitted to each resample.",
            strata=joined(strata),
        )
    return sentences(
        *(
            _(
                "The changes of analysis ‘{name}’ were estimated again in {n} bootstrap resamples.",
                name=analysis.of,
                n=rounding.count(facts.get("n_resamples", analysis.n_resamples)),
            ),
            drawn,
            _(
                "Intervals are {method} at the {level} level.",
                method=names.interval(method),
                level=_level(facts, analysis),
            ),
        )
    )


def _subgroups(context: Context, analysis: SubgroupsAnalysis) -> list[Block]:
    facts = context.facts_of(analysis.name)
    told = []
    if analysis.shrinkage != "none":
        told.append(
            _(
                "The changes of the subgroups of analysis ‘{name}’ were drawn towards their common mean by "
                "empirical Bayes: a normal model for the true changes, with the covariance of the estimates "
                "from the joint model, the variance between subgroups by {method}, and its uncertainty in "
                "the limits (Prasad and Rao, 1990).",
                name=analysis.of,
                method=names.shrinkage(analysis.shrinkage),
            )
        )
    if analysis.continuous:
        told.append(
            _(
                "The change over {variable} was estimated by a natural cubic spline with three degrees of "
                "freedom and its interaction with visit, in place of bands. The band holds for the whole "
                "curve (tube formula; Sun and Loader, 1994).",
                variable=context.factor(analysis.continuous),
            )
        )
    if analysis.separate:
        told.append(_("Each subgroup was also analysed by a model of its own."))
    formula = str(facts.get("curve_formula") or "")
    more: list[Block] = [Code(formula, _("Model formula of the curve"))] if formula else []
    return [text(sentences(*told) or _("Nothing beside the joint model was asked for.")), *more]


def _tipping(context: Context, analysis: TippingAnalysis) -> str:
    return _(
        "Missing values of analysis ‘{name}’ were imputed by their conditional means under missing at "
        "random, then shifted step by step against the change. Completed data were analysed by the mean "
        "change to the last visit with a jackknife standard error over refits of the imputation model. The "
        "tipping point is the shift at which p reaches {alpha}.",
        name=analysis.of,
        alpha=rounding.significant(analysis.alpha, 1),
    )


def _level(facts: Mapping[str, Any], analysis: Any) -> str:
    return rounding.confidence_level(facts.get("conf_level", analysis.conf_level))


def _agreement(context: Context, analysis: IccAnalysis) -> str:
    form = str(context.fact(analysis.name, "form", default=analysis.form))
    single = ",1" in form or form == "ICC(1)"
    of = _("of a single rating") if single else _("of the mean of the ratings")
    domains = joined([domain(context, code) for code in analysis.domains])
    model = names.icc_model(form.removeprefix("ICC(")[:1])
    told = _(
        "Agreement of the experts on {domains} is {form} after McGraw and Wong (1996): {model}, {of}. The "
        "unit is a clip.",
        domains=domains,
        form=form,
        model=model,
        of=of,
    )
    methods = [r.method for r in context.of_kind("icc") if r.analysis == analysis.name and r.method]
    if methods:
        told = sentences(
            told,
            _("Interval: {methods}.", methods=joined([spoken(method) for method in dict.fromkeys(methods)])),
        )
    if analysis.matching_threshold is not None:
        threshold = rounding.significant(analysis.matching_threshold, 1)
        told = sentences(told, _("A rating of {threshold} or more counts as a match.", threshold=threshold))
    return told


def _estimands(context: Context) -> str:
    if not context.spec.estimands:
        return _("The study file names no estimand.")
    told = [
        _(
            "{outcome}: {summary}; population: {population}; intercurrent events: {events}.",
            outcome=context.spec.parameter_label(item.parameter),
            summary=item.summary,
            population=item.population,
            events=listed(with_unit(k, v) for k, v in item.intercurrent_events.items()) or _("none named"),
        )
        for item in context.spec.estimands
    ]
    return sentences(*told)


def _software(context: Context) -> str:
    manifest = context.manifest
    packages = manifest.get("packages") or {}
    named = [
        f"{name} {packages[name]}" for name in ("numpy", "pandas", "scipy", "statsmodels") if name in packages
    ]
    version = manifest.get("emostats") or _("(version not recorded)")
    told = f"emostats {version}"
    told += _(" on Python {version}", version=manifest["python"]) if manifest.get("python") else ""
    told += _(", with {packages}", packages=joined(named)) if named else ""
    seed = manifest.get("seed")
    told += _(".")
    return told if seed is None else sentences(told, _("Random numbers start from seed {seed}.", seed=seed))
