"""How many children stand behind each number, and a warning where they are few."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

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
        if row.level and row.kind != "difference_of_changes":
            chosen = chosen[labels[factors].loc[chosen.index] == row.level]
        n = int(chosen["USUBJID"].nunique())
        few = f"only {n} children" if n <= SMALL_CELL and not row.error else ""
        yield replace(row, n=n, warning="; ".join(filter(None, (row.warning, few))))


def _level_labels(data: pd.DataFrame, factors: tuple[str, ...], question: SubgroupQuestion) -> pd.Series:
    if not factors:
        return pd.Series("", index=data.index)
    codes = [tuple(map(str, key)) for key in data[list(factors)].itertuples(index=False)]
    return pd.Series([question.label(factors, key) for key in codes], index=data.index, dtype=object)
