"""Events and what taking part asked of the children: harms and burden, counted."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import pandas as pd

from emostats.statistics.descriptives.summary import Groups, summarize

EVENT_COLUMNS = ("category", "term", "level", "n_children", "n_events", "n", "n_serious")
BURDEN_COLUMNS = ("variable", "level", "n", "mean", "sd", "median", "q1", "q3", "minimum", "maximum")
OTHER_TERMS = "other"


def events_table(events: pd.DataFrame, groups: Groups, *, rare: int = 3) -> pd.DataFrame:
    """Children with an event, and events, by category and term.

    Parameters
    ----------
    events: rows with USUBJID, CATEGORY, TERM and optionally SERIOUS (true, yes, y or 1).
    groups: label → subjects. rare: terms of fewer children than this in all are pooled as "other": such text
        may describe a person.

    Returns
    -------
    Columns `EVENT_COLUMNS`; ``term`` is "" for a whole category. ``n`` counts the group, ``n_serious`` the
    events called serious (missing where the study does not record it). A group without an event keeps its
    row.
    """
    category = events["CATEGORY"].astype(str).str.strip()
    own = events.assign(CATEGORY=category, TERM=_pooled(events, rare), SERIOUS=_serious(events))
    rows: list[dict[str, Any]] = []
    for name, of_category in own.groupby("CATEGORY", sort=True):
        terms = sorted(set(of_category["TERM"]), key=lambda term: (term == OTHER_TERMS, term))
        for term in ["", *(terms if len(terms) > 1 else [])]:
            chosen = of_category if not term else of_category[of_category["TERM"] == term]
            rows += [_counts(chosen, str(name), term, level, who) for level, who in groups.items()]
    table = pd.DataFrame(rows, columns=list(EVENT_COLUMNS))
    return table.astype({"n_children": "int64", "n_events": "int64", "n": "int64", "n_serious": "float64"})


def _pooled(events: pd.DataFrame, rare: int) -> pd.Series:
    terms = events["TERM"].fillna("").astype(str).str.strip()
    children = events.groupby(terms)["USUBJID"].nunique()
    return terms.where(terms.isin(children.index[children >= rare]), OTHER_TERMS)


def _serious(events: pd.DataFrame) -> pd.Series:
    if "SERIOUS" not in events or events["SERIOUS"].isna().all():
        return pd.Series(float("nan"), index=events.index)
    said = events["SERIOUS"].fillna("").astype(str).str.strip().str.lower()
    return said.isin(("true", "yes", "y", "1", "serious")).astype(float)


def _counts(chosen: pd.DataFrame, category: str, term: str, level: str, who: Any) -> dict[str, Any]:
    members: frozenset[Hashable] = frozenset(who)
    own = chosen[chosen["USUBJID"].isin(list(members))]
    serious = own["SERIOUS"].sum() if own["SERIOUS"].notna().any() else float("nan")
    if chosen["SERIOUS"].notna().any() and own.empty:
        serious = 0.0
    return {
        "category": category,
        "term": term,
        "level": level,
        "n_children": own["USUBJID"].nunique(),
        "n_events": len(own),
        "n": len(members),
        "n_serious": serious,
    }


def burden_table(amounts: dict[str, pd.Series], groups: Groups) -> pd.DataFrame:
    """How much was asked of each child: shown name → amount by USUBJID, described in each group.

    A child without an entry has an amount of zero. Columns `BURDEN_COLUMNS`.
    """
    rows: list[dict[str, Any]] = []
    for variable, amount in amounts.items():
        for level, who in groups.items():
            values = amount.reindex(list(who)).fillna(0.0).astype(float)
            rows.append({"variable": variable, "level": level, **summarize(values)})
    return pd.DataFrame(rows, columns=list(BURDEN_COLUMNS))
