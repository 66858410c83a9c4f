"""Another informant or another version of the form at a later visit: findings, and covariates for models."""

from __future__ import annotations

import pandas as pd

from emostats.errors import Finding, Severity
from emostats.ingest.rules.places import places, row_of
from emostats.study.data import StudyData
from emostats.study.spec import StudySpec

_WHAT = {"INFORMANT": ("informant-changed", "informant"), "FORM": ("form-changed", "version of the form")}


def changed_sources(data: StudyData, spec: StudySpec) -> list[Finding]:
    """Questionnaires answered by another person, or on another form, than the child's first one."""
    found: list[Finding] = []
    repeated = data.visits.duplicated(["USUBJID", "INSTRUMENT"]).any()
    if not repeated or data.visits[list(_WHAT)].isna().all(axis=None):
        return found
    table = with_changes(data.visits, spec)
    for variable, (rule, what) in _WHAT.items():
        for row in table[table[f"{variable}_CHANGED"]].to_dict("records"):
            message = f"expected the {what} of {row['FIRST_VISIT']}, '{row[f'FIRST_{variable}']}'; "
            message += f"found '{row[variable]}'."
            action = "No action is needed if it is right; say in the plan how the analysis deals with it."
            found.append(
                Finding(
                    rule, message, action, Severity.WARNING, subject=str(row["USUBJID"]),
                    visit=str(row["AVISIT"]), **row_of(str(row["SOURCE_ID"]), places(data)),
                )
            )  # fmt: skip
    return found


def with_changes(visits: pd.DataFrame, spec: StudySpec) -> pd.DataFrame:
    """The visits with INFORMANT_CHANGED and FORM_CHANGED: True where it differs from the child's first one.

    Returns
    -------
    Rows as given, sorted by child, instrument and visit, with the columns FIRST_VISIT, FIRST_INFORMANT,
    FIRST_FORM besides. A blank informant or form is no change.
    """
    order = {name: number for number, name in enumerate(spec.visit_names)}
    table = visits.assign(N=[order.get(str(name), -1) for name in visits["AVISIT"]])
    table = table.sort_values(["USUBJID", "INSTRUMENT", "N"], kind="stable").reset_index(drop=True)
    table["FIRST_VISIT"] = table["AVISIT"].astype(object)
    groups = table.groupby(["USUBJID", "INSTRUMENT"], observed=True, sort=False)
    table["FIRST_VISIT"] = groups["FIRST_VISIT"].transform("first")
    for variable in _WHAT:
        values = table[variable].astype(object)
        first = groups[variable].transform("first").astype(object)
        table[f"FIRST_{variable}"] = first
        table[f"{variable}_CHANGED"] = (values.notna() & first.notna() & (values != first)).to_numpy(
            dtype=bool
        )
    return table.drop(columns="N")
