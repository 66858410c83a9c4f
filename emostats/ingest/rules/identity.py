"""Sex and date of birth on an answer sheet, compared with the roster: another one means another child."""

from __future__ import annotations

from typing import Any

import pandas as pd

from emostats.errors import Finding, Severity
from emostats.ingest.cells import text_of
from emostats.ingest.rules.places import places, row_of
from emostats.study.data import StudyData
from emostats.study.spec import StudySpec

VARIABLES = ("SEX", "BIRTHDATE")


def changed_identity(data: StudyData, spec: StudySpec) -> list[Finding]:
    """Rows of answers whose sex or birth date is not the child's in the roster; blanks do not differ."""
    found = []
    children = data.subjects.set_index("USUBJID")
    for variable in VARIABLES:
        if variable in data.visits and variable in children:
            stated = _plain_column(data.visits[variable], variable, spec)
            known = data.visits["USUBJID"].map(children[variable].astype(object))
            roster = _plain_column(known, variable, spec)
            differs = stated.notna() & roster.notna() & (stated != roster)
            for row in data.visits.assign(STATED=stated, ROSTER=roster)[differs].to_dict("records"):
                found.append(_finding(data, row, variable))
    return found


def _plain_column(column: pd.Series, variable: str, spec: StudySpec) -> pd.Series:
    return pd.Series(
        [_plain(content, variable, spec) for content in column], index=column.index, dtype=object
    )


def _plain(content: Any, variable: str, spec: StudySpec) -> str | None:
    if content is None or pd.isna(content) or not text_of(content):
        return None
    if variable == "BIRTHDATE":
        return text_of(content)[:10]
    codes = {key.strip().casefold(): code for key, code in spec.subjects.values.get(variable, {}).items()}
    return codes.get(text_of(content).casefold(), text_of(content))


def _finding(data: StudyData, row: dict[Any, Any], variable: str) -> Finding:
    message = f"{variable} of child '{row['USUBJID']}' is {row['ROSTER']} in the roster and "
    message += f"{row['STATED']} here."
    action = "Find out whose form this is; correct the roster, the sheet or the child's ID."
    return Finding(
        "conflicting-value", message, action, Severity.WARNING, subject=str(row["USUBJID"]),
        visit=str(row["AVISIT"]), **row_of(str(row["SOURCE_ID"]), places(data)),
    )  # fmt: skip
