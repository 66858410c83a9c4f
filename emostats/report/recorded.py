"""What a run recorded in English, in the language of the report: methods, reasons, stages, findings.

A run folder is written once, in English, and read in any language. So its texts are known here by their
form, with braces where a value stands, and the catalog translates the form. A text that is not known (a
user's own words, a rare message of an estimator) stays as it was recorded.
"""

from __future__ import annotations

import re
from functools import cache

from emostats.report.language import _, listed, speaks_english


def noted(message: str) -> str:
    """Marks a text for the catalog; it is translated where it is shown."""
    return message


FORMS = (
    # why there is no number, and what to know about one
    noted("not estimable: there are no observations in one of the cells behind this number"),
    noted("not computed"),
    noted("not estimated"),
    noted("hidden: a small group, or one from which a small group could be computed"),
    noted("a percent change needs means above zero"),
    noted("the interval has no end: the mean at baseline cannot be told from zero"),
    noted("too few children at baseline"),
    noted("only {n} children"),
    noted("no child was seen at both visits"),
    noted("no value at one of the visits"),
    noted("no child of this subgroup has a value"),
    noted("there are no observations of this outcome in the analysis set."),
    noted("aliased with other terms, so it has no estimate of its own"),
    noted("the model has no interaction of {factors} with visit: one change is assumed for all levels"),
    noted("Not estimable from these data, left out: {columns} (explained by the columns before)."),
    noted("The outcome is constant or explained perfectly by the model; there is no variance to estimate."),
    noted("The model did not converge after {n} iterations: {why}"),
    noted("the model did not converge"),
    noted("converged"),
    noted("fewer than {n} subgroups: too few to say how much subgroups differ"),
    noted("the change of one subgroup cannot be estimated, so their spread is not known"),
    noted("'{variable}' has fewer than ten different values: too few for a curve."),
    noted("Of {n} resamples some gave no value and were left out: {which}. Cause: {why}."),
    noted(
        "A limit of '{name}' lies at the edge of its {n} resamples, so it is not determined by them; more "
        "resamples are needed for this confidence level."
    ),
    noted("a factor level was not drawn, so the quantity is not estimable ({n})"),
    noted("one target only: the variance between targets is undefined"),
    noted("undefined: no two raters share enough targets to tell targets from raters"),
    noted("undefined: too few ratings to tell error from targets and raters"),
    noted("undefined (0/0): all ratings are equal"),
    noted("unbounded below (division by 0): targets do not differ"),
    noted("all or none of the {n} ratings match: limits count the {units} targets as the units"),
    noted("{n} target(s) without any rating left out"),
    noted("{n} rater(s) without any rating left out"),
    noted("the ratings do not determine this coefficient"),
    # how numbers were computed
    noted("ratio of LS means, delta method on the log scale"),
    noted("ratio of LS means, Fieller's interval"),
    noted("change of LS means / model-based SD at baseline, delta method"),
    noted("children seen at both visits; Wilson limits"),
    noted("clustered by rater and target (Cameron–Gelbach–Miller), logit limits with Satterthwaite df"),
    noted("exact binomial (Clopper–Pearson) with targets as units"),
    noted("{form}, generalized limits"),
    noted("{form}, generalized"),
    noted("{form}, generalized; ICC(A,1) limits stepped up by Spearman–Brown"),
    noted("{form}, exact F"),
    noted("{form}, McGraw–Wong F (Satterthwaite)"),
    noted("{form}, REML profile likelihood"),
    noted("{form}, bootstrap of targets, percentile, {n} resamples, seed {seed}"),
    noted("{form}, bootstrap of targets, BCa, {n} resamples, seed {seed}"),
    noted("{form}, parametric bootstrap, percentile, {n} resamples, seed {seed}"),
    noted("mean over clips, cluster-robust"),
    noted("change of at least {least}"),
    noted("change of at most {most}"),
    noted("rating of {least} or more"),
    noted("log-likelihood"),
    noted("(Intercept)"),
    noted("SD"),
    # who took part
    noted("Entered"),
    noted("Lost"),
    noted("reason not recorded"),
    noted("other reasons"),
    noted("All"),
    noted("All children"),
    noted("Completers"),
    noted("Age at baseline (years)"),
    noted("Age band (years)"),
    noted("Sex"),
    noted("Site"),
    noted("Answered by"),
    noted("Questionnaires handed in"),
    noted("Questions answered"),
    noted("Sessions with a score"),
    # events
    noted("Adverse event"),
    noted("Intercurrent event"),
    noted("Withdrawal"),
    # credibility of subgroup differences
    noted("Was the direction of the difference predicted, before the data were seen?"),
    noted("Do earlier studies support the difference?"),
    noted("Does the test of interaction make chance an unlikely explanation?"),
    noted("Were few divisions tested, or was their number taken into account?"),
    noted("If the subgroups were cut from a number, were arbitrary cut points avoided?"),
    noted("Is the difference consistent over related outcomes?"),
    noted("How credible is the difference, all in all?"),
    noted("definitely no"),
    noted("probably no or unclear"),
    noted("probably yes"),
    noted("definitely yes"),
    noted("to be judged by a person"),
    noted("not applicable"),
    noted("the locked plan does not have this division"),
    noted("the plan names the division but no direction"),
    noted("no plan was locked"),
    noted("earlier studies are not part of a run"),
    noted("there is no test of interaction"),
    noted("p of the interaction {range}"),
    noted("above {low} and at most {high}"),
    noted("above {low}"),
    noted("at most {high}"),
    noted("{n} divisions tested, their number taken into account"),
    noted("{n} divisions tested, their number taken into account, by a locked plan"),
    noted("{n} divisions tested, their number not taken into account"),
    noted("{n} divisions tested, their number not taken into account, by a locked plan"),
    noted("1 division tested, their number taken into account"),
    noted("1 division tested, their number taken into account, by a locked plan"),
    noted("1 division tested, their number not taken into account"),
    noted("1 division tested, their number not taken into account, by a locked plan"),
    noted("no number was cut"),
    noted("a curve over the whole range stands beside"),
    noted("the cut points stand in the locked plan"),
    noted("where the cut points are from is not known"),
    noted("there is only one outcome"),
    noted("points the same way in {n} of {total} outcomes"),
    noted("the answers given so far leave: {verdict}"),
    noted("low"),
    noted("very low"),
    noted("low at most"),
    noted("moderate at most"),
    noted("not limited so far"),
    # the public edition
    noted("a count of 1 is hidden"),
    noted("counts from 1 to {n} are hidden"),
    noted("a count of 1 is hidden, others are rounded to multiples of {step}"),
    noted("counts from 1 to {n} are hidden, others are rounded to multiples of {step}"),
    noted(
        "Small groups: {rule}. Means, standard deviations, percentages and model results of hidden groups "
        "are hidden too."
    ),
    noted(
        "Further counts are hidden wherever a hidden one could be computed from them. All tables were "
        "checked together by linear programming."
    ),
    noted("Lowest and highest values are left out, because they belong to single children."),
    noted(
        "Model results are rounded, and standard errors left out, because at full precision they would tell "
        "how many children a group has. How wide an interval is still tells that roughly."
    ),
    noted("Counts of children without an answer are protected like all others."),
    noted("Left out: {what}."),
    noted("which visits were answered together, because most such patterns are of few children"),
    noted("tests of complete pairs, because they tell how many children have no pair"),
    noted("the courses of single children"),
    noted("how often each expert gave each rating"),
    noted("tables that the rules for small groups do not know"),
    # the run, the data
    noted("complete"),
    noted("error"),
    noted("warning"),
    noted("note"),
    noted("too few items"),
    noted("siblings"),
    noted("value out of range"),
    noted("outside visit window"),
    noted("straight lining"),
    noted("visits out of order"),
    noted("double entry"),
    noted("double entry coverage"),
    noted("conflicting value"),
    noted("changed identity"),
    noted("item total outlier"),
    noted("impossible date"),
    noted("repeated submission"),
    noted("repeated name"),
    noted("unknown child"),
    noted("no score"),
    noted("few scores"),
    noted("rows missing"),
    noted("form incomplete"),
    noted("undeclared value"),
    noted("invalid value"),
    noted("blank ratings"),
    noted("correction unused"),
    noted("sheet not named"),
    noted("encoding guessed"),
    noted("test response"),
    noted("unfinished response"),
    noted("looks like identifier"),
    noted("item against scale"),
)
"""Texts of a run by their form."""

STAGES = (noted("{visit} answered"), noted("Analysed ({set})"))
"""Stages of the flow by their form; a reason in the words of a user may read alike."""


def spoken(text: str, further: tuple[str, ...] = ()) -> str:
    """A recorded text in the language of the report; one that is not known comes back as it is.

    further: forms that are tried first.

    >>> spoken("only 7 children")
    'only 7 children'
    """
    return text if not text or speaks_english() else _spoken(text, further)


def _spoken(text: str, further: tuple[str, ...] = ()) -> str:
    for form in (text, text[:1].lower() + text[1:]):
        if form in FORMS:
            return _(form)
    for form in (*further, *FORMS):
        found = _pattern(form).fullmatch(text) if "{" in form else None
        if found:
            return _(form, **{name: _spoken(value) for name, value in found.groupdict().items()})
    parts = text.split("; ")
    return listed([_spoken(part) for part in parts]) if len(parts) > 1 else text


@cache
def _pattern(form: str) -> re.Pattern[str]:
    pieces = re.split(r"\{(\w+)\}", form)
    return re.compile(
        "".join(f"(?P<{p}>.+)" if i % 2 else re.escape(p) for i, p in enumerate(pieces)), re.DOTALL
    )
