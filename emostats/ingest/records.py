"""Records of a table: rows with their child and visit known, columns read one by one, every misfit reported
with its cell, its child and its visit."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from emostats.errors import Finding, Severity
from emostats.ingest import addresses
from emostats.ingest.cells import (
    Floats,
    NumberRule,
    Objects,
    Rows,
    dates,
    numbers,
    shown,
    texts,
    unfit_action,
)
from emostats.ingest.children import child_ids
from emostats.ingest.headers import Table, find_columns
from emostats.ingest.hints import count, hint
from emostats.ingest.ids import Roster
from emostats.ingest.log import Log
from emostats.ingest.marks import report_marks
from emostats.ingest.raw import RawTable
from emostats.ingest.visits import visit_forms, visit_lookup, visit_of
from emostats.ingest.withdrawn import without_withdrawn
from emostats.study.spec import StudySpec

ID, VISIT = "USUBJID", "AVISIT"


@dataclass(frozen=True)
class Limits:
    """What numbers of a column may be: from `low` to `high`, whole numbers only when `integer`."""

    low: float = -np.inf
    high: float = np.inf
    integer: bool = False

    def __str__(self) -> str:
        if np.isinf(self.low) and np.isinf(self.high):
            return "a whole number" if self.integer else "a number"
        return f"{self.low:g} to {self.high:g}"


@dataclass
class Records:
    """The rows of a table: `subject` is the ID of each row, `visit` its visit; None where blank."""

    table: Table
    log: Log
    subject: Objects
    visit: Objects
    stored_as_text: dict[int, list[int]] = field(default_factory=dict)

    @property
    def raw(self) -> RawTable:
        """The table as it stands in the file."""
        return self.table.raw

    def __len__(self) -> int:
        return len(self.table.rows)

    def take(self, positions: Rows) -> Records:
        """Some of the rows; what is noticed about numbers kept as text is reported with the rest."""
        table = self.table.take(positions)
        return Records(table, self.log, self.subject[positions], self.visit[positions], self.stored_as_text)

    def texts(self, variable: str) -> Objects:
        """A column as text; None where blank, missing, or when the table has no such column."""
        if variable not in self.table.columns:
            return np.full(len(self), None, dtype=object)
        return texts(self.table.cells[variable], frozenset(self.raw.options.missing))

    def dates(self, variable: str) -> Objects:
        """A column as dates; what is no date is reported as a warning and left out."""
        if variable not in self.table.columns:
            return np.full(len(self), None, dtype=object)
        options = self.raw.options
        found, wrong = dates(self.table.cells[variable], options.date_format, frozenset(options.missing))
        wanted = f"a date written {options.date_format}" if options.date_format else "a date (as 2025-03-31)"
        self.report(
            variable, wrong, "not-a-date", f"expected {wanted}",
            "Correct the cell, or state date_format in [sources].", Severity.WARNING,
        )  # fmt: skip
        return found

    def numbers(
        self, variable: str, limits: Limits, rule: NumberRule | None = None, what: str = ""
    ) -> Floats:
        """A column as numbers, NaN where blank; text, values outside limits and fractions are reported."""
        rule = rule or self.number_rule()
        read = numbers(self.table.cells[variable], rule)
        name = what or variable
        self.report(
            variable, read.unfit, "not-a-number", f"{name}: expected a number",
            lambda content: unfit_action(content, rule), parameter=variable,
        )  # fmt: skip
        if self.raw.typed:
            self.stored_as_text.setdefault(self.table.columns[variable], []).extend(read.stored_as_text)
        self._check_limits(variable, read.values, limits, name)
        return read.values

    def number_rule(
        self, missing: Iterable[str] = (), labels: Mapping[str, float] | None = None
    ) -> NumberRule:
        """How numbers of this table are written, with further missing codes and answers in words."""
        options = self.raw.options
        return NumberRule(options.decimal, frozenset((*options.missing, *missing)), dict(labels or {}))

    def _check_limits(self, variable: str, values: Floats, limits: Limits, name: str) -> None:
        outside = np.flatnonzero((values < limits.low) | (values > limits.high))
        self.report(
            variable, outside, "value-out-of-range", f"{name}: expected {limits}",
            "Compare with the source document and correct the cell.", parameter=variable,
        )  # fmt: skip
        if limits.integer:
            fraction = np.setdiff1d(np.flatnonzero(~np.isnan(values) & (values != np.rint(values))), outside)
            self.report(
                variable, fraction, "not-a-whole-number", f"{name}: expected a whole number",
                "Compare with the source document and correct the cell.", parameter=variable,
            )  # fmt: skip

    def report(
        self, variable: str, positions: Iterable[int], rule: str, expected: str,
        action: str | Callable[[Any], str], severity: Severity = Severity.ERROR, parameter: str = "",
    ) -> None:  # fmt: skip
        """One finding for each of these rows: what was expected, what the cell holds, what to do about it."""
        at = {int(self.table.rows[position]): int(position) for position in positions}
        cells = self.table.cells[variable]

        def describe(row: int) -> Finding:
            position = at[row]
            content = cells.content(position)
            message = f"{expected}; found {shown(content) or 'nothing'}."
            what_to_do = action if isinstance(action, str) else action(content)
            return Finding(
                rule, message, what_to_do, severity, parameter=parameter,
                subject=self.subject[position] or "", visit=self.visit[position] or "",
            )  # fmt: skip

        self.log.cells(self.raw, self.table.columns[variable], at, describe)

    def require(self, variable: str, what: str) -> None:
        """Reports rows in which a needed column is blank; a cell with an error value is reported as that."""
        blank = np.flatnonzero(pd.isna(self.texts(variable)) & ~self.table.faulty(variable))
        self.report(variable, blank, "missing-value", f"expected {what}", "Fill in the cell.")

    def unique(self, keys: Mapping[str, Objects], what: str, place: str = ID) -> None:
        """Reports rows that share all of `keys`: each group in one finding that lists its cells."""
        for rows in _repeated(list(keys.values())):
            where = addresses.cells(self.table.rows[rows], self.table.columns[place])
            named = {name: values[rows[0]] for name, values in keys.items()}
            shown_key = ", ".join(map(str, named.values()))
            message = f"expected one row for {what} {shown_key}; found {len(rows)}."
            self.log.table(
                self.raw, "duplicate-row", message, "Keep the right row; correct or remove the others.",
                cell=where, subject=str(named.get(ID, "")), visit=str(named.get(VISIT, "")),
            )  # fmt: skip

    def finish(self) -> None:
        """Reports what concerns the whole table: numbers that the workbook keeps as text."""
        found = {column: rows for column, rows in sorted(self.stored_as_text.items()) if rows}
        if found:
            where = ", ".join(
                addresses.cells(self.table.rows[rows], column) for column, rows in found.items()
            )
            cells = count(sum(map(len, found.values())), "cell holds", "cells hold")
            message = f"{cells} a number as text; read as a number."
            self.log.table(
                self.raw, "number-as-text", message, "No action is needed if they are right.", cell=where,
                severity=Severity.WARNING,
            )  # fmt: skip


def _repeated(keys: Sequence[Objects]) -> list[Rows]:
    """Groups of rows that agree in all keys, in the order of their first rows; a gap agrees with nothing."""
    combined = np.zeros(len(keys[0]), dtype=np.int64)
    complete = np.ones(len(keys[0]), dtype=bool)
    for values in keys:
        codes, different = pd.factorize(values)
        complete &= codes >= 0
        combined, _ = pd.factorize(combined * (len(different) + 1) + codes)
    rows = np.flatnonzero(complete)
    again = pd.Series(combined[rows], index=rows)
    again = again[again.duplicated(keep=False)]
    return [group.index.to_numpy() for _, group in again.groupby(again, sort=False)]


def open_records(
    raw: RawTable,
    wanted: Mapping[str, str],
    spec: StudySpec,
    log: Log,
    *,
    roster: Roster | None,
    header_row: int | None = None,
    visit: str | None = None,
    visit_needed: bool = True,
    where: Mapping[str, str] | None = None,
) -> Records | None:
    """Finds the columns of a table and settles child and visit of each row; None when columns are missing.

    Parameters
    ----------
    wanted: variable → header; USUBJID is needed. roster: the children that are known (None: do not compare).
    visit: the visit of the whole table, when it has no column AVISIT.
    visit_needed: whether a blank visit is an error.
    where: variable → content of the rows to read ("" for blank); the others are not looked at.
    """
    table = find_columns(raw, wanted, log, header_row=header_row)
    if table is None:
        return None
    table = _where(without_withdrawn(table, ID), where or {})
    report_marks(table, log)
    subject = child_ids(table, ID, log, roster)
    visits = np.full(len(table.rows), visit, dtype=object)
    records = Records(table, log, subject, visits)
    if VISIT in table.columns:
        _read_visits(records, spec, visit_needed)
    return records


def _where(table: Table, where: Mapping[str, str]) -> Table:
    for variable, content in where.items():
        table = table.take(np.flatnonzero(texts(table.cells[variable]) == (content.strip() or None)))
    return table


def _read_visits(records: Records, spec: StudySpec, needed: bool) -> None:
    lookup = visit_lookup(spec)
    contents = records.texts(VISIT)
    named = records.table.cells[VISIT].objects(lambda content: visit_of(content, lookup))
    filled = ~pd.isna(contents)
    records.visit[:] = named
    records.visit[~filled] = None
    unknown = np.flatnonzero(filled & pd.isna(records.visit)).tolist()
    forms = visit_forms(spec)
    expected = f"expected a visit of the study file ({', '.join(repr(form) for form in forms)})"
    near = f"{hint(contents[unknown[0]], forms)} " if unknown else ""
    records.report(
        VISIT, unknown, "unknown-visit", expected, f"{near}Correct the cell or add the visit.".lstrip()
    )
    if needed:
        records.require(VISIT, "a visit")
