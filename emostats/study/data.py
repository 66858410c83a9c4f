"""StudyData: the analysis data set of a study, traceable to the cell each value came from.

Names follow CDISC ADaM where it has one: USUBJID, AVISIT, AVISITN, PARAMCD, AVAL, BASE, CHG.
All tables are read by every room and changed by none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from emostats.errors import Finding
from emostats.study.changes import visit_covariates

SUBJECT_COLUMNS = ("USUBJID", "SEX", "AGE", "AGEBAND", "SITE", "FAMILY", "INFORMANT")
ITEM_COLUMNS = ("USUBJID", "AVISIT", "INSTRUMENT", "ITEM", "VALUE", "SOURCE_ID")
OBSERVATION_COLUMNS = (
    "USUBJID", "AVISIT", "AVISITN", "PARAMCD", "AVAL", "BASE", "CHG",
    "N_ITEMS", "N_ITEMS_ANSWERED", "SOURCE_ID",
)  # fmt: skip
VISIT_COLUMNS = ("USUBJID", "AVISIT", "INSTRUMENT", "DATE", "INFORMANT", "FORM", "SOURCE_ID")
RATING_COLUMNS = ("USUBJID", "CLIP", "RATER", "DOMAIN", "VALUE", "GUESS", "SOURCE_ID")
SESSION_COLUMNS = ("USUBJID", "SESSION", "AVISIT", "PARAMCD", "AVAL", "SOURCE_ID")
EVENT_COLUMNS = ("USUBJID", "AVISIT", "CATEGORY", "TERM", "SOURCE_ID")
PROVENANCE_COLUMNS = ("SOURCE_ID", "FILE", "SHEET", "ROW", "COLUMN", "SHA256")


def _empty(columns: tuple[str, ...]) -> pd.DataFrame:
    return pd.DataFrame({name: pd.Series(dtype=object) for name in columns})


@dataclass(frozen=True)
class StudyData:
    """The tables of a study. Extra columns (covariates) may follow the named ones.

    Attributes
    ----------
    subjects: one row a child; SEX, AGEBAND and other factors are ordered categoricals, AGE in years at
        baseline.
    visits: one row a questionnaire that was handed in (answered or not): date, informant, form.
    items: raw answers as numbers, one row a child × visit × item, before reversal; missing answers are NaN.
        The column COLUMN holds the letters of the answer's spreadsheet column.
    observations: one row a child × visit × parameter that has a value; AVISIT is a categorical in visit
        order. Session scores stand here too, under their PARAMCD: the mean of the child's sessions at the
        visit, with N_ITEMS the number of sessions and N_ITEMS_ANSWERED those with a value.
    ratings: one row a clip × rater × domain. session_scores: one row a session × score.
    events: adverse, intercurrent and withdrawal events.
    provenance: file, sheet, row, columns and hash for each SOURCE_ID. The mean of several sessions has one
        row for each of them, so a SOURCE_ID may stand more than once.
    findings: what ingestion noticed and did not need to stop for.
    """

    subjects: pd.DataFrame
    items: pd.DataFrame = field(default_factory=lambda: _empty(ITEM_COLUMNS))
    visits: pd.DataFrame = field(default_factory=lambda: _empty(VISIT_COLUMNS))
    observations: pd.DataFrame = field(default_factory=lambda: _empty(OBSERVATION_COLUMNS))
    ratings: pd.DataFrame = field(default_factory=lambda: _empty(RATING_COLUMNS))
    session_scores: pd.DataFrame = field(default_factory=lambda: _empty(SESSION_COLUMNS))
    events: pd.DataFrame = field(default_factory=lambda: _empty(EVENT_COLUMNS))
    provenance: pd.DataFrame = field(default_factory=lambda: _empty(PROVENANCE_COLUMNS))
    findings: tuple[Finding, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)

    def analysis_table(self, parameter: str) -> pd.DataFrame:
        """Observations of one parameter joined with the subjects' columns: what a model formula sees.

        Where questionnaires name who answered, or the version of their form, `changes.VISIT_COVARIATES` stand
        beside them.

        Raises
        ------
        KeyError: the study has no such parameter.
        """
        rows = self.observations[self.observations["PARAMCD"] == parameter]
        if rows.empty:
            known = ", ".join(sorted(map(str, self.observations["PARAMCD"].unique())))
            raise KeyError(f"no observations of parameter {parameter!r}; there are: {known}")
        return self.with_covariates(rows)

    def with_covariates(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Some observations joined with what is known of their children and questionnaires."""
        if not self.visits[["INFORMANT", "FORM"]].isna().all(axis=None):
            rows = rows.join(visit_covariates(rows, self.visits))
        children = self.subjects.drop(columns="SOURCE_ID", errors="ignore")
        return rows.merge(children, on="USUBJID", how="left", validate="many_to_one")
