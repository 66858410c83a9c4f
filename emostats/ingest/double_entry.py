"""Double entry: two people type in the same forms, and every difference is decided by the form."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from emostats.errors import Finding, Severity
from emostats.ingest.log import EACH_CELL, Log

DIFFERENCE_COLUMNS = (
    "USUBJID", "AVISIT", "INSTRUMENT", "ITEM", "FIRST", "SECOND", "FIRST_SOURCE", "SECOND_SOURCE",
)  # fmt: skip
_FORM = ["USUBJID", "AVISIT", "INSTRUMENT"]
_KEY = [*_FORM, "ITEM"]


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


def report_differences(
    first: Sequence[pd.DataFrame],
    second: Sequence[pd.DataFrame],
    provenance: Sequence[pd.DataFrame],
    log: Log,
) -> None:
    """Reports every answer that two entries disagree on, with both cells; a run stops until it is decided.

    Forms that were typed in only once are no differences, but a form that only the second entry has is one.

    Parameters
    ----------
    first, second: tables of answers with their COLUMN letters. provenance: where their rows stand.
    """
    if not first or not second:
        return
    tables = [pd.concat(side, ignore_index=True) for side in (first, second)]
    twice = tables[0].merge(tables[1][_FORM].drop_duplicates(), on=_FORM)
    different = compare_entries(twice, tables[1])
    for finding in _findings(different.head(EACH_CELL), tables, pd.concat(provenance)):
        log.add(finding)
    if len(different) > EACH_CELL:
        message = f"{len(different) - EACH_CELL} more answers differ between the two entries."
        log.add(Finding("double-entry", message, _ACTION))
    log.add(_coverage(tables[0], twice, error_rate(twice, tables[1])))


def _coverage(first: pd.DataFrame, twice: pd.DataFrame, rate: float) -> Finding:
    counts = [len(table[_FORM].drop_duplicates()) for table in (twice, first)]
    message = f"{counts[0]} of {counts[1]} forms were entered twice"
    message += "." if pd.isna(rate) else f"; {100 * rate:.2g} % of their answers differ."
    return Finding("double-entry-coverage", message, severity=Severity.NOTE)


_ACTION = "Look at the form and correct the wrong entry (in the source, or in the file of corrections)."


def _findings(
    different: pd.DataFrame, tables: Sequence[pd.DataFrame], provenance: pd.DataFrame
) -> Iterator[Finding]:
    rows = provenance.drop_duplicates("SOURCE_ID").set_index("SOURCE_ID")
    letters = [_letters(table, set(different["ITEM"])) for table in tables]
    for row in different.to_dict("records"):
        shown = []
        for side, columns in zip(("FIRST", "SECOND"), letters, strict=True):
            source = row[f"{side}_SOURCE"]
            shown.append(_entry(row[side], source, columns.get((source, row["ITEM"]), ""), rows))
        file, sheet, cell = next(place for _, place in shown if place is not None)
        message = f"item {row['ITEM']}: the first entry has {shown[0][0]}; the second has {shown[1][0]}."
        yield Finding(
            "double-entry", message, _ACTION, file=file, sheet=sheet, cell=cell,
            subject=str(row["USUBJID"]), visit=str(row["AVISIT"]), parameter=str(row["ITEM"]),
        )  # fmt: skip


def _letters(table: pd.DataFrame, items: set[str]) -> dict[tuple[str, str], str]:
    """The column of an answer, by row of the source and item: sheets may have their columns in any order."""
    found = table[table["ITEM"].isin(items)]
    keys = zip(found["SOURCE_ID"], found["ITEM"].astype(str), strict=True)
    return dict(zip(keys, found["COLUMN"].astype(str), strict=True))


def _entry(
    value: float, source: Any, letter: str, rows: pd.DataFrame
) -> tuple[str, tuple[str, str, str] | None]:
    """An entry in words with its place, and the place; None where the form is not in this entry."""
    if source not in rows.index:
        return "no such form", None
    at = rows.loc[source]
    place = (str(at["FILE"]), str(at["SHEET"]), f"{letter}{int(at['ROW'])}")
    where = ", ".join(part for part in (place[0], place[1] and f"sheet '{place[1]}'", place[2]) if part)
    return f"{'no answer' if pd.isna(value) else f'{value:g}'} ({where})", place


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
