"""A small study in a folder: four children, two visits, one questionnaire, ratings, sessions, events.

Tests change its sheets or its text, write it and read it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import openpyxl
import pytest

import emostats as em
from emostats.errors import Finding, FindingsError, Severity
from emostats.ingest import ingest
from emostats.study import StudyData, read_spec

INSTRUMENT = """
schema = 1
[instrument]
id = "mini"
title = "Four questions"
licence = "Apache-2.0"
source = "Written for the tests"
[answers]
range = [0, 4]
labels = { 0 = "Never", 4 = "Always" }
missing_codes = ["-9"]
[scoring]
max_missing = 1
[[items]]
id = "A1"
[[items]]
id = "A2"
reverse = true
[[items]]
id = "A3"
[[items]]
id = "A4"
[[subscales]]
id = "CALM"
label = "Calm"
items = ["A1", "A2"]
[[subscales]]
id = "JOY"
label = "Joy"
items = ["A3", "A4"]
aggregate = "sum"
"""

STUDY = """
schema = 1
[study]
id = "mini"
title = "A small study"
[sources.book]
file = "data.xlsx"
[subjects]
source = "book"
sheet = "Children"
columns = { USUBJID = "Child ID", SEX = "Sex", AGE = "Age", SITE = "Site" }
values = { SEX = { boy = "M", girl = "F" } }
levels = { SEX = ["M", "F"] }
labels = { SEX = { M = "Boys", F = "Girls" } }
[subgroups]
factors = ["SEX", "AGEBAND"]
age_bands = [1, 7, 13]
[[visits]]
name = "BASE0"
label = "Before"
week = 0
baseline = true
[[visits]]
name = "WEEK12"
label = "After"
week = 12
[[instruments]]
name = "mini.toml"
source = "book"
sheets = { BASE0 = "Before", WEEK12 = "After" }
columns = { USUBJID = "Child ID", DATE = "Date" }
[ratings]
source = "book"
sheet = "Ratings"
columns = { USUBJID = "Child ID", CLIP = "Clip", RATER = "Rater", GUESS = "Guess" }
range = [1, 7]
[ratings.domains]
RHYTHM = { column = "Rhythm", label = "Rhythm matching" }
EMOTION = { column = "Emotion" }
[session_scores]
source = "book"
sheet = "Sessions"
columns = { USUBJID = "Child ID", SESSION = "Session", AVISIT = "Visit" }
[session_scores.parameters]
VALENCE = { column = "Valence", range = [-1, 1] }
[events]
source = "book"
sheet = "Events"
columns = { USUBJID = "Child ID", CATEGORY = "Category", TERM = "Term", AVISIT = "Visit" }
[[analysis_sets]]
name = "FAS"
rule = "any_outcome"
"""

Rows = list[list[Any]]


def _sheets() -> dict[str, Rows]:
    answers = ["Child ID", "Date", "A1", "A2", "A3", "A4"]
    return {
        "Children": [
            ["Child ID", "Sex", "Age", "Site"],
            ["001", "boy", 3, "North"],
            ["002", "girl", 6.9, "North"],
            ["003", "boy", 7, "South"],
            ["004", "girl", 12, "South"],
        ],
        "Before": [
            list(answers),
            ["001", "2025-03-01", 0, 4, 1, 2],
            ["002", "2025-03-02", 4, 0, 4, 4],
            ["003", "2025-03-03", 2, None, 3, 3],
            ["004", "2025-03-04", None, None, 2, 2],
        ],
        "After": [list(answers), ["001", "2025-06-01", 3, 1, 2, 4], ["002", "2025-06-02", 4, 1, 4, 3]],
        "Ratings": [
            ["Child ID", "Clip", "Rater", "Guess", "Rhythm", "Emotion"],
            ["001", "K1", "R1", "before", 5, 6],
            ["001", "K1", "R2", "unsure", 6, None],
        ],
        "Sessions": [
            ["Child ID", "Session", "Visit", "Valence"],
            ["001", 1, "Before", 0.2],
            ["001", 2, "Before", 0.4],
            ["001", 1, "After", 0.5],
            ["002", 1, "Before", None],
            ["003", 1, None, 0.1],
        ],
        "Events": [["Child ID", "Category", "Term", "Visit"], ["002", "Adverse event", "Tired", "WEEK12"]],
    }


class SmallStudy:
    """The study, not yet written: `sheets` (name → rows) and `text` (study file) are there to be changed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.sheets = _sheets()
        self.text = STUDY
        (folder / "mini.toml").write_text(INSTRUMENT, encoding="utf-8")

    @property
    def path(self) -> Path:
        return self.folder / "study.toml"

    @property
    def workbook(self) -> Path:
        return self.folder / "data.xlsx"

    def book(self) -> openpyxl.Workbook:
        book = openpyxl.Workbook()
        book.remove(book.active)
        for name, rows in self.sheets.items():
            sheet = book.create_sheet(name)
            for row in rows:
                sheet.append(row)
        return book

    def write(self, book: openpyxl.Workbook | None = None) -> Path:
        self.path.write_text(self.text, encoding="utf-8")
        (book or self.book()).save(self.workbook)
        return self.path

    def read(self, book: openpyxl.Workbook | None = None) -> StudyData:
        return em.read_study(self.write(book))

    def findings(self, book: openpyxl.Workbook | None = None) -> tuple[Finding, ...]:
        return self.look(self.write(book))

    def look(self, path: Path) -> tuple[Finding, ...]:
        """The findings of a written study; read_study must raise exactly when there are errors."""
        data, findings = ingest(read_spec(path))
        errors = [finding for finding in findings if finding.severity is Severity.ERROR]
        if errors:
            assert data is None
            with pytest.raises(FindingsError) as caught:
                em.read_study(path)
            assert set(caught.value.findings) == set(findings)
        else:
            assert data is not None
        return findings


@pytest.fixture
def small(tmp_path: Path) -> SmallStudy:
    """A small study that is right in every part."""
    return SmallStudy(tmp_path)
