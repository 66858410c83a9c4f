"""Reads every count of the results into the ledger."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import pandas as pd

from emostats.estimates import AnalysisResults
from emostats.privacy.public.groups import EVERYONE, Group, Levels
from emostats.privacy.public.ledger import Ledger, Place
from emostats.study.spec import IccAnalysis, StudySpec

ALL, COMPLETERS, LOST = "All", "Completers", "Lost"
MISSING = "(missing)"
MINUS = " − "
"""Between the two groups of a difference."""
MODEL_KINDS = ("coefficient", "test", "fit", "variance")


def collect(results: AnalysisResults, spec: StudySpec, leave_out: Collection[str] = ()) -> Ledger:
    """All counts of the tables (without those left out), the estimates and the facts."""
    ledger, levels = Ledger(), Levels.of(spec)
    tables = {name: table for name, table in results.tables.items() if name not in leave_out}
    if "flow" in tables:
        _flow(ledger, tables["flow"], levels)
    if "visits" in tables:
        _visits(ledger, tables["visits"], levels)
    if "baseline" in tables:
        _baseline(ledger, tables["baseline"], levels, spec)
    if "prepost" in tables:
        _prepost(ledger, tables["prepost"], levels)
    if "missingness" in tables:
        _patterns(ledger, tables["missingness"])
    if "events" in tables:
        _events(ledger, tables["events"], levels)
    if "burden" in tables:
        _burden(ledger, tables["burden"], levels)
    _estimates(ledger, results.estimates, levels, spec, no_pairs="prepost" in leave_out)
    _facts(ledger, results.facts, spec)
    return ledger


def text(value: Any) -> str:
    """A cell of a text column; blank cells and None are ``""``."""
    return value if isinstance(value, str) else ""


def _flow(ledger: Ledger, table: pd.DataFrame, levels: Levels) -> None:
    for row, record in enumerate(table.to_dict("records")):
        status = _stage(text(record["stage"]), text(record.get("reason")))
        group = Group(status, levels.who(text(record["level"])))
        ledger.enter(Place("flow", row, "n"), group, float(record["n"]))


def _stage(stage: str, reason: str) -> tuple[str, ...]:
    if stage == "Entered":
        return ("entered",)
    if stage.endswith(" answered"):
        return ("answered", stage.removesuffix(" answered"))
    if stage == "Lost":
        return ("lost", reason) if reason else ("lost",)
    if stage.startswith("Analysed ("):
        return ("analysed", stage[len("Analysed (") : -1])
    return ("stage", stage, reason)


def _visits(ledger: Ledger, table: pd.DataFrame, levels: Levels) -> None:
    for row, record in enumerate(table.to_dict("records")):
        group = Group(("value", record["parameter"], record["visit"]), levels.who(text(record["level"])))
        ledger.enter(Place("visits", row, "n"), group, float(record["n"]))
        absent = group.of("missing", record["parameter"], record["visit"])
        ledger.enter(Place("visits", row, "n_missing"), absent, float(record["n_missing"]))


def _prepost(ledger: Ledger, table: pd.DataFrame, levels: Levels) -> None:
    for row, record in enumerate(table.to_dict("records")):
        group = Group(("pair", record["parameter"], record["visit"]), levels.who(text(record["level"])))
        ledger.enter(Place("prepost", row, "n"), group, float(record["n"]))


def _patterns(ledger: Ledger, table: pd.DataFrame) -> None:
    for row, record in enumerate(table.to_dict("records")):
        group = Group(("pattern", str(record["parameter"]), str(record["pattern"])))
        ledger.enter(Place("missingness", row, "n"), group, float(record["n"]))


def _events(ledger: Ledger, table: pd.DataFrame, levels: Levels) -> None:
    """Children with an event of a kind, the events, and the serious ones among them."""
    for row, record in enumerate(table.to_dict("records")):
        about, who = (text(record["category"]), text(record["term"])), levels.who(text(record["level"]))
        ledger.enter(Place("events", row, "n"), Group(("entered",), who), float(record["n"]), "events")
        children = Group(("with event", *about), who)
        same = Group(("lost", about[1]) if about[1] else ("lost",), who)
        if "withdraw" in about[0].lower() and ledger.values.get(same) == record["n_children"]:
            children = same
        ledger.enter(Place("events", row, "n_children"), children, float(record["n_children"]))
        for column in ("n_events", "n_serious"):
            group = Group((column, *about), who)
            ledger.enter(Place("events", row, column), group, float(record[column]))


def _burden(ledger: Ledger, table: pd.DataFrame, levels: Levels) -> None:
    for row, record in enumerate(table.to_dict("records")):
        group = Group(("entered",), levels.who(text(record["level"])))
        ledger.enter(Place("burden", row, "n"), group, float(record["n"]), "burden")


def _baseline(ledger: Ledger, table: pd.DataFrame, levels: Levels, spec: StudySpec) -> None:
    last = spec.visits[-1].shown
    status = {COMPLETERS: ("answered", last), LOST: ("lost",)}
    scores = {
        f"{spec.parameter_label(code)} at {spec.baseline.shown}": ("value", code, spec.baseline.name)
        for code in spec.parameters
    }
    rows = table.reset_index(drop=True)
    for variable, part in rows.groupby("variable", sort=False):
        factor = _factor(part, levels, str(variable))
        filled = _everyone_has(part, ledger)
        for row, record in part.to_dict("index").items():
            level, category = text(record["level"]), text(record["category"])
            who = EVERYONE if level in (ALL, *status) else levels.who(level)
            at = status.get(level, ("entered",))
            own = scores.get(str(variable), ("has", str(variable)))
            told = at if filled else own if at == ("entered",) else (*own, *at)
            if category:
                counted = Group(at, who | {(factor, category)})
                ledger.enter(Place("baseline", int(str(row)), "count"), counted, float(record["count"]))
                told = at if category == MISSING else told
            ledger.enter(Place("baseline", int(str(row)), "n"), Group(told, who), float(record["n"]))


def _everyone_has(part: pd.DataFrame, ledger: Ledger) -> bool:
    """Whether all children who entered have a value, so that the n of a level is the level's size."""
    total = part.loc[(part["level"] == ALL) & (part["category"] != MISSING), "n"]
    entered = ledger.values.get(Group(("entered",)))
    return bool(len(total)) and entered is not None and bool((total == entered).all())


