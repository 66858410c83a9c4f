"""Cross-checks of the analyses: what they refer to exists, and formulas name variables of the study."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, get_args

from emostats.errors import Finding, did_you_mean
from emostats.study.changes import VISIT_COVARIATES
from emostats.study.keys import Loc
from emostats.study.spec.analyses import DEFAULT_FORMULA, Structure
from emostats.study.spec.draft import AGEBAND, Draft

OBSERVATION_VARIABLES = ("AVAL", "BASE", "CHG", "AVISIT", "AVISITN", "USUBJID")
STRUCTURES = (*get_args(Structure), "sp_exp", "sp_gau")

_COVARIANCE = re.compile(r"\b([A-Za-z_]\w*)\s*\(([^()|]*\|[^()]*)\)")
_QUOTED = re.compile(r"""'[^']*'|"[^"]*\"""")
_VARIABLE = re.compile(r"(?<![\w.])[A-Za-z_]\w*(?!\w|\.|\s*\(|\s*=(?!=))")
_CONSTANTS = ("True", "False", "None")


def check_analyses(draft: Draft) -> list[Finding]:
    """All findings about the analyses."""
    findings = draft.repeated("analysis", "analyses")
    for loc, entry in draft.tables("analyses"):
        check = _CHECKS.get(str(entry.get("type")))
        findings += check(draft, loc, entry) if check else []
    return findings


def formula_variables(formula: str) -> tuple[str, ...]:
    """Names of the variables in a model formula, in order: no functions, keywords or quoted text."""
    names = _VARIABLE.findall(_QUOTED.sub("", formula))
    return tuple(name for name in dict.fromkeys(names) if name not in _CONSTANTS)


def _mmrm(draft: Draft, loc: Loc, entry: Mapping[str, Any]) -> list[Finding]:
    findings = draft.unknown(
        "parameter", draft.strings(*loc, "parameters"), draft.parameters, (*loc, "parameters")
    )
    if isinstance(entry.get("analysis_set"), str):
        known = draft.named("analysis_sets")
        findings += draft.unknown("analysis set", [entry["analysis_set"]], known, (*loc, "analysis_set"))
    if isinstance(entry.get("weights"), str):
        findings += draft.unknown("variable", [entry["weights"]], draft.subject_variables, (*loc, "weights"))
    responder = draft.table(*loc, "responder")
    wanted = draft.strings(*loc, "parameters")
    findings += draft.unknown("parameter of the analysis", responder, wanted, (*loc, "responder"))
    formula = entry.get("formula", DEFAULT_FORMULA)
    if isinstance(formula, str):
        findings += _formula(draft, loc, formula)
        findings += _emmeans(draft, loc, formula)
    return findings


def _formula(draft: Draft, loc: Loc, formula: str) -> list[Finding]:
    where = (*loc, "formula")
    findings = _formula_shape(draft, where, formula)
    known = (*OBSERVATION_VARIABLES, *VISIT_COVARIATES, *draft.subject_variables)
    return findings + draft.unknown("variable", formula_variables(formula), known, where)


def _formula_shape(draft: Draft, loc: Loc, formula: str) -> list[Finding]:
    shown = f"; found {formula!r}."
    if formula.count("~") != 1 or not formula.split("~")[0].strip():
        message = f"expected OUTCOME ~ TERMS{shown}"
        return [draft.finding("formula", loc, message, f"For example {DEFAULT_FORMULA!r}.")]
    terms = _COVARIANCE.findall(formula)
    if len(terms) != 1:
        message = f"expected one covariance term, such as us(AVISIT | USUBJID){shown}"
        return [draft.finding("formula", loc, message, "Add it, or keep one.")]
    return draft.unknown("covariance structure", [terms[0][0]], STRUCTURES, loc)


def _emmeans(draft: Draft, loc: Loc, formula: str) -> list[Finding]:
    known = formula_variables(formula)
    findings = []
    for spec in draft.strings(*loc, "emmeans"):
        findings += draft.unknown("factor of the formula", formula_variables(spec), known, (*loc, "emmeans"))
    return findings


def _bootstrap(draft: Draft, loc: Loc, entry: Mapping[str, Any]) -> list[Finding]:
    strata = draft.strings(*loc, "strata")
    findings = _of_a_model(draft, loc, entry)
    return findings + draft.unknown("variable", strata, draft.subject_variables, (*loc, "strata"))


def _subgroups(draft: Draft, loc: Loc, entry: Mapping[str, Any]) -> list[Finding]:
    findings = _of_a_model(draft, loc, entry)
    if isinstance(entry.get("continuous"), str):
        known = draft.subject_variables
        known += ("AGE",) if AGEBAND in known else ()  # bands without ages are reported where they stand
        findings += draft.unknown("variable", [entry["continuous"]], known, (*loc, "continuous"))
    return findings


def _of_a_model(draft: Draft, loc: Loc, entry: Mapping[str, Any]) -> list[Finding]:
    """An analysis that builds on an mmrm analysis: it exists, and fits the parameters that are asked for."""
    fitted = {
        other["name"]: draft.strings(*place, "parameters")
        for place, other in draft.tables("analyses")
        if other.get("type") == "mmrm" and isinstance(other.get("name"), str)
    }
    findings = []
    of = entry.get("of")
    if isinstance(of, str):
        findings += draft.unknown("mmrm analysis", [of], fitted, (*loc, "of"))
        wanted = draft.strings(*loc, "parameters") if of in fitted else ()
        findings += _not_fitted(draft, (*loc, "parameters"), of, wanted, fitted.get(of, ()))
    return findings


def _not_fitted(
    draft: Draft, loc: Loc, of: str, wanted: tuple[str, ...], fitted: tuple[str, ...]
) -> list[Finding]:
    return [
        draft.finding("unknown-parameter", loc, f"'{of}' does not fit '{name}'.", did_you_mean(name, fitted))
        for name in wanted
        if name not in fitted
    ]


def _icc(draft: Draft, loc: Loc, entry: Mapping[str, Any]) -> list[Finding]:
    if not draft.table("ratings"):
        message = "an icc analysis needs the table [ratings], which was not found."
        return [draft.finding("missing-key", loc, message, "Add [ratings], or remove the analysis.")]
    domains = draft.table("ratings", "domains")
    findings = draft.unknown("domain", draft.strings(*loc, "domains"), domains, (*loc, "domains"))
    findings += draft.unknown("variable", draft.strings(*loc, "by"), draft.subject_variables, (*loc, "by"))
    return findings + _threshold(draft, loc, entry)


def _threshold(draft: Draft, loc: Loc, entry: Mapping[str, Any]) -> list[Finding]:
    threshold, scale = entry.get("matching_threshold"), draft.table("ratings").get("range")
    numbers = (
        [value for value in scale or () if isinstance(value, int | float)] if isinstance(scale, list) else []
    )
    if not isinstance(threshold, int | float) or len(numbers) != 2 or numbers[0] <= threshold <= numbers[1]:
        return []
    message = f"expected a value on the rating scale {scale}; found {threshold:g}."
    return [draft.finding("invalid-value", (*loc, "matching_threshold"), message, "Correct it.")]


_CHECKS = {
    "mmrm": _mmrm,
    "bootstrap": _bootstrap,
    "subgroups": _subgroups,
    "tipping": _of_a_model,
    "icc": _icc,
}
