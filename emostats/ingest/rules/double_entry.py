"""Double entry: two people type in the same forms, and every difference is decided by the form."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

DIFFERENCE_COLUMNS = (
    "USUBJID", "AVISIT", "INSTRUMENT", "ITEM", "FIRST", "SECOND", "FIRST_SOURCE", "SECOND_SOURCE",
)  # fmt: skip
_KEY = ["USUBJID", "AVISIT", "INSTRUMENT", "ITEM"]


def compare_entries(first: pd.DataFrame, second: pd.DataFrame) -> pd.DataFrame:
    """Where two entries of the same answers differ.

    Parameters
    ----------
    first, second: tables of answers as `StudyData.items`, each from its own data file.

    Returns
    -------
    One row an answer that differs or stands in one entry only (`DIFFERENCE_COLUMNS`), in the order of the
    first entry; FIRST and SECOND are NaN where there is no answer. Two missing answers are the same.
    """
    sides = [_side(table, name) for table, name in ((first, "FIRST"), (second, "SECOND"))]
    both = sides[0].merge(sides[1], on=_KEY, how="outer", sort=False)
    same = (both["FIRST"] == both["SECOND"]) | (both["FIRST"].isna() & both["SECOND"].isna())
    present = both["FIRST_SOURCE"].notna() & both["SECOND_SOURCE"].notna()
    return both.loc[~(same & present), list(DIFFERENCE_COLUMNS)].reset_index(drop=True)


def error_rate(first: pd.DataFrame, second: pd.DataFrame) -> float:
    """Differences per answer that stands in both entries; NaN when none does."""
    sides = [_side(table, name) for table, name in ((first, "FIRST"), (second, "SECOND"))]
    both = sides[0].merge(sides[1], on=_KEY)
    same = (both["FIRST"] == both["SECOND"]) | (both["FIRST"].isna() & both["SECOND"].isna())
    return float((~same).mean()) if len(both) else float("nan")


def _side(table: pd.DataFrame, name: str) -> pd.DataFrame:
    columns: Sequence[str] = [*_KEY, "VALUE", "SOURCE_ID"]
    renamed = {"VALUE": name, "SOURCE_ID": f"{name}_SOURCE"}
    return table[list(columns)].astype(dict.fromkeys(_KEY, object)).rename(columns=renamed)
