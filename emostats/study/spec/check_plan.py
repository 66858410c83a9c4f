"""Cross-checks of the plan: visits, subgroups, outcomes, analysis sets, estimands."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

from emostats.errors import Finding
from emostats.study.spec.draft import AGEBAND, Draft


def check_plan(draft: Draft) -> list[Finding]:
    """All findings about the plan apart from its analyses."""
    return [
        *_visits(draft),
        *_weeks(draft),
        *_subgroups(draft),
        *_bands(draft),
        *_repeated_parameters(draft),
        *draft.repeated("analysis set", "analysis_sets"),
        *_estimands(draft),
    ]


def written_forms(visit: Mapping[str, object]) -> set[str]:
    """How the data may write a visit: its name, its label, its value; case and outer blanks do not matter."""
    forms = (visit.get(key) for key in ("name", "label", "value"))
    return {form.strip().casefold() for form in forms if isinstance(form, str) and form.strip()}


def _visits(draft: Draft) -> list[Finding]:
    findings = draft.repeated("visit", "visits")
    visits = list(draft.tables("visits"))
    baselines = [entry.get("name") for _, entry in visits if entry.get("baseline") is True]
    if visits and len(baselines) != 1:
        found = ", ".join(map(repr, baselines)) or "none"
        message = f"expected exactly one visit with baseline = true; found {found}."
        findings.append(
            draft.finding("baseline-visit", ("visits",), message, "Mark the baseline visit, and no other.")
        )
    seen: dict[str, object] = {}
    for loc, entry in visits:
        for form in sorted(written_forms(entry)):
            if seen.setdefault(form, entry.get("name")) != entry.get("name"):
                message = f"'{form}' stands for this visit and for '{seen[form]}'."
                findings.append(
                    draft.finding("ambiguous-visit", loc, message, "Give each its own label and value.")
                )
    return findings


def _weeks(draft: Draft) -> list[Finding]:
    weeks = [(loc, entry.get("week")) for loc, entry in draft.tables("visits")]
    given = [(loc, week) for loc, week in weeks if isinstance(week, int | float)]
    findings = []
    if given and len(given) < len(weeks):
        message = f"expected a week for every visit or for none; found {len(given)} of {len(weeks)}."
        findings.append(draft.finding("visit-week", ("visits",), message, "Add the missing weeks."))
    for (_, before), (loc, week) in pairwise(given):
        if not before < week:
            message = (
                f"expected visits in the order of their weeks; found week {week:g} after week {before:g}."
            )
            findings.append(
                draft.finding("visit-week", (*loc, "week"), message, "Correct the week or the order.")
            )
    return findings


def _subgroups(draft: Draft) -> list[Finding]:
    factors = draft.strings("subgroups", "factors")
    loc = ("subgroups", "factors")
    without_bands = AGEBAND in factors and AGEBAND not in draft.subject_variables
    if without_bands:
        message = "AGEBAND needs age_bands, which was not found."
        return [draft.finding("missing-key", loc, message, "Add age_bands = [1, 7, 13], for example.")]
    findings = draft.unknown("variable", factors, draft.subject_variables, loc)
    if len(set(factors)) < len(factors):
        findings.append(
            draft.finding("repeated-name", loc, f"expected each factor once; found {list(factors)}.")
        )
    return findings


def _bands(draft: Draft) -> list[Finding]:
    edges = draft.table("subgroups").get("age_bands")
    loc = ("subgroups", "age_bands")
    if edges is None:
        return []
    findings = []
    numbers = [edge for edge in edges if isinstance(edge, int | float)] if isinstance(edges, list) else []
    increasing = all(low < high for low, high in pairwise(numbers))
    if isinstance(edges, list) and len(numbers) == len(edges) and (len(edges) < 2 or not increasing):
        message = f"expected at least two increasing edges, such as [1, 7, 13]; found {edges}."
        findings.append(
            draft.finding("age-bands", loc, message, "Write the edges from the youngest age upwards.")
        )
    if "AGE" not in draft.table("subjects", "columns"):
        message = "age bands need the age at baseline: [subjects] columns has no AGE."
        findings.append(
            draft.finding("missing-key", loc, message, "Add AGE to the columns, or remove age_bands.")
        )
    return findings


def _repeated_parameters(draft: Draft) -> list[Finding]:
    findings = []
    first: dict[str, str] = {}
    for code, origin in draft.parameter_origins():
        if code in first:
            message = f"expected each outcome once; '{code}' is defined by {first[code]} and by {origin}."
            findings.append(draft.finding("repeated-name", (), message, "Rename one of them."))
        first.setdefault(code, origin)
    return findings


def _estimands(draft: Draft) -> list[Finding]:
    findings = draft.repeated("estimand", "estimands")
    for loc, entry in draft.tables("estimands"):
        if isinstance(entry.get("parameter"), str):
            findings += draft.unknown(
                "parameter", [entry["parameter"]], draft.parameters, (*loc, "parameter")
            )
    return findings
