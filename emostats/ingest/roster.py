"""The roster: one row a child, with sex, age at baseline and the other factors and covariates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from emostats.errors import Finding, Severity
from emostats.ingest import addresses
from emostats.ingest.cells import Objects, array
from emostats.ingest.headers import find_columns
from emostats.ingest.hints import hint
from emostats.ingest.ids import Roster, read_ids
from emostats.ingest.library import Library
from emostats.ingest.log import Log
from emostats.ingest.provenance import provenance, source_ids
from emostats.ingest.records import ID, Limits, Records, open_records
from emostats.ingest.spelling import report_spelling
from emostats.study.data import SUBJECT_COLUMNS
from emostats.study.spec import StudySpec
from emostats.study.subgroups import band_of, factor, outside

AGE_LIMITS = Limits(0, 120)


@dataclass(frozen=True)
class RosterTable:
    """The children: table of subjects, their provenance, and the roster others are compared with."""

    subjects: pd.DataFrame
    provenance: pd.DataFrame
    roster: Roster


def read_roster(spec: StudySpec, library: Library, log: Log) -> RosterTable | None:
    """Reads the children; None when the table cannot be read."""
    described = spec.subjects
    raw = library.table(described.source, described.sheet)
    if raw is None:
        return None
    records = open_records(raw, described.columns, spec, log, roster=None, header_row=described.header_row)
    if records is None:
        return None
    if not len(records):
        log.table(raw, "empty-roster", "the roster has no children.", "Check the sheet and its header row.")
        return None
    values = {
        variable: _variable(records, variable, spec) for variable in described.columns if variable != ID
    }
    shared = _shares_table(spec)
    firsts = _firsts(records, values, shared=shared, log=log)
    if shared:
        values = {variable: _first_known(records, column) for variable, column in values.items()}
    roster = Roster.of(str(records.subject[position]) for position in firsts)
    _report_twins(records, roster, log)
    subjects = _subjects(records, values, firsts, spec)
    _report_ages(records, subjects, firsts, spec)
    records.finish()
    table = provenance(records, described.columns, positions=firsts)
    return RosterTable(subjects, table, roster)


def known_children(spec: StudySpec) -> frozenset[str] | None:
    """IDs of the roster, those of withdrawn children too; None when the roster cannot be read."""
    log, described = Log(), spec.subjects
    library = Library(spec, log)
    try:
        raw = library.table(described.source, described.sheet)
        header = {ID: described.columns[ID]}
        table = raw and find_columns(raw, header, log, header_row=described.header_row)
    finally:
        library.close()
    return frozenset(str(name) for name in read_ids(table.cells[ID]).values if name) if table else None


def _variable(records: Records, variable: str, spec: StudySpec) -> Objects:
    """The values of a variable by row: numbers as floats, codes and text as str, None where blank."""
    if variable == "AGE" or variable in spec.subjects.numeric:
        limits = AGE_LIMITS if variable == "AGE" else Limits()
        found = records.numbers(variable, limits).astype(object)
        found[pd.isna(found)] = None
        return found
    return _codes(records, variable, spec)


def _codes(records: Records, variable: str, spec: StudySpec) -> Objects:
    """Cell contents as codes; contents that the study file does not name are reported."""
    mapping = spec.subjects.values.get(variable, {})
    levels = spec.subjects.levels.get(variable)
    contents = records.texts(variable)
    if not mapping and levels is None:
        report_spelling(records, variable)
        return contents
    codes = {code.casefold(): code for code in (levels or mapping.values())}
    codes |= {content.strip().casefold(): code for content, code in mapping.items()}
    found = np.array(
        [None if text is None else codes.get(text.casefold()) for text in contents], dtype=object
    )
    unknown = [p for p, text in enumerate(contents) if text is not None and found[p] is None]
    known = list(mapping) or list(levels or ())
    near = f"{hint(contents[unknown[0]], known)} " if unknown else ""
    expected = f"{variable}: expected {' or '.join(repr(name) for name in known)}"
    records.report(
        variable, unknown, "unknown-level", expected, f"{near}Correct it or add it to values.".lstrip()
    )
    return found


def _shares_table(spec: StudySpec) -> bool:
    """Whether the roster is taken from a table that has one row a visit, so that children repeat in it."""
    here = (spec.subjects.source, spec.subjects.sheet)
    tables = [*spec.measurements, spec.session_scores, spec.ratings, spec.events]
    others: set[tuple[str | None, str | None]] = {(table.source, table.sheet) for table in tables if table}
    others |= {(use.source, use.sheet) for use in spec.instruments if use.sheets is None}
    return here in others


def _firsts(
    records: Records, values: dict[str, Objects], *, shared: bool, log: Log
) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    """The first row of each child. In a table of its own a second row is an error; shared, rows agree."""
    ids = pd.Series(records.subject, dtype=object)
    if shared:
        for variable, column in values.items():
            _report_conflicts(records, variable, column, log)
    else:
        records.unique({ID: records.subject}, "child")
    return np.flatnonzero((ids.notna() & ~ids.duplicated()).to_numpy())


def _first_known(records: Records, values: Objects) -> Objects:
    """In every row of a child, the first value that any of its rows has."""
    ids = pd.Series(records.subject, dtype=object)
    known = pd.Series(values, dtype=object).groupby(ids).transform("first")
    return array([None if pd.isna(value) else value for value in known])


def _report_conflicts(records: Records, variable: str, values: Objects, log: Log) -> None:
    frame = pd.DataFrame(
        {ID: pd.Series(records.subject, dtype=object), "value": pd.Series(values, dtype=object)}
    )
    pairs = frame.dropna().drop_duplicates()
    changing = pairs[pairs[ID].duplicated(keep=False)]
    column = records.table.columns[variable]
    for child, group in changing.groupby(ID, sort=False):
        listed = " and ".join(
            f"'{value}' in {addresses.cell(int(records.table.rows[row]), column)}"
            for row, value in zip(group.index, group["value"], strict=True)
        )
        message = f"{variable} of child '{child}' differs between rows: {listed}."
        log.table(
            records.raw, "conflicting-value", message, "Correct it: a child has one value in all rows.",
            cell=addresses.cells(records.table.rows[group.index], column), subject=str(child),
        )  # fmt: skip


def _report_twins(records: Records, roster: Roster, log: Log) -> None:
    for group in roster.twins():
        listed = " and ".join(f"'{name}'" for name in group)
        message = f"the roster has {listed}, which differ only in zeros, blanks or case."
        action = "Make sure that they are different children."
        log.table(records.raw, "id-twins", message, action, severity=Severity.WARNING, subject=group[0])


def _subjects(
    records: Records,
    values: dict[str, Objects],
    firsts: np.ndarray[tuple[int], np.dtype[np.intp]],
    spec: StudySpec,
) -> pd.DataFrame:
    table = pd.DataFrame({ID: [str(records.subject[row]) for row in firsts]})
    ages = values.get("AGE")
    table["AGE"] = np.nan if ages is None else np.array(ages[firsts], dtype=np.float64)
    for variable, column in values.items():
        if variable != "AGE":
            table[variable] = _column(variable, column[firsts], spec)
    edges = spec.subgroups.age_bands
    table["AGEBAND"] = (
        band_of(table["AGE"], edges) if edges else pd.Categorical([None] * len(table), ordered=True)
    )
    for name in SUBJECT_COLUMNS:
        if name not in table:
            table[name] = pd.Series([None] * len(table), dtype=object)
    table["SOURCE_ID"] = source_ids(records, positions=firsts)
    extra = [name for name in table.columns if name not in SUBJECT_COLUMNS]
    return table[[*SUBJECT_COLUMNS, *extra]]


def _column(variable: str, values: Objects, spec: StudySpec) -> Any:
    if variable in spec.subjects.numeric:
        return np.array(values, dtype=np.float64)
    levels = spec.subjects.levels.get(variable)
    strata = {name for analysis in spec.analyses for name in getattr(analysis, "strata", ())}
    if variable == "SEX" or levels is not None or variable in {*spec.subgroups.factors, *strata}:
        return factor(pd.Series(values, dtype=object), levels)
    return pd.Series(values)


def _report_ages(
    records: Records,
    subjects: pd.DataFrame,
    firsts: np.ndarray[tuple[int], np.dtype[np.intp]],
    spec: StudySpec,
) -> None:
    edges = spec.subgroups.age_bands
    if edges:
        ages = subjects["AGE"].to_numpy(dtype=np.float64)
        inside_limits = (ages >= AGE_LIMITS.low) & (ages <= AGE_LIMITS.high)
        bands = " or ".join(f"[{band.low:g}, {band.high:g})" for band in spec.age_bands)
        records.report(
            "AGE", firsts[outside(ages, edges) & inside_limits], "age-outside-bands",
            f"expected an age at baseline in the bands {bands}",
            "Correct the age, widen age_bands, or take the child out of the roster.",
        )  # fmt: skip
    for variable in dict.fromkeys(["AGE" if name == "AGEBAND" else name for name in spec.subgroups.factors]):
        _report_absent(records, variable, subjects[variable].isna().to_numpy(), firsts)


def _report_absent(
    records: Records,
    variable: str,
    absent: np.ndarray[tuple[int], np.dtype[np.bool_]],
    firsts: np.ndarray[tuple[int], np.dtype[np.intp]],
) -> None:
    contents = records.texts(variable)
    blank = [int(position) for position in firsts[absent] if contents[position] is None]
    rows = {int(records.table.rows[position]): position for position in blank}

    def describe(row: int) -> Finding:
        child = str(records.subject[rows[row]])
        message = f"child '{child}' has no {variable}: analyses by {variable} leave the child out."
        return Finding(
            "missing-factor", message, "Fill it in if it is known.", Severity.WARNING, subject=child
        )

    records.log.cells(records.raw, records.table.columns[variable], rows, describe)