def _factor(part: pd.DataFrame, levels: Levels, variable: str) -> str:
    """The subgroup factor that a variable of the baseline table is, else a name of its own."""
    categories = {text(value) for value in part["category"]} - {"", MISSING}
    inside = part[~part["level"].isin([ALL, COMPLETERS, LOST])]
    for factor in levels.factors:
        found = {dict(levels.who(text(label))).get(factor) for label in inside["level"]}
        if categories and found <= categories and _separates(inside, levels, factor):
            return factor
    return f"variable {variable}"


def _separates(inside: pd.DataFrame, levels: Levels, factor: str) -> bool:
    """Whether each subgroup is all in the category that its label names, and in no other."""
    return len(inside) > 0 and all(
        record["count"]
        == (record["n"] if dict(levels.who(text(record["level"]))).get(factor) == record["category"] else 0)
        for record in inside.to_dict("records")
    )


def _estimates(
    ledger: Ledger, table: pd.DataFrame, levels: Levels, spec: StudySpec, *, no_pairs: bool
) -> None:
    ratings = {item.name for item in spec.analyses if isinstance(item, IccAnalysis)}
    for row, record in enumerate(table.to_dict("records")):
        told = record["n"] is not None and record["n"] == record["n"] and not is_difference(record)
        if told and not (is_share(record) and no_pairs):
            group = estimate_group(record, levels, ratings)
            place = Place("estimates", row, "n")
            ledger.enter(place, group, float(record["n"]), str(record["analysis"]))
            ledger.with_results |= {ledger.places[place]} if place in ledger.places else set()


def is_share(record: Mapping[Any, Any]) -> bool:
    """Whether a row is a share of children at a visit, such as responders among those with both values."""
    return text(record["kind"]) == "proportion" and bool(text(record["visit"]))


def is_difference(record: Mapping[Any, Any]) -> bool:
    """Whether a row compares two groups. Its n is the sum of theirs, which stand in rows of their own."""
    return MINUS in text(record["level"])


def estimate_group(record: Mapping[Any, Any], levels: Levels, ratings: set[str]) -> Group:
    """The children behind a row of the estimates."""
    parameter, visit = text(record["parameter"]), text(record["visit"])
    factors = tuple(text(record["subgroup"]).split(":"))
    label = text(record["level"])
    if text(record["kind"]) == "change_at":
        return Group(("any", parameter))
    if record["analysis"] in ratings:
        status: tuple[str, ...] = ("rated", parameter)
    elif is_share(record):
        status = ("pair", parameter, visit)
    elif visit:
        status = ("value", parameter, visit)
    elif text(record["kind"]) in MODEL_KINDS:
        status = ("any", parameter)
    else:
        status = ("behind", parameter, text(record["analysis"]), text(record["kind"]))
    return Group(status, levels.who(label, factors))


def _facts(ledger: Ledger, facts: Mapping[str, Mapping[str, Any]], spec: StudySpec) -> None:
    for analysis, told in facts.items():
        for parameter, own in (told.get("parameters") or {}).items():
            rated = "n_raters" in own
            groups = {
                "n_subjects": Group(("rated" if rated else "any", parameter)),
                "n_observations": Group(("observations", parameter)),
            }
            for name, group in groups.items():
                value = own.get(name)
                if isinstance(value, (int, float)) and not isinstance(value, bool):
                    place = Place(f"facts {analysis}", 0, f"{parameter}/{name}")
                    ledger.enter(place, group, float(value), analysis)
