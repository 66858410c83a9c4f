"""How many children stand behind each number, and a warning where they are few."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import permutations

import pandas as pd

from emostats.estimates import Estimate
from emostats.statistics.subgroups.question import SubgroupQuestion

SMALL_CELL = 10
"""Numbers with this many children or fewer behind them carry a warning (the threshold of CMS)."""


def with_counts(
    rows: Iterable[Estimate], data: pd.DataFrame, question: SubgroupQuestion
) -> Iterable[Estimate]:
    """Each row with its n (children seen at its visit, or at all) and a warning where they are few."""
    labels = {factors: _level_labels(data, factors, question) for factors in {(), *question.subgroups}}
    for row in rows:
        factors = tuple(row.subgroup.split(":")) if row.subgroup else ()
        chosen = data if not row.visit else data[data[question.visit].astype(str) == row.visit]
        if row.level:
            chosen = chosen[labels[factors].loc[chosen.index].isin(_levels_in(row, labels[factors]))]
        n = int(chosen["USUBJID"].nunique())
        few = f"only {n} children" if n <= SMALL_CELL and not row.error else ""
        yield replace(row, n=n, warning="; ".join(filter(None, (row.warning, few))))


def versus(one: str, other: str) -> str:
    """The label of a difference between two levels."""
    return f"({one}) − ({other})" if "," in one + other else f"{one} − {other}"


def _levels_in(row: Estimate, labels: pd.Series) -> set[str]:
    """The levels a row speaks of: its own, or the two that a difference compares."""
    if row.kind != "difference_of_changes":
        return {row.level}
    pairs = permutations(labels.unique(), 2)
    return next(({one, other} for one, other in pairs if versus(one, other) == row.level), set())


def _level_labels(data: pd.DataFrame, factors: tuple[str, ...], question: SubgroupQuestion) -> pd.Series:
    if not factors:
        return pd.Series("", index=data.index)
    codes = [tuple(map(str, key)) for key in data[list(factors)].itertuples(index=False)]
    return pd.Series([question.label(factors, key) for key in codes], index=data.index, dtype=object)
