"""Straight-lining: the same answer to every item, where reversed items make that implausible."""

from __future__ import annotations

import numpy as np

from emostats.errors import Finding, Severity
from emostats.ingest.rules.answers import grids
from emostats.ingest.rules.places import places, row_of
from emostats.study.data import StudyData
from emostats.study.spec import StudySpec

AT_LEAST = 6
"""Answers that a questionnaire must have before sameness says anything."""


def straight_lines(data: StudyData, spec: StudySpec) -> list[Finding]:
    """Questionnaires with at least `AT_LEAST` answers, all the same, on a form that reverses some items.

    On a form whose items all point one way the same answer throughout is plausible and is not reported.
    """
    found = []
    for instrument, visits, answers in grids(data, spec):
        if not instrument.reversed_items() or len(instrument.reversed_items()) == len(instrument.items):
            continue
        count = np.count_nonzero(~np.isnan(answers), axis=1)
        first = np.nanmax(np.where(np.isnan(answers), -np.inf, answers), axis=1)
        last = np.nanmin(np.where(np.isnan(answers), np.inf, answers), axis=1)
        for position in np.flatnonzero((count >= AT_LEAST) & (first == last)):
            row = visits.iloc[position]
            message = f"all {count[position]} answers are {first[position]:g}, reversed items included."
            action = "Ask whether the form was read; decide before outcomes are seen how such forms count."
            found.append(
                Finding(
                    "straight-lining", message, action, Severity.WARNING, subject=str(row["USUBJID"]),
                    visit=str(row["AVISIT"]), **row_of(str(row["SOURCE_ID"]), places(data)),
                )
            )  # fmt: skip
    return found
