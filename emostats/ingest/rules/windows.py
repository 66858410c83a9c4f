"""Visit windows: how many days a visit may lie from its planned day."""

from __future__ import annotations

import pandas as pd

from emostats.errors import Finding, Severity
from emostats.ingest.rules.places import day, places, row_of
from emostats.study.data import StudyData
from emostats.study.spec import StudySpec, Visit


def outside_windows(data: StudyData, spec: StudySpec) -> list[Finding]:
    """Visits whose date lies outside the visit's `window`, counted from the child's baseline date.

    The planned day is baseline + 7 × week; a window ``[-14, 14]`` allows two weeks either way. Children
    without a baseline date are left out.
    """
    rows = data.visits.dropna(subset=["DATE"])
    windows = [visit for visit in spec.visits if visit.window and visit.week is not None]
    if not windows or rows.empty:
        return []
    start = rows[rows["AVISIT"] == spec.baseline.name].groupby("USUBJID")["DATE"].min()
    rows = rows.assign(START=pd.to_datetime(rows["USUBJID"].map(start)))
    return [finding for visit in windows for finding in _outside(data, spec, visit, rows)]


def _outside(data: StudyData, spec: StudySpec, visit: Visit, rows: pd.DataFrame) -> list[Finding]:
    low, high = visit.window or (0.0, 0.0)
    planned = 7 * ((visit.week or 0.0) - (spec.baseline.week or 0.0))
    here = rows[rows["AVISIT"] == visit.name]
    here = here.assign(DAYS=(here["DATE"] - here["START"]).dt.days - planned)
    found = []
    for row in here[(here["DAYS"] < low) | (here["DAYS"] > high)].to_dict("records"):
        side = "before" if row["DAYS"] < 0 else "after"
        message = f"{visit.shown} is dated {day(row['DATE'])}, {abs(row['DAYS']):g} days {side} the planned "
        message += f"day; the window is {low:g} to {high:g}."
        action = "Correct the date, or keep the visit and say how such visits are handled."
        where = row_of(str(row["SOURCE_ID"]), places(data))
        child = str(row["USUBJID"])
        found.append(
            Finding(
                "outside-visit-window", message, action, Severity.WARNING,
                subject=child, visit=visit.name, **where,
            )
        )  # fmt: skip
    return found
