"""Impossible dates: in the future, before the child was born, or out of the order of the visits."""

from __future__ import annotations

from typing import Any

import pandas as pd

from emostats.errors import Finding, Severity
from emostats.ingest.rules.places import day, places, row_of
from emostats.study.data import StudyData
from emostats.study.spec import StudySpec

EARLIEST = pd.Timestamp("1900-01-01")
_ACTION = "Compare with the form and correct the date."


def impossible_dates(data: StudyData, spec: StudySpec) -> list[Finding]:
    """Dates of questionnaires in the future, before 1900, before birth, or before those of an earlier visit.

    The date of birth is the roster's variable BIRTHDATE, in ISO form, where the study has one.
    """
    rows = data.visits.dropna(subset=["DATE"]).reset_index(drop=True)
    if rows.empty:
        return []
    dates = pd.to_datetime(rows["DATE"])
    births = rows["USUBJID"].map(_births(data))
    reasons = {
        "lies in the future": dates > pd.Timestamp.now(),
        "lies before 1900": dates < EARLIEST,
        "lies before the child was born": dates < pd.to_datetime(births),
    }
    found = []
    for why, wrong in reasons.items():
        for row in rows[wrong.to_numpy(dtype=bool)].to_dict("records"):
            found.append(_finding(data, row, "impossible-date", f"the date {day(row['DATE'])} {why}."))
    return found + _out_of_order(data, rows, spec)


def _births(data: StudyData) -> dict[str, pd.Timestamp]:
    if "BIRTHDATE" not in data.subjects:
        return {}
    dates = pd.to_datetime(data.subjects["BIRTHDATE"], format="ISO8601", errors="coerce")
    return dict(zip(data.subjects["USUBJID"], dates, strict=True))


def _out_of_order(data: StudyData, rows: pd.DataFrame, spec: StudySpec) -> list[Finding]:
    if not rows.duplicated(["USUBJID", "INSTRUMENT"]).any():
        return []
    order = {name: number for number, name in enumerate(spec.visit_names)}
    table = rows.assign(N=rows["AVISIT"].astype(object).map(order), VISIT=rows["AVISIT"].astype(object))
    table = table.sort_values(["USUBJID", "INSTRUMENT", "N"])
    before = table.groupby(["USUBJID", "INSTRUMENT"], observed=True)[["DATE", "VISIT"]].shift()
    table = table.assign(BEFORE=before["DATE"], BEFORE_VISIT=before["VISIT"])
    return [
        _finding(
            data, row, "visits-out-of-order",
            f"{row['VISIT']} is dated {day(row['DATE'])}, "
            f"before {row['BEFORE_VISIT']} ({day(row['BEFORE'])}).",
        )
        for row in table[(table["DATE"] < table["BEFORE"]).to_numpy(dtype=bool)].to_dict("records")
    ]  # fmt: skip


def _finding(data: StudyData, row: dict[Any, Any], rule: str, message: str) -> Finding:
    where = row_of(str(row["SOURCE_ID"]), places(data))
    child, visit = str(row["USUBJID"]), str(row["AVISIT"])
    return Finding(rule, message, _ACTION, Severity.WARNING, subject=child, visit=visit, **where)
