"""Siblings: children of one family are not independent, and models that ignore it are too sure."""

from __future__ import annotations

from emostats.errors import Finding, Severity
from emostats.study.data import StudyData
from emostats.study.spec import StudySpec


def siblings(data: StudyData, spec: StudySpec) -> list[Finding]:
    """Says, in one note, how many families have several children in the study; names none of them."""
    families = data.subjects["FAMILY"].dropna()
    counts = families.value_counts()
    shared = counts[counts > 1]
    if shared.empty:
        return []
    count = "one family has" if len(shared) == 1 else f"{len(shared)} families have"
    message = f"{count} several children in the study ({int(shared.sum())} children)."
    action = "Take the family into account: resample families, or add a family effect."
    return [Finding("siblings", message, action, Severity.NOTE)]
