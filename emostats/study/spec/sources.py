"""The part of a study file that says where the data are: sources, sheets, columns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, model_validator

from emostats.study.checked import NAME_PATTERN, Count, Flag, Frozen, Number

Name = Annotated[str, Field(pattern=NAME_PATTERN)]
"""A name that a model formula can hold: letters, digits and underscores."""
Text = Annotated[str, Field(min_length=1)]
Range = tuple[Number, Number]


Format = Literal[
    "auto", "excel", "delimited", "redcap", "qualtrics", "surveymonkey", "kobo", "google-forms",
    "spss", "sas", "stata", "parquet", "arff",
]  # fmt: skip


class Source(Frozen):
    """One data file, inside the study folder.

    Attributes
    ----------
    file: path relative to the study file.
    format: how to read it; ``"auto"`` goes by the file's ending. Exports of survey tools are named.
    dictionary, events: of a REDCap export: paths of its data dictionary and of its list of events.
    value_labels: of a statistics file: whether cells are the labels of the codes, not the codes.
    row_ids: header of an added column that numbers the rows, for files without an ID.
    separator, decimal, encoding: of text files; left out, the separator and the encoding are detected.
    missing: cell contents that mean 'no value', beside blank cells, in every column.
    date_format: strptime format of dates kept as text; ISO (2025-03-31) when left out.
    """

    file: Text
    format: Format = "auto"
    dictionary: Text | None = None
    events: Text | None = None
    value_labels: Flag | None = None
    row_ids: Text | None = None
    separator: Literal[",", ";", "\t", "|"] | None = None
    decimal: Literal[".", ","] = "."
    encoding: Text | None = None
    missing: tuple[str, ...] = ()
    date_format: str = ""


class TableUse(Frozen):
    """A sheet of a source with one kind of record; `header_row` counts from 1 (default: it is found)."""

    source: Text
    sheet: Text | None = None
    header_row: Annotated[Count, Field(ge=1)] | None = None


class Parameter(Frozen):
    """A value that is scored already: its column, and what it means. `range` is inclusive."""

    column: Text
    label: str = ""
    unit: str = ""
    range: Range | None = None
    direction: Literal["higher is better", "lower is better", ""] = ""

    @model_validator(mode="after")
    def _range_increases(self) -> Parameter:
        if self.range is not None and not self.range[0] < self.range[1]:
            raise ValueError("range must be [lowest, highest] with lowest < highest")
        return self


class Subjects(TableUse):
    """The roster: one child a row.

    Attributes
    ----------
    columns: variable name → column header; USUBJID is required. SEX, AGE (years at baseline), SITE, FAMILY
        and INFORMANT have a meaning, other names are covariates.
    values: per variable, cell content → code. levels: per factor, the codes in order.
    labels: per factor, code → shown label. numeric: variables that are numbers (AGE always is).
    names: variable → what reports call it, ``"Expressive language at age 2"``.
    """

    columns: Mapping[Name, Text]
    values: Mapping[Name, Mapping[str, str]] = Field(default_factory=dict)
    levels: Mapping[Name, tuple[str, ...]] = Field(default_factory=dict)
    labels: Mapping[Name, Mapping[str, str]] = Field(default_factory=dict)
    numeric: tuple[Name, ...] = ()
    names: Mapping[Name, Text] = Field(default_factory=dict)


class QuestionnaireColumns(Frozen):
    """Columns of an answer sheet beside the items; SEX and BIRTHDATE are compared with the roster."""

    USUBJID: Text
    AVISIT: Text | None = None
    DATE: Text | None = None
    INFORMANT: Text | None = None
    FORM: Text | None = None
    SEX: Text | None = None
    BIRTHDATE: Text | None = None


class SecondEntry(Frozen):
    """Where the same forms were typed in a second time: like the first, in other sheets or files."""

    source: Text | None = None
    sheet: Text | None = None
    sheets: Mapping[str, Text] | None = None
    sources: Mapping[str, Text] | None = None


class InstrumentUse(Frozen):
    """A questionnaire and where its answers are.

    Give `sheets` (visit → sheet of `source`), or `sources` (visit → source, one file a visit), or a column
    AVISIT in one table. `items` renames single columns: item id → header. `second_entry` is compared with
    the first, answer by answer; the first is analysed.
    """

    name: Text
    source: Text | None = None
    sheet: Text | None = None
    sheets: Mapping[str, Text] | None = None
    sources: Mapping[str, Text] | None = None
    header_row: Annotated[Count, Field(ge=1)] | None = None
    columns: QuestionnaireColumns
    items: Mapping[str, Text] = Field(default_factory=dict)
    second_entry: SecondEntry | None = None

    @property
    def second(self) -> InstrumentUse | None:
        """The use of the same questionnaire that reads the second entry."""
        if self.second_entry is None:
            return None
        given = {name: value for name, value in self.second_entry if value is not None}
        return self.model_copy(update={**given, "second_entry": None})


class MeasurementColumns(Frozen):
    """Columns of a table of scored values: one row a child × visit, or, with PARAMCD and AVAL, one row a
    child × visit × parameter."""

    USUBJID: Text
    AVISIT: Text
    DATE: Text | None = None
    PARAMCD: Text | None = None
    AVAL: Text | None = None

    @model_validator(mode="after")
    def _both_or_none(self) -> MeasurementColumns:
        if (self.PARAMCD is None) != (self.AVAL is None):
            raise ValueError("PARAMCD and AVAL belong together: a long table has both columns")
        return self


class Measurements(TableUse):
    """Scored values, one row a child × visit, one column a parameter.

    In a long table (columns PARAMCD and AVAL) the `column` of a parameter is its content of PARAMCD.
    `where` keeps the rows in which each of these columns holds that content ("" for blank).
    """

    columns: MeasurementColumns
    where: Mapping[Text, str] = Field(default_factory=dict)
    parameters: Annotated[Mapping[Name, Parameter], Field(min_length=1)]


class RatingColumns(Frozen):
    """Columns of the expert ratings, one row a child × clip × rater."""

    USUBJID: Text
    CLIP: Text
    RATER: Text
    GUESS: Text | None = None
    AVISIT: Text | None = None
    DATE: Text | None = None


class Domain(Frozen):
    """What experts judge, in one column."""

    column: Text
    label: str = ""


class Ratings(TableUse):
    """Expert ratings: domains side by side, all on one scale `range` (inclusive)."""

    columns: RatingColumns
    range: Range
    domains: Annotated[Mapping[Name, Domain], Field(min_length=1)]

    @model_validator(mode="after")
    def _range_increases(self) -> Ratings:
        if not self.range[0] < self.range[1]:
            raise ValueError("range must be [lowest, highest] with lowest < highest")
        return self


class SessionColumns(Frozen):
    """Columns of the session scores, one row a child × session."""

    USUBJID: Text
    SESSION: Text
    AVISIT: Text | None = None
    DATE: Text | None = None
    CLIP: Text | None = None


class SessionScores(TableUse):
    """Scores of single sessions; with AVISIT their mean per child × visit is an outcome as well.

    `model_card` is the path of a JSON file that describes the model that made the scores.
    """

    columns: SessionColumns
    model_card: Text | None = None
    parameters: Annotated[Mapping[Name, Parameter], Field(min_length=1)]


class Matching(Frozen):
    """Which expert ratings belong to which session: those of the same child, and the same clip where both
    tables name clips.

    `window` is the earliest and latest day of a rating, counted from the session's date; left out, dates are
    not compared.
    """

    window: tuple[int, int] | None = None

    @model_validator(mode="after")
    def _window_increases(self) -> Matching:
        if self.window is not None and self.window[0] > self.window[1]:
            raise ValueError("window must be [earliest, latest] in days with earliest <= latest")
        return self


class EventColumns(Frozen):
    """Columns of the events, one row an event."""

    USUBJID: Text
    CATEGORY: Text
    TERM: Text
    AVISIT: Text | None = None
    DATE: Text | None = None
    SEVERITY: Text | None = None
    SERIOUS: Text | None = None
    RELATED: Text | None = None


class Events(TableUse):
    """Adverse events, intercurrent events and withdrawals."""

    columns: EventColumns
