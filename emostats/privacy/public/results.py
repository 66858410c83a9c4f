"""From all results of a run to those that may be published."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import pandas as pd

from emostats.errors import PrivacyError
from emostats.estimates import AnalysisResults
from emostats.privacy.public.collect import collect
from emostats.privacy.public.estimates import blank_shrinkage, public_estimates
from emostats.privacy.public.ledger import Ledger
from emostats.privacy.public.precision import public_tipping, round_curves, round_shrinkage
from emostats.privacy.public.relate import relate
from emostats.privacy.public.report import SuppressionReport, statements
from emostats.privacy.public.tables import BY_ESTIMATE, KNOWN, Public, public_table
from emostats.privacy.suppression import RULES, Counts, Interval, Rule, attack, protect, rule_of
from emostats.study.spec import StudySpec

NONRESPONSE_TABLES = {
    "missingness": "which visits were answered together, because most such patterns are of few children",
    "prepost": "tests of complete pairs, because they tell how many children have no pair",
}
"""Tables that count children without an answer, by name, and why they are left out."""

SINGLE_TABLES = {
    "courses": "the courses of single children",
    "rating_shares": "how often each expert gave each rating",
}
"""Tables that are never public, and what they hold."""

UNKNOWN = "tables that the rules for small groups do not know"


def public_results(
    results: AnalysisResults, spec: StudySpec, *, rule: Rule | str = RULES["cms"], audit: bool = False
) -> tuple[AnalysisResults, SuppressionReport]:
    """The results of a run as they may leave the study office.

    Small counts, and the counts from which they could be computed, are missing (NaN) in every table, with
    all means, percentages and model results of these groups. Rows keep their places, except of patterns and
    findings. Each table has one more column, ``hidden``, with ``"hidden"`` or ``""``; an estimate without
    numbers has `HIDDEN` in ``error``. Which are small and which only linked to small ones stands in the
    report alone, because that would tell too. Inputs are not changed.

    Parameters
    ----------
    rule: a rule, its name, or the smallest count that is shown as text (``"11"``).
    audit: attack every small count, also those with witnesses, and raise if one can be told (slower).

    Raises
    ------
    PrivacyError: a small count cannot be protected, or the audit found one that is disclosed.
    UsageError: there is no rule of this name.
    """
    chosen = rule_of(rule) if isinstance(rule, str) else rule
    left_out = _left_out(results, chosen)
    ledger = collect(results, spec, left_out)
    relate(ledger, spec)
    counts = ledger.counts(chosen)
    pattern = protect(counts, chosen)
    hidden = pattern.hidden
    small = [cell.key for cell in counts.cells if cell.sensitive and chosen.small(cell.value)]
    why = _by_table(ledger, hidden)
    untold = {
        place.row
        for place, group in ledger.places.items()
        if place.table == "estimates" and group in pattern.unfloored
    }
    estimates = _estimates(results, spec, why["estimates"], untold, chosen)
    tables = {
        name: public_table(name, table, why.get(name, {}), chosen)
        for name, table in results.tables.items()
        if name not in left_out and name not in BY_ESTIMATE
    }
    public = {name: item.table for name, item in tables.items()}
    public |= _by_estimate(results, estimates.table, chosen)
    if "shrinkage" in public:
        public["shrinkage"] = round_shrinkage(blank_shrinkage(public["shrinkage"], estimates.table))
    if "tipping" in public:
        public["tipping"] = public_tipping(public["tipping"], estimates.table)
    marks = tuple(mark for item in (*tables.values(), estimates) for mark in item.marks)
    report = SuppressionReport(
        rule=chosen,
        marks=marks,
        left_out=left_out,
        small=sum(reason == "small" for reason in hidden.values()),
        linked=sum(reason == "linked" for reason in hidden.values()),
        protected=len(small),
        narrowest=_audited(counts.unfloored(pattern.unfloored), hidden, small, chosen) if audit else None,
        statements=statements(chosen, left_out),
    )
    return AnalysisResults(estimates.table, public, _facts(results.facts, why, chosen)), report


def _left_out(results: AnalysisResults, rule: Rule) -> dict[str, str]:
    single = {name: why for name, why in SINGLE_TABLES.items() if name in results.tables}
    unknown = {name: UNKNOWN for name in results.tables if name not in {*KNOWN, *SINGLE_TABLES}}
    nonresponse = {
        name: why for name, why in NONRESPONSE_TABLES.items() if rule.nonresponse and name in results.tables
    }
    return {**nonresponse, **single, **unknown}


def _by_table(ledger: Ledger, hidden: Mapping[Any, str]) -> dict[str, dict[tuple[int, str], str]]:
    found: dict[str, dict[tuple[int, str], str]] = defaultdict(dict)
    for place, group in ledger.places.items():
        if group in hidden:
            found[place.table][place.row, place.column] = hidden[group]
    return found


def _estimates(
    results: AnalysisResults,
    spec: StudySpec,
    why: Mapping[tuple[int, str], str],
    untold: set[int],
    rule: Rule,
) -> Public:
    sizes = {row: reason for (row, _), reason in why.items()}
    return public_estimates(results.estimates, sizes, untold, spec, rule, results.facts)


def _by_estimate(results: AnalysisResults, estimates: pd.DataFrame, rule: Rule) -> dict[str, pd.DataFrame]:
    """Curves of the estimates that are still shown, and histograms of those with their n: the spread of the
    resampled values is a standard error, which tells it."""
    shown = estimates[estimates["estimate"].notna()]
    told = shown[shown["n"].notna()] if rule.rounding == 1 else shown.head(0)
    kept = {"curves": set(shown["estimate_id"]), "resamples": set(told["estimate_id"])}
    found = {
        name: table[table["estimate_id"].isin(kept[name])].reset_index(drop=True)
        for name, table in results.tables.items()
        if name in BY_ESTIMATE
    }
    if "curves" in found:
        sizes = dict(zip(results.estimates["estimate_id"], results.estimates["n"].astype(float), strict=True))
        found["curves"] = round_curves(found["curves"], sizes, rule.threshold)
    return found


def _facts(
    facts: Mapping[str, Mapping[str, Any]], why: Mapping[str, Mapping[tuple[int, str], str]], rule: Rule
) -> dict[str, dict[str, Any]]:
    """The facts without hidden numbers; those of a whole analysis go with those of any of its outcomes."""
    public: dict[str, dict[str, Any]] = {}
    for analysis, told in facts.items():
        hidden = {column for _, column in why.get(f"facts {analysis}", {})}
        names = {column.rpartition("/")[2] for column in hidden}
        drop = {*names, *({"n_ratings", "n_targets"} if "n_subjects" in names and "n_raters" in told else ())}
        kept = {key: value for key, value in told.items() if key not in drop}
        if "parameters" in kept:
            kept["parameters"] = {
                parameter: {key: value for key, value in own.items() if f"{parameter}/{key}" not in hidden}
                for parameter, own in kept["parameters"].items()
            }
        public[analysis] = _rounded(kept, rule) if rule.rounding > 1 else kept
    return public


def _rounded(facts: Mapping[str, Any], rule: Rule) -> dict[str, Any]:
    kept = dict(facts)
    for key in ("n_subjects", "n_observations", "n_targets", "n_ratings"):
        if isinstance(kept.get(key), (int, float)):
            kept[key] = int(rule.shown(kept[key]))
    if isinstance(kept.get("parameters"), Mapping):
        kept["parameters"] = {name: _rounded(own, rule) for name, own in kept["parameters"].items()}
    return kept


def _audited(counts: Counts, hidden: Mapping[Any, str], small: list[Any], rule: Rule) -> Interval | None:
    found = attack(counts, hidden, small, rule=rule)
    bad = [key for key, interval in found.items() if not rule.protected(interval.low, interval.high)]
    if bad:
        raise PrivacyError(
            f"{len(bad)} small counts could be computed from the public tables. Nothing was published. "
            "Merge small groups, or leave out subgroups."
        )
    return min(found.values(), key=lambda interval: interval.width, default=None)
