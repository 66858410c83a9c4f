"""Another informant or another version of the form at a later visit."""

from __future__ import annotations

from emostats.errors import Finding, Severity
from emostats.ingest.rules.places import places, row_of
from emostats.study.changes import with_changes
from emostats.study.data import StudyData
from emostats.study.spec import StudySpec

_WHAT = {"INFORMANT": ("informant-changed", "informant"), "FORM": ("form-changed", "version of the form")}


def changed_sources(data: StudyData, spec: StudySpec) -> list[Finding]:
    """Questionnaires answered by another person, or on another form, than the child's first one."""
    found: list[Finding] = []
    repeated = data.visits.duplicated(["USUBJID", "INSTRUMENT"]).any()
    if not repeated or data.visits[list(_WHAT)].isna().all(axis=None):
        return found
    table = with_changes(data.visits)
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
